/** Chaincode definitions as Fabric's lifecycle keeps them in the state of `_lifecycle` (core/chaincode/lifecycle). */
import type { ChannelConfig, CommittedCollection, CommittedDefinition, Policy } from '../types.js';
import { Reader, Writer } from '../protos/wire.js';

export const LIFECYCLE = '_lifecycle';
const IMPLICIT = '_implicit_org_';
const DEFINITION_TYPE = 'ChaincodeDefinition';

export interface DefinitionContext {
  readonly config: ChannelConfig;
  /** Endorsement policy of an organisation's implicit collection; undefined when it is not in the channel. */
  readonly implicitPolicy: (mspId: string) => Policy | undefined;
}

/**
 * @param read gives the value of a `_lifecycle` key
 * @returns undefined when the name is not defined
 * @throws MalformedMessageError when the state is not what lifecycle writes
 */
export function readDefinition(
  name: string,
  read: (key: string) => Buffer | undefined,
  context: DefinitionContext,
): CommittedDefinition | undefined {
  const metadata = read(`namespaces/metadata/${name}`);
  if (metadata === undefined || stateMetadataType(metadata) !== DEFINITION_TYPE) return undefined;
  const field = (fieldName: string): Buffer | undefined => read(`namespaces/fields/${name}/${fieldName}`);
  const sequence = field('Sequence');
  const endorsement = field('EndorsementInfo');
  const validation = field('ValidationInfo');
  const collections = field('Collections');
  if (sequence === undefined || endorsement === undefined || validation === undefined) return undefined;
  const endorsementPolicy = context.config.applicationPolicy(bytesField(stateBytes(validation), 2));
  const explicit = (collections === undefined ? [] : readPackage(stateBytes(collections))).map((bytes) =>
    readCollection(bytes, context, endorsementPolicy),
  );
  return {
    name,
    version: stringField(stateBytes(endorsement), 1),
    sequence: stateNumber(sequence),
    endorsementPolicy,
    collections: explicit,
    collection: (wanted) =>
      explicit.find((candidate) => candidate.name === wanted) ?? implicitCollection(wanted, context),
  };
}

/** `_implicit_org_<MSPID>` of an organisation of the channel; undefined for other names. */
export function implicitCollection(
  name: string,
  context: DefinitionContext,
): CommittedCollection | undefined {
  if (!name.startsWith(IMPLICIT)) return undefined;
  const mspId = name.slice(IMPLICIT.length);
  const endorsementPolicy = context.implicitPolicy(mspId);
  if (endorsementPolicy === undefined) return undefined;
  return {
    name,
    memberPolicy: context.config.signaturePolicy(signedByMember(mspId)),
    memberOrgs: [mspId],
    requiredPeerCount: 0,
    blockToLive: 0,
    memberOnlyRead: false,
    memberOnlyWrite: false,
    endorsementPolicy,
  };
}

/** `/Channel/Application/<group>/Endorsement`, or any member of the organisation where the channel defines none. */
export function organizationEndorsement(config: ChannelConfig, group: string, mspId: string): Policy {
  try {
    return config.policy(`/Channel/Application/${group}/Endorsement`);
  } catch {
    return config.signaturePolicy(signedByMember(mspId));
  }
}

/** Marshalled `common.SignaturePolicyEnvelope` for any one member of an organisation. */
export function signedByMember(mspId: string): Buffer {
  const signedByFirst = Buffer.from([0x08, 0x00]);
  const rule = new Writer().message(2, new Writer().number(1, 1).message(2, signedByFirst).finish()).finish();
  const principal = new Writer().bytes(2, new Writer().string(1, mspId).finish()).finish();
  return new Writer().message(2, rule).message(3, principal).finish();
}

function readCollection(
  bytes: Buffer,
  context: DefinitionContext,
  chaincodePolicy: Policy,
): CommittedCollection {
  let name = '';
  let members: Buffer = Buffer.alloc(0);
  let requiredPeerCount = 0;
  let blockToLive = 0;
  let memberOnlyRead = false;
  let memberOnlyWrite = false;
  let endorsementPolicy: Policy | undefined;
  const reader = new Reader(bytes, 'protos.StaticCollectionConfig');
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) members = bytesField(reader.slice(), 1);
    else if (reader.field === 3) requiredPeerCount = reader.number();
    else if (reader.field === 5) blockToLive = reader.number();
    else if (reader.field === 6) memberOnlyRead = reader.bool();
    else if (reader.field === 7) memberOnlyWrite = reader.bool();
    else if (reader.field === 8) endorsementPolicy = context.config.applicationPolicy(reader.slice());
  }
  return {
    name,
    memberPolicy: context.config.signaturePolicy(members),
    memberOrgs: principalOrganizations(members),
    requiredPeerCount,
    blockToLive,
    memberOnlyRead,
    memberOnlyWrite,
    endorsementPolicy: endorsementPolicy ?? chaincodePolicy,
  };
}

/** MSP ids of a signature policy's principals; role, organisational unit and identity all begin with it. */
function principalOrganizations(envelope: Buffer): string[] {
  const organizations = new Set<string>();
  const reader = new Reader(envelope, 'common.SignaturePolicyEnvelope');
  while (reader.next())
    if (reader.field === 3) organizations.add(stringField(bytesField(reader.slice(), 2), 1));
  return [...organizations].sort();
}

function readPackage(bytes: Buffer): Buffer[] {
  const collections: Buffer[] = [];
  const reader = new Reader(bytes, 'protos.CollectionConfigPackage');
  while (reader.next()) if (reader.field === 1) collections.push(bytesField(reader.slice(), 1));
  return collections;
}

function stateMetadataType(bytes: Buffer): string {
  return stringField(bytes, 1);
}

function stateNumber(bytes: Buffer): number {
  const reader = new Reader(bytes, 'lifecycle.StateData');
  while (reader.next()) if (reader.field === 1) return reader.number();
  return 0;
}

function stateBytes(bytes: Buffer): Buffer {
  return bytesField(bytes, 2);
}

function bytesField(bytes: Buffer, field: number): Buffer {
  const reader = new Reader(bytes, 'lifecycle state');
  let found: Buffer = Buffer.alloc(0);
  while (reader.next()) if (reader.field === field) found = reader.slice();
  return found;
}

function stringField(bytes: Buffer, field: number): string {
  const reader = new Reader(bytes, 'lifecycle state');
  let found = '';
  while (reader.next()) if (reader.field === field) found = reader.string();
  return found;
}
