import { invalid } from './problem.js';

/** One value of the query; undefined where it is left out or empty. @throws ProblemException 400 for several */
export const textOf = (query: Record<string, unknown>, name: string): string | undefined => {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(name, 'may be given once only.');
  return value;
};
