import { type ListPage, MAX_PAGE } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';

/** A query of the contracts as the organisation's service, on its own peer; the answer is JSON. */
export const evaluateJson = async <Answer>(
  organization: Organization,
  fn: string,
  args: string[],
): Promise<Answer> =>
  JSON.parse((await organization.ledger.evaluate(organization.service, fn, args)).toString()) as Answer;

/** Every page of a list of the contracts. */
export const evaluatePages = async <Page extends { next: string | null }>(
  evaluate: (limit: string, after: string) => Promise<Page>,
): Promise<Page[]> => {
  const pages: Page[] = [];
  for (let after: string | null = ''; after !== null; after = pages.at(-1)!.next)
    pages.push(await evaluate(String(MAX_PAGE), after));
  return pages;
};

/** All items of a list of the contracts, asked as the organisation's service. */
export const evaluateList = async <Item>(
  organization: Organization,
  fn: string,
  args: string[],
): Promise<Item[]> => {
  const pages = await evaluatePages((limit, after) =>
    evaluateJson<ListPage<Item>>(organization, fn, [...args, limit, after]),
  );
  return pages.flatMap(({ items }) => items);
};
