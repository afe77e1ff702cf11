import { entropyToMnemonic, mnemonicToEntropy, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english';
import { combine, split } from 'shamir-secret-sharing';
import { concat, equalBytes, exactly, lp, ownBytes, randomBytes, u32 } from '../canonical/bytes.js';
import { CryptoError } from '../errors.js';
import { hkdf256 } from '../functions.js';
import { decodeHpke, encodeHpke, hpkeOpen, hpkeSeal } from '../sealing/hpke.js';
import { SEED_BYTES, type SeedOwner } from './seed.js';

export const RECOVERY_WORDS = 24;
export const RECOVERY_SHARES = 3;
export const RECOVERY_THRESHOLD = 2;

const VERSION = 1;
const SET_BYTES = 16;
const CHECK_BYTES = 16;
const POINT_BYTES = SEED_BYTES + 1;
/** u8 version || set(16) || check(16) || share(33). */
export const RECOVERY_SHARE_BYTES = 1 + SET_BYTES + CHECK_BYTES + POINT_BYTES;

/** The seed as 24 English words of BIP 39, whose last one holds a checksum. */
export const seedToWords = (seed: Uint8Array): string =>
  entropyToMnemonic(exactly(seed, SEED_BYTES, 'seed'), wordlist);

/**
 * The seed of 24 words, in any case and with any white space between them.
 *
 * @throws CryptoError `BAD_ENCODING`, with the place of a word that is in no list but never the word
 */
export const wordsToSeed = (words: string): Uint8Array<ArrayBuffer> => {
  const list = words.normalize('NFKD').trim().toLowerCase().split(/\s+/);
  if (list.length !== RECOVERY_WORDS)
    throw new CryptoError('BAD_ENCODING', `recovery words are ${RECOVERY_WORDS}, not ${list.length}`);
  const unknown = list.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) throw new CryptoError('BAD_ENCODING', `recovery word ${unknown + 1} is not in the list`);
  const phrase = list.join(' ');
  if (!validateMnemonic(phrase, wordlist))
    throw new CryptoError(
      'BAD_ENCODING',
      'recovery words have a wrong checksum: a word or their order is wrong',
    );
  return ownBytes(mnemonicToEntropy(phrase, wordlist));
};

/**
 * Three shares of the seed, any two of which give it back and one of which says nothing (Shamir over GF(256)). They
 * carry a check value, so that two that do not belong together are told from two that do.
 *
 * @returns 66 bytes each
 */
export const splitSeed = async (seed: Uint8Array, owner: SeedOwner): Promise<Uint8Array[]> => {
  const secret = exactly(seed, SEED_BYTES, 'seed');
  const set = randomBytes(SET_BYTES);
  const head = concat(Uint8Array.of(VERSION), set, checkOf(secret, set, owner));
  const points = await split(secret, RECOVERY_SHARES, RECOVERY_THRESHOLD);
  return points.map((point) => concat(head, point));
};

/**
 * The seed from two or three shares of one set. A damaged third share does no harm beside two good ones.
 *
 * @throws CryptoError `TOO_FEW_ANSWERS`, `WRONG_CONTEXT` for shares of different sets, `BAD_ARGUMENT` for one share
 *   twice, `OPEN_FAILED` for damaged shares or another user's, `BAD_LENGTH`, `UNSUPPORTED_VERSION`
 */
export const joinSeed = async (shares: Uint8Array[], owner: SeedOwner): Promise<Uint8Array<ArrayBuffer>> => {
  const parsed = shares.map(parseShare);
  const [first] = parsed;
  if (first === undefined || parsed.length < RECOVERY_THRESHOLD)
    throw new CryptoError('TOO_FEW_ANSWERS', `${RECOVERY_THRESHOLD} recovery shares are needed`);
  if (parsed.some(({ set, check }) => !equalBytes(set, first.set) || !equalBytes(check, first.check)))
    throw new CryptoError('WRONG_CONTEXT', 'recovery shares are of different sets');
  if (new Set(parsed.map(({ point }) => point[SEED_BYTES])).size !== parsed.length)
    throw new CryptoError('BAD_ARGUMENT', 'a recovery share is given twice');
  for (const [i, one] of parsed.entries()) {
    for (const other of parsed.slice(i + 1)) {
      const seed = ownBytes(await combine([one.point, other.point]));
      if (equalBytes(checkOf(seed, first.set, owner), first.check)) return seed;
    }
  }
  throw new CryptoError('OPEN_FAILED', 'recovery shares do not give this user’s seed');
};

/** Seals a recovery share to its holder's X25519 key, bound to user and seed version. */
export const sealRecoveryShare = async (
  holderPublicKey: Uint8Array,
  share: Uint8Array,
  owner: SeedOwner,
): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = exactly(share, RECOVERY_SHARE_BYTES, 'recovery share');
  return encodeHpke(await hpkeSeal(holderPublicKey, bytes, infoOf(owner)));
};

/** @throws CryptoError `OPEN_FAILED` for another holder, user or seed version */
export const openRecoveryShare = async (
  holderSecretKey: Uint8Array,
  sealed: Uint8Array,
  owner: SeedOwner,
): Promise<Uint8Array<ArrayBuffer>> =>
  exactly(
    await hpkeOpen(holderSecretKey, decodeHpke(sealed), infoOf(owner)),
    RECOVERY_SHARE_BYTES,
    'recovery share',
  );

/** What tells the right seed; a seed has 256 random bits, so the value helps nobody guess it. */
const checkOf = (seed: Uint8Array, set: Uint8Array, { userId, version }: SeedOwner): Uint8Array =>
  hkdf256({
    ikm: seed,
    info: concat(lp('MS-RECOVERY-CHECK'), set, lp(userId), u32(version, 'version')),
    length: CHECK_BYTES,
  });

const parseShare = (share: Uint8Array): { set: Uint8Array; check: Uint8Array; point: Uint8Array } => {
  const bytes = exactly(share, RECOVERY_SHARE_BYTES, 'recovery share');
  if (bytes[0] !== VERSION)
    throw new CryptoError('UNSUPPORTED_VERSION', 'recovery share is of an unknown version');
  const check = 1 + SET_BYTES;
  const point = check + CHECK_BYTES;
  if (bytes[bytes.length - 1] === 0)
    throw new CryptoError('BAD_ENCODING', 'recovery share has the place of the secret itself');
  return { set: bytes.subarray(1, check), check: bytes.subarray(check, point), point: bytes.subarray(point) };
};

const infoOf = ({ userId, version }: SeedOwner): Uint8Array =>
  concat(lp('MS-RECOVERY-SHARE'), lp(userId), u32(version, 'version'));
