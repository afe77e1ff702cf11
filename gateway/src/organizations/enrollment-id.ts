import { randomBytes } from 'node:crypto';

/** Random, because every block carries it: never a name. */
export const newEnrollmentId = (): string => `u-${randomBytes(10).toString('hex')}`;
