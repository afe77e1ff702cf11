import { equalBytes, exactly, lp } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { G1_BYTES } from '../sealing/decoding.js';
import {
  decodeReplacedSet,
  EMPTY_REPLACED_SET,
  POSITION_BYTES,
  type SectorPosition,
  replacedSetDigest,
} from './replaced-set.js';
import { auditedObjectDigest, decodeTag, type FileTag, TAG_BYTES } from './tag.js';
import { concatAll, encodeWire, readWire } from './wire.js';

/** What the cloud keeps beside an object, so that the object can be audited. */
export interface SignedFile {
  tag: FileTag;
  /** Salt of the object's digest, 32 bytes. */
  salt: Uint8Array;
  replaced: SectorPosition[];
  /** The replaced set as the tag's digest is of it. */
  replacedSet: Uint8Array;
  /** sigma_i of every block, 48 bytes each. */
  authenticators: Uint8Array[];
}

/** Where a part of a stored file lies: its first byte, and the byte after its last. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where the parts of a signed file lie, so that whoever stores it need not read the whole. */
export interface SignedFileLayout {
  tag: FileTag;
  replacedSet: ByteRange;
  authenticator(block: number): ByteRange;
}

const DOCUMENT = 'signed file';
const SALT_BYTES = 32;
const LENGTH_BYTES = 4;
const MAX_REPLACED_SET_BYTES = 0xffff_ffff;

/** What `signedFileLayout` needs: all that comes before the replaced set. */
export const SIGNED_FILE_HEAD_BYTES = encodeWire(DOCUMENT).length + TAG_BYTES + SALT_BYTES + LENGTH_BYTES;

/** tag(555) || salt(32) || lp(K) || sigma_i(48) for every block. */
export const encodeSignedFile = (
  file: Pick<SignedFile, 'salt' | 'replacedSet' | 'authenticators'> & { tag: Pick<FileTag, 'bytes'> },
): Uint8Array<ArrayBuffer> =>
  encodeWire(
    DOCUMENT,
    exactly(file.tag.bytes, TAG_BYTES, 'tag'),
    exactly(file.salt, SALT_BYTES, 'salt'),
    lp(file.replacedSet),
    concatAll(file.authenticators.map((one, i) => exactly(one, G1_BYTES, `authenticators[${i}]`))),
  );

/** Length of the encoding, which tag and replaced set fix. */
export const signedFileBytes = (blocks: number, replacedSectors: number): number =>
  SIGNED_FILE_HEAD_BYTES + replacedSetBytes(replacedSectors) + G1_BYTES * blocks;

const replacedSetBytes = (sectors: number): number => EMPTY_REPLACED_SET.length + POSITION_BYTES * sectors;

/**
 * Reads a signed file and holds its parts against its own tag; whether the tag is genuine and the authenticators hold
 * is another check.
 *
 * @throws CryptoError as `decodeTag`, and `BAD_REPLACED_SET`, `DIGEST_MISMATCH`, `TRAILING_DATA`
 */
export const decodeSignedFile = (bytes: Uint8Array): SignedFile => {
  const read = readWire(DOCUMENT, bytes);
  const tag = decodeTag(read.bytes(TAG_BYTES, 'tag'));
  const salt = read.bytes(SALT_BYTES, 'salt');
  const replacedSet = read.lp('replaced set', MAX_REPLACED_SET_BYTES);
  const authenticators = Array.from({ length: tag.blocks }, (_, i) =>
    read.bytes(G1_BYTES, `authenticators[${i}]`),
  );
  read.end();
  return { tag, salt, replacedSet, replaced: replacedOf(tag, replacedSet), authenticators };
};

/**
 * Reads the first SIGNED_FILE_HEAD_BYTES of a signed file.
 *
 * @throws CryptoError as `decodeTag` and `readWire`, `BAD_REPLACED_SET` for a set longer than the tag's blocks allow
 */
export const signedFileLayout = (head: Uint8Array): SignedFileLayout => {
  const read = readWire(DOCUMENT, exactly(head, SIGNED_FILE_HEAD_BYTES, 'head of a signed file'));
  const tag = decodeTag(read.bytes(TAG_BYTES, 'tag'));
  read.bytes(SALT_BYTES, 'salt');
  const length = read.u32('length of the replaced set');
  if (length > replacedSetBytes(tag.blocks * tag.sectorsPerBlock))
    throw new CryptoError('BAD_REPLACED_SET', 'the replaced set is longer than the file allows');
  const replacedSet = { start: SIGNED_FILE_HEAD_BYTES, end: SIGNED_FILE_HEAD_BYTES + length };
  const authenticator = (block: number): ByteRange => {
    if (!Number.isInteger(block) || block < 0 || block >= tag.blocks)
      throw new CryptoError('BAD_ARGUMENT', `the file has blocks 0 to ${tag.blocks - 1}`);
    const start = replacedSet.end + block * G1_BYTES;
    return { start, end: start + G1_BYTES };
  };
  return { tag, replacedSet, authenticator };
};

/** The replaced set of a tag. @throws CryptoError `DIGEST_MISMATCH` for another file's, `BAD_REPLACED_SET` */
export const replacedOf = (tag: FileTag, replacedSet: Uint8Array): SectorPosition[] => {
  if (!equalBytes(replacedSetDigest(replacedSet), tag.replacedDigest))
    throw new CryptoError('DIGEST_MISMATCH', 'the replaced set is not the one of the tag');
  return decodeReplacedSet(tag, replacedSet);
};

/**
 * Whether stored bytes are those that were signed: what a download is checked with. It catches also a signer who made
 * other authenticators under the same tag.
 *
 * @throws CryptoError `DIGEST_MISMATCH`
 */
export const checkStoredObject = (
  tag: Pick<FileTag, 'byteLength' | 'objectDigest'>,
  salt: Uint8Array,
  stored: Uint8Array,
): void => {
  if (stored.length !== tag.byteLength || !equalBytes(auditedObjectDigest(salt, stored), tag.objectDigest))
    throw new CryptoError('DIGEST_MISMATCH', 'the stored object is not the one of the tag');
};
