import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A step that failed or took too long; the message says which, why, and where to look. */
export class StepError extends Error {
  override readonly name = 'StepError';
}

const POLL_MS = 50;

/**
 * Asks until `probe` gives a value. A probe that throws is asked again; one that throws a StepError ends the wait.
 * @throws StepError with the last reason when `seconds` have passed
 */
export const until = async <T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined>,
): Promise<T> => {
  const deadline = Date.now() + seconds * 1000;
  let reason = 'no answer yet';
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      if (error instanceof StepError) throw error;
      reason = (error as Error).message;
    }
    if (Date.now() > deadline) throw new StepError(`${what} took longer than ${seconds} s: ${reason}`);
    await sleep(POLL_MS);
  }
};

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/**
 * Runs one of Fabric's programs to its end.
 * @returns what it wrote to stdout
 * @throws StepError with what it wrote last
 */
export const run = (what: string, { file, args, environment, seconds }: Command): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      {
        // Nothing of the caller's own Fabric settings may reach the programs.
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
        timeout: seconds * 1000,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const reason = error.killed
          ? `took longer than ${seconds} s`
          : `failed: ${lastLine(stderr) || lastLine(stdout) || error.message.split('\n')[0]}`;
        reject(new StepError(`${what} ${reason}`, { cause: error }));
      },
    );
  });

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** The last line that says something; Fabric's programs print their usage after some errors. */
export const lastLine = (text: string): string => {
  const lines = text
    .replace(COLOURS, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.find((line) => line.startsWith('Error:')) ?? lines.at(-1) ?? '';
};
