import { parentPort } from 'node:worker_threads';
import { CryptoError } from '@medseal/crypto';
import { type Pairings, pairings } from './audit-pairings.js';
import type { PairingAnswer, PairingRequest } from './pairing-queue.js';

/** A proof keeps a core busy for hundreds of milliseconds: here, and not where transactions are answered. */
parentPort?.on('message', (request: PairingRequest) => {
  void answer(request).then((given) => parentPort?.postMessage(given));
});

const answer = async ({ kind, asked }: PairingRequest): Promise<PairingAnswer> => {
  const pairing = pairings[kind] as (value: unknown) => Promise<Pairings[typeof kind]['answer']>;
  try {
    return { value: await pairing(asked) };
  } catch (error) {
    if (error instanceof CryptoError) return { refusal: { code: error.code, message: error.message } };
    return { failure: error instanceof Error ? error.message : String(error) };
  }
};
