import { CryptoError, type CryptoErrorCode } from '../../src/index.js';

/** Code of the CryptoError that an action ends in, undefined if it succeeds; any other error fails the test. */
export const refusal = async (action: () => unknown): Promise<CryptoErrorCode | undefined> => {
  try {
    await action();
  } catch (error) {
    if (error instanceof CryptoError) return error.code;
    throw error;
  }
  return undefined;
};

export const flipBit = (bytes: Uint8Array, offset: number, bit = 0): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ (1 << bit);
  return copy;
};
