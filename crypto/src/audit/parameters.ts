import { concat, equalBytes, lp, u32 } from '../canonical/bytes.js';
import { sha256Hex } from '../canonical/commitment.js';
import { CryptoError } from '../errors.js';
import { MAX_AGENTS, MIN_THRESHOLD } from '../reencryption/grant.js';
import { offPolynomial } from '../reencryption/shamir.js';
import { G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { checkSectorsPerBlock, generatorsOf } from './generators.js';
import { AUDIT_SUITE, MAX_SAMPLE_SIZE, MIN_SAMPLE_SIZE } from './suite.js';
import { encodeWire, readWire, u16, u8 } from './wire.js';

/** An organisation that holds a share of the master key and extracts identity keys with it. */
export interface Extractor {
  mspId: string;
  /** [x_i]G, 96 bytes: what its extracted shares are checked against. */
  publicShare: Uint8Array;
}

/** What everybody must agree on, kept on the ledger. Extractor i of the scheme is entry i - 1. */
export interface AuditParameters {
  sectorsPerBlock: number;
  /** Blocks drawn of a file that is too long to audit whole. */
  sampleSize: number;
  /** mpk = [x]G, 96 bytes. */
  masterPublicKey: Uint8Array;
  /** How many extractors make an identity key. */
  threshold: number;
  extractors: Extractor[];
}

const MAX_MSP_BYTES = 256;
const DOCUMENT = 'audit parameters';

/**
 * u8 suite || u16 s || genDigest(32) || u32 sampleSize || mpk(96) || u8 threshold || u8 count || (lp(mspId) || [x_i]G(96))
 */
export const encodeAuditParameters = (
  engine: PairingEngine,
  parameters: AuditParameters,
): Uint8Array<ArrayBuffer> =>
  encodeWire(
    DOCUMENT,
    u8(AUDIT_SUITE),
    u16(parameters.sectorsPerBlock, 'sectorsPerBlock'),
    generatorsOf(engine, parameters.sectorsPerBlock).digest,
    u32(parameters.sampleSize, 'sampleSize'),
    parameters.masterPublicKey,
    u8(parameters.threshold, 'threshold'),
    u8(parameters.extractors.length, 'extractors'),
    ...parameters.extractors.map(({ mspId, publicShare }) => concat(lp(mspId), publicShare)),
  );

/** Digest of the encoding, lower-case hex: how the ledger names a set of parameters. */
export const auditParametersDigest = (engine: PairingEngine, parameters: AuditParameters): string =>
  sha256Hex(encodeAuditParameters(engine, parameters));

/**
 * Reads and checks parameters, so that whoever has them decoded can use them.
 *
 * @throws CryptoError as `checkAuditParameters`; `BAD_ENCODING`, `BAD_LENGTH`, `TRAILING_DATA`, `UNSUPPORTED_VERSION`
 *   also for another suite, `WRONG_CONTEXT` for other generators
 */
export const decodeAuditParameters = (engine: PairingEngine, bytes: Uint8Array): AuditParameters => {
  const read = readWire(DOCUMENT, bytes);
  if (read.u8('suite') !== AUDIT_SUITE)
    throw new CryptoError('UNSUPPORTED_VERSION', `${DOCUMENT} are not of suite ${AUDIT_SUITE}`);
  const sectorsPerBlock = read.u16('sectorsPerBlock');
  const generatorDigest = read.bytes(32, 'generator digest');
  const parameters: AuditParameters = {
    sectorsPerBlock,
    sampleSize: read.u32('sampleSize'),
    masterPublicKey: read.bytes(G2_BYTES, 'masterPublicKey'),
    threshold: read.u8('threshold'),
    extractors: Array.from({ length: read.u8('extractors') }, (_, i) => ({
      mspId: read.text(`extractors[${i}].mspId`, MAX_MSP_BYTES),
      publicShare: read.bytes(G2_BYTES, `extractors[${i}].publicShare`),
    })),
  };
  read.end();
  checkAuditParameters(engine, parameters);
  if (!equalBytes(generatorDigest, generatorsOf(engine, sectorsPerBlock).digest))
    throw new CryptoError('WRONG_CONTEXT', `${DOCUMENT} are of other generators`);
  return parameters;
};

/**
 * Whether public values belong together: any `threshold` of the public shares give the master public key, no fewer do.
 *
 * @throws CryptoError `BAD_ARGUMENT` naming the field, `BAD_SHARE`, and what decoding a point throws
 */
export const checkAuditParameters = (engine: PairingEngine, parameters: AuditParameters): void => {
  const { extractors, masterPublicKey, sampleSize, sectorsPerBlock, threshold } = parameters;
  checkSectorsPerBlock(sectorsPerBlock);
  if (!Number.isInteger(sampleSize) || sampleSize < MIN_SAMPLE_SIZE || sampleSize > MAX_SAMPLE_SIZE)
    throw new CryptoError(
      'BAD_ARGUMENT',
      `sampleSize must be a whole number from ${MIN_SAMPLE_SIZE} to ${MAX_SAMPLE_SIZE}`,
    );
  checkExtractors(extractors, threshold);
  engine.decodeG2(masterPublicKey, 'masterPublicKey');
  const shares = extractors.map(({ publicShare }, i) =>
    engine.decodeG2(publicShare, `extractors[${i}].publicShare`),
  );
  const place = offPolynomial(masterPublicKey, shares, threshold, (points, weights) =>
    engine.encodeG2(engine.combineG2(points, weights)),
  );
  if (place === 'fewer')
    throw new CryptoError('BAD_SHARE', `fewer extractors than the threshold of ${threshold} make a key`);
  if (place !== undefined)
    throw new CryptoError('BAD_SHARE', `extractors[${place}].publicShare does not lie on the polynomial`);
};

export const checkExtractors = (extractors: { mspId: string }[], threshold: number): void => {
  const problem =
    extractors.length > MAX_AGENTS
      ? `extractors must be at most ${MAX_AGENTS}`
      : !Number.isInteger(threshold) || threshold < MIN_THRESHOLD || threshold > extractors.length
        ? `threshold must be from ${MIN_THRESHOLD} to the number of extractors, ${extractors.length}`
        : new Set(extractors.map(({ mspId }) => mspId)).size !== extractors.length
          ? 'extractors name an organisation twice'
          : undefined;
  if (problem !== undefined) throw new CryptoError('BAD_ARGUMENT', problem);
};

/** Place of an organisation among the extractors, from 1. */
export const extractorIndex = ({ extractors }: AuditParameters, mspId: string): number => {
  const place = extractors.findIndex((extractor) => extractor.mspId === mspId);
  if (place < 0) throw new CryptoError('WRONG_CONTEXT', 'the parameters do not name this extractor');
  return place + 1;
};
