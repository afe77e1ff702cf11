import { createHash } from 'node:crypto';
import { problem } from './problem.js';

/** Strong validator of an entry's version. */
export const etag = (version: number): string => `"${version}"`;

/** The same of an answer that changes without a new version, as a record does from step to step. */
export const etagOf = (answer: { version: number }): string =>
  `"${answer.version}-${createHash('sha256').update(JSON.stringify(answer)).digest('hex').slice(0, 32)}"`;

/**
 * Compares If-Match with the current version. A request without it is let through: the ledger's own version check
 * still refuses a lost update.
 * @throws ProblemException 412
 */
export const checkIfMatch = (ifMatch: string | undefined, version: number): void => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(etag(version))) return;
  throw problem(
    412,
    'VERSION_CONFLICT',
    'If-Match names another version: read the resource again and repeat the change.',
    [{ field: 'If-Match', message: `must be ${etag(version)} to change the current version` }],
  );
};
