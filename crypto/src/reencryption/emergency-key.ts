import {
  concat,
  erase,
  equalBytes,
  exactly,
  isHex,
  lp,
  ownBytes,
  randomBytes,
  toBase64,
  u32,
  utf8,
  utf8Decode,
} from '../canonical/bytes.js';
import { sha256Hex } from '../canonical/commitment.js';
import { fieldReader } from '../canonical/fields.js';
import { canonicalJson, parseCanonicalJson } from '../canonical/json.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import { decodeNonZeroScalar, encodeScalar, invertScalar } from '../scalar.js';
import { G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { decodeHpke, encodeHpke, hpkeOpen, hpkeSeal, RECEIVING_KEY_BYTES } from '../sealing/hpke.js';
import { MAX_AGENTS, MIN_THRESHOLD } from './grant.js';
import type { AgentKey } from './grant-making.js';
import { decodeGrantKey, KEY_PROOF_BYTES, proveKey, publicKeyOf } from './key-proof.js';
import { checkReaderKey, READER_PROOF_LABEL, type ReaderKey, readerSubject } from './reader-key.js';
import { evaluatePolynomial, offPolynomial } from './shamir.js';

/**
 * Public part of the key that emergency grants are made to (cryptography.md T4), as the ledger keeps it. Nobody holds
 * its secret e: custodians, none of which is an agent's process, hold Shamir shares g(j) of 1/e, with checks [g(j)]pkE.
 *
 *   { format: "medseal/emergency-key/1", channel, publicKey, proof, threshold,
 *     custodians: [{ mspId, publicKey, check, shareDigest }] }
 */
export const EMERGENCY_KEY_FORMAT = 'medseal/emergency-key/1';
/** Stands where a grant names the reader's organisation. */
export const EMERGENCY_READER = 'emergency';

const MAX_KEY_BYTES = 16_384;
const SHARE_LABEL = 'MS-CUSTODIAN-SHARE';

export interface EmergencyCustodian {
  mspId: string;
  /** X25519 key that the share is sealed to, 32 bytes. */
  publicKey: Uint8Array;
  /** [g(j)]pkE, 96 bytes. */
  check: Uint8Array;
  /** SHA-256 of the sealed share, lower-case hex. */
  shareDigest: string;
}

export interface EmergencyKey {
  channel: string;
  /** pkE = [e]G, 96 bytes. */
  publicKey: Uint8Array;
  /** Proof that e was known when the key was made, bound to everything else here; 64 bytes. */
  proof: Uint8Array;
  /** t' of the custodians. */
  threshold: number;
  custodians: EmergencyCustodian[];
}

export interface MakeEmergencyKeyInput {
  channel: string;
  /** Custodian services with their X25519 keys, in the order of their indices. */
  custodians: AgentKey[];
  threshold: number;
  /** 32 fresh random bytes; given only to reproduce a recorded vector. */
  random?: Uint8Array;
}

/**
 * The ceremony: draws e, shares 1/e and lets go of both. Whoever runs it is trusted to keep neither; nobody else can
 * tell, so it is run in public and once.
 */
export const makeEmergencyKey = async (
  engine: PairingEngine,
  { channel, custodians, threshold, random }: MakeEmergencyKeyInput,
): Promise<{ key: EmergencyKey; sealedShares: { mspId: string; sealed: Uint8Array }[] }> => {
  const problem = problemOfCustodians({ custodians, threshold });
  if (problem !== undefined) throw new CryptoError('BAD_ARGUMENT', problem);
  const fresh = exactly(random ?? randomBytes(32), 32, 'random');
  const e = Hr('MS-EMERGENCY-E', [fresh, utf8(channel)]);
  const polynomial = [
    invertScalar(e),
    ...Array.from({ length: threshold - 1 }, (_, j) =>
      Hr('MS-EMERGENCY-G', [fresh, utf8(channel), u32(j + 1)]),
    ),
  ];
  erase(fresh);
  const publicKey = publicKeyOf(engine, e);
  const point = engine.decodeG2(publicKey, 'publicKey');
  const made: EmergencyKey = {
    channel,
    publicKey,
    proof: new Uint8Array(KEY_PROOF_BYTES),
    threshold,
    custodians: [],
  };
  const sealedShares: { mspId: string; sealed: Uint8Array }[] = [];
  for (const [i, custodian] of custodians.entries()) {
    const value = evaluatePolynomial(polynomial, i + 1);
    const share = encodeScalar(value);
    const info = shareInfo(channel, publicKey, i + 1);
    const sealed = encodeHpke(await hpkeSeal(custodian.publicKey, share, info));
    erase(share);
    sealedShares.push({ mspId: custodian.mspId, sealed });
    made.custodians.push({
      mspId: custodian.mspId,
      publicKey: custodian.publicKey,
      check: engine.encodeG2(engine.multiplyG2(point, value)),
      shareDigest: sha256Hex(sealed),
    });
  }
  const secret = encodeScalar(e);
  const holder = { mspId: EMERGENCY_READER, certificateHash: emergencyKeyDigest(made) };
  const key = { ...made, proof: proveKey(engine, READER_PROOF_LABEL, secret, readerSubject(holder)) };
  erase(secret);
  checkEmergencyKey(engine, key);
  return { key, sealedShares };
};

/** The key as a reader that grants are made to. */
export const emergencyReader = (key: EmergencyKey): ReaderKey => ({
  mspId: EMERGENCY_READER,
  certificateHash: emergencyKeyDigest(key),
  publicKey: key.publicKey,
  proof: key.proof,
});

/** SHA-256 of everything but the proof, which is bound to it; lower-case hex. */
export const emergencyKeyDigest = (key: EmergencyKey): string => {
  const { channel, publicKey, threshold, custodians } = key;
  return sha256Hex(canonicalJson(documentOf({ channel, publicKey, threshold, custodians })));
};

export const encodeEmergencyKey = (key: EmergencyKey): Uint8Array<ArrayBuffer> =>
  utf8(canonicalJson({ ...documentOf(key), proof: toBase64(key.proof) }));

/** @throws CryptoError `BAD_ENCODING` naming the field, `BAD_LENGTH`, `UNSUPPORTED_VERSION` */
export const decodeEmergencyKey = (bytes: Uint8Array): EmergencyKey => {
  if (bytes.length > MAX_KEY_BYTES)
    throw new CryptoError('BAD_LENGTH', `emergency key is larger than ${MAX_KEY_BYTES} bytes`);
  const value = parseCanonicalJson(utf8Decode(bytes));
  if ((value as { format?: unknown } | null)?.format !== EMERGENCY_KEY_FORMAT)
    throw new CryptoError('UNSUPPORTED_VERSION', `emergency key is not of format ${EMERGENCY_KEY_FORMAT}`);
  const fields = members(value, 'key', [
    'format',
    'channel',
    'publicKey',
    'proof',
    'threshold',
    'custodians',
  ]);
  return {
    channel: text(fields.channel, 'channel'),
    publicKey: base64(fields.publicKey, 'publicKey', G2_BYTES),
    proof: base64(fields.proof, 'proof', KEY_PROOF_BYTES),
    threshold: number(fields.threshold, 'threshold'),
    custodians: list(fields.custodians, 'custodians', MAX_AGENTS).map((custodian, i) => {
      const at = `custodians[${i}]`;
      const { mspId, publicKey, check, shareDigest } = members(custodian, at, [
        'mspId',
        'publicKey',
        'check',
        'shareDigest',
      ]);
      return {
        mspId: text(mspId, `${at}.mspId`),
        publicKey: base64(publicKey, `${at}.publicKey`, RECEIVING_KEY_BYTES),
        check: base64(check, `${at}.check`, G2_BYTES),
        shareDigest: digest(shareDigest, `${at}.shareDigest`),
      };
    }),
  };
};

/**
 * Whether the public values belong together: t' custodians open, no fewer, and whoever made the key knew its secret.
 *
 * @throws CryptoError `BAD_GRANT` naming the field, `BAD_KEY_PROOF`
 */
export const checkEmergencyKey = (engine: PairingEngine, key: EmergencyKey): void => {
  const problem = problemOf(engine, key);
  if (problem !== undefined) throw new CryptoError('BAD_GRANT', `emergency key: ${problem}`);
  if (!checkReaderKey(engine, emergencyReader(key)))
    throw new CryptoError('BAD_KEY_PROOF', 'emergency key has no proof of possession');
};

/** What a custodian needs to use its share. */
export interface CustodianShareInput {
  key: EmergencyKey;
  /** Organisation of the custodian. */
  mspId: string;
  /** X25519, 32 bytes: the custodian's, not the agent's. */
  custodianSecretKey: Uint8Array;
  sealedShare: Uint8Array;
}

/** A custodian's answer in one case, sealed to the reader. */
export interface CustodianAnswer {
  mspId: string;
  sealed: Uint8Array;
}

/**
 * The custodian's check before it keeps its share.
 *
 * @throws CryptoError `WRONG_CONTEXT`, `DIGEST_MISMATCH`, `OPEN_FAILED`, `BAD_SHARE` where it does not fit its check
 */
export const acceptCustodianShare = async (
  engine: PairingEngine,
  input: CustodianShareInput,
): Promise<void> => {
  const { share, check } = await openCustodianShare(input);
  const expected = engine.encodeG2(
    engine.multiplyG2(engine.decodeG2(input.key.publicKey, 'publicKey'), share),
  );
  if (!equalBytes(expected, check))
    throw new CryptoError('BAD_SHARE', 'custodian share does not fit its public check');
};

/** g(j) with its place and public check. */
export const openCustodianShare = async ({
  key,
  mspId,
  custodianSecretKey,
  sealedShare,
}: CustodianShareInput): Promise<{ share: bigint; index: number; check: Uint8Array }> => {
  const { index, check, shareDigest } = custodianOf(key, mspId);
  const bytes = ownBytes(sealedShare);
  if (sha256Hex(bytes) !== shareDigest)
    throw new CryptoError('DIGEST_MISMATCH', 'sealed share is not the one that the emergency key names');
  const info = shareInfo(key.channel, key.publicKey, index);
  const opened = await hpkeOpen(custodianSecretKey, decodeHpke(bytes), info);
  return { share: decodeNonZeroScalar(opened, 'custodian share'), index, check };
};

export const custodianOf = (key: EmergencyKey, mspId: string): EmergencyCustodian & { index: number } => {
  const place = key.custodians.findIndex((custodian) => custodian.mspId === mspId);
  const custodian = key.custodians[place];
  if (custodian === undefined)
    throw new CryptoError('WRONG_CONTEXT', 'the emergency key does not name this organisation as custodian');
  return { ...custodian, index: place + 1 };
};

const { base64, digest, list, members, number, text } = fieldReader('emergency key');

const documentOf = ({
  channel,
  publicKey,
  threshold,
  custodians,
}: Omit<EmergencyKey, 'proof'>): Record<string, unknown> => ({
  format: EMERGENCY_KEY_FORMAT,
  channel,
  publicKey: toBase64(publicKey),
  threshold,
  custodians: custodians.map(({ mspId, publicKey: custodianKey, check, shareDigest }) => ({
    mspId,
    publicKey: toBase64(custodianKey),
    check: toBase64(check),
    shareDigest,
  })),
});

const problemOf = (engine: PairingEngine, key: EmergencyKey): string | undefined => {
  const { custodians, threshold } = key;
  const problem = problemOfCustodians(key);
  if (problem !== undefined) return problem;
  if (!custodians.every(({ shareDigest }) => isHex(shareDigest, 32))) return 'custodians have a bad digest';
  try {
    decodeGrantKey(engine, key.publicKey, 'publicKey');
    const checks = custodians.map(({ check }, i) => engine.decodeG2(check, `custodians[${i}].check`));
    const place = offPolynomial(engine.encodeG2(engine.generatorG2), checks, threshold, (points, weights) =>
      engine.encodeG2(engine.combineG2(points, weights)),
    );
    if (place === 'fewer') return `fewer custodians than the threshold of ${threshold} could open`;
    return place === undefined ? undefined : `custodians[${place}].check does not lie on the polynomial`;
  } catch (error) {
    if (error instanceof CryptoError) return error.message;
    throw error;
  }
};

const problemOfCustodians = ({
  custodians,
  threshold,
}: {
  custodians: { mspId: string }[];
  threshold: number;
}): string | undefined => {
  if (custodians.length > MAX_AGENTS) return `custodians must be at most ${MAX_AGENTS}`;
  if (!Number.isInteger(threshold) || threshold < MIN_THRESHOLD || threshold > custodians.length)
    return `threshold must be from ${MIN_THRESHOLD} to the number of custodians, ${custodians.length}`;
  if (new Set(custodians.map(({ mspId }) => mspId)).size !== custodians.length)
    return 'custodians name an organisation twice';
  return undefined;
};

const shareInfo = (channel: string, publicKey: Uint8Array, index: number): Uint8Array =>
  concat(lp(SHARE_LABEL), lp(channel), lp(publicKey), u32(index, 'index'));
