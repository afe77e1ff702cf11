import type { RecordEntry, RecordStep } from '@medseal/chaincode';
import type { RecordWrite } from './record-reader.js';

/** A step that a version has behind it; of the integrity steps those of the present round. */
export interface StepDone {
  step: 'create' | 'seal' | RecordStep;
  /** Staff id; null where the ledger does not say whether author or hospital's service did it. */
  by: string | null;
  at: string | null;
  transactionId: string;
}

/** In their order; several attestations are several of them. */
export const stepsDone = (entry: RecordEntry, writes: readonly RecordWrite[]): StepDone[] => {
  const { author, sealed, integrity, chain } = entry;
  const done = (step: StepDone['step'], fn: string, by: string | null): StepDone[] => {
    const write = writes.findLast((one) => one.fn === fn);
    if (write === undefined) return [];
    const at = write.committedAt?.toISOString() ?? null;
    return [{ step, by, at, transactionId: write.transactionId }];
  };
  const { blinded, sanitized, uploaded, attestations = [] } = integrity ?? {};
  return [
    ...done('create', 'records:create', author),
    ...(sealed === null ? [] : done('seal', 'records:seal', author)),
    ...(blinded ? done('blind', 'integrity:blind', author) : []),
    ...(sanitized ? done('sanitize', 'integrity:sanitize', sanitized.by) : []),
    ...(uploaded ? done('upload', 'integrity:upload', uploaded.by || null) : []),
    ...attestations.map(({ verifier, at, transactionId }): StepDone => ({
      step: 'attest',
      by: verifier,
      at,
      transactionId,
    })),
    ...(chain === null ? [] : done('chain', 'records:chain', null)),
  ];
};
