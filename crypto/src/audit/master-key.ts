import { concat, equalBytes, erase, exactly, lp, randomBytes, u32 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import { evaluatePolynomial } from '../reencryption/shamir.js';
import { decodeNonZeroScalar, encodeScalar, SCALAR_BYTES } from '../scalar.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { decodeHpke, encodeHpke, hpkeOpen, hpkeSeal } from '../sealing/hpke.js';
import {
  type AuditParameters,
  checkAuditParameters,
  checkExtractors,
  type Extractor,
  extractorIndex,
} from './parameters.js';
import { DEFAULT_SECTORS_PER_BLOCK, MIN_SAMPLE_SIZE } from './suite.js';

const SHARE_LABEL = 'MS-PKG-MASTER-SHARE';

export interface MakeMasterKeyInput {
  /** Organisations that will extract identity keys, with their X25519 keys, in the order of their indices. */
  extractors: { mspId: string; publicKey: Uint8Array }[];
  threshold: number;
  sectorsPerBlock?: number;
  sampleSize?: number;
  /** 32 fresh random bytes; given only to reproduce a recorded vector. */
  random?: Uint8Array;
}

/**
 * Setup, as a ceremony: draws the master key x, shares it and lets go of it. Whoever knows x, or t of its shares, can
 * sign in anybody's name; whoever runs the ceremony is trusted to keep nothing.
 */
export const makeMasterKey = async (
  engine: PairingEngine,
  input: MakeMasterKeyInput,
): Promise<{ parameters: AuditParameters; sealedShares: { mspId: string; sealed: Uint8Array }[] }> => {
  const { extractors, threshold } = input;
  checkExtractors(extractors, threshold);
  const fresh = input.random === undefined ? randomBytes(32) : exactly(input.random, 32, 'random');
  const polynomial = Array.from({ length: threshold }, (_, k) => Hr('MS-PKG-MASTER', [fresh, u32(k)]));
  erase(fresh);
  const publicOf = (scalar: bigint): Uint8Array =>
    engine.encodeG2(engine.multiplyG2(engine.generatorG2, scalar));
  const masterPublicKey = publicOf(polynomial[0] ?? 0n);
  const made: Extractor[] = [];
  const sealedShares: { mspId: string; sealed: Uint8Array }[] = [];
  for (const [i, { mspId, publicKey }] of extractors.entries()) {
    const value = evaluatePolynomial(polynomial, i + 1);
    const share = encodeScalar(value);
    const sealed = encodeHpke(await hpkeSeal(publicKey, share, shareInfo(masterPublicKey, i + 1)));
    erase(share);
    made.push({ mspId, publicShare: publicOf(value) });
    sealedShares.push({ mspId, sealed });
  }
  const parameters: AuditParameters = {
    sectorsPerBlock: input.sectorsPerBlock ?? DEFAULT_SECTORS_PER_BLOCK,
    sampleSize: input.sampleSize ?? MIN_SAMPLE_SIZE,
    masterPublicKey,
    threshold,
    extractors: made,
  };
  checkAuditParameters(engine, parameters);
  return { parameters, sealedShares };
};

export interface MasterShareInput {
  parameters: AuditParameters;
  /** Organisation of the extractor. */
  mspId: string;
  /** X25519 key that the share was sealed to. */
  extractorSecretKey: Uint8Array;
  sealed: Uint8Array;
}

/**
 * The extractor's share x_i, once it fits its public share.
 *
 * @returns 32 bytes
 * @throws CryptoError `OPEN_FAILED`, `BAD_SHARE`
 */
export const openMasterShare = async (
  engine: PairingEngine,
  { parameters, mspId, extractorSecretKey, sealed }: MasterShareInput,
): Promise<Uint8Array<ArrayBuffer>> => {
  const index = extractorIndex(parameters, mspId);
  const info = shareInfo(parameters.masterPublicKey, index);
  const opened = await hpkeOpen(extractorSecretKey, decodeHpke(sealed), info);
  const share = exactly(opened, SCALAR_BYTES, 'master key share');
  const expected = parameters.extractors[index - 1]?.publicShare ?? new Uint8Array(0);
  const scalar = decodeNonZeroScalar(share, 'master key share');
  if (!equalBytes(engine.encodeG2(engine.multiplyG2(engine.generatorG2, scalar)), expected))
    throw new CryptoError('BAD_SHARE', 'the master key share does not fit its public share');
  return share;
};

const shareInfo = (masterPublicKey: Uint8Array, index: number): Uint8Array =>
  concat(lp(SHARE_LABEL), lp(masterPublicKey), u32(index, 'index'));
