import { concat, equalBytes, exactly, lp, u32, utf8 } from '../canonical/bytes.js';
import { sha256Bytes, sha256Hex } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import type { RecordReference } from '../sealing/context.js';
import { G1_BYTES, G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { generatorsOf, hashLabelled } from './generators.js';
import { identityPoint, type SignerIdentity, signerIdentityDigest } from './identity.js';
import type { IdentityKey } from './identity-key.js';
import type { AuditParameters } from './parameters.js';
import { EMPTY_REPLACED_SET, replacedSetDigest } from './replaced-set.js';
import { layoutOf } from './sectors.js';
import { signatureHolds } from './signature.js';
import { AUDIT_SUITE, HASH_LABELS } from './suite.js';
import { readFields, u16, u64, u8 } from './wire.js';

/**
 * Tag of a file (cryptography.md T2), kept on the ledger under (record, version, kind) and taken from there:
 *
 *   t0 = "MS-PDP-TAG2" || u8 suite || u8 kind || u16 s || u32 n || u64 byteLength || nonce(32) || recordHash(32)
 *        || objectDigest(32) || kd(32) || genDigest(32) || SHA-256(ID)(32) || sk''(96) || R(96)
 *   tag = t0 || T(48) || T2(96)
 *
 * Every field has its fixed length. Its own label stands in place of the header of other encodings; a later format has
 * another label.
 */
export const TAG_BYTES = 555;

const LABEL = utf8('MS-PDP-TAG2');
const T0_BYTES = TAG_BYTES - G1_BYTES - G2_BYTES;

/** What a file is: an envelope as it is stored, or a document whose replaced set bears wildcards. */
export type FileKind = 'sealed' | 'sanitised';
const KINDS: FileKind[] = ['sealed', 'sanitised'];

export interface TagFields {
  kind: FileKind;
  sectorsPerBlock: number;
  blocks: number;
  byteLength: number;
  nonce: Uint8Array;
  recordHash: Uint8Array;
  objectDigest: Uint8Array;
  replacedDigest: Uint8Array;
  generatorDigest: Uint8Array;
  identityDigest: Uint8Array;
  /** sk'' of the signer, 96 bytes. */
  signerPart: Uint8Array;
  /** R = [r]G, 96 bytes. */
  filePart: Uint8Array;
}

/** A tag read from its bytes; `t0` is what is signed. */
export interface FileTag extends TagFields {
  bytes: Uint8Array;
  t0: Uint8Array;
  /** name = SHA-256("MS-PDP-NAME2" || t0), which every block's authenticator is bound to; never transmitted. */
  name: Uint8Array;
  signature: { point: Uint8Array; part: Uint8Array };
}

/** recordHash = SHA-256(lp(channel) || lp(recordId) || u32 version || lp(owner)). */
export const auditedRecordHash = ({ channel, recordId, version, owner }: RecordReference): Uint8Array => {
  for (const [field, text] of Object.entries({ channel, recordId, owner })) {
    if (typeof text !== 'string' || text === '')
      throw new CryptoError('BAD_ARGUMENT', `${field} must be a non-empty text`);
  }
  return sha256Bytes(concat(lp(channel), lp(recordId), u32(version, 'version'), lp(owner)));
};

/** objDigest = SHA-256("MS-OBJ" || salt(32) || stored bytes); the salt stays with the object. */
export const auditedObjectDigest = (salt: Uint8Array, stored: Uint8Array): Uint8Array =>
  sha256Bytes(concat(utf8('MS-OBJ'), exactly(salt, 32, 'salt'), stored));

export const encodeT0 = (fields: TagFields): Uint8Array<ArrayBuffer> =>
  exactly(
    concat(
      LABEL,
      u8(AUDIT_SUITE),
      u8(KINDS.indexOf(fields.kind) + 1),
      u16(fields.sectorsPerBlock),
      u32(fields.blocks),
      u64(fields.byteLength),
      exactly(fields.nonce, 32, 'nonce'),
      exactly(fields.recordHash, 32, 'recordHash'),
      exactly(fields.objectDigest, 32, 'objectDigest'),
      exactly(fields.replacedDigest, 32, 'replacedDigest'),
      exactly(fields.generatorDigest, 32, 'generatorDigest'),
      exactly(fields.identityDigest, 32, 'identityDigest'),
      exactly(fields.signerPart, G2_BYTES, 'signerPart'),
      exactly(fields.filePart, G2_BYTES, 'filePart'),
    ),
    T0_BYTES,
    't0',
  );

export const fileName = (t0: Uint8Array): Uint8Array => sha256Bytes(concat(utf8('MS-PDP-NAME2'), t0));

/** Htag(t0). */
export const tagPoint = (engine: PairingEngine, t0: Uint8Array): ReturnType<PairingEngine['hashToG1']> =>
  hashLabelled(engine, HASH_LABELS.tag, t0);

/** Signs t0 with randomness q: T = sk' + [q]Htag(t0), T2 = [q]G. */
export const signTag = (
  engine: PairingEngine,
  key: IdentityKey,
  t0: Uint8Array,
  q: bigint,
): Uint8Array<ArrayBuffer> => {
  const point = engine.addG1(
    engine.decodeG1(key.secret, 'secret'),
    engine.multiplyG1(tagPoint(engine, t0), q),
  );
  return concat(t0, engine.encodeG1(point), engine.encodeG2(engine.multiplyG2(engine.generatorG2, q)));
};

/**
 * Reads a tag as it is written; `checkTag` says whether it is genuine.
 *
 * @throws CryptoError `BAD_LENGTH`, `BAD_ENCODING`, `UNSUPPORTED_VERSION` for another suite
 */
export const decodeTag = (bytes: Uint8Array): FileTag => {
  const own = exactly(bytes, TAG_BYTES, 'tag');
  const read = readFields('tag', own);
  if (!equalBytes(read.bytes(LABEL.length, 'label'), LABEL))
    throw new CryptoError('UNSUPPORTED_VERSION', 'tag is not of format MS-PDP-TAG2');
  if (read.u8('suite') !== AUDIT_SUITE)
    throw new CryptoError('UNSUPPORTED_VERSION', `tag is not of suite ${AUDIT_SUITE}`);
  const kind = KINDS[read.u8('kind') - 1];
  if (kind === undefined) throw read.refuse('kind', 'must be 1 (sealed) or 2 (sanitised)');
  const fields: TagFields = {
    kind,
    sectorsPerBlock: read.u16('sectorsPerBlock'),
    blocks: read.u32('blocks'),
    byteLength: read.u64('byteLength'),
    nonce: read.bytes(32, 'nonce'),
    recordHash: read.bytes(32, 'recordHash'),
    objectDigest: read.bytes(32, 'objectDigest'),
    replacedDigest: read.bytes(32, 'replacedDigest'),
    generatorDigest: read.bytes(32, 'generatorDigest'),
    identityDigest: read.bytes(32, 'identityDigest'),
    signerPart: read.bytes(G2_BYTES, 'signerPart'),
    filePart: read.bytes(G2_BYTES, 'filePart'),
  };
  const signature = { point: read.bytes(G1_BYTES, 'T'), part: read.bytes(G2_BYTES, 'T2') };
  if (layoutOf(fields.byteLength, fields.sectorsPerBlock).blocks !== fields.blocks)
    throw read.refuse('blocks', 'do not go with the length');
  const t0 = own.slice(0, T0_BYTES);
  return { ...fields, bytes: own, t0, name: fileName(t0), signature };
};

/** SHA-256 of a tag's bytes, lower-case hex: what challenges are bound to. */
export const tagHash = (tag: Uint8Array): string => sha256Hex(exactly(tag, TAG_BYTES, 'tag'));

/** What a tag must be about: from the ledger, never from whoever brings it. */
export interface ExpectedFile {
  parameters: AuditParameters;
  identity: SignerIdentity;
  record: RecordReference;
  kind: FileKind;
}

/**
 * Checks a tag at registration, and before anything is checked against it: genuine, of this record, kind and signer,
 * under these parameters. Deterministic, for chaincode.
 *
 * @throws CryptoError `WRONG_CONTEXT` naming what differs, `BAD_TAG` where the signature does not hold,
 *   `BAD_REPLACED_SET` for a sealed file with replaced sectors, and what `decodeTag` and decoding points throw
 */
export const checkTag = (engine: PairingEngine, bytes: Uint8Array, expected: ExpectedFile): FileTag => {
  const tag = decodeTag(bytes);
  const generators = checkTagContext(engine, tag, expected);
  if (tag.kind !== expected.kind) throw wrong('another kind of file');
  if (!equalBytes(tag.recordHash, auditedRecordHash(expected.record)))
    throw wrong('another record or version');
  if (tag.kind === 'sealed' && !equalBytes(tag.replacedDigest, replacedSetDigest(EMPTY_REPLACED_SET)))
    throw new CryptoError('BAD_REPLACED_SET', 'a sealed file has no replaced set');
  engine.decodeG2(tag.filePart, 'R');
  const holds = signatureHolds(engine, engine.decodeG1(tag.signature.point, 'T'), [
    [generators.base, engine.decodeG2(expected.parameters.masterPublicKey, 'masterPublicKey')],
    [identityPoint(engine, expected.identity), engine.decodeG2(tag.signerPart, "sk''")],
    [tagPoint(engine, tag.t0), engine.decodeG2(tag.signature.part, 'T2')],
  ]);
  if (!holds) throw new CryptoError('BAD_TAG', 'the signature of the tag does not hold');
  return tag;
};

/** Whether a tag is of these parameters and this signer; cheap. */
export const checkTagContext = (
  engine: PairingEngine,
  tag: FileTag,
  { parameters, identity }: Pick<ExpectedFile, 'parameters' | 'identity'>,
): ReturnType<typeof generatorsOf> => {
  if (tag.sectorsPerBlock !== parameters.sectorsPerBlock) throw wrong('blocks of another size');
  const generators = generatorsOf(engine, parameters.sectorsPerBlock);
  if (!equalBytes(tag.generatorDigest, generators.digest)) throw wrong('other generators');
  if (!equalBytes(tag.identityDigest, signerIdentityDigest(identity)))
    throw wrong('another signer or key epoch');
  return generators;
};

const wrong = (what: string): CryptoError => new CryptoError('WRONG_CONTEXT', `the tag is of ${what}`);
