import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CryptoError, type CryptoErrorCode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { Pairings } from './audit-pairings.js';

export interface PairingRequest {
  kind: keyof Pairings;
  asked: Pairings[keyof Pairings]['asked'];
}

/** One of these. */
export interface PairingAnswer {
  value?: Pairings[keyof Pairings]['answer'];
  refusal?: { code: CryptoErrorCode; message: string };
  /** What nobody foresaw. */
  failure?: string;
}

interface Task {
  request: PairingRequest;
  /** Threads that ended while they were at it. */
  ended: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** At less than half a second each: nobody waits longer for a verdict than peers wait for an endorsement. */
const WAITING_MAX = 64;
/** A task during which as many threads have ended is not tried again. */
const ENDED_MAX = 2;

/**
 * Pairings, one after the other in a thread of its own, so that the process answers other transactions meanwhile. The
 * thread is started by the first task, and anew when it ends. It is given public values only.
 */
export class PairingQueue {
  private readonly waiting: Task[] = [];
  private current: Task | undefined;
  private worker: Worker | undefined;

  /**
   * @throws ContractError VERIFIER_BUSY at once, instead of letting the queue grow without end; CryptoError as the
   *   pairing does
   */
  async run<Kind extends keyof Pairings>(
    kind: Kind,
    asked: Pairings[Kind]['asked'],
  ): Promise<Pairings[Kind]['answer']> {
    if (this.waiting.length >= WAITING_MAX)
      throw new ContractError('VERIFIER_BUSY', `${WAITING_MAX} tags and proofs wait: try again later`);
    const answer = new Promise<unknown>((resolve, reject) => {
      this.waiting.push({ request: { kind, asked }, ended: 0, resolve, reject });
    });
    this.next();
    return answer as Promise<Pairings[Kind]['answer']>;
  }

  /** Ends the thread; what is under way or waits goes on in another. */
  async endThread(): Promise<void> {
    await this.worker?.terminate();
  }

  private next(): void {
    if (this.current !== undefined) return;
    this.current = this.waiting.shift();
    if (this.current === undefined) {
      // An idle thread must not keep the process from ending.
      this.worker?.unref();
      return;
    }
    this.worker ??= this.start();
    this.worker.ref();
    this.worker.postMessage(this.current.request);
  }

  private start(): Worker {
    const started = new Worker(workerFile());
    started.on('message', (answer: PairingAnswer) => {
      const task = this.current;
      this.current = undefined;
      if (task !== undefined) settle(task, answer);
      this.next();
    });
    // Without a listener its error would end the process; 'exit' follows.
    started.on('error', (error) => {
      process.stderr.write(
        `${JSON.stringify({ level: 'error', thread: 'audit-worker', error: error.name })}\n`,
      );
    });
    started.on('exit', () => {
      this.worker = undefined;
      const task = this.current;
      this.current = undefined;
      if (task !== undefined && ++task.ended < ENDED_MAX) this.waiting.unshift(task);
      else task?.reject(new Error('the thread that verifies ended'));
      this.next();
    });
    return started;
  }
}

const settle = ({ resolve, reject }: Task, { value, refusal, failure }: PairingAnswer): void => {
  if (value !== undefined) resolve(value);
  else if (refusal !== undefined) reject(new CryptoError(refusal.code, refusal.message));
  else reject(new Error(failure ?? 'the thread that verifies gave no answer'));
};

/** The compiled file, also when this module itself runs from its source (tests). */
const workerFile = (): string => {
  const beside = join(__dirname, 'audit-worker.js');
  return existsSync(beside) ? beside : join(__dirname, '../../dist/ledger/audit-worker.js');
};
