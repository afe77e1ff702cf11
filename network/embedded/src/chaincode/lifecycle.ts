import { randomBytes } from 'node:crypto';
import { parsePolicy } from '../policy/policy-language.js';
import {
  encodeChannelHeader,
  encodeChaincodeAction,
  encodeEnvelope,
  encodePayload,
  encodeProposalResponsePayload,
  encodeSignatureHeader,
  encodeTransaction,
  HeaderType,
  proposalHash,
  transactionId,
} from '../protos/envelopes.js';
import { Writer } from '../protos/wire.js';
import { RWSetBuilder } from '../rwset/builder.js';
import type { ChaincodeDefinition, CollectionDefinition, Ledger, SigningIdentity } from '../types.js';
import { encodeResponse } from './protocol.js';

const LIFECYCLE = '_lifecycle';
const NOTHING: Buffer = Buffer.alloc(0);
const DEFAULT_POLICY = '/Channel/Application/Endorsement';

/** State that a committed definition has under `_lifecycle`, as Fabric lays it out. */
export function definitionState(definition: ChaincodeDefinition): Map<string, Buffer> {
  const { name, version, sequence } = definition;
  const fields: [string, Buffer][] = [
    ['Sequence', new Writer().number(1, sequence).finish()],
    ['EndorsementInfo', stateBytes(new Writer().string(1, version).string(3, 'escc').finish())],
    [
      'ValidationInfo',
      stateBytes(new Writer().string(1, 'vscc').bytes(2, endorsementPolicy(definition)).finish()),
    ],
    ['Collections', stateBytes(collectionPackage(definition.collections ?? []))],
  ];
  const metadata = new Writer().string(1, 'ChaincodeDefinition');
  for (const [field] of fields) metadata.message(2, Buffer.from(field));
  return new Map([
    ...fields.map(([field, value]): [string, Buffer] => [`namespaces/fields/${name}/${field}`, value]),
    [`namespaces/metadata/${name}`, metadata.finish()],
  ]);
}

/** A `lifecycle.StateData` with bytes. */
function stateBytes(bytes: Buffer): Buffer {
  return new Writer().message(2, bytes).finish();
}

/** A marshalled `common.ApplicationPolicy`. */
function endorsementPolicy({
  endorsementPolicy: policy,
}: Pick<ChaincodeDefinition, 'endorsementPolicy'>): Buffer {
  if (policy?.signaturePolicy) return new Writer().message(1, parsePolicy(policy.signaturePolicy)).finish();
  return new Writer().string(2, policy?.channelConfigPolicy ?? DEFAULT_POLICY).finish();
}

/** A marshalled `protos.CollectionConfigPackage`. */
function collectionPackage(collections: readonly CollectionDefinition[]): Buffer {
  const writer = new Writer();
  for (const collection of collections) {
    const config = new Writer()
      .string(1, collection.name)
      .message(2, new Writer().message(1, parsePolicy(collection.policy)).finish())
      .number(3, collection.requiredPeerCount ?? 0)
      .number(4, collection.maxPeerCount ?? 1)
      .number(5, collection.blockToLive ?? 0)
      .bool(6, collection.memberOnlyRead ?? false)
      .bool(7, collection.memberOnlyWrite ?? false);
    if (collection.endorsementPolicy) config.message(8, endorsementPolicy(collection));
    writer.message(1, new Writer().message(1, config.finish()).finish());
  }
  return writer.finish();
}

/**
 * Whether the channel already has exactly this definition.
 * @throws Error when it has another one and `sequence` is not the next.
 */
export function isDefined(definition: ChaincodeDefinition, ledger: Ledger): boolean {
  const { name, sequence } = definition;
  const committed = ledger.definition(name)?.sequence ?? 0;
  const same = [...definitionState(definition)].every(([key, value]) =>
    ledger.get(LIFECYCLE, key)?.value.equals(value),
  );
  if (same) return true;
  if (sequence !== committed + 1) {
    throw new Error(
      `chaincode ${name}: requested sequence is ${sequence}, but the new definition must be sequence ${committed + 1}`,
    );
  }
  return false;
}

/**
 * The transaction that commits a definition, endorsed by every given peer. Approvals are left out: one operator holds
 * all organisations' administrators here.
 * @throws Error when a policy cannot be parsed.
 */
export function definitionTransaction(
  definition: ChaincodeDefinition,
  ledger: Ledger,
  admin: SigningIdentity,
  peers: readonly SigningIdentity[],
  now: number,
): { txId: string; envelope: Buffer } {
  const { name, sequence, version } = definition;
  const builder = new RWSetBuilder();
  for (const [key, value] of definitionState(definition)) {
    const current = ledger.get(LIFECYCLE, key);
    const isRead = key.endsWith('/Sequence') || key === `namespaces/metadata/${name}`;
    if (isRead) builder.addRead(LIFECYCLE, key, current?.version);
    if (!current?.value.equals(value)) builder.addWrite(LIFECYCLE, key, value);
  }

  const nonce = randomBytes(24);
  const signatureHeader = { creator: admin.serialized, nonce };
  const txId = transactionId(signatureHeader);
  const header = {
    channelHeader: encodeChannelHeader({
      type: HeaderType.endorserTransaction,
      version: 0,
      timestamp: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 },
      channelId: ledger.channelId,
      txId,
      epoch: 0,
      extension: new Writer().message(2, new Writer().string(2, LIFECYCLE).finish()).finish(),
    }),
    signatureHeader: encodeSignatureHeader(signatureHeader),
  };
  const args = new Writer()
    .number(1, sequence)
    .string(2, name)
    .string(3, version)
    .bytes(6, endorsementPolicy(definition))
    .bytes(7, collectionPackage(definition.collections ?? []))
    .finish();
  const input = new Writer().message(1, Buffer.from('CommitChaincodeDefinition')).message(1, args).finish();
  const spec = new Writer().message(2, new Writer().string(2, LIFECYCLE).finish()).message(3, input).finish();
  const proposalPayload = new Writer().bytes(1, new Writer().message(1, spec).finish()).finish();

  const responsePayload = encodeProposalResponsePayload({
    proposalHash: proposalHash(header, proposalPayload),
    extension: encodeChaincodeAction({
      results: builder.build().publicBytes,
      events: NOTHING,
      response: encodeResponse({ status: 200, message: '', payload: NOTHING }),
      chaincodeId: { path: '', name: LIFECYCLE, version: 'syscc' },
    }),
  });
  const transaction = encodeTransaction({
    header: header.signatureHeader,
    chaincodeProposalPayload: proposalPayload,
    responsePayload,
    endorsements: peers.map((peer) => ({
      endorser: peer.serialized,
      signature: peer.sign(Buffer.concat([responsePayload, peer.serialized])),
    })),
  });
  const payload = encodePayload(header.channelHeader, header.signatureHeader, transaction);
  return { txId, envelope: encodeEnvelope({ payload, signature: admin.sign(payload) }) };
}
