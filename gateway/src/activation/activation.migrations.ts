import type { Migration } from '../database/migrations.js';

export const activationMigrations: readonly Migration[] = [
  {
    name: 'activation-1-codes',
    // code: HMAC; secret: the CA's one-time enrolment secret, sealed; blobs: what only the passphrase opens, sealed again.
    sql: `
      CREATE TABLE activation_codes (
        code text PRIMARY KEY,
        ledger_id text NOT NULL UNIQUE,
        enrollment_id text,
        secret bytea,
        certificate text,
        created_at bigint NOT NULL,
        used_at bigint
      );
      CREATE TABLE keyrings (
        subject text PRIMARY KEY,
        blobs bytea NOT NULL,
        updated_at bigint NOT NULL
      );
    `,
  },
];
