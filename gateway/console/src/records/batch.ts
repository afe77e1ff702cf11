import { useSyncExternalStore } from 'react';
import { noticeFailure } from '../app/session';
import { explain } from '../ui/explain';

/** What became of one record of a batch. */
export interface BatchResult {
  recordId: string;
  /** Left for a person to look at, with what was found; or not done, with why. */
  outcome: 'done' | 'left' | 'failed';
  detail?: string;
}

export interface Batch {
  /** Which queue it is of. */
  name: string;
  total: number;
  results: readonly BatchResult[];
  /** Of the record that is under way. */
  current: string | undefined;
  isStopping: boolean;
}

/**
 * Several records, one after the other, whichever page is open meanwhile. It ends with the window; what was done by then
 * is done, and the rest waits as before.
 */
let batch: Batch | undefined;
/** The run that goes on; an earlier one's answers are nobody's any more. */
let own: symbol | undefined;
const listeners = new Set<() => void>();

const set = (next: Batch | undefined): void => {
  batch = next;
  for (const listener of listeners) listener();
};

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const useBatch = (): Batch | undefined => useSyncExternalStore(subscribe, () => batch);

export const isRunning = (one: Batch | undefined): boolean => one?.current !== undefined;

/** @param act decides about one record */
export async function runBatch(
  name: string,
  recordIds: readonly string[],
  act: (recordId: string) => Promise<Omit<BatchResult, 'recordId'>>,
  onStep: () => void,
): Promise<void> {
  if (isRunning(batch)) return;
  const run = (own = Symbol(name));
  let results: readonly BatchResult[] = [];
  for (const recordId of recordIds) {
    if (batch?.isStopping && results.length > 0) break;
    set({ name, total: recordIds.length, results, current: recordId, isStopping: false });
    try {
      results = [...results, { recordId, ...(await act(recordId)) }];
    } catch (error) {
      noticeFailure(error);
      results = [...results, { recordId, outcome: 'failed', detail: explain(error) }];
    }
    // Somebody else is at the window.
    if (own !== run) return;
    if (batch !== undefined) set({ ...batch, results });
    onStep();
  }
  set({ name, total: recordIds.length, results, current: undefined, isStopping: false });
}

/** After the record that is under way. */
export const stopBatch = (): void => {
  if (batch !== undefined) set({ ...batch, isStopping: true });
};

/** What came of it has been seen. */
export const closeBatch = (): void => {
  if (!isRunning(batch)) set(undefined);
};

/** Whoever it was of has left: nothing more of it is begun, and the next person sees nothing of it. */
export const forgetBatch = (): void => {
  own = undefined;
  set(undefined);
};
