import { missingSteps, type RecordEntry, type RecordStep } from '@medseal/chaincode';
import type { Committed } from '../fabric/ledger-client.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';

export interface NextStep {
  step: 'seal' | RecordStep;
  role: 'author' | 'sanitizer' | 'verifier';
}

export interface RecordStatus {
  recordId: string;
  version: number;
  status: RecordEntry['status'];
  /** Null when the record is complete. */
  next: NextStep | null;
  ledger?: LedgerAnswer;
}

const ROLES: Readonly<Record<RecordStep, NextStep['role']>> = {
  blind: 'author',
  sanitize: 'sanitizer',
  upload: 'author',
  attest: 'verifier',
  chain: 'author',
};

/** What has to be done next and by whom; null when the record is chained. */
export const nextStep = (entry: RecordEntry): NextStep | null => {
  if (entry.status === 'created') return { step: 'seal', role: 'author' };
  const [step] = missingSteps(entry);
  return step === undefined ? null : { step, role: ROLES[step] };
};

/** @param committed the transaction that did it, where it is known */
export const statusOf = (entry: RecordEntry, committed?: Committed): RecordStatus => ({
  recordId: entry.recordId,
  version: entry.version,
  status: entry.status,
  next: nextStep(entry),
  ...ledgerPart(committed),
});

export const ledgerPart = (committed: Committed | undefined): { ledger?: LedgerAnswer } =>
  committed === undefined ? {} : { ledger: ledgerAnswer(committed) };
