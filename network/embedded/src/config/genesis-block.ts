import { createHash, randomBytes } from 'node:crypto';
import {
  Block,
  BlockData,
  BlockHeader,
  BlockMetadata,
  ChannelHeader,
  Envelope,
  Header,
  HeaderType,
  LastConfig,
  Metadata,
  OrdererBlockMetadata,
  Payload,
  SignatureHeader,
} from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import {
  Config,
  ConfigEnvelope,
  ConfigGroup,
  ConfigPolicy,
  ConfigValue,
} from '@hyperledger/fabric-protos/lib/common/configtx_pb.js';
import {
  BlockDataHashingStructure,
  Capabilities,
  Capability,
  HashingAlgorithm,
  OrdererAddresses,
} from '@hyperledger/fabric-protos/lib/common/configuration_pb.js';
import { ImplicitMetaPolicy, Policy } from '@hyperledger/fabric-protos/lib/common/policies_pb.js';
import { MSPRole } from '@hyperledger/fabric-protos/lib/msp/msp_principal_pb.js';
import {
  BatchSize,
  BatchTimeout,
  ChannelRestrictions,
  ConsensusType,
} from '@hyperledger/fabric-protos/lib/orderer/configuration_pb.js';
import {
  ConfigMetadata,
  Consenter,
  Options,
} from '@hyperledger/fabric-protos/lib/orderer/etcdraft/configuration_pb.js';
import { AnchorPeer, AnchorPeers } from '@hyperledger/fabric-protos/lib/peer/configuration_pb.js';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { anyRoleOf, type RoleType } from '../policy/policy-language.js';
import { buildMspConfig, type MspDescription } from './msp-config.js';

const { MEMBER, ADMIN, CLIENT, PEER } = MSPRole.MSPRoleType;
const { ANY, MAJORITY } = ImplicitMetaPolicy.Rule;

interface Serializable {
  serializeBinary(): Uint8Array;
}

export interface GenesisOrganization extends MspDescription {
  /** `host:port` of the anchor peer. */
  readonly peerEndpoint?: string;
}

export interface GenesisOptions {
  readonly channelId: string;
  /** Organisation that runs the ordering service. */
  readonly ordererMsp: MspDescription;
  readonly organizations: readonly GenesisOrganization[];
  /** `host:port` of each ordering node. */
  readonly ordererEndpoints: readonly string[];
  /** PEM of the ordering nodes' TLS certificates, in the order of the endpoints. */
  readonly ordererTlsCerts?: readonly string[];
  readonly batch?: {
    readonly maxMessageCount?: number;
    readonly absoluteMaxBytes?: number;
    readonly preferredMaxBytes?: number;
    readonly timeoutMs?: number;
  };
  /** Milliseconds since the epoch. */
  readonly now?: number;
}

const admins = 'Admins';

const addValue = (group: ConfigGroup, name: string, value: Serializable | Buffer): void => {
  const entry = new ConfigValue();
  entry.setValue(Buffer.isBuffer(value) ? value : value.serializeBinary());
  entry.setModPolicy(admins);
  group.getValuesMap().set(name, entry);
};

const addPolicy = (group: ConfigGroup, name: string, type: number, value: Serializable): void => {
  const policy = new Policy();
  policy.setType(type);
  policy.setValue(value.serializeBinary());
  const entry = new ConfigPolicy();
  entry.setPolicy(policy);
  entry.setModPolicy(admins);
  group.getPoliciesMap().set(name, entry);
};

const addRolePolicy = (group: ConfigGroup, name: string, mspId: string, ...roles: RoleType[]): void =>
  addPolicy(group, name, Policy.PolicyType.SIGNATURE, anyRoleOf(mspId, ...roles));

const addMetaPolicy = (
  group: ConfigGroup,
  name: string,
  rule: ImplicitMetaPolicy.RuleMap[keyof ImplicitMetaPolicy.RuleMap],
  subPolicy = name,
): void => {
  const policy = new ImplicitMetaPolicy();
  policy.setRule(rule);
  policy.setSubPolicy(subPolicy);
  addPolicy(group, name, Policy.PolicyType.IMPLICIT_META, policy);
};

const newGroup = (): ConfigGroup => {
  const group = new ConfigGroup();
  group.setModPolicy(admins);
  return group;
};

const addCapability = (group: ConfigGroup, name: string): void => {
  const capabilities = new Capabilities();
  capabilities.getCapabilitiesMap().set(name, new Capability());
  addValue(group, 'Capabilities', capabilities);
};

const addReadersWritersAdmins = (group: ConfigGroup): void => {
  addMetaPolicy(group, 'Readers', ANY);
  addMetaPolicy(group, 'Writers', ANY);
  addMetaPolicy(group, admins, MAJORITY);
};

const addresses = (list: readonly string[]): OrdererAddresses => {
  const message = new OrdererAddresses();
  message.setAddressesList([...list]);
  return message;
};

const splitEndpoint = (endpoint: string): { host: string; port: number } => {
  const at = endpoint.lastIndexOf(':');
  const port = Number(endpoint.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port))
    throw new Error(`endpoint '${endpoint}' must have the form host:port`);
  return { host: endpoint.slice(0, at), port };
};

const applicationOrganization = (organization: GenesisOrganization): ConfigGroup => {
  const { mspId, peerEndpoint } = organization;
  const group = newGroup();
  addValue(group, 'MSP', buildMspConfig(organization));
  if (peerEndpoint) {
    const { host, port } = splitEndpoint(peerEndpoint);
    const anchor = new AnchorPeer();
    anchor.setHost(host);
    anchor.setPort(port);
    const anchors = new AnchorPeers();
    anchors.setAnchorPeersList([anchor]);
    addValue(group, 'AnchorPeers', anchors);
  }
  addRolePolicy(group, 'Readers', mspId, ADMIN, PEER, CLIENT);
  addRolePolicy(group, 'Writers', mspId, ADMIN, CLIENT);
  addRolePolicy(group, admins, mspId, ADMIN);
  addRolePolicy(group, 'Endorsement', mspId, PEER);
  return group;
};

const applicationGroup = (organizations: readonly GenesisOrganization[]): ConfigGroup => {
  const group = newGroup();
  addCapability(group, 'V2_5');
  addReadersWritersAdmins(group);
  addMetaPolicy(group, 'Endorsement', MAJORITY);
  addMetaPolicy(group, 'LifecycleEndorsement', MAJORITY, 'Endorsement');
  for (const organization of organizations) {
    group.getGroupsMap().set(organization.mspId, applicationOrganization(organization));
  }
  return group;
};

const consensus = (options: GenesisOptions): ConsensusType => {
  const raft = new Options();
  raft.setTickInterval('500ms');
  raft.setElectionTick(10);
  raft.setHeartbeatTick(1);
  raft.setMaxInflightBlocks(5);
  raft.setSnapshotIntervalSize(16 * 1024 * 1024);
  const metadata = new ConfigMetadata();
  metadata.setOptions(raft);
  metadata.setConsentersList(
    options.ordererEndpoints.map((endpoint, index) => {
      const { host, port } = splitEndpoint(endpoint);
      const certificate = Buffer.from(options.ordererTlsCerts?.[index] ?? '', 'utf8');
      const consenter = new Consenter();
      consenter.setHost(host);
      consenter.setPort(port);
      consenter.setClientTlsCert(certificate);
      consenter.setServerTlsCert(certificate);
      return consenter;
    }),
  );
  const type = new ConsensusType();
  type.setType('etcdraft');
  type.setMetadata(metadata.serializeBinary());
  return type;
};

const ordererGroup = (options: GenesisOptions): ConfigGroup => {
  const { ordererMsp, batch = {} } = options;
  const group = newGroup();
  const size = new BatchSize();
  size.setMaxMessageCount(batch.maxMessageCount ?? 500);
  size.setAbsoluteMaxBytes(batch.absoluteMaxBytes ?? 99 * 1024 * 1024);
  size.setPreferredMaxBytes(batch.preferredMaxBytes ?? 2 * 1024 * 1024);
  const timeout = new BatchTimeout();
  timeout.setTimeout(`${batch.timeoutMs ?? 100}ms`);
  addValue(group, 'BatchSize', size);
  addValue(group, 'BatchTimeout', timeout);
  addValue(group, 'ChannelRestrictions', new ChannelRestrictions());
  addValue(group, 'ConsensusType', consensus(options));
  addCapability(group, 'V2_0');
  addReadersWritersAdmins(group);
  addMetaPolicy(group, 'BlockValidation', ANY, 'Writers');
  const organization = newGroup();
  addValue(organization, 'MSP', buildMspConfig(ordererMsp));
  addValue(organization, 'Endpoints', addresses(options.ordererEndpoints));
  addRolePolicy(organization, 'Readers', ordererMsp.mspId, MEMBER);
  addRolePolicy(organization, 'Writers', ordererMsp.mspId, MEMBER);
  addRolePolicy(organization, admins, ordererMsp.mspId, ADMIN);
  group.getGroupsMap().set(ordererMsp.mspId, organization);
  return group;
};

const channelGroup = (options: GenesisOptions): ConfigGroup => {
  const group = newGroup();
  const hashing = new HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new BlockDataHashingStructure();
  structure.setWidth(0xffffffff);
  addValue(group, 'HashingAlgorithm', hashing);
  addValue(group, 'BlockDataHashingStructure', structure);
  addCapability(group, 'V3_0');
  addReadersWritersAdmins(group);
  group.getGroupsMap().set('Orderer', ordererGroup(options));
  group.getGroupsMap().set('Application', applicationGroup(options.organizations));
  return group;
};

const genesisMetadata = (): BlockMetadata => {
  const orderer = new OrdererBlockMetadata();
  orderer.setLastConfig(new LastConfig());
  const signatures = new Metadata();
  signatures.setValue(orderer.serializeBinary());
  const metadata = new BlockMetadata();
  metadata.setMetadataList([
    signatures.serializeBinary(),
    ...Array.from({ length: 4 }, () => new Uint8Array()),
  ]);
  return metadata;
};

/**
 * Block 0 of a channel, marshalled `common.Block`, as configtxgen lays it out: capabilities V3_0 / V2_0 / V2_5,
 * majority endorsement, one group for each organisation.
 */
export const buildGenesisBlock = (options: GenesisOptions): Buffer => {
  const config = new Config();
  config.setChannelGroup(channelGroup(options));
  const configEnvelope = new ConfigEnvelope();
  configEnvelope.setConfig(config);

  const nonce = randomBytes(24);
  const channelHeader = new ChannelHeader();
  channelHeader.setType(HeaderType.CONFIG);
  channelHeader.setVersion(1);
  channelHeader.setChannelId(options.channelId);
  channelHeader.setTxId(createHash('sha256').update(nonce).digest('hex'));
  const timestamp = new Timestamp();
  timestamp.setSeconds(Math.floor((options.now ?? Date.now()) / 1000));
  channelHeader.setTimestamp(timestamp);
  const signatureHeader = new SignatureHeader();
  signatureHeader.setNonce(nonce);
  const header = new Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new Payload();
  payload.setHeader(header);
  payload.setData(configEnvelope.serializeBinary());
  const envelope = new Envelope();
  envelope.setPayload(payload.serializeBinary());

  const transaction = envelope.serializeBinary();
  const data = new BlockData();
  data.setDataList([transaction]);
  const blockHeader = new BlockHeader();
  blockHeader.setDataHash(createHash('sha256').update(transaction).digest());
  const block = new Block();
  block.setHeader(blockHeader);
  block.setData(data);
  block.setMetadata(genesisMetadata());
  return Buffer.from(block.serializeBinary());
};
