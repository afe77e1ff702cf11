import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the request being served, wherever in the code it is. */
export interface RequestContext {
  requestId: string;
  /** MSP id → highest block in which the request committed something. */
  committed: Map<string, number>;
  /** Of the `BusinessRequest`, once it is known. */
  businessId?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

export const runInRequest = <Result>(context: RequestContext, act: () => Result): Result =>
  storage.run(context, act);

export const currentRequest = (): RequestContext | undefined => storage.getStore();

/** Remembers a commit, so that the answer waits until the read model shows it. */
export const noteCommit = (mspId: string, blockNumber: number): void => {
  const committed = storage.getStore()?.committed;
  committed?.set(mspId, Math.max(committed.get(mspId) ?? 0, blockNumber));
};
