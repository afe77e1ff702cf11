import type { AuditAnswer, AuditedKind } from '@medseal/client';
import { t } from '../i18n';
import { shareText } from '../i18n/locale';

export const FILES: readonly AuditedKind[] = ['sealed', 'sanitized'];

export const fileText = (kind: AuditedKind): string => t(`audit.file.${kind}`);

const COLOURS: Readonly<Record<AuditAnswer['status'], 'good' | 'bad' | 'warning' | 'neutral'>> = {
  opened: 'warning',
  contributed: 'warning',
  revealed: 'warning',
  intact: 'good',
  failed: 'bad',
  aborted: 'neutral',
};

/** How an audit stands, and by which colour. */
export const auditState = ({ status }: Pick<AuditAnswer, 'status'>) => ({
  kind: COLOURS[status],
  text: t(`audit.state.${status}`),
});

export const isOpen = ({ closedAt }: Pick<AuditAnswer, 'closedAt'>): boolean => closedAt === null;

/** Until when the next act is accepted. */
export function deadlineOf({ status, deadlines }: AuditAnswer): string | undefined {
  if (status === 'opened') return deadlines.contributeBy;
  if (status === 'contributed') return deadlines.revealBy;
  return status === 'revealed' ? deadlines.proveBy : undefined;
}

/** Never rounded up to certainty. */
export const percentText = (probability: number): string =>
  shareText(Math.floor(probability * 1_000) / 1_000);
