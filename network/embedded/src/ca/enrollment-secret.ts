import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Stored form of a secret: `scheme$salt$hash`, base64url. */
export type HashedSecret = string;

/** 16 MiB and about 40 ms on a pool thread: enough for secrets that are used once and blocked after ten wrong tries. */
const scryptCost = { N: 16384, r: 8, p: 1 };

const stretch = (secret: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, scryptCost, (error, key) => (error ? reject(error) : resolve(key)));
  });

const digest = (secret: string, salt: Buffer): Buffer =>
  createHash('sha256').update(salt).update(secret, 'utf8').digest();

/** 144 random bits; such a secret needs no stretching, see {@link hashGeneratedSecret}. */
export const generateSecret = (): string => randomBytes(18).toString('base64url');

/** For secrets of {@link generateSecret} only: nothing can be guessed, so one hash is enough and enrolling many is fast. */
export const hashGeneratedSecret = (secret: string): HashedSecret => {
  const salt = randomBytes(16);
  return `sha256$${salt.toString('base64url')}$${digest(secret, salt).toString('base64url')}`;
};

/** For secrets that somebody chose: scrypt, off the main thread. */
export const hashChosenSecret = async (secret: string): Promise<HashedSecret> => {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await stretch(secret, salt)).toString('base64url')}`;
};

export const matchesSecret = async (secret: string, stored: HashedSecret): Promise<boolean> => {
  const [scheme, salt = '', hash = ''] = stored.split('$');
  const saltBytes = Buffer.from(salt, 'base64url');
  const expected = Buffer.from(hash, 'base64url');
  const actual = scheme === 'scrypt' ? await stretch(secret, saltBytes) : digest(secret, saltBytes);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
};
