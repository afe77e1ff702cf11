import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CryptoError, type CryptoErrorCode } from '@medseal/crypto';
import { problem } from '../http/problem.js';
import type { FileWork } from './file-work.js';

export interface FileRequest {
  kind: keyof FileWork;
  asked: FileWork[keyof FileWork]['asked'];
}

/** One of these. */
export interface FileAnswer {
  value?: FileWork[keyof FileWork]['answer'];
  refusal?: { code: CryptoErrorCode; message: string };
  /** What nobody foresaw. */
  failure?: string;
}

interface Task {
  request: FileRequest;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Thread {
  worker: Worker;
  task: Task | undefined;
}

const WAITING_MAX = 64;
/** One core is left to the requests. */
const THREADS_MAX = Math.max(1, Math.min(4, availableParallelism() - 1));

/**
 * Work on whole files in threads of their own, so that the gateway answers others meanwhile. Threads are started when
 * there is something to do, and anew when one ended.
 */
@Injectable()
export class FileQueue implements OnApplicationShutdown {
  private readonly waiting: Task[] = [];
  private readonly threads = new Set<Thread>();

  /** @throws ProblemException 503 `FILES_WAITING` instead of letting the queue grow without end; CryptoError as the work does */
  async run<Kind extends keyof FileWork>(
    kind: Kind,
    asked: FileWork[Kind]['asked'],
  ): Promise<FileWork[Kind]['answer']> {
    if (this.waiting.length >= WAITING_MAX) {
      throw problem(
        503,
        'FILES_WAITING',
        'Many files are being signed and checked: repeat the step later.',
        undefined,
        {
          headers: { 'Retry-After': '30' },
        },
      );
    }
    const answer = new Promise<unknown>((resolve, reject) => {
      this.waiting.push({ request: { kind, asked }, resolve, reject });
    });
    this.next();
    return answer as Promise<FileWork[Kind]['answer']>;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.threads].map(({ worker }) => worker.terminate()));
  }

  private next(): void {
    const thread = this.waiting.length === 0 ? undefined : this.freeThread();
    const task = thread && this.waiting.shift();
    if (thread === undefined || task === undefined) return;
    thread.task = task;
    thread.worker.ref();
    thread.worker.postMessage(task.request);
  }

  private freeThread(): Thread | undefined {
    const free = [...this.threads].find(({ task }) => task === undefined);
    return free ?? (this.threads.size < THREADS_MAX ? this.start() : undefined);
  }

  private start(): Thread {
    const thread: Thread = { worker: new Worker(workerFile()), task: undefined };
    const finish = (use: (task: Task) => void): void => {
      const { task } = thread;
      thread.task = undefined;
      // An idle thread must not keep the process from ending.
      thread.worker.unref();
      if (task !== undefined) use(task);
      this.next();
    };
    let ended = new Error('the thread that works on files ended');
    thread.worker.on('message', (answer: FileAnswer) => finish((task) => settle(task, answer)));
    thread.worker.on('error', (error) => {
      ended = error;
    });
    thread.worker.on('exit', () => {
      this.threads.delete(thread);
      finish((task) => task.reject(ended));
    });
    this.threads.add(thread);
    return thread;
  }
}

const settle = ({ resolve, reject }: Task, { value, refusal, failure }: FileAnswer): void => {
  if (value !== undefined) resolve(value);
  else if (refusal !== undefined) reject(new CryptoError(refusal.code, refusal.message));
  else reject(new Error(failure ?? 'the thread that works on files gave no answer'));
};

/** The compiled file, also when this module itself runs from its source (tests). */
const workerFile = (): string => {
  const beside = join(__dirname, 'file-worker.js');
  return existsSync(beside) ? beside : join(__dirname, '../../dist/integrity/file-worker.js');
};
