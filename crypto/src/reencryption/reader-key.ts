import { concat, equalBytes, exactly, fromHex, lp, randomBytes, u32, utf8 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { Hr } from '../functions.js';
import type { KeyPair } from '../keys/derivation.js';
import { SEED_BYTES } from '../keys/seed.js';
import { decodeNonZeroScalar, encodeScalar, SCALAR_BYTES } from '../scalar.js';
import { DIGEST_BYTES } from '../sealing/context.js';
import { G2_BYTES } from '../sealing/decoding.js';
import type { PairingEngine } from '../sealing/engine/index.js';
import { decodeHpke, encodeHpke, hpkeOpen, hpkeSeal } from '../sealing/hpke.js';
import { checkKeyProof, proveKey, publicKeyOf } from './key-proof.js';

export const READER_PROOF_LABEL = 'MS-POP';

/** Whose key it is: an organisation's member with the certificate of this digest. */
export interface KeyHolder {
  mspId: string;
  /** SHA-256 of the holder's certificate, lower-case hex. */
  certificateHash: string;
}

/** The public part of a key that grants are made to, as the ledger holds it. */
export interface ReaderKey extends KeyHolder {
  /** pkB2 = [b]G, 96 bytes. */
  publicKey: Uint8Array;
  /** Proof of possession bound to the holder, 64 bytes. */
  proof: Uint8Array;
}

/** Key b of a reader: secretKey 32 bytes, publicKey pkB2 96 bytes. */
export const newReaderKeyPair = (engine: PairingEngine): KeyPair =>
  readerKeyPairOf(engine, Hr('MS-READER-RANDOM', [randomBytes(32)]));

/**
 * The reader's key of a device's seed: b = Hr("MS-READER", seed, u32 epoch).
 *
 * @param epoch raised when the reader replaces the key
 */
export const readerKeyPair = (engine: PairingEngine, seed: Uint8Array, epoch: number): KeyPair =>
  readerKeyPairOf(engine, Hr('MS-READER', [exactly(seed, SEED_BYTES, 'seed'), u32(epoch, 'epoch')]));

/** The pair of a stored secret key. */
export const readerKeyPairFrom = (engine: PairingEngine, secretKey: Uint8Array): KeyPair =>
  readerKeyPairOf(engine, decodeNonZeroScalar(secretKey, 'reader secret key'));

/**
 * Proof of possession, made once at registration (cryptography.md T3): it keeps anyone from registering a key computed
 * from other people's, and a key from being registered under another certificate.
 */
export const proveReaderKey = (
  engine: PairingEngine,
  secretKey: Uint8Array,
  holder: KeyHolder,
): ReaderKey => ({
  mspId: holder.mspId,
  certificateHash: holder.certificateHash,
  publicKey: readerKeyPairFrom(engine, secretKey).publicKey,
  proof: proveKey(engine, READER_PROOF_LABEL, secretKey, readerSubject(holder)),
});

/** The verdict on a registered key, at registration and before a grant is made to it. Deterministic. */
export const checkReaderKey = (engine: PairingEngine, key: ReaderKey): boolean => {
  try {
    return checkKeyProof(engine, READER_PROOF_LABEL, key.publicKey, key.proof, readerSubject(key));
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
};

/** What a proof of possession is bound to. */
export const readerSubject = ({ mspId, certificateHash }: KeyHolder): Uint8Array[] => {
  if (typeof mspId !== 'string' || mspId === '')
    throw new CryptoError('BAD_ARGUMENT', 'mspId must be a non-empty text');
  return [utf8(mspId), fromHex(certificateHash, DIGEST_BYTES, 'certificateHash')];
};

const readerKeyPairOf = (engine: PairingEngine, b: bigint): KeyPair => ({
  secretKey: encodeScalar(b),
  publicKey: publicKeyOf(engine, b),
});

/** A key that several hold, as the ledger knows it. */
export interface TeamKey {
  teamId: string;
  /** pkB2, 96 bytes. */
  publicKey: Uint8Array;
}

/** A care team's key for one member's X25519 key, bound to the team; 80 bytes. */
export const sealTeamKey = async (
  memberPublicKey: Uint8Array,
  teamSecretKey: Uint8Array,
  team: TeamKey,
): Promise<Uint8Array<ArrayBuffer>> =>
  encodeHpke(
    await hpkeSeal(memberPublicKey, exactly(teamSecretKey, SCALAR_BYTES, 'team secret key'), teamInfo(team)),
  );

/**
 * The member's copy of the team's key.
 *
 * @throws CryptoError `OPEN_FAILED` for another member or team, `WRONG_CONTEXT` where it is not the team's key
 */
export const openTeamKey = async (
  engine: PairingEngine,
  memberSecretKey: Uint8Array,
  sealed: Uint8Array,
  team: TeamKey,
): Promise<KeyPair> => {
  const opened = await hpkeOpen(memberSecretKey, decodeHpke(sealed), teamInfo(team));
  const pair = readerKeyPairFrom(engine, exactly(opened, SCALAR_BYTES, 'team secret key'));
  if (!equalBytes(pair.publicKey, team.publicKey))
    throw new CryptoError('WRONG_CONTEXT', 'the sealed key is not that of the care team');
  return pair;
};

const teamInfo = ({ teamId, publicKey }: TeamKey): Uint8Array =>
  concat(lp('MS-TEAM-KEY'), lp(teamId), lp(exactly(publicKey, G2_BYTES, 'publicKey')));
