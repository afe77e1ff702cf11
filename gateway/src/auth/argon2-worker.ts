import { parentPort } from 'node:worker_threads';
import { argon2id } from 'hash-wasm';
import type { Argon2Answer, Argon2Request } from './argon2.js';

/** Each derivation keeps a core busy for tens of milliseconds: here, and not where requests are served. */
parentPort?.on('message', (request: Argon2Request) => {
  const { id, password, salt, memoryKib, iterations, parallelism } = request;
  argon2id({
    password,
    salt,
    memorySize: memoryKib,
    iterations,
    parallelism,
    hashLength: 64,
    outputType: 'binary',
  }).then(
    (bytes) => parentPort?.postMessage({ id, bytes } satisfies Argon2Answer),
    (error: unknown) => parentPort?.postMessage({ id, error: String(error) } satisfies Argon2Answer),
  );
});
