import type { RecordEntry, RecordStep } from './entries.js';

/** Every step after sealing, in their order. */
export const RECORD_STEPS: readonly RecordStep[] = ['blind', 'sanitize', 'upload', 'attest', 'chain'];

/** Integrity steps that an entry of each status has behind it. */
const DONE: Readonly<Record<RecordEntry['status'], number>> = {
  created: 0,
  sealed: 0,
  blinded: 1,
  sanitized: 2,
  uploaded: 3,
  attested: 4,
  chained: 5,
};

/** The steps that an entry still needs, in their order; none of a chained one. */
export const missingSteps = ({ steps, status }: Pick<RecordEntry, 'steps' | 'status'>): RecordStep[] =>
  steps.filter((step) => RECORD_STEPS.indexOf(step) >= DONE[status]);

/** Whether a verifier gave the version back: its author may blind it anew, or amend it. */
export const isReturnedByVerifier = ({
  status,
  integrity,
}: Pick<RecordEntry, 'status' | 'integrity'>): boolean =>
  status === 'sealed' && integrity?.returned?.step === 'attest';
