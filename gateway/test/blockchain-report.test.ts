import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import { examineBlocks } from '../src/blockchain/block-examiner';
import { verifyEverything, type VerificationProgress } from '../src/blockchain/full-verification';
import { verifyRows } from '../src/blockchain/report-verification';
import { dataHash, headerHash, parseBlock, METADATA_SLOTS } from '../src/blockchain/verifier/block-bytes';
import { Keystore } from '../src/keystore/keystore';
import { migrate } from '../src/database/migrations';
import { Projection } from '../src/projection/projection';
import { projectionMigrations, PROJECTION_TABLES } from '../src/projection/projection.migrations';
import { FileObjectStore } from '../src/storage/file-object-store';
import { chainedEntry, SignedLedger } from './blockchain-signed-ledger';
import { openTestDatabase, type TestDatabase } from './projection-database';

const CITY = 'CityMSP';
const AUTHOR = 'ab'.repeat(16);
const PATIENTS = ['1'.repeat(32), '2'.repeat(32)];
const now = (): Date => new Date('2026-01-05T12:00:00Z');

let database: TestDatabase;
let folder: string;
let ledger: SignedLedger;
let objects: FileObjectStore;
let projection: Projection;
let references: { recordId: string; version: number; ledgerId: string; digest: string; block: number }[];

beforeAll(async () => {
  database = await openTestDatabase();
  await migrate(database.database, projectionMigrations);
}, 60_000);
afterAll(() => database.close());

/** Five records of two patients; the third gets a key slot afterwards. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
  objects = await FileObjectStore.open(join(folder, 'objects'));
  ledger = await SignedLedger.create([CITY, 'LakesideMSP']);
  for (const table of PROJECTION_TABLES) await database.database.query(`DELETE FROM ${table}`);
  references = [];
  const heads = new Map<string, { contentHash: string; count: number }>();
  for (const [index, owner] of [0, 1, 0, 1, 1].entries()) {
    const ledgerId = PATIENTS[owner]!;
    const recordId = String(index + 5).repeat(32);
    const stored = {
      sealedDigest: await objects.put(Buffer.from(`ciphertext ${index}`)),
      headerDigest: await objects.put(Buffer.from(`header ${index}`)),
    };
    const entry = chainedEntry(
      { recordId, ledgerId, hospital: CITY, author: AUTHOR },
      stored,
      heads.get(ledgerId) ?? { contentHash: '0'.repeat(64), count: 0 },
    );
    const head = { schema: 1, ledgerId, contentHash: entry.chain.contentHash, count: entry.chain.index + 1 };
    heads.set(ledgerId, head);
    const key = ['recordVersion', recordId, '1'];
    ledger.submit(CITY, 'records:create', {
      world: [[key, { ...entry, status: 'created', sealed: null, chain: null }]],
    });
    ledger.submit(CITY, 'records:seal', { world: [[key, { ...entry, status: 'sealed', chain: null }]] });
    const { blockNumber } = ledger.submit(CITY, 'records:chain', {
      world: [
        [key, entry],
        [['chain', ledgerId], head],
      ],
    });
    references.push({ recordId, version: 1, ledgerId, digest: stored.sealedDigest, block: blockNumber });
    if (index === 2) {
      const headerDigest = await objects.put(Buffer.from('header 2 with a slot for the owner'));
      ledger.submit(CITY, 'records:addKeySlot', {
        world: [[key, { ...entry, sealed: { ...entry.sealed, headerDigest } }]],
      });
    }
  }
  projection = new Projection({
    mspId: CITY,
    kind: 'hospital',
    ledger: ledger.peerOf(CITY),
    database: database.database,
    keystore: await Keystore.open(folder, CITY),
  });
  await projection.start();
  await projection.reached(ledger.blocks.length - 1);
  await projection.stop();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const parts = () => ({ ledger: ledger.peerOf(CITY), database: database.database, objects, now });
const report = () => verifyRows(parts(), references);
const walk = (progress?: (at: VerificationProgress) => void) => verifyEverything(parts(), progress);
const edit = (number: number, change: (block: common.Block) => void): void => {
  const block = common.Block.deserializeBinary(ledger.blocks[number]!);
  change(block);
  ledger.blocks[number] = Buffer.from(block.serializeBinary());
};

test('an untouched ledger is valid, in the report and in the walk', async () => {
  const { verdict, entries } = await report();
  expect(verdict).toEqual({ chainValid: true, firstInvalid: null, checkedAt: '2026-01-05T12:00:00.000Z' });
  expect([...entries.values()].map(({ prevHashValid }) => prevHashValid)).toEqual(Array(5).fill(true));
  const first = references.find(({ ledgerId }) => ledgerId === PATIENTS[0])!;
  expect(entries.get(`${first.recordId}/1`)!.prevHash).toBe('0'.repeat(64));
  const steps: VerificationProgress[] = [];
  expect(await walk((at) => steps.push(at))).toMatchObject({
    chainValid: true,
    firstInvalid: null,
    invalid: [],
    checked: { blocks: 17, transactions: 17, entries: 5, objects: 10 },
  });
  expect(steps.at(-1)).toEqual({ phase: 'objects', done: 5, total: 5 });
  expect(steps.filter(({ phase }) => phase === 'blocks').at(-1)).toEqual({
    phase: 'blocks',
    done: 17,
    total: 17,
  });
});

test('any byte of any block names the block, in walk and report', async () => {
  const concerned = new Set([0, ...Array.from({ length: 16 }, (_, index) => index + 1)]);
  for (let round = 0; round < 60; round += 1) {
    const number = Math.floor(Math.random() * ledger.blocks.length);
    const original = ledger.blocks[number]!;
    const flipped = Buffer.from(original);
    const offset = Math.floor(Math.random() * flipped.length);
    flipped[offset]! ^= 1 << Math.floor(Math.random() * 8);
    ledger.blocks[number] = flipped;
    const where = { number, offset };
    expect({ where, ...(await walk()).firstInvalid }).toMatchObject({
      where,
      kind: 'block',
      id: String(number),
    });
    if (round < 10 && concerned.has(number)) {
      expect({ where, ...(await report()).verdict.firstInvalid }).toMatchObject({
        where,
        kind: 'block',
        id: String(number),
      });
    }
    ledger.blocks[number] = original;
  }
});

test('a block that the peer cannot read is named, the rest is still examined', async () => {
  const lost = references[1]!;
  ledger.blocks[lost.block] = undefined;
  const { verdict, entries } = await report();
  expect(verdict.firstInvalid).toEqual({
    kind: 'block',
    id: String(lost.block),
    reason: 'block: the peer cannot read it',
  });
  expect(entries.get(`${lost.recordId}/1`)!.prevHashValid).toBe(false);
  expect(entries.get(`${references[0]!.recordId}/1`)!.prevHashValid).toBe(true);
  const walked = await walk();
  expect(walked.invalid).toEqual([verdict.firstInvalid]);
  expect(walked.checked.blocks).toBe(17);
});

test('newest blocks that the peer lost are named', async () => {
  ledger.blocks.length = 15;
  expect((await walk()).firstInvalid).toMatchObject({ kind: 'block', id: '15' });
});

test('a changed, a missing and a superseded object are named', async () => {
  const { digest } = references[3]!;
  const path = join(folder, 'objects', digest.slice(0, 2), digest);
  await writeFile(path, 'other bytes');
  const altered = {
    kind: 'object',
    id: digest,
    reason: 'object: its bytes were altered',
    recordId: references[3]!.recordId,
  };
  expect((await walk()).firstInvalid).toEqual(altered);
  const hit = await report();
  expect(hit.verdict.firstInvalid).toEqual(altered);
  const unsound = [...hit.entries].filter(([, { objectsValid }]) => !objectsValid).map(([key]) => key);
  expect(unsound).toEqual([`${references[3]!.recordId}/1`]);
  await rm(path);
  expect((await report()).verdict.firstInvalid).toEqual({
    ...altered,
    reason: 'object: missing from the store',
  });
  await objects.put(Buffer.from('ciphertext 3'));
  const superseded = await objects.put(Buffer.from('header 2'));
  await writeFile(join(folder, 'objects', superseded.slice(0, 2), superseded), 'changed');
  expect((await walk()).firstInvalid).toMatchObject({ kind: 'object', id: superseded });
  expect((await report()).verdict.firstInvalid).toMatchObject({ kind: 'object', id: superseded });
  await objects.delete(superseded);
  expect((await walk()).chainValid).toBe(true);
  expect((await report()).verdict.chainValid).toBe(true);
});

test('two blocks swapped, and a ledger re-chained with correct hashes, are invalid', async () => {
  const [a, b] = [references[0]!.block, references[1]!.block];
  const original = [...ledger.blocks];
  [ledger.blocks[a], ledger.blocks[b]] = [original[b], original[a]];
  expect((await walk()).firstInvalid).toMatchObject({ kind: 'block', id: String(a) });
  expect((await report()).verdict.firstInvalid).toMatchObject({ kind: 'block', id: String(a) });

  ledger.blocks = [...original];
  edit(a, (block) => block.getData()!.setDataList(parseBlock(original[b]!).envelopes.slice()));
  for (let number = a; number < ledger.blocks.length; number += 1) {
    edit(number, (block) => {
      block.getHeader()!.setDataHash(dataHash(block.getData()!.getDataList_asU8()));
      block.getHeader()!.setPreviousHash(headerHash(parseBlock(ledger.blocks[number - 1]!)));
    });
  }
  const forged = { kind: 'block', id: String(a), reason: 'orderer signature: not valid for this header' };
  expect((await walk()).firstInvalid).toEqual(forged);
  expect((await report()).verdict.firstInvalid).toEqual(forged);
});

test('a whole ledger of somebody else’s authorities is invalid from its first block', async () => {
  const other = await SignedLedger.create([CITY, 'LakesideMSP']);
  while (other.blocks.length < ledger.blocks.length) other.submit(CITY, 'x', {});
  ledger.blocks = other.blocks;
  expect((await walk()).firstInvalid).toMatchObject({ kind: 'block', id: '0' });
  expect((await report()).verdict.firstInvalid).toMatchObject({ kind: 'block', id: '0' });
});

test('an entry that endorsers and orderer signed, but that breaks its patient’s chain, is named', async () => {
  const { ledgerId } = references[0]!;
  const objectsOf = { sealedDigest: references[0]!.digest, headerDigest: references[0]!.digest };
  const before = { contentHash: 'f'.repeat(64), count: 2 };
  const entry = chainedEntry(
    { recordId: 'e'.repeat(32), ledgerId, hospital: CITY, author: AUTHOR },
    objectsOf,
    before,
  );
  const third = references[2]!;
  const rewritten = { ...entry, recordId: third.recordId, author: 'cd'.repeat(16) };
  ledger.submit(CITY, 'records:x', { world: [[['recordVersion', third.recordId, '1'], rewritten]] });
  ledger.submit(CITY, 'records:chain', { world: [[['recordVersion', entry.recordId, '1'], entry]] });
  expect((await walk()).invalid).toEqual([
    { kind: 'entry', id: `${third.recordId}/1`, reason: 'the entry changed after it was chained' },
    {
      kind: 'entry',
      id: `${entry.recordId}/1`,
      reason: 'prevHash is not the contentHash of the entry before',
    },
  ]);
});

test('a read model that hides an entry does not make the report valid', async () => {
  const [first] = references as [(typeof references)[number]];
  await database.database.query('DELETE FROM record_versions WHERE record_id = $1', [first.recordId]);
  expect((await report()).verdict.firstInvalid).toMatchObject({
    kind: 'entry',
    id: `${references[2]!.recordId}/1`,
  });
  await database.database.query('DELETE FROM record_versions WHERE record_id = $1', [
    references[4]!.recordId,
  ]);
  expect((await report()).verdict.chainValid).toBe(false);
  expect((await verifyRows(parts(), references.slice(1, 2))).verdict.firstInvalid).toEqual({
    kind: 'entry',
    id: `chain/${PATIENTS[1]}`,
    reason: 'the chain head is not the last chained entry',
  });
});

test('a validation code changed together with every commit hash differs from what was first seen', async () => {
  const number = references[4]!.block;
  edit(number, (block) => {
    const slots = block.getMetadata()!.getMetadataList_asU8();
    slots[METADATA_SLOTS.transactionsFilter] = Buffer.of(11);
    slots[METADATA_SLOTS.commitHash] = new Uint8Array();
    block.getMetadata()!.setMetadataList(slots);
  });
  expect((await walk()).firstInvalid).toMatchObject({ kind: 'block', id: String(number) });
  const examinations = await examineBlocks(ledger.peerOf(CITY), database.database, [number]);
  expect([...examinations.keys()]).toEqual([0, number]);
  expect(examinations.get(number)!.reason).toBeDefined();
});

test('a walk ends when its caller has left', async () => {
  const left = new AbortController();
  left.abort();
  await expect(verifyEverything(parts(), undefined, left.signal)).rejects.toThrow();
});
