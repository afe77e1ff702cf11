import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface Argon2Input {
  password: string;
  salt: Uint8Array;
  memoryKib: number;
  iterations: number;
  parallelism: number;
}

export type Argon2Request = Argon2Input & { id: number };

export interface Argon2Answer {
  id: number;
  bytes?: Uint8Array;
  error?: string;
}

interface Waiting {
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | undefined;
let lastId = 0;

/** At some 70 ms each: nobody waits longer for a password than for anything else. */
const WAITING_MAX = 200;

/** More passwords are to be checked than this process can keep up with. */
export class TooManyPasswordsError extends Error {
  override readonly name = 'TooManyPasswordsError';
}

/**
 * Argon2id, 64 bytes, one derivation at a time in a thread of its own.
 * @throws TooManyPasswordsError at once, instead of letting the queue grow without end
 */
export const argon2idInWorker = (input: Argon2Input): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    if (waiting.size >= WAITING_MAX) {
      reject(new TooManyPasswordsError(`${WAITING_MAX} passwords wait to be checked.`));
      return;
    }
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    const running = (worker ??= startWorker());
    running.ref();
    running.postMessage({ ...input, id } satisfies Argon2Request);
  });

const startWorker = (): Worker => {
  const started = new Worker(workerFile());
  started.on('message', ({ id, bytes, error }: Argon2Answer) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    // An idle thread must not keep the process from ending.
    if (waiting.size === 0) started.unref();
    if (bytes !== undefined) caller?.resolve(bytes);
    else caller?.reject(new Error(error ?? 'Argon2id gave no answer.'));
  });
  started.on('error', (error) => {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  started.unref();
  return started;
};

/** The compiled file, also when this module itself runs from its source (tests). */
const workerFile = (): string => {
  const beside = join(__dirname, 'argon2-worker.js');
  return existsSync(beside) ? beside : join(__dirname, '../../dist/auth/argon2-worker.js');
};
