import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { decode, MalformedBytesError, type BlockParts } from './block-bytes.js';
import { MspTrust, type Member } from './msp-trust.js';

/** Whom the channel's configuration lets order, endorse and submit; read from a configuration block. */
export interface ChannelTrust {
  readonly channelId: string;
  readonly sequence: number;
  readonly applicationMspIds: readonly string[];
  /** Valid signatures of different orderers that a block needs. */
  readonly ordererQuorum: number;
  /** Member of an application or an ordering organisation. */
  member(serializedIdentity: Uint8Array): Member | undefined;
  ordererMember(serializedIdentity: Uint8Array): Member | undefined;
  /** By the number in a BFT block's identifier header. */
  consenter(id: number): Member | undefined;
  /** Policies of the configuration, by name; undefined for none of that name. */
  readonly policies: {
    ofApplication(name: string): common.Policy | undefined;
    ofOrganization(mspId: string, name: string): common.Policy | undefined;
  };
}

/**
 * @returns undefined when the block holds transactions instead of a configuration.
 * @throws MalformedBytesError
 */
export function channelTrust(block: BlockParts): ChannelTrust | undefined {
  if (block.envelopes.length !== 1) return undefined;
  const envelope = decode(common.Envelope, block.envelopes[0]!, 'envelope');
  const payload = decode(common.Payload, envelope.getPayload_asU8(), 'payload');
  const channelHeader = decode(
    common.ChannelHeader,
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
    'channel header',
  );
  if (channelHeader.getType() !== common.HeaderType.CONFIG) return undefined;
  const config = decode(common.ConfigEnvelope, payload.getData_asU8(), 'configuration').getConfig();
  const groups = config?.getChannelGroup()?.getGroupsMap();
  const application = groups?.get('Application');
  const ordering = groups?.get('Orderer');
  if (!config || !ordering) throw new MalformedBytesError('configuration: no Orderer group');

  const applicationMsps = mspsOf(application);
  const ordererMsps = mspsOf(ordering);
  const consensusType = decode(
    orderer.ConsensusType,
    valueOf(ordering, 'ConsensusType'),
    'ConsensusType',
  ).getType();
  const consenters = decode(
    common.Orderers,
    valueOf(ordering, 'Orderers'),
    'Orderers',
  ).getConsenterMappingList();
  const faulty = Math.floor((consenters.length - 1) / 3);
  const find = (msps: ReadonlyMap<string, MspTrust>[], identity: Uint8Array): Member | undefined => {
    const serialized = decode(msp.SerializedIdentity, identity, 'identity');
    for (const candidates of msps) {
      const trust = candidates.get(serialized.getMspid());
      if (trust) return trust.member(Buffer.from(serialized.getIdBytes_asU8()).toString('utf8'));
    }
    return undefined;
  };
  const organizations = organizationGroups(application);
  const policyOf = (group: common.ConfigGroup | undefined, name: string): common.Policy | undefined =>
    group?.getPoliciesMap().get(name)?.getPolicy();
  return {
    channelId: channelHeader.getChannelId(),
    sequence: config.getSequence(),
    applicationMspIds: [...applicationMsps.keys()],
    ordererQuorum: consensusType === 'BFT' ? Math.ceil((consenters.length + faulty + 1) / 2) : 1,
    member: (identity) => find([applicationMsps, ordererMsps], identity),
    ordererMember: (identity) => find([ordererMsps], identity),
    consenter: (id) => {
      const consenter = consenters.find((candidate) => candidate.getId() === id);
      return (
        consenter &&
        ordererMsps
          .get(consenter.getMspId())
          ?.member(Buffer.from(consenter.getIdentity_asU8()).toString('utf8'))
      );
    },
    policies: {
      ofApplication: (name) => policyOf(application, name),
      ofOrganization: (mspId, name) => policyOf(organizations.get(mspId), name),
    },
  };
}

/** Organisations of a group by MSP id (the group's own name is free). */
function organizationGroups(group: common.ConfigGroup | undefined): Map<string, common.ConfigGroup> {
  const groups = new Map<string, common.ConfigGroup>();
  group?.getGroupsMap().forEach((organization: common.ConfigGroup) => {
    const trust = mspOf(organization);
    if (trust) groups.set(trust.mspId, organization);
  });
  return groups;
}

function mspsOf(group: common.ConfigGroup | undefined): Map<string, MspTrust> {
  const msps = new Map<string, MspTrust>();
  for (const organization of organizationGroups(group).values()) {
    const trust = mspOf(organization);
    if (trust) msps.set(trust.mspId, trust);
  }
  return msps;
}

function mspOf(organization: common.ConfigGroup): MspTrust | undefined {
  const config = valueOf(organization, 'MSP');
  if (config.length === 0) return undefined;
  try {
    return new MspTrust(decode(msp.MSPConfig, config, 'MSP').getConfig_asU8());
  } catch {
    throw new MalformedBytesError('configuration: an MSP is not readable');
  }
}

const valueOf = (group: common.ConfigGroup, name: string): Uint8Array =>
  group.getValuesMap().get(name)?.getValue_asU8() ?? new Uint8Array();
