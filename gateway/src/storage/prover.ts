import {
  type AuditChallenge,
  type AuditParameters,
  blockRange,
  type ByteRange,
  checkAuditChallenge,
  concat,
  CryptoError,
  decodeTag,
  drawAuditChallenge,
  equalBytes,
  type FileTag,
  type PairingEngine,
  proveFile,
  replacedOf,
  sectorLength,
  sectorOffset,
  type SectorPosition,
  sha256Hex,
  SIGNED_FILE_HEAD_BYTES,
  type SignedFileLayout,
  signedFileBytes,
  signedFileLayout,
  type StoredBlock,
  WILDCARD_BYTE,
} from '@medseal/crypto';
import { inParallel } from './in-parallel.js';
import { ObjectAlteredError, type ObjectStore } from './object-store.js';

/** What an audit asks of whoever stores a file. */
export interface StoredProofInput {
  parameters: AuditParameters;
  /** From the ledger. */
  tag: Uint8Array;
  challenge: AuditChallenge;
  /** Address of the object. */
  object: string;
  /** Address of its signed file: tag, replaced set and authenticators. */
  signedFile: string;
  /** 32 fresh random bytes; given only to compare proofs. */
  random?: Uint8Array;
}

/** What the verifier takes from whoever proves. */
export interface StoredProof {
  proof: Uint8Array;
  replacedSet: Uint8Array;
}

/** Of blocks that lie side by side, so that a whole file is few reads. */
const MOST_BYTES_AT_ONCE = 1024 * 1024;
const READS_AT_ONCE = 16;

/** What of a stored file a challenge asks for; not checked. */
export interface ChallengedFile {
  replacedSet: Uint8Array;
  /** By number. */
  blocks: Map<number, StoredBlock>;
}

/**
 * The proof that a stored object answers a challenge with, made from the challenged blocks and their authenticators
 * alone. Bytes that were changed without changing a length give a proof that does not verify; whoever checks it says so.
 *
 * @throws CryptoError for a tag or challenge that is none
 * @throws ObjectMissingError, ObjectAlteredError, StorageUnavailableError naming object or signed file: then there is
 *   no proof
 */
export const proveStored = async (
  engine: PairingEngine,
  store: Pick<ObjectStore, 'read' | 'size'>,
  input: StoredProofInput,
): Promise<StoredProof> => {
  const { parameters, challenge, signedFile } = input;
  checkAuditChallenge(parameters, challenge, decodeTag(input.tag).blocks);
  const read = await readChallenged(store, input);
  const proof = await orAltered(signedFile, () => proveChallenged(engine, input, read));
  return { proof, replacedSet: read.replacedSet };
};

/** The part of it that reads. @throws as `proveStored` */
export const readChallenged = async (
  store: Pick<ObjectStore, 'read' | 'size'>,
  input: Pick<StoredProofInput, 'tag' | 'challenge' | 'object' | 'signedFile'>,
): Promise<ChallengedFile> => {
  const { challenge, object, signedFile } = input;
  const tag = decodeTag(input.tag);
  const { head, layout, replacedSet, replaced } = await readHead(store, signedFile, tag);
  const blocks = drawAuditChallenge(challenge, tag.blocks).map(({ block }) => block);
  const [data, authenticators] = await Promise.all([
    readBlocks(store, object, blocks, (block) => blockRange(tag, block)),
    readBlocks(store, signedFile, blocks, (block) => layout.authenticator(block)),
  ]);
  const of = (found: Map<number, Uint8Array>, block: number): Uint8Array => {
    const bytes = found.get(block);
    if (bytes === undefined) throw new Error(`block ${block} was not challenged`);
    return bytes;
  };
  requireWildcards(object, tag, replaced, data);
  await Promise.all([
    requireEnd(store, object, tag.byteLength),
    requireEnd(store, signedFile, signedFileBytes(tag.blocks, replaced.length)),
  ]);
  if (blocks.length === tag.blocks)
    requireAddress(signedFile, [head, replacedSet, ...blocks.map((block) => of(authenticators, block))]);
  return {
    replacedSet,
    blocks: new Map(
      blocks.map((block) => [block, { data: of(data, block), authenticator: of(authenticators, block) }]),
    ),
  };
};

/**
 * The part of it that computes.
 *
 * @throws CryptoError: with a tag and a challenge that are good, for what was stored
 */
export const proveChallenged = (
  engine: PairingEngine,
  input: Pick<StoredProofInput, 'parameters' | 'tag' | 'challenge' | 'random'>,
  { replacedSet, blocks }: ChallengedFile,
): Promise<Uint8Array> =>
  proveFile(engine, {
    ...input,
    replacedSet,
    read: (block) => {
      const stored = blocks.get(block);
      if (stored === undefined) throw new Error(`block ${block} was not read`);
      return stored;
    },
  });

/** The ledger's tag decides: another one in the signed file means that it was altered or is another file's. */
const readHead = async (
  store: Pick<ObjectStore, 'read'>,
  signedFile: string,
  tag: FileTag,
): Promise<{
  head: Uint8Array;
  layout: SignedFileLayout;
  replacedSet: Uint8Array;
  replaced: SectorPosition[];
}> => {
  const head = await store.read(signedFile, 0, SIGNED_FILE_HEAD_BYTES);
  const layout = await orAltered(signedFile, () => signedFileLayout(head));
  if (!equalBytes(layout.tag.bytes, tag.bytes))
    throw new ObjectAlteredError(signedFile, 'its tag is not the one on the ledger');
  const { start, end } = layout.replacedSet;
  const replacedSet = await store.read(signedFile, start, end - start);
  const replaced = await orAltered(signedFile, () => replacedOf(tag, replacedSet));
  return { head, layout, replacedSet, replaced };
};

/** A proof says nothing about replaced sectors, since everybody computes the wildcard: that it is stored is seen here. */
const requireWildcards = (
  object: string,
  tag: FileTag,
  replaced: readonly SectorPosition[],
  data: ReadonlyMap<number, Uint8Array>,
): void => {
  for (const { block, sector } of replaced) {
    const from = sectorOffset(tag, 0, sector);
    const stored = data.get(block)?.subarray(from, from + sectorLength(tag, block, sector));
    if (stored?.some((byte) => byte !== WILDCARD_BYTE) === true)
      throw new ObjectAlteredError(object, 'a replaced sector holds something else than the wildcard');
  }
};

/** A signed file of which everything was read, its salt too, which no proof is about. */
const requireAddress = (signedFile: string, parts: readonly Uint8Array[]): void => {
  if (sha256Hex(concat(...parts)) !== signedFile) throw new ObjectAlteredError(signedFile);
};

/** No block is behind the end: what was put there is seen here alone. */
const requireEnd = async (store: Pick<ObjectStore, 'size'>, digest: string, bytes: number): Promise<void> => {
  if ((await store.size(digest)) !== bytes)
    throw new ObjectAlteredError(digest, 'it has another length than it had');
};

interface Run extends ByteRange {
  blocks: { block: number; range: ByteRange }[];
}

const readBlocks = async (
  store: Pick<ObjectStore, 'read'>,
  digest: string,
  blocks: readonly number[],
  rangeOf: (block: number) => ByteRange,
): Promise<Map<number, Uint8Array>> => {
  const found = new Map<number, Uint8Array>();
  await inParallel(runsOf(blocks, rangeOf), READS_AT_ONCE, async ({ start, end, blocks: within }) => {
    const bytes = await store.read(digest, start, end - start);
    for (const { block, range } of within)
      found.set(block, bytes.subarray(range.start - start, range.end - start));
  });
  return found;
};

/** Ascending blocks, put together where one ends where the next begins. */
const runsOf = (blocks: readonly number[], rangeOf: (block: number) => ByteRange): Run[] => {
  const runs: Run[] = [];
  for (const block of blocks) {
    const range = rangeOf(block);
    const last = runs.at(-1);
    if (last?.end === range.start && range.end - last.start <= MOST_BYTES_AT_ONCE) {
      last.end = range.end;
      last.blocks.push({ block, range });
    } else runs.push({ ...range, blocks: [{ block, range }] });
  }
  return runs;
};

/** What is refused once tag and challenge are good was stored. */
export const orAltered = async <T>(digest: string, act: () => T | Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new ObjectAlteredError(digest, error.message);
  }
};
