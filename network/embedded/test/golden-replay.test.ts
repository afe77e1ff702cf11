import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { BlockFiles } from '../src/ledger/block-files';
import { StateDatabase } from '../src/ledger/state-database';
import { WorldIndex } from '../src/ledger/world-index';
import { WorldState } from '../src/ledger/world-state';
import {
  MetadataSlot,
  commitHash,
  dataHash,
  decodeBlock,
  decodeSignatures,
  encodeBlock,
  encodeSignatures,
  headerHash,
  nextCommitHash,
  transactionsFilter,
} from '../src/protos/blocks';
import { applicationGroups } from '../src/protos/config-groups';
import * as envelopes from '../src/protos/envelopes';
import { decodeTxRwSet, encodeTxRwSet } from '../src/rwset/messages';
import { replayBlock, validateBlock } from '../src/validation/block-validator';

const folder = join(__dirname, 'golden');
const read = (...name: string[]): Buffer => readFileSync(join(folder, ...name));
const chain = Array.from({ length: 17 }, (_, number) =>
  read('chain', `${String(number).padStart(4, '0')}.block`),
);
const files = (ending: string): string[] => readdirSync(folder).filter((name) => name.endsWith(ending));

/** Decodes an envelope to its read-write set and builds every layer again; bytes must not change anywhere. */
function reencode(envelopeBytes: Buffer): { rwset?: Buffer; envelope: Buffer } {
  const envelope = envelopes.decodeEnvelope(envelopeBytes);
  const payload = envelopes.decodePayload(envelope.payload);
  const header = payload.header!;
  const channelHeader = envelopes.decodeChannelHeader(header.channelHeader);
  const signatureHeader = envelopes.decodeSignatureHeader(header.signatureHeader);
  let data = payload.data;
  let rwset: Buffer | undefined;
  if (channelHeader.type === envelopes.HeaderType.endorserTransaction) {
    const actions = envelopes.decodeTransaction(payload.data);
    expect(actions).toHaveLength(1);
    const action = envelopes.decodeTransactionAction(actions[0]!);
    const response = envelopes.decodeProposalResponsePayload(action.responsePayload);
    const result = envelopes.decodeChaincodeAction(response.extension);
    rwset = encodeTxRwSet(decodeTxRwSet(result.results));
    expect(rwset).toEqual(result.results);
    const events =
      result.events.length === 0
        ? result.events
        : envelopes.encodeChaincodeEvent(envelopes.decodeChaincodeEvent(result.events));
    const extension = envelopes.encodeChaincodeAction({ ...result, results: rwset, events });
    const responsePayload = envelopes.encodeProposalResponsePayload({ ...response, extension });
    data = envelopes.encodeTransaction({ ...action, responsePayload });
  }
  const again = envelopes.encodeEnvelope({
    payload: envelopes.encodePayload(
      envelopes.encodeChannelHeader(channelHeader),
      envelopes.encodeSignatureHeader(signatureHeader),
      data,
    ),
    signature: envelope.signature,
  });
  return { rwset, envelope: again };
}

describe('blocks of a recorded Fabric 3.1 network', () => {
  it.each(chain.map((bytes, number) => [number, bytes] as const))(
    'block %i is encoded to its own bytes',
    (number, bytes) => {
      const block = decodeBlock(bytes);
      expect(block.header.number).toBe(number);
      expect(encodeBlock(block)).toEqual(bytes);
      const slot = block.metadata[MetadataSlot.signatures]!;
      if (number > 0) expect(encodeSignatures(decodeSignatures(slot))).toEqual(slot);
      for (const envelope of block.data) expect(reencode(envelope).envelope).toEqual(envelope);
    },
  );

  it('have the data and header hashes that the chain states', () => {
    let previous = Buffer.alloc(0) as Buffer;
    for (const bytes of chain) {
      const { header, data } = decodeBlock(bytes);
      expect(dataHash(data)).toEqual(header.dataHash);
      expect(header.previousHash).toEqual(previous);
      previous = headerHash(header);
    }
  });

  it('have the same hashes in the orderer’s copy, which lacks flags and commit hash', () => {
    const ordered = decodeBlock(read('fromorderer', 'block.private.pb'));
    const peer = decodeBlock(read('block.private.pb'));
    expect(headerHash(ordered.header)).toEqual(headerHash(peer.header));
    expect(transactionsFilter(ordered)).toHaveLength(0);
    expect(commitHash(ordered)).toBeUndefined();
    expect(read('block.private.peer2.pb')).toEqual(read('block.private.pb'));
  });
});

describe('single recorded blocks of an earlier run', () => {
  it.each(files('.pb').filter((name) => name.startsWith('block.')))(
    '%s is encoded to its own bytes',
    (name) => {
      const bytes = read(name);
      const block = decodeBlock(bytes);
      expect(encodeBlock(block)).toEqual(bytes);
      expect(dataHash(block.data)).toEqual(block.header.dataHash);
      for (const envelope of block.data) expect(reencode(envelope).envelope).toEqual(envelope);
    },
  );
});

describe('recorded prepared transactions and proposals', () => {
  it.each(files('.prepared.pb'))('%s is encoded to its own bytes', (name) => {
    expect(reencode(preparedEnvelope(read(name))).rwset).toBeDefined();
  });

  it.each(files('.proposal.pb'))('%s gives the proposal hash that its endorsers signed', (name) => {
    const { header, payload, txId } = proposal(read(name));
    const block = decodeBlock(chain.find((bytes) => bytes.includes(txId))!);
    const transaction = envelopes.decodePayload(envelopes.decodeEnvelope(block.data[0]!).payload);
    const action = envelopes.decodeTransactionAction(envelopes.decodeTransaction(transaction.data)[0]!);
    const endorsed = envelopes.decodeProposalResponsePayload(action.responsePayload);
    const hashed = envelopes.proposalHash(header, envelopes.withoutTransient(payload));
    expect(hashed).toEqual(endorsed.proposalHash);
    expect(envelopes.transactionId(envelopes.decodeSignatureHeader(header.signatureHeader))).toBe(txId);
  });
});

describe('the validator', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'golden-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('reproduces every flag and every commit hash of the recorded chain', async () => {
    const config = channelConfigFromBlock(chain[0]!);
    const blocks = new BlockFiles(directory);
    const world = new WorldState(blocks, config, applicationGroups(chain[0]!), (damage) => {
      throw new Error(damage.what);
    });
    const database = await StateDatabase.open(join(directory, 'state'));
    world.use(database, WorldIndex.empty(database, world.recover));
    let previous = Buffer.alloc(0) as Buffer;
    for (const [number, bytes] of chain.entries()) {
      const block = decodeBlock(bytes);
      const validated =
        number === 0
          ? replayBlock(0, block.data, Buffer.from([0]), world)
          : validateBlock(number, block.data, {
              config,
              view: world,
              isCommitted: (txId) => world.index.transaction(txId) !== undefined,
            });
      expect([number, validated.filter.toString('hex')]).toEqual([
        number,
        transactionsFilter(block).toString('hex'),
      ]);
      if (number > 0) {
        previous = nextCommitHash(validated.filter, validated.updates.deterministicBytes(), previous);
        expect([number, commitHash(block)!.toString('hex')]).toEqual([number, previous.toString('hex')]);
      }
      await blocks.append(number, bytes);
      world.apply(number, validated);
    }
    await blocks.close();
    await database.close();
  });
});

/** `gateway.PreparedTransaction.envelope`. */
function preparedEnvelope(bytes: Buffer): Buffer {
  const { gateway } = jest.requireActual<typeof import('@hyperledger/fabric-protos')>(
    '@hyperledger/fabric-protos',
  );
  return Buffer.from(gateway.PreparedTransaction.deserializeBinary(bytes).getEnvelope()!.serializeBinary());
}

function proposal(bytes: Buffer): { header: envelopes.Header; payload: Buffer; txId: string } {
  const { gateway, peer } = jest.requireActual<typeof import('@hyperledger/fabric-protos')>(
    '@hyperledger/fabric-protos',
  );
  const proposed = gateway.ProposedTransaction.deserializeBinary(bytes);
  const inner = peer.Proposal.deserializeBinary(proposed.getProposal()!.getProposalBytes_asU8());
  return {
    header: envelopes.decodeHeader(Buffer.from(inner.getHeader_asU8())),
    payload: Buffer.from(inner.getPayload_asU8()),
    txId: proposed.getTransactionId(),
  };
}
