import { Link } from '@tanstack/react-router';
import { t } from '../i18n';
import { Page } from '../ui/page';

/** The same for what is not there and for what the reader may not see. */
export const NotFoundPage = () => (
  <div className="door">
    <main>
      <Page title={t('notFound.title')}>
        <p>{t('notFound.text')}</p>
        <p>
          <Link to="/">{t('common.toDashboard')}</Link>
        </p>
      </Page>
    </main>
  </div>
);
