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

const DOCUMENT = 'signed file';
const MAX_REPLACED_SET_BYTES = 0xffff_ffff;

/** tag(555) || salt(32) || lp(K) || sigma_i(48) for every block. */
export const encodeSignedFile = (
  file: Pick<SignedFile, 'salt' | 'replacedSet' | 'authenticators'> & { tag: Pick<FileTag, 'bytes'> },
): Uint8Array<ArrayBuffer> =>
  encodeWire(
    DOCUMENT,
    exactly(file.tag.bytes, TAG_BYTES, 'tag'),
    exactly(file.salt, 32, 'salt'),
    lp(file.replacedSet),
    concatAll(file.authenticators.map((one, i) => exactly(one, G1_BYTES, `authenticators[${i}]`))),
  );

/** Length of the encoding, which tag and replaced set fix. */
export const signedFileBytes = (blocks: number, replacedSectors: number): number =>
  encodeWire(DOCUMENT).length +
  TAG_BYTES +
  32 +
  lp(EMPTY_REPLACED_SET).length +
  POSITION_BYTES * replacedSectors +
  G1_BYTES * blocks;

/**
 * Reads a signed file and holds its parts against its own tag; whether the tag is genuine and the authenticators hold
 * is another check.
 *
 * @throws CryptoError as `decodeTag`, and `BAD_REPLACED_SET`, `DIGEST_MISMATCH`, `TRAILING_DATA`
 */
export const decodeSignedFile = (bytes: Uint8Array): SignedFile => {
  const read = readWire(DOCUMENT, bytes);
  const tag = decodeTag(read.bytes(TAG_BYTES, 'tag'));
  const salt = read.bytes(32, 'salt');
  const replacedSet = read.lp('replaced set', MAX_REPLACED_SET_BYTES);
  const authenticators = Array.from({ length: tag.blocks }, (_, i) =>
    read.bytes(G1_BYTES, `authenticators[${i}]`),
  );
  read.end();
  return { tag, salt, replacedSet, replaced: replacedOf(tag, replacedSet), authenticators };
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
