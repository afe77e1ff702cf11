import { parentPort } from 'node:worker_threads';
import { CryptoError } from '@medseal/crypto';
import type { FileAnswer, FileRequest } from './file-queue.js';
import { type FileWork, fileWork } from './file-work.js';

parentPort?.on('message', (request: FileRequest) => {
  void answer(request).then((given) => parentPort?.postMessage(given));
});

const answer = async ({ kind, asked }: FileRequest): Promise<FileAnswer> => {
  const work = fileWork[kind] as (value: unknown) => Promise<FileWork[typeof kind]['answer']>;
  try {
    return { value: await work(asked) };
  } catch (error) {
    if (error instanceof CryptoError) return { refusal: { code: error.code, message: error.message } };
    return { failure: error instanceof Error ? error.message : String(error) };
  }
};
