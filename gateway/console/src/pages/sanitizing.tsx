import { t } from '../i18n';
import { StepQueue } from '../records/step-queue';

export const SanitizingPage = () => (
  <StepQueue step="sanitize" title={t('queue.sanitizeTitle')} lead={t('queue.sanitizeLead')} />
);
