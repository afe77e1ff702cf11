import type { Migration } from '../database/migrations.js';

export const outboxMigrations: readonly Migration[] = [
  {
    name: 'outbox-1',
    // act: the public step only, sealed; private values never rest here.
    sql: `
      CREATE TABLE two_part_acts (
        business_id text PRIMARY KEY,
        act bytea NOT NULL,
        created_at timestamptz NOT NULL
      );
      CREATE TABLE jobs (
        id bigserial PRIMARY KEY,
        kind text NOT NULL,
        dedupe_key text NOT NULL,
        payload bytea NOT NULL,
        attempts integer NOT NULL,
        next_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        UNIQUE (kind, dedupe_key)
      );
    `,
  },
];
