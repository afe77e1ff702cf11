import type { Migration } from '../database/migrations.js';

export const auditMigrations: readonly Migration[] = [
  {
    name: 'audits-1-repairs',
    // What became of files of this organisation's records after an audit of them had failed.
    sql: `
      CREATE TABLE audit_repairs (
        audit_id text PRIMARY KEY,
        outcome text NOT NULL,
        repaired_at timestamptz NOT NULL
      );
    `,
  },
];
