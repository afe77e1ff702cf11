import type { Migration } from '../database/migrations.js';

export const transactionMigrations: readonly Migration[] = [
  {
    name: 'transactions-1-device-acts',
    sql: `
      CREATE TABLE device_acts (
        id text PRIMARY KEY,
        kind text NOT NULL,
        subject text NOT NULL,
        msp_id text NOT NULL,
        certificate text NOT NULL,
        fn text NOT NULL,
        args text NOT NULL,
        payload bytea NOT NULL,
        stage text NOT NULL CHECK (stage IN ('proposal', 'transaction', 'submitted', 'committed', 'refused')),
        bytes bytea NOT NULL,
        signed_bytes bytea NOT NULL,
        transaction_id text NOT NULL,
        prepared_at bigint NOT NULL,
        begun_at bigint NOT NULL,
        answer bytea
      );
      CREATE INDEX device_acts_subject ON device_acts (subject, kind);
      CREATE INDEX device_acts_begun ON device_acts (begun_at);
    `,
  },
  {
    name: 'transactions-2-call-options',
    sql: 'ALTER TABLE device_acts ADD COLUMN call_options bytea;',
  },
];
