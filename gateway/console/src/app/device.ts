import { type ActivationInput, type ActProgress, ProblemError } from '@medseal/client';
import type { Call, CallName, CarriedError, DeviceCalls, Reply } from './device-calls';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onProgress?: (progress: ActProgress) => void;
}

/**
 * A patient's device as the page sees it. Pairing and certificate code is large and its work is long: it is loaded when
 * a patient unlocks or activates, and runs beside the page.
 */
export class Device {
  readonly #worker = new Worker(new URL('./device-worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#answered(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      // Its code did not come.
      this.#end(new TypeError('The device’s code could not be loaded.'));
    });
  }

  static async unlock(passphrase: string): Promise<Device> {
    return (await begun('unlock', passphrase)).device;
  }

  /** `result`: the recovery words. */
  static activate(input: ActivationInput): Promise<Begun<string>> {
    return begun('activate', input);
  }

  static async recover(words: string, passphrase: string): Promise<Device> {
    return (await begun('recover', words, passphrase)).device;
  }

  static async changePassphrase(present: string, next: string): Promise<Device> {
    return (await begun('changePassphrase', present, next)).device;
  }

  /** `result`: the recovery words. */
  static recoveryWords(passphrase: string): Promise<Begun<string>> {
    return begun('recoveryWords', passphrase);
  }

  /** SHA-256 of the ministry's root as the letter prints it. */
  static async fingerprint(rootCertificate: string): Promise<string> {
    const device = new Device();
    try {
      return await device.call('fingerprint', rootCertificate);
    } finally {
      device.forget();
    }
  }

  /** @throws ProblemError; TypeError without connection; errors with `code` of the device */
  call<Name extends CallName>(
    name: Name,
    ...args: Parameters<DeviceCalls[Name]>
  ): ReturnType<DeviceCalls[Name]> {
    return this.callWithProgress(undefined, name, ...args);
  }

  callWithProgress<Name extends CallName>(
    onProgress: ((progress: ActProgress) => void) | undefined,
    name: Name,
    ...args: Parameters<DeviceCalls[Name]>
  ): ReturnType<DeviceCalls[Name]> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#worker.postMessage({ id, name, args } satisfies Call);
    }) as ReturnType<DeviceCalls[Name]>;
  }

  /** Ends the thread, and with it all that it knew. */
  forget(): void {
    this.#worker.terminate();
    this.#end(new Error('The keys were locked meanwhile: unlock them and try again.'));
  }

  #answered(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ('progress' in reply) {
      waiting.onProgress?.(reply.progress);
      return;
    }
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting.reject(asError(reply.error));
    else waiting.resolve(reply.result);
  }

  #end(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** A device that is unlocked by its first call, and what that call answered. */
interface Begun<Result> {
  device: Device;
  result: Result;
}

const begun = async <Name extends CallName>(
  name: Name,
  ...args: Parameters<DeviceCalls[Name]>
): Promise<Begun<Awaited<ReturnType<DeviceCalls[Name]>>>> => {
  const device = new Device();
  try {
    return { device, result: await device.call(name, ...args) };
  } catch (error) {
    device.forget();
    throw error;
  }
};

const asError = ({ kind, message, code, problem }: CarriedError): Error => {
  if (problem !== undefined) {
    const { status, detail, errors, requestId, retryAfter } = problem;
    return new ProblemError(status, problem.code, detail, errors, requestId, undefined, retryAfter);
  }
  if (kind === 'connection') return new TypeError(message);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
};
