import type { RecordEntry } from '@medseal/chaincode';
import { problem, type ProblemException } from '../http/problem.js';

/** For an object that the store does not give back as it was put. */
export const damaged = (
  code: 'OBJECT_ALTERED' | 'OBJECT_MISSING',
  { recordId, version }: RecordEntry,
  digest: string,
  what: string,
  cause: Error,
): ProblemException =>
  problem(
    409,
    code,
    `Object ${digest} of record ${recordId}, version ${version}, ${what}: restore it from a copy.`,
    undefined,
    { cause },
  );
