import type { EmergencyAnswer, EmergencyReason } from '@medseal/client';

export const REASONS: Readonly<Record<EmergencyReason, string>> = {
  LIFE_THREATENING: 'Life is in danger',
  UNRESPONSIVE: 'The patient does not respond',
  CANNOT_CONSENT: 'The patient cannot consent',
  URGENT: 'Urgent, and the patient cannot be reached',
};

export const VERDICTS = { justified: 'Justified', unjustified: 'Not justified' } as const;

/** How a case stands, and by which colour. */
export function caseState({ status, overdue, verdict }: EmergencyAnswer): {
  kind: 'good' | 'bad' | 'warning' | 'neutral';
  text: string;
} {
  if (status === 'closed')
    return verdict === 'unjustified'
      ? { kind: 'bad', text: 'Reviewed: not justified' }
      : { kind: 'good', text: 'Reviewed: justified' };
  if (overdue) return { kind: 'bad', text: 'Review overdue' };
  return status === 'open'
    ? { kind: 'warning', text: 'Open' }
    : { kind: 'neutral', text: 'Ended, waits for review' };
}
