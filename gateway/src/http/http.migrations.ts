import type { Migration } from '../database/migrations.js';

export const idempotencyMigrations: readonly Migration[] = [
  {
    name: 'http-1-idempotency',
    // secret and answer are sealed under the organisation's database key: answers hold personal values.
    sql: `
      CREATE TABLE idempotency (
        business_id text PRIMARY KEY,
        body_hash text NOT NULL,
        secret bytea NOT NULL,
        status integer,
        answer bytea,
        created_at timestamptz NOT NULL
      );
      CREATE INDEX idempotency_created_at ON idempotency (created_at);
    `,
  },
];
