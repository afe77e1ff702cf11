import type { EmergencyAnswer, EmergencyReason, EmergencyVerdict } from '@medseal/client';
import { t } from '../i18n';

const REASONS: readonly EmergencyReason[] = ['LIFE_THREATENING', 'UNRESPONSIVE', 'CANNOT_CONSENT', 'URGENT'];
const VERDICTS: readonly EmergencyVerdict[] = ['justified', 'unjustified'];

export const reasonText = (reason: EmergencyReason): string => t(`emergency.reason.${reason}`);

/** To choose from. */
export const reasonOptions = () => REASONS.map((reason) => [reason, reasonText(reason)] as const);

export const verdictOptions = () =>
  VERDICTS.map((verdict) => [verdict, t(`emergency.verdict.${verdict}`)] as const);

/** Of a doctor whom only the other hospital knows by name. */
export const doctorText = ({ readerName, reader }: EmergencyAnswer): string =>
  readerName ?? t('common.staff', { id: reader.slice(0, 8) });

/** How a case stands, and by which colour. */
export function caseState({ status, overdue, verdict }: EmergencyAnswer): {
  kind: 'good' | 'bad' | 'warning' | 'neutral';
  text: string;
} {
  if (status === 'closed')
    return verdict === 'unjustified'
      ? { kind: 'bad', text: t('emergency.state.unjustified') }
      : { kind: 'good', text: t('emergency.state.justified') };
  if (overdue) return { kind: 'bad', text: t('emergency.state.overdue') };
  return status === 'open'
    ? { kind: 'warning', text: t('emergency.state.open') }
    : { kind: 'neutral', text: t('emergency.state.ended') };
}
