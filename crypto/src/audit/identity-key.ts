import { concat, equalBytes, exactly, lp, randomBytes, u32 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { hedgedScalar } from '../functions.js';
import { weightsAtZero } from '../reencryption/shamir.js';
import { decodeNonZeroScalar } from '../scalar.js';
import { G1_BYTES, G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { decodeHpke, encodeHpke, hpkeOpen, hpkeSeal } from '../sealing/hpke.js';
import { generatorsOf } from './generators.js';
import { identityPoint, type SignerIdentity, signerIdentityBytes, signerIdentityDigest } from './identity.js';
import { type AuditParameters, extractorIndex } from './parameters.js';
import { signatureHolds } from './signature.js';
import { encodeWire, readWire, u8 } from './wire.js';

/** An identity key. Whoever holds `secret` signs as the identity. */
export interface IdentityKey {
  /** sk' = [x]g2 + [t]W(ID), 48 bytes. */
  secret: Uint8Array;
  /** sk'' = [t]G, 96 bytes. */
  publicPart: Uint8Array;
}

const SHARE = 'identity key share';
const KEY = 'identity key';
const SEAL_LABEL = 'MS-PKG-KEY-SHARE';

export interface ExtractInput {
  parameters: AuditParameters;
  /** Organisation that extracts; it has authenticated the person itself. */
  mspId: string;
  /** x_i, 32 bytes. */
  masterShare: Uint8Array;
  identity: SignerIdentity;
  /** 32 fresh random bytes each; given only to reproduce a recorded vector. */
  random?: { nonce: Uint8Array; fresh: Uint8Array };
}

/**
 * Extract, one organisation's part: sk'_i = [x_i]g2 + [t]W(ID), sk''_i = [t]G. Whoever learns t learns [x_i]g2: it is
 * hedged, used once and let go. Encoding: u8 index || SHA-256(ID)(32) || sk'_i(48) || sk''_i(96).
 */
export const extractIdentityShare = (
  engine: PairingEngine,
  { parameters, mspId, masterShare, identity, random }: ExtractInput,
): Uint8Array<ArrayBuffer> => {
  const index = extractorIndex(parameters, mspId);
  const share = decodeNonZeroScalar(masterShare, 'master key share');
  const { base } = generatorsOf(engine, parameters.sectorsPerBlock);
  const digest = signerIdentityDigest(identity);
  const t = hedgedScalar({
    label: 'MS-PKG-T',
    secret: masterShare,
    nonce: random?.nonce ?? randomBytes(32),
    objectDigest: digest,
    ...(random !== undefined && { fresh: random.fresh }),
  });
  const secret = engine.addG1(
    engine.multiplyG1(base, share),
    engine.multiplyG1(identityPoint(engine, identity), t),
  );
  return encodeWire(
    SHARE,
    u8(index),
    digest,
    engine.encodeG1(secret),
    engine.encodeG2(engine.multiplyG2(engine.generatorG2, t)),
  );
};

/** Seals a share to the person's X25519 key, bound to identity and extractor. */
export const sealIdentityShare = async (
  receivingPublicKey: Uint8Array,
  share: Uint8Array,
  identity: SignerIdentity,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { index } = decodeShare(share);
  return encodeHpke(await hpkeSeal(receivingPublicKey, share, sealInfo(identity, index)));
};

/** @throws CryptoError `OPEN_FAILED` for another person, identity or extractor */
export const openIdentityShare = async (
  receivingSecretKey: Uint8Array,
  sealed: Uint8Array,
  { parameters, mspId, identity }: Pick<ExtractInput, 'parameters' | 'mspId' | 'identity'>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const info = sealInfo(identity, extractorIndex(parameters, mspId));
  return concat(await hpkeOpen(receivingSecretKey, decodeHpke(sealed), info));
};

/** Whether a share is the identity's, from this extractor: e(sk'_i, G) = e(g2, [x_i]G) e(W, sk''_i). Malformed is false. */
export const checkIdentityShare = (
  engine: PairingEngine,
  { parameters, mspId, identity }: Pick<ExtractInput, 'parameters' | 'mspId' | 'identity'>,
  share: Uint8Array,
): boolean => {
  try {
    const expected = extractorIndex(parameters, mspId);
    const { index, identityDigest, ...key } = decodeShare(share);
    const publicShare = parameters.extractors[expected - 1]?.publicShare ?? new Uint8Array(0);
    return (
      index === expected &&
      equalBytes(identityDigest, signerIdentityDigest(identity)) &&
      keyFits(engine, parameters, identity, key, publicShare)
    );
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

export interface CombineSharesInput {
  parameters: AuditParameters;
  identity: SignerIdentity;
  /** As many as the threshold, or more, each with the organisation that it came from. */
  shares: { mspId: string; share: Uint8Array }[];
  /** 32 fresh random bytes each; given only to reproduce a recorded vector. */
  random?: { nonce: Uint8Array; fresh: Uint8Array };
}

/**
 * The person's key of t shares, re-randomised by the person: [d]W and [d]G are added, so that no set of extractors
 * knows its randomness. Every share is checked alone.
 *
 * @throws CryptoError `BAD_SHARE` naming the extractors of shares that do not fit, `TOO_FEW_ANSWERS`
 */
export const combineIdentityShares = (
  engine: PairingEngine,
  { parameters, identity, shares, random }: CombineSharesInput,
): IdentityKey => {
  const indices = shares.map(({ mspId }) => extractorIndex(parameters, mspId));
  if (new Set(indices).size !== indices.length)
    throw new CryptoError('BAD_ARGUMENT', 'two shares are of one extractor');
  const culprits = shares.flatMap(({ mspId, share }) =>
    checkIdentityShare(engine, { parameters, mspId, identity }, share)
      ? []
      : [{ role: 'extractor' as const, id: mspId }],
  );
  if (culprits.length > 0)
    throw new CryptoError('BAD_SHARE', 'an identity key share does not fit its extractor and identity', {
      culprits,
    });
  if (shares.length < parameters.threshold)
    throw new CryptoError(
      'TOO_FEW_ANSWERS',
      `${shares.length} shares of the ${parameters.threshold} that make an identity key`,
    );
  const decoded = shares.map(({ share }) => decodeShare(share));
  const weights = weightsAtZero(indices);
  const secret = engine.combineG1(
    decoded.map(({ secret: point }) => engine.decodeG1(point, 'share')),
    weights,
  );
  const publicPart = engine.combineG2(
    decoded.map(({ publicPart: point }) => engine.decodeG2(point, 'share')),
    weights,
  );
  const d = hedgedScalar({
    label: 'MS-PKG-D',
    secret: engine.encodeG1(secret),
    nonce: random?.nonce ?? randomBytes(32),
    objectDigest: signerIdentityDigest(identity),
    ...(random !== undefined && { fresh: random.fresh }),
  });
  const key = {
    secret: engine.encodeG1(engine.addG1(secret, engine.multiplyG1(identityPoint(engine, identity), d))),
    publicPart: engine.encodeG2(engine.combineG2([publicPart, engine.generatorG2], [1n, d])),
  };
  checkIdentityKey(engine, parameters, identity, key);
  return key;
};

/** e(sk', G) = e(g2, mpk) e(W, sk''). @throws CryptoError `WRONG_CONTEXT` where the key is not the identity's */
export const checkIdentityKey = (
  engine: PairingEngine,
  parameters: AuditParameters,
  identity: SignerIdentity,
  key: IdentityKey,
): void => {
  if (!keyFits(engine, parameters, identity, key, parameters.masterPublicKey))
    throw new CryptoError('WRONG_CONTEXT', 'the identity key is not of this identity and these parameters');
};

/** For the person's own keystore, always wrapped: SHA-256(ID)(32) || sk'(48) || sk''(96). */
export const encodeIdentityKey = (identity: SignerIdentity, key: IdentityKey): Uint8Array<ArrayBuffer> =>
  encodeWire(
    KEY,
    signerIdentityDigest(identity),
    exactly(key.secret, G1_BYTES, 'secret'),
    exactly(key.publicPart, G2_BYTES, 'publicPart'),
  );

/** @throws CryptoError `WRONG_CONTEXT` for the key of another identity or epoch */
export const decodeIdentityKey = (identity: SignerIdentity, bytes: Uint8Array): IdentityKey => {
  const read = readWire(KEY, bytes);
  const digest = read.bytes(32, 'identity digest');
  const key = {
    secret: read.bytes(G1_BYTES, 'secret'),
    publicPart: read.bytes(G2_BYTES, 'publicPart'),
  };
  read.end();
  if (!equalBytes(digest, signerIdentityDigest(identity)))
    throw new CryptoError('WRONG_CONTEXT', 'the identity key is of another identity or key epoch');
  return key;
};

/** The key as its holder keeps it: sealed to the holder's X25519 key, bound to the identity. */
export const sealIdentityKey = async (
  receivingPublicKey: Uint8Array,
  identity: SignerIdentity,
  key: IdentityKey,
): Promise<Uint8Array<ArrayBuffer>> =>
  encodeHpke(await hpkeSeal(receivingPublicKey, encodeIdentityKey(identity, key), heldInfo(identity)));

/** @throws CryptoError `OPEN_FAILED` for another holder, identity or key epoch */
export const openIdentityKey = async (
  receivingSecretKey: Uint8Array,
  sealed: Uint8Array,
  identity: SignerIdentity,
): Promise<IdentityKey> =>
  decodeIdentityKey(identity, await hpkeOpen(receivingSecretKey, decodeHpke(sealed), heldInfo(identity)));

interface DecodedShare extends IdentityKey {
  index: number;
  identityDigest: Uint8Array;
}

const decodeShare = (bytes: Uint8Array): DecodedShare => {
  const read = readWire(SHARE, bytes);
  const share = {
    index: read.u8('index'),
    identityDigest: read.bytes(32, 'identity digest'),
    secret: read.bytes(G1_BYTES, 'secret'),
    publicPart: read.bytes(G2_BYTES, 'publicPart'),
  };
  read.end();
  return share;
};

const keyFits = (
  engine: PairingEngine,
  parameters: AuditParameters,
  identity: SignerIdentity,
  key: IdentityKey,
  publicKey: Uint8Array,
): boolean =>
  signatureHolds(engine, engine.decodeG1(key.secret, 'secret'), [
    [generatorsOf(engine, parameters.sectorsPerBlock).base, engine.decodeG2(publicKey, 'public key')],
    [identityPoint(engine, identity), engine.decodeG2(key.publicPart, 'publicPart')],
  ]);

const heldInfo = (identity: SignerIdentity): Uint8Array =>
  concat(lp('MS-PKG-KEY-HELD'), lp(signerIdentityBytes(identity)));

const sealInfo = (identity: SignerIdentity, index: number): Uint8Array =>
  concat(lp(SEAL_LABEL), lp(signerIdentityBytes(identity)), u32(index, 'index'));
