import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditChallenge,
  type AuditParameters,
  blindDocument,
  blockRange,
  combineIdentityShares,
  concat,
  CryptoError,
  decodeSignedFile,
  decodeTag,
  drawAuditChallenge,
  extractIdentityShare,
  type IdentityKey,
  layoutOf,
  sectorLength,
  sectorOffset,
  makeAuditChallenge,
  makeMasterKey,
  mclEngine,
  newReceivingKeyPair,
  openMasterShare,
  type PairingEngine,
  proveFile,
  randomBytes,
  type RecordReference,
  sanitise,
  SECTOR_BYTES,
  type SectorPosition,
  SIGNED_FILE_HEAD_BYTES,
  type SignerIdentity,
  signedFileLayout,
  signSealedFile,
  TAG_BYTES,
  verifyProof,
} from '@medseal/crypto';
import fc from 'fast-check';
import { FileObjectStore } from '../src/storage/file-object-store';
import { ObjectAlteredError, ObjectMissingError, type ObjectStore } from '../src/storage/object-store';
import { proveStored } from '../src/storage/prover';

interface Signer {
  parameters: AuditParameters;
  identity: SignerIdentity;
  key: IdentityKey;
  record: RecordReference;
}

/** A file as the cloud has it, and its tag as the ledger has it. */
interface StoredFile {
  signer: Signer;
  tag: Uint8Array;
  content: Uint8Array;
  signed: Uint8Array;
  object: string;
  signedFile: string;
}

const SECTORS = 4;
const RUNS = Number(process.env['MEDSEAL_PROVER_RUNS'] ?? '5');
jest.setTimeout(10_000 * Math.max(6, RUNS));
let directory: string;
let store: FileObjectStore;
let engine: PairingEngine;
let signer: Signer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'medseal-prover-'));
  store = await FileObjectStore.open(directory);
  engine = await mclEngine();
  signer = await newSigner(SECTORS);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const newSigner = async (sectorsPerBlock: number): Promise<Signer> => {
  const extractors = ['CityMSP', 'MinistryMSP'].map((mspId) => ({ mspId, ...newReceivingKeyPair() }));
  const made = await makeMasterKey(engine, { extractors, threshold: 2, sectorsPerBlock });
  const { parameters } = made;
  const identity = { channel: 'health', mspId: 'CityMSP', userId: 'd-1', keyEpoch: 1 };
  const shares = await Promise.all(
    extractors.map(async ({ mspId, secretKey: extractorSecretKey }, i) => {
      const { sealed } = made.sealedShares[i]!;
      const masterShare = await openMasterShare(engine, { parameters, mspId, extractorSecretKey, sealed });
      return { mspId, share: extractIdentityShare(engine, { parameters, mspId, masterShare, identity }) };
    }),
  );
  const record = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };
  return {
    parameters,
    identity,
    key: combineIdentityShares(engine, { parameters, identity, shares }),
    record,
  };
};

const kept = async (
  own: Signer,
  tag: Uint8Array,
  content: Uint8Array,
  signed: Uint8Array,
): Promise<StoredFile> => ({
  signer: own,
  tag,
  content,
  signed,
  object: await store.put(content),
  signedFile: await store.put(signed),
});

const sealed = (content: Uint8Array, own = signer): Promise<StoredFile> => {
  const { tag, signedFile } = signSealedFile(engine, { ...own, content });
  return kept(own, tag, content, signedFile);
};

const sanitised = (content: Uint8Array, personal: SectorPosition[]): Promise<StoredFile> => {
  const { tag, package: blinded } = blindDocument(engine, { ...signer, content, personal, organisation: [] });
  const made = sanitise(engine, { ...signer, package: blinded });
  return kept(signer, tag, made.content, made.signedFile);
};

const challengeOf = ({ tag, signer: { parameters } }: StoredFile): AuditChallenge =>
  makeAuditChallenge({
    parameters,
    tag,
    auditId: '11'.repeat(32),
    nonceA: randomBytes(32),
    nonceB: randomBytes(32),
  });

/** Notes which bytes of which object are read. */
const watched = (): {
  read: ObjectStore['read'];
  size: ObjectStore['size'];
  reads: { digest: string; offset: number; length: number }[];
} => {
  const reads: { digest: string; offset: number; length: number }[] = [];
  return {
    reads,
    size: (digest) => store.size(digest),
    read: (digest, offset, length) => {
      reads.push({ digest, offset, length });
      return store.read(digest, offset, length);
    },
  };
};

const inputOf = (file: StoredFile, challenge = challengeOf(file)) => ({
  parameters: file.signer.parameters,
  tag: file.tag,
  challenge,
  object: file.object,
  signedFile: file.signedFile,
});

/** The library's proof, which has the whole file at hand. */
const wholeProof = (file: StoredFile, challenge: AuditChallenge, random: Uint8Array): Promise<Uint8Array> => {
  const { tag, replacedSet, authenticators } = decodeSignedFile(file.signed);
  return proveFile(engine, {
    parameters: file.signer.parameters,
    tag: file.tag,
    replacedSet,
    challenge,
    random,
    read: (block) => {
      const { start, end } = blockRange(tag, block);
      return { data: file.content.subarray(start, end), authenticator: authenticators[block]! };
    },
  });
};

const verdictOf = (file: StoredFile, challenge: AuditChallenge, proof: Uint8Array, replacedSet: Uint8Array) =>
  verifyProof(engine, { ...file.signer, tag: file.tag, challenge, replacedSet, proof });

test('the proof is the one that the library makes of the whole file, in few reads', async () => {
  const documents = fc.record({
    length: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constantFrom(1, 31, 124, 125, 248)),
    replaced: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(documents, async ({ length, replaced }) => {
      const content = randomBytes(length);
      const layout = layoutOf(length, SECTORS);
      // The first sector of every second block that has another one.
      const personal = Array.from({ length: layout.blocks }, (_, block) => ({ block, sector: 0 })).filter(
        ({ block }) =>
          block % 2 === 0 && blockRange(layout, block).end > (block * SECTORS + 1) * SECTOR_BYTES,
      );
      const file = await (replaced ? sanitised(content, personal) : sealed(content));
      const challenge = challengeOf(file);
      const random = randomBytes(32);
      const { reads, ...from } = watched();
      const { proof, replacedSet } = await proveStored(engine, from, {
        ...inputOf(file, challenge),
        random: random.slice(),
      });
      expect(Buffer.from(proof).equals(await wholeProof(file, challenge, random))).toBe(true);
      expect(verdictOf(file, challenge, proof, replacedSet)).toEqual({ verdict: 'intact' });
      // Head, replaced set, all authenticators, all blocks: nothing twice.
      expect(reads).toHaveLength(4);
      const total = reads.reduce((sum, one) => sum + one.length, 0);
      expect(total).toBe(file.content.length + file.signed.length);
    }),
    { numRuns: RUNS },
  );
});

test('of a sampled file only challenged blocks and their authenticators are read', async () => {
  const own = await newSigner(1);
  const blocks = 530;
  const file = await sealed(randomBytes(blocks * SECTOR_BYTES), own);
  const challenge = challengeOf(file);
  expect(challenge.size).toBeLessThan(blocks);
  const challenged = new Set(drawAuditChallenge(challenge, blocks).map(({ block }) => block));
  const { reads, ...from } = watched();
  const { proof, replacedSet } = await proveStored(engine, from, inputOf(file, challenge));
  expect(verdictOf(file, challenge, proof, replacedSet)).toEqual({ verdict: 'intact' });
  const layout = signedFileLayout(file.signed.subarray(0, SIGNED_FILE_HEAD_BYTES));
  const bytesOf = (digest: string): Set<number> =>
    new Set(
      reads
        .filter((one) => one.digest === digest)
        .flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)),
    );
  const data = bytesOf(file.object);
  const beside = bytesOf(file.signedFile);
  for (let block = 0; block < blocks; block++) {
    const isRead = challenged.has(block);
    expect(data.has(blockRange(layout.tag, block).start)).toBe(isRead);
    expect(beside.has(layout.authenticator(block).start)).toBe(isRead);
  }
  expect(data.size).toBe(challenged.size * SECTOR_BYTES);
  expect(reads.length).toBeLessThan(2 * challenged.size);
});

describe('a file that is not as it was', () => {
  let file: StoredFile;
  beforeAll(async () => {
    file = await sanitised(randomBytes(1_000), [{ block: 1, sector: 2 }]);
  });
  const proven = (change: Partial<StoredFile>, tag = file.tag): ReturnType<typeof proveStored> =>
    proveStored(engine, store, inputOf({ ...file, ...change, tag }));

  test('changed in any block: the proof does not verify', async () => {
    const { blocks } = decodeTag(file.tag);
    for (let block = 0; block < blocks; block += 3) {
      const changed = file.content.slice();
      changed[blockRange(layoutOf(changed.length, SECTORS), block).start]! ^= 1;
      const challenge = challengeOf(file);
      const object = await store.put(changed);
      const { proof, replacedSet } = await proveStored(engine, store, {
        ...inputOf(file, challenge),
        object,
      });
      expect(verdictOf(file, challenge, proof, replacedSet)).toEqual({
        verdict: 'failed',
        reason: 'does not hold',
      });
    }
  });

  test('something else in a replaced sector, of which a proof says nothing: named, and no proof', async () => {
    const layout = layoutOf(file.content.length, SECTORS);
    const from = sectorOffset(layout, 1, 2);
    for (const at of [from, from + sectorLength(layout, 1, 2) - 1]) {
      const changed = file.content.slice();
      changed[at]! ^= 1;
      const object = await store.put(changed);
      await expect(proven({ object })).rejects.toThrow(`Object ${object} was altered: a replaced sector`);
    }
  });

  test('missing object or signed file: named, and no proof', async () => {
    const nobody = 'ab'.repeat(32);
    await expect(proven({ object: nobody })).rejects.toThrow(new ObjectMissingError(nobody).message);
    await expect(proven({ signedFile: nobody })).rejects.toThrow(new ObjectMissingError(nobody).message);
  });

  test('cut short, by one byte or to nothing: named, and no proof', async () => {
    for (const left of [0, 1, 500, file.content.length - 1]) {
      const object = await store.put(file.content.subarray(0, left));
      await expect(proven({ object })).rejects.toThrow(`Object ${object} was altered: it is shorter`);
    }
    for (const left of [0, 5, SIGNED_FILE_HEAD_BYTES, SIGNED_FILE_HEAD_BYTES + 7, file.signed.length - 1]) {
      const signedFile = await store.put(file.signed.subarray(0, left));
      await expect(proven({ signedFile })).rejects.toThrow(`Object ${signedFile} was altered: it is shorter`);
    }
  });

  test('with bytes behind its end, which no block has: named, and no proof', async () => {
    for (const part of ['object', 'signedFile'] as const) {
      const longer = concat(part === 'object' ? file.content : file.signed, Uint8Array.of(0));
      const digest = await store.put(longer);
      await expect(proven({ [part]: digest })).rejects.toThrow(
        `Object ${digest} was altered: it has another length`,
      );
    }
  });

  test('changed where nothing is proven, in the salt of its signed file: named, and no proof', async () => {
    const path = join(directory, file.signedFile.slice(0, 2), file.signedFile);
    await writeFile(
      path,
      other(SIGNED_FILE_HEAD_BYTES - 5, (byte) => byte ^ 1),
    );
    await expect(proven({})).rejects.toThrow(`Object ${file.signedFile} was altered: its bytes`);
    await store.put(file.signed);
  });

  const other = (at: number, change: (byte: number) => number): Uint8Array => {
    const changed = file.signed.slice();
    changed[at] = change(changed[at]!);
    return changed;
  };
  const HEADER = SIGNED_FILE_HEAD_BYTES - TAG_BYTES - 36;

  test.each([
    ['header', () => other(0, (byte) => byte ^ 1)],
    ['tag', () => other(HEADER + 300, (byte) => byte ^ 1)],
    ['length of the replaced set', () => other(SIGNED_FILE_HEAD_BYTES - 4, () => 0xff)],
    ['length of the replaced set', () => other(SIGNED_FILE_HEAD_BYTES - 1, (byte) => byte - 6)],
    ['replaced set', () => other(SIGNED_FILE_HEAD_BYTES + 9, (byte) => byte ^ 1)],
    ['authenticator', () => other(file.signed.length - 48, () => 0)],
    ['everything', () => randomBytes(file.signed.length)],
  ])('another %s in the signed file: named, and no proof', async (_part, change) => {
    const signedFile = await store.put(change());
    const failure = await proven({ signedFile }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ObjectAlteredError);
    expect((failure as ObjectAlteredError).digest).toBe(signedFile);
  });

  test("another version's file: its tag is not the ledger's", async () => {
    const stale = await sanitised(file.content, [{ block: 1, sector: 2 }]);
    await expect(proven({ signedFile: stale.signedFile })).rejects.toThrow(
      'its tag is not the one on the ledger',
    );
  });

  test('a challenge of another size is refused before anything is read', async () => {
    const { reads, ...from } = watched();
    const challenge = { ...challengeOf(file), size: 1 };
    await expect(proveStored(engine, from, inputOf(file, challenge))).rejects.toBeInstanceOf(CryptoError);
    await expect(
      proveStored(engine, from, { ...inputOf(file), tag: concat(file.tag, file.tag) }),
    ).rejects.toBeInstanceOf(CryptoError);
    expect(reads).toEqual([]);
  });
});
