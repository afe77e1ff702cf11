import { invalid } from '../http/problem.js';
import { textOf } from '../http/query.js';

/** `version` of a query. @throws ProblemException */
export const versionOf = (query: Record<string, unknown>): number | undefined => {
  const text = textOf(query, 'version');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalid('version', 'must be a whole number from 1.');
  return Number(text);
};
