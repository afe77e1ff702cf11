import type { AuditAnswer, AuditedKind } from '@medseal/client';

export const FILES: Readonly<Record<AuditedKind, string>> = {
  sealed: 'Sealed record',
  sanitized: 'Sanitised document',
};

const STATES: Readonly<
  Record<AuditAnswer['status'], { kind: 'good' | 'bad' | 'warning' | 'neutral'; text: string }>
> = {
  opened: { kind: 'warning', text: 'Waits for a contribution' },
  contributed: { kind: 'warning', text: 'Waits for the auditor’s nonce' },
  revealed: { kind: 'warning', text: 'Waits for the proof' },
  intact: { kind: 'good', text: 'Intact' },
  failed: { kind: 'bad', text: 'Failed' },
  aborted: { kind: 'neutral', text: 'No verdict' },
};

/** How an audit stands, and by which colour. */
export const auditState = ({ status }: Pick<AuditAnswer, 'status'>) => STATES[status];

export const isOpen = ({ closedAt }: Pick<AuditAnswer, 'closedAt'>): boolean => closedAt === null;

/** Until when the next act is accepted. */
export function deadlineOf({ status, deadlines }: AuditAnswer): string | undefined {
  if (status === 'opened') return deadlines.contributeBy;
  if (status === 'contributed') return deadlines.revealBy;
  return status === 'revealed' ? deadlines.proveBy : undefined;
}

/** Never rounded up to certainty. */
export const percentText = (probability: number): string => `${Math.floor(probability * 1_000) / 10} %`;
