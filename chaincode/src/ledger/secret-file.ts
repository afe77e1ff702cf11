import { readFileSync, statSync } from 'node:fs';

const KEY_BYTES = 32;
const OTHERS = 0o077;

export type SecretKeyFile = { key: Uint8Array; problem?: undefined } | { key?: undefined; problem: string };

/** A secret key of 32 bytes in a file of mode 0600; what is wrong with it says a sentence after "the key file". */
export const readSecretKey = (file: string): SecretKeyFile => {
  let key: Uint8Array;
  let mode: number;
  try {
    mode = statSync(file).mode;
    key = new Uint8Array(readFileSync(file));
  } catch {
    return { problem: 'cannot be read' };
  }
  if ((mode & OTHERS) !== 0) return { problem: 'is open to others: give it mode 0600' };
  return key.length === KEY_BYTES ? { key } : { problem: `must hold ${KEY_BYTES} bytes` };
};
