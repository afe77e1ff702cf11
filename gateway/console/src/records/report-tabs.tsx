import { Link } from '@tanstack/react-router';

/** Two views of the chain: by record and by block. */
export const ReportTabs = () => (
  <nav className="tabs no-print" aria-label="Views of the chain">
    <Link to="/report" activeOptions={{ exact: true }} activeProps={{ 'aria-current': 'page' }}>
      Records
    </Link>
    <Link to="/report/blocks" activeProps={{ 'aria-current': 'page' }}>
      Blocks
    </Link>
  </nav>
);
