import { CryptoError, mclEngine, nobleEngine, type PairingEngine } from '../../src/index.js';

/** What an engine says: a verdict, or the code and culprits of its refusal. */
export const said = async (action: () => unknown): Promise<unknown> => {
  try {
    return (await action()) ?? 'fine';
  } catch (error) {
    if (error instanceof CryptoError)
      return error.culprits.length > 0 ? [error.code, ...error.culprits.map(({ id }) => id)] : error.code;
    throw error;
  }
};

/** The same answer from both engines; a difference fails the test. */
export const bothSay = async (action: (engine: PairingEngine) => unknown): Promise<unknown> => {
  const [mcl, noble] = [await mclEngine(), nobleEngine()];
  const [left, right] = [await said(() => action(mcl)), await said(() => action(noble))];
  expect({ noble: right }).toEqual({ noble: left });
  return left;
};
