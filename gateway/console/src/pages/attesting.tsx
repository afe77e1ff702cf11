import { t } from '../i18n';
import { StepQueue } from '../records/step-queue';

export const AttestingPage = () => (
  <StepQueue step="attest" title={t('queue.attestTitle')} lead={t('queue.attestLead')} />
);
