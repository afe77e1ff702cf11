import { invalid } from './problem.js';

export interface PageRequest {
  /** 1 to 200. */
  limit: number;
  /** What `page` gave as `nextCursor`, decoded; undefined for the first page. */
  cursor?: string;
  q?: string;
  sort?: string;
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
  total: number;
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const TEXT_MAX = 200;

/** Reads `limit`, `cursor`, `q` and `sort` of a list's query. @throws ProblemException naming the parameter */
export const pageOf = (query: Record<string, unknown>): PageRequest => {
  const text = (name: string): string | undefined => {
    const value = query[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw invalid(name, 'may be given once only.');
    if (value.length > TEXT_MAX) throw invalid(name, `may have at most ${TEXT_MAX} characters.`);
    return value;
  };
  const limitText = text('limit');
  const limit = limitText === undefined ? LIMIT_DEFAULT : Number(limitText);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw invalid('limit', `must be a whole number from 1 to ${LIMIT_MAX}.`);
  }
  const cursorText = text('cursor');
  return {
    limit,
    cursor: cursorText === undefined ? undefined : decodeCursor(cursorText),
    q: text('q')?.trim(),
    sort: text('sort'),
  };
};

/** @param next where the next page begins, in the module's own terms; null on the last page */
export const page = <Item>(items: Item[], next: string | null, total: number): Page<Item> => ({
  items,
  nextCursor: next === null ? null : Buffer.from(next).toString('base64url'),
  total,
});

/** A page of a list that is in memory as a whole, already in order; the cursor is the last item's key. */
export const pageOfArray = <Item>(
  all: readonly Item[],
  request: PageRequest,
  keyOf: (item: Item) => string,
): Page<Item> => {
  const start =
    request.cursor === undefined ? 0 : all.findIndex((item) => keyOf(item) === request.cursor) + 1;
  if (request.cursor !== undefined && start === 0)
    throw invalid('cursor', 'is unknown: start again without it.');
  const items = all.slice(start, start + request.limit);
  const last = items.at(-1);
  const more = start + items.length < all.length;
  return page(items, more && last !== undefined ? keyOf(last) : null, all.length);
};

const decodeCursor = (text: string): string => {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw invalid('cursor', 'is not one that this service gave.');
  return Buffer.from(text, 'base64url').toString();
};
