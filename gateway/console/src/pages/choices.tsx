import { Link } from '@tanstack/react-router';
import { Choices } from '../consents/choices';
import { t } from '../i18n';
import { Page } from '../ui/page';

/** After the activation, and whenever the patient wants to decide anew. */
export const ChoicesPage = () => (
  <Page title={t('choices.title')} lead={t('choices.lead')}>
    <Choices />
    <p>
      <Link to="/">{t('choices.back')}</Link>
    </p>
  </Page>
);
