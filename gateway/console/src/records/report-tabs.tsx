import { t } from '../i18n';
import { Link } from '@tanstack/react-router';

/** Two views of the chain: by record and by block. */
export const ReportTabs = () => (
  <nav className="tabs no-print" aria-label={t('report.tabs')}>
    <Link to="/report" activeOptions={{ exact: true }} activeProps={{ 'aria-current': 'page' }}>
      {t('report.tab.records')}
    </Link>
    <Link to="/report/blocks" activeProps={{ 'aria-current': 'page' }}>
      {t('report.tab.blocks')}
    </Link>
  </nav>
);
