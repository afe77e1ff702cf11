import { argon2id } from 'hash-wasm';
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  aeadOpen,
  aeadSeal,
  importAeadKey,
} from '../aead.js';
import {
  concat,
  fromBase64,
  isWellFormed,
  lp,
  randomBytes,
  toBase64,
  u32,
  utf8,
} from '../canonical/bytes.js';
import { canonicalJson, parseCanonicalJson } from '../canonical/json.js';
import { CryptoError } from '../errors.js';

const FORMAT = 'medseal/wrapped/1';
const LABEL = 'MS-WRAP';
const SALT_BYTES = 16;

export interface Argon2Cost {
  kdf: 'argon2id';
  memoryKiB: number;
  passes: number;
}

export interface Pbkdf2Cost {
  kdf: 'pbkdf2-sha256';
  iterations: number;
}

export type PasswordCost = Argon2Cost | Pbkdf2Cost;

/** Argon2id with 64 MiB and three passes (RFC 9106, second recommended option, with one lane). */
export const DEFAULT_COST: Argon2Cost = { kdf: 'argon2id', memoryKiB: 65_536, passes: 3 };
/** Where WebAssembly is refused: PBKDF2-HMAC-SHA-256 as OWASP recommends it. */
export const FALLBACK_COST: Pbkdf2Cost = { kdf: 'pbkdf2-sha256', iterations: 600_000 };

/** Stored costs beyond these are refused, so that a planted blob cannot stall a device or take its memory. */
const LIMITS = { memoryKiB: 262_144, passes: 16, work: 1_048_576, iterations: 5_000_000 };

/** What a wrapped secret is, whose, and which one: it opens for nothing else. */
export interface WrapContext {
  /** For example `seed` or `staff-keys`. */
  purpose: string;
  userId: string;
  version: number;
}

export interface WrapOptions {
  /** Lower or other cost than the default; without it Argon2id, and PBKDF2 only where the host cannot run Argon2id. */
  cost?: PasswordCost;
}

/** The stored form, as canonical JSON. */
interface WrappedSecret {
  format: typeof FORMAT;
  purpose: string;
  version: number;
  cost: PasswordCost;
  salt: string;
  nonce: string;
  ciphertext: string;
}

/**
 * Wraps a secret under a password or passphrase: AES-256-GCM under a key from Argon2id.
 *
 * @returns canonical JSON with the cost parameters in it; safe to store where the password is not
 */
export const wrapWithPassword = async (
  secret: Uint8Array,
  password: string,
  context: WrapContext,
  options: WrapOptions = {},
): Promise<string> => {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(AEAD_NONCE_BYTES);
  const { key, cost } = await keyToWrap(password, salt, options.cost);
  const ciphertext = await aeadSeal(await importAeadKey(key), nonce, secret, associatedData(context, cost));
  const wrapped: WrappedSecret = {
    format: FORMAT,
    purpose: context.purpose,
    version: context.version,
    cost,
    salt: toBase64(salt),
    nonce: toBase64(nonce),
    ciphertext: toBase64(ciphertext),
  };
  return canonicalJson(wrapped);
};

/**
 * Opens what `wrapWithPassword` made.
 *
 * @throws CryptoError `WRONG_PASSPHRASE` (also for another user's blob, which cannot be told apart), `WRONG_CONTEXT` for
 *   another purpose or version, `BAD_ENCODING`, `UNSUPPORTED_VERSION`, `KDF_UNAVAILABLE`
 */
export const unwrapWithPassword = async (
  wrapped: string,
  password: string,
  context: WrapContext,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { purpose, version, cost, salt, nonce, ciphertext } = parseWrapped(wrapped);
  if (purpose !== context.purpose || version !== context.version) {
    throw new CryptoError(
      'WRONG_CONTEXT',
      `wrapped secret has another purpose or version than ${context.purpose} version ${context.version}`,
    );
  }
  const key = await importAeadKey(await deriveKey(password, salt, cost));
  const secret = await aeadOpen(key, nonce, ciphertext, associatedData(context, cost));
  if (secret === null)
    throw new CryptoError('WRONG_PASSPHRASE', 'the passphrase is wrong, or the blob is not this user’s');
  return secret;
};

const associatedData = (context: WrapContext, cost: PasswordCost): Uint8Array =>
  concat(
    lp(LABEL),
    lp(context.purpose),
    lp(context.userId),
    u32(context.version, 'version'),
    lp(canonicalJson(cost)),
  );

const keyToWrap = async (
  password: string,
  salt: Uint8Array,
  cost: PasswordCost | undefined,
): Promise<{ key: Uint8Array; cost: PasswordCost }> => {
  if (cost !== undefined) {
    const checked = checkCost(cost, 'BAD_ARGUMENT');
    return { key: await deriveKey(password, salt, checked), cost: checked };
  }
  try {
    return { key: await deriveKey(password, salt, DEFAULT_COST), cost: DEFAULT_COST };
  } catch (error) {
    if (!(error instanceof CryptoError) || error.code !== 'KDF_UNAVAILABLE') throw error;
    return { key: await deriveKey(password, salt, FALLBACK_COST), cost: FALLBACK_COST };
  }
};

const deriveKey = async (password: string, salt: Uint8Array, cost: PasswordCost): Promise<Uint8Array> => {
  const bytes = passwordBytes(password);
  return cost.kdf === 'argon2id' ? argon2Key(bytes, salt, cost) : pbkdf2Key(bytes, salt, cost);
};

/** One spelling for what keyboards and systems compose differently (RFC 8265, OpaqueString). */
const passwordBytes = (password: string): Uint8Array<ArrayBuffer> => {
  if (password === '') throw new CryptoError('BAD_ARGUMENT', 'passphrase is empty');
  if (!isWellFormed(password)) throw new CryptoError('BAD_ENCODING', 'passphrase holds a lone surrogate');
  return utf8(password.normalize('NFC'));
};

const argon2Key = async (password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array> => {
  try {
    return await argon2id({
      password,
      salt,
      memorySize: cost.memoryKiB,
      iterations: cost.passes,
      parallelism: 1,
      hashLength: AEAD_KEY_BYTES,
      outputType: 'binary',
    });
  } catch (cause) {
    throw new CryptoError(
      'KDF_UNAVAILABLE',
      'Argon2id cannot run here: WebAssembly or its memory is refused',
      { cause },
    );
  }
};

const pbkdf2Key = async (
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array,
  cost: Pbkdf2Cost,
): Promise<Uint8Array> => {
  const { subtle } = globalThis.crypto;
  const material = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt: concat(salt), iterations: cost.iterations };
  return new Uint8Array(await subtle.deriveBits(parameters, material, 8 * AEAD_KEY_BYTES));
};

interface ParsedSecret {
  purpose: string;
  version: number;
  cost: PasswordCost;
  salt: Uint8Array;
  nonce: Uint8Array;
  ciphertext: Uint8Array;
}

const parseWrapped = (text: string): ParsedSecret => {
  const value = parseCanonicalJson(text) as Partial<Record<keyof WrappedSecret, unknown>> | null;
  if (value === null || typeof value !== 'object')
    throw new CryptoError('BAD_ENCODING', 'wrapped secret is not an object');
  if (value.format !== FORMAT) {
    throw new CryptoError('UNSUPPORTED_VERSION', `wrapped secret is not of format ${FORMAT}`);
  }
  const { purpose, version } = value;
  if (typeof purpose !== 'string' || typeof version !== 'number' || Object.keys(value).length !== 7) {
    throw new CryptoError('BAD_ENCODING', 'wrapped secret has missing or unknown fields');
  }
  const ciphertext = decodeField(value.ciphertext, 'ciphertext');
  if (ciphertext.length < AEAD_TAG_BYTES)
    throw new CryptoError('BAD_ENCODING', 'wrapped secret is too short');
  return {
    purpose,
    version,
    cost: checkCost(value.cost, 'BAD_ENCODING'),
    salt: decodeField(value.salt, 'salt', SALT_BYTES),
    nonce: decodeField(value.nonce, 'nonce', AEAD_NONCE_BYTES),
    ciphertext,
  };
};

const decodeField = (value: unknown, field: string, length?: number): Uint8Array => {
  if (typeof value !== 'string') throw new CryptoError('BAD_ENCODING', `wrapped secret has no ${field}`);
  const bytes = fromBase64(value, field);
  if (length !== undefined && bytes.length !== length) {
    throw new CryptoError('BAD_ENCODING', `${field} of the wrapped secret must be ${length} bytes`);
  }
  return bytes;
};

const checkCost = (value: unknown, code: 'BAD_ARGUMENT' | 'BAD_ENCODING'): PasswordCost => {
  const cost = (value ?? {}) as Record<string, unknown>;
  if (cost.kdf === 'argon2id') {
    const memoryKiB = boundedCost(cost, 'memoryKiB', 8, LIMITS.memoryKiB, code);
    const passes = boundedCost(cost, 'passes', 1, LIMITS.passes, code);
    if (memoryKiB * passes > LIMITS.work)
      throw new CryptoError(code, `cost.memoryKiB times cost.passes must be at most ${LIMITS.work}`);
    return { kdf: 'argon2id', memoryKiB, passes };
  }
  if (cost.kdf === 'pbkdf2-sha256') {
    return { kdf: 'pbkdf2-sha256', iterations: boundedCost(cost, 'iterations', 1, LIMITS.iterations, code) };
  }
  throw new CryptoError(code, 'cost.kdf must be argon2id or pbkdf2-sha256');
};

const boundedCost = (
  cost: Record<string, unknown>,
  field: string,
  least: number,
  most: number,
  code: 'BAD_ARGUMENT' | 'BAD_ENCODING',
): number => {
  const value = cost[field];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new CryptoError(code, `cost.${field} must be a whole number from ${least} to ${most}`);
  }
  return value;
};
