import { integer, parseInteger, refuseArgument } from './validation.js';

/** Items of one page, at most. */
export const MAX_PAGE = 200;

/** One page of a list. */
export interface ListPage<Item> {
  items: Item[];
  /** For the argument `after` of the next page; null after the last one. */
  next: string | null;
}

/** Which page a caller wants. */
export interface PageWanted {
  limit: number;
  /** '' for the first page. */
  after: string;
}

/** Ids and MSP ids, as keys carry them. */
const PLACE = /^[A-Za-z0-9.-]{1,64}(?:\/[A-Za-z0-9.-]{1,64}){0,2}$/;

/** The arguments `limit` (1 to 200) and `after` ('' or the `next` of the page before). */
export const pageWanted = (limit: string, after: string): PageWanted => {
  if (after !== '' && !PLACE.test(after))
    refuseArgument('after', "must be '' or the next of the page before");
  return { limit: parseInteger(limit, integer(1, MAX_PAGE), 'limit'), after };
};
