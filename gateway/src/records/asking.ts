import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerError } from '../fabric/ledger-client.js';
import { problem } from '../http/problem.js';

/** A peer that has not yet seen the block is asked again; about four seconds in all. */
const RECEIPT_ATTEMPTS_MAX = 20;
const RECEIPT_INTERVAL_MS = 200;
const RECEIPT_BEHIND: readonly LedgerError['code'][] = ['RECEIPT_NOT_FOUND'];

export interface Asking<Answer> {
  /** MSP ids. */
  organizations: readonly string[];
  threshold: number;
  /** Waits for everybody, not only for as many as are needed. */
  all?: boolean;
  /** What the organisations asked are called, e.g. `agents`. */
  as: 'agents' | 'custodians' | 'extractors';
  /** Refusals of a peer that has not yet seen what was just committed. */
  behind?: readonly LedgerError['code'][];
  ask(mspId: string): Promise<Answer>;
}

/**
 * Asks organisations at once until enough have answered.
 *
 * @throws LedgerError of a refusal; ProblemException 503 `AGENTS_UNAVAILABLE`, `CUSTODIANS_UNAVAILABLE` or
 *   `EXTRACTORS_UNAVAILABLE` naming who does not answer
 */
export const answersOf = async <Answer>({
  organizations,
  threshold,
  all: waitsForAll = false,
  as,
  behind = RECEIPT_BEHIND,
  ask,
}: Asking<Answer>): Promise<Answer[]> => {
  const answers: Answer[] = [];
  const failures: Failure[] = [];
  const asked = organizations.map(async (mspId) => {
    try {
      answers.push(await onceSeen(() => ask(mspId), behind));
    } catch (error) {
      failures.push({ mspId, error });
    }
  });
  const all = Promise.all(asked);
  if (waitsForAll) await all;
  // One that is away takes long to be given up.
  else await Promise.race([all, someOf(asked, () => answers.length >= threshold)]);
  if (answers.length >= threshold) return answers;
  throw tooFew(failures, threshold, organizations.length, as);
};

interface Failure {
  mspId: string;
  error: unknown;
}

/** The answer of a peer that may not have the block yet. */
export const onceSeen = async <Answer>(
  ask: () => Promise<Answer>,
  behind: readonly LedgerError['code'][] = RECEIPT_BEHIND,
): Promise<Answer> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const isBehind = error instanceof LedgerError && behind.includes(error.code);
      if (!isBehind || attempt >= RECEIPT_ATTEMPTS_MAX) throw error;
      await sleep(RECEIPT_INTERVAL_MS);
    }
  }
};

/** Ends when enough of the calls have ended well; never if they do not. */
const someOf = (calls: Promise<void>[], isEnough: () => boolean): Promise<void> =>
  new Promise((done) => {
    for (const call of calls) {
      void call.then(() => {
        if (isEnough()) done();
      });
    }
  });

const tooFew = (failures: Failure[], threshold: number, of: number, as: Asking<never>['as']): unknown => {
  const refusal = failures.find(
    ({ error }) => !(error instanceof LedgerError) || error.code !== 'LEDGER_UNAVAILABLE',
  );
  if (refusal !== undefined) return refusal.error;
  const away = failures.map(({ mspId }) => mspId).sort();
  return problem(
    503,
    `${as.toUpperCase()}_UNAVAILABLE`,
    `${threshold} of ${of} ${as} are needed, but ${away.join(', ')} did not answer: try again later.`,
    away.map((mspId) => ({ field: as, message: mspId })),
    { headers: { 'Retry-After': '10' } },
  );
};
