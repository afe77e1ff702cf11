import type { Migration } from '../database/migrations.js';

/**
 * The database's statistics keep samples of a column's values, and would keep them longer than the rows. Sealed columns
 * are never searched: they need none.
 */
export const erasureMigrations: readonly Migration[] = [
  {
    name: 'erasure-1-no-samples-of-sealed-columns',
    sql: `
      ALTER TABLE private_values ALTER COLUMN value SET STATISTICS 0;
      ALTER TABLE accounts ALTER COLUMN sealed SET STATISTICS 0;
      ALTER TABLE keyrings ALTER COLUMN blobs SET STATISTICS 0;
      ALTER TABLE device_acts ALTER COLUMN payload SET STATISTICS 0;
      ALTER TABLE device_acts ALTER COLUMN bytes SET STATISTICS 0;
      ALTER TABLE device_acts ALTER COLUMN signed_bytes SET STATISTICS 0;
      ALTER TABLE device_acts ALTER COLUMN answer SET STATISTICS 0;
      ALTER TABLE device_acts ALTER COLUMN call_options SET STATISTICS 0;
      ALTER TABLE consent_grants ALTER COLUMN body SET STATISTICS 0;
      ALTER TABLE consent_own_terms ALTER COLUMN sealed SET STATISTICS 0;
      ALTER TABLE consent_requests_made ALTER COLUMN request SET STATISTICS 0;
      ALTER TABLE idempotency ALTER COLUMN answer SET STATISTICS 0;
      ALTER TABLE jobs ALTER COLUMN payload SET STATISTICS 0;
      ALTER TABLE two_part_acts ALTER COLUMN act SET STATISTICS 0;
    `,
  },
];
