import type { Migration } from '../database/migrations.js';

export const integrityMigrations: readonly Migration[] = [
  {
    name: 'integrity-1-keys',
    // What the ceremony made until all of it is on the ledger: public parameters and the extractors' sealed shares.
    // Identity keys: each sealed to the receiving key of the doctor whose it is.
    sql: `
      CREATE TABLE master_key_ceremonies (
        version integer PRIMARY KEY,
        made text NOT NULL
      );
      CREATE TABLE identity_keys (
        subject text PRIMARY KEY,
        key_epoch integer NOT NULL,
        receiving_key text NOT NULL,
        sealed bytea NOT NULL
      );
    `,
  },
  {
    name: 'integrity-2-steps',
    // The file's digest reaches the ledger with the upload; its tag is there before.
    sql: `
      CREATE TABLE sealed_signed_files (
        tag_hash text PRIMARY KEY,
        record_id text NOT NULL,
        digest text NOT NULL
      );
      CREATE INDEX sealed_signed_files_record ON sealed_signed_files (record_id);
      CREATE INDEX record_versions_open ON record_versions (status) WHERE status IN ('sanitized', 'attested');
    `,
  },
];
