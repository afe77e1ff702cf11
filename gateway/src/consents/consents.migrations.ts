import type { Migration } from '../database/migrations.js';

export const consentMigrations: readonly Migration[] = [
  {
    name: 'consents-1-handed-over',
    // handed_over: what this organisation has delivered, so that nothing is delivered twice.
    // held_values: which of the own private values `held/…` is what; their content stays where it is, sealed.
    sql: `
      CREATE TABLE handed_over (
        consent_id text NOT NULL,
        what text NOT NULL,
        delivery_id text NOT NULL,
        is_done boolean NOT NULL,
        PRIMARY KEY (consent_id, what)
      );
      CREATE TABLE held_values (
        delivery_id text PRIMARY KEY,
        kind text NOT NULL,
        ledger_id text NOT NULL,
        consent_id text,
        record_id text,
        version integer
      );
      CREATE INDEX held_values_consent ON held_values (consent_id, kind);
      CREATE INDEX held_values_patient ON held_values (ledger_id, kind);
    `,
  },
  {
    name: 'consents-2-data-erasures',
    // Consents whose held values are being purged, so that a crash before the attestation loses nothing.
    sql: `
      CREATE TABLE data_erasures (
        consent_id text PRIMARY KEY,
        terms_id text NOT NULL
      );
    `,
  },
];
