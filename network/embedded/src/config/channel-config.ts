import {
  Block,
  ChannelHeader,
  Envelope,
  HeaderType,
  Payload,
} from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import { ConfigEnvelope, type ConfigGroup } from '@hyperledger/fabric-protos/lib/common/configtx_pb.js';
import { Capabilities, OrdererAddresses } from '@hyperledger/fabric-protos/lib/common/configuration_pb.js';
import { Policy as PolicyMessage } from '@hyperledger/fabric-protos/lib/common/policies_pb.js';
import { BatchSize, BatchTimeout } from '@hyperledger/fabric-protos/lib/orderer/configuration_pb.js';
import { ApplicationPolicy } from '@hyperledger/fabric-protos/lib/peer/policy_pb.js';
import { MembershipProvider, type MemberIdentity } from '../msp/membership.js';
import { parseSerializedIdentity } from '../msp/serialized-identity.js';
import { ImplicitMetaEvaluator } from '../policy/implicit-meta-policy.js';
import { SignaturePolicyEvaluator } from '../policy/signature-policy.js';
import type { ChannelConfig, Policy } from '../types.js';
import { parseGoDuration } from './go-duration.js';

/** Identities kept parsed; the least recently used one leaves first. */
const identityCacheSize = 10_000;

/** One group of the configuration tree with what is inside it, by name. */
interface Group {
  readonly groups: ReadonlyMap<string, Group>;
  readonly values: ReadonlyMap<string, Buffer>;
  readonly policies: ReadonlyMap<string, PolicyMessage>;
}

const readGroup = (message: ConfigGroup | undefined): Group => {
  const groups = new Map<string, Group>();
  const values = new Map<string, Buffer>();
  const policies = new Map<string, PolicyMessage>();
  message?.getGroupsMap().forEach((group, name) => groups.set(name, readGroup(group)));
  message?.getValuesMap().forEach((value, name) => values.set(name, Buffer.from(value.getValue_asU8())));
  message?.getPoliciesMap().forEach((policy, name) => {
    const content = policy.getPolicy();
    if (content) policies.set(name, content);
  });
  return { groups, values, policies };
};

const configOf = (block: Buffer) => {
  const envelope = Block.deserializeBinary(block).getData()?.getDataList_asU8()[0];
  if (!envelope) throw new Error('a configuration block needs one transaction, this one has none');
  const payload = Payload.deserializeBinary(Envelope.deserializeBinary(envelope).getPayload_asU8());
  const header = ChannelHeader.deserializeBinary(
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
  );
  if (header.getType() !== HeaderType.CONFIG) {
    throw new Error(
      `block holds no channel configuration (transaction type ${header.getType()}, expected ${HeaderType.CONFIG})`,
    );
  }
  const config = ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
  if (!config) throw new Error('configuration transaction holds no configuration');
  return { channelId: header.getChannelId(), config };
};

const capabilities = (group: Group | undefined): ReadonlySet<string> => {
  const names = new Set<string>();
  const bytes = group?.values.get('Capabilities');
  if (bytes)
    Capabilities.deserializeBinary(bytes)
      .getCapabilitiesMap()
      .forEach((_, name) => names.add(name));
  return names;
};

/**
 * The channel configuration in a configuration block, the genesis block included.
 * @param block marshalled `common.Block`
 * @throws Error naming the part that cannot be used
 */
export const channelConfigFromBlock = (block: Buffer): ChannelConfig => {
  const { channelId, config } = configOf(block);
  return new Channel(channelId, config.getSequence(), readGroup(config.getChannelGroup()));
};

class Channel implements ChannelConfig {
  readonly applicationMspIds: readonly string[];
  readonly ordererMspIds: readonly string[];
  readonly ordererEndpoints: readonly string[];
  readonly batch: ChannelConfig['batch'];
  private readonly providers = new Map<string, MembershipProvider>();
  private readonly compiled = new Map<string, Policy>();
  private readonly identities = new Map<string, MemberIdentity>();

  constructor(
    readonly channelId: string,
    readonly sequence: number,
    private readonly root: Group,
  ) {
    const application = root.groups.get('Application');
    const orderer = root.groups.get('Orderer');
    this.applicationMspIds = this.membersOf(application);
    this.ordererMspIds = this.membersOf(orderer);
    this.ordererEndpoints = readEndpoints(root, orderer);
    this.batch = readBatch(orderer);
  }

  deserializeIdentity(serialized: Buffer): MemberIdentity {
    const key = serialized.toString('latin1');
    let identity = this.identities.get(key);
    if (identity) this.identities.delete(key);
    else {
      const { mspId, idBytes } = parseSerializedIdentity(serialized);
      const provider = this.providers.get(mspId);
      if (!provider) throw new Error(`MSP ${mspId} is not defined on channel`);
      identity = provider.identity(Buffer.from(serialized), idBytes);
      const [oldest] = this.identities.size >= identityCacheSize ? this.identities.keys() : [];
      if (oldest !== undefined) this.identities.delete(oldest);
    }
    this.identities.set(key, identity);
    return identity;
  }

  policy(path: string): Policy {
    const known = this.compiled.get(path);
    if (known) return known;
    const [empty, root, ...names] = path.split('/');
    const policyName = names.pop();
    let group: Group | undefined = empty === '' && root === 'Channel' ? this.root : undefined;
    for (const name of names) group = group?.groups.get(name);
    const message = group?.policies.get(policyName ?? '');
    if (!group || !message) throw new Error(`no such policy: '${path}'`);
    const policy = this.compile(path, group, message);
    this.compiled.set(path, policy);
    return policy;
  }

  signaturePolicy(envelope: Buffer): Policy {
    return new SignaturePolicyEvaluator(envelope, (serialized) => this.deserializeIdentity(serialized));
  }

  applicationPolicy(bytes: Buffer): Policy {
    const message = ApplicationPolicy.deserializeBinary(bytes);
    const signaturePolicy = message.getSignaturePolicy();
    if (signaturePolicy) return this.signaturePolicy(Buffer.from(signaturePolicy.serializeBinary()));
    const reference = message.getChannelConfigPolicyReference();
    if (reference === '')
      throw new Error('application policy names neither a signature policy nor a channel policy');
    return this.policy(reference);
  }

  private compile(path: string, group: Group, message: PolicyMessage): Policy {
    const value = Buffer.from(message.getValue_asU8());
    switch (message.getType()) {
      case PolicyMessage.PolicyType.SIGNATURE:
        return this.signaturePolicy(value);
      case PolicyMessage.PolicyType.IMPLICIT_META: {
        const groupPath = path.slice(0, path.lastIndexOf('/'));
        return new ImplicitMetaEvaluator(
          value,
          (name) =>
            [...group.groups].map(([child, { policies }]) =>
              policies.has(name) ? this.policy(`${groupPath}/${child}/${name}`) : undefined,
            ),
          (serialized) => this.deserializeIdentity(serialized),
        );
      }
      default:
        throw new Error(`policy ${path} has unknown policy type: ${message.getType()}`);
    }
  }

  /** MSP ids of a group's organisations, whose rules are set up on the way. */
  private membersOf(group: Group | undefined): string[] {
    const ed25519 = capabilities(this.root).has('V3_0');
    const found: string[] = [];
    for (const [name, organization] of group?.groups ?? []) {
      const config = organization.values.get('MSP');
      if (!config) throw new Error(`organisation ${name} has no MSP in the channel configuration`);
      const provider = new MembershipProvider(config, { ed25519 });
      if (!this.providers.has(provider.mspId)) this.providers.set(provider.mspId, provider);
      found.push(provider.mspId);
    }
    return found;
  }
}

const readEndpoints = (root: Group, orderer: Group | undefined): string[] =>
  [
    root.values.get('OrdererAddresses'),
    ...[...(orderer?.groups.values() ?? [])].map(({ values }) => values.get('Endpoints')),
  ]
    .filter((bytes) => bytes !== undefined)
    .flatMap((bytes) => OrdererAddresses.deserializeBinary(bytes).getAddressesList());

const readBatch = (orderer: Group | undefined): ChannelConfig['batch'] => {
  const size = BatchSize.deserializeBinary(orderer?.values.get('BatchSize') ?? new Uint8Array());
  const timeout = BatchTimeout.deserializeBinary(orderer?.values.get('BatchTimeout') ?? new Uint8Array());
  return {
    maxMessageCount: size.getMaxMessageCount(),
    absoluteMaxBytes: size.getAbsoluteMaxBytes(),
    preferredMaxBytes: size.getPreferredMaxBytes(),
    timeoutMs: parseGoDuration(timeout.getTimeout()),
  };
};
