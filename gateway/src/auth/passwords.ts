import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { argon2idInWorker } from './argon2.js';

/** Stored beside each hash, so that they can grow without locking anybody out. */
export interface KdfParameters {
  algorithm: 'argon2id';
  memoryKib: number;
  iterations: number;
  parallelism: number;
}

/** OWASP's second choice of parameters: 19 MiB, two passes; about 65 ms. */
export const KDF: KdfParameters = { algorithm: 'argon2id', memoryKib: 19_456, iterations: 2, parallelism: 1 };

export const PASSWORD_LENGTH_MIN = 8;
export const PASSWORD_LENGTH_MAX = 256;
const SALT_BYTES = 16;

export interface PasswordRecord {
  kdf: KdfParameters;
  salt: Uint8Array;
  /** SHA-256 of the first half of the derived bytes; the second half wraps keys and is never stored. */
  verifier: Uint8Array;
}

export interface Derived {
  record: PasswordRecord;
  /** 32 bytes, wraps the holder's key bundle. */
  wrappingKey: Uint8Array;
}

export const newPasswordRecord = async (password: string): Promise<Derived> => {
  const salt = randomBytes(SALT_BYTES);
  const { verifier, wrappingKey } = await derive(password, salt, KDF);
  return { record: { kdf: KDF, salt, verifier }, wrappingKey };
};

/** @returns the wrapping key, or undefined for a wrong password */
export const checkPassword = async (
  password: string,
  record: PasswordRecord,
): Promise<Uint8Array | undefined> => {
  const { verifier, wrappingKey } = await derive(password, record.salt, record.kdf);
  return timingSafeEqual(verifier, record.verifier) ? wrappingKey : undefined;
};

const NOBODY_SALT = randomBytes(SALT_BYTES);

/** The same work for a user that does not exist. */
export const checkNobody = async (password: string): Promise<undefined> => {
  await derive(password, NOBODY_SALT, KDF);
  return undefined;
};

const derive = async (
  password: string,
  salt: Uint8Array,
  kdf: KdfParameters,
): Promise<{ verifier: Uint8Array; wrappingKey: Uint8Array }> => {
  const bytes = await argon2idInWorker({ password: password.normalize('NFC'), salt, ...kdf });
  return {
    verifier: createHash('sha256').update(bytes.subarray(0, 32)).digest(),
    wrappingKey: bytes.slice(32),
  };
};

/** No characters that look alike. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** 16 letters and digits in groups of four, about 92 bits. */
export const newInitialPassword = (random: (below: number) => number = randomInt): string =>
  Array.from({ length: 4 }, () =>
    Array.from({ length: 4 }, () => LETTERS[random(LETTERS.length)]).join(''),
  ).join('-');
