import type { Migration } from '../database/migrations.js';

export const consentActMigrations: readonly Migration[] = [
  {
    name: 'consent-acts-1',
    sql: `
      CREATE TABLE consent_grants (
        consent_id text PRIMARY KEY,
        owner text NOT NULL,
        business_id text NOT NULL,
        body bytea NOT NULL,
        done text NOT NULL,
        begun_at bigint NOT NULL
      );
      CREATE INDEX consent_grants_owner ON consent_grants (owner);
    `,
  },
  {
    name: 'consent-acts-2-requests-made',
    sql: `
      CREATE TABLE consent_requests_made (
        request_id text PRIMARY KEY,
        subject text NOT NULL,
        asked_at bigint NOT NULL,
        request bytea NOT NULL
      );
      CREATE INDEX consent_requests_made_subject ON consent_requests_made (subject, asked_at);
    `,
  },
  {
    name: 'consent-acts-3-own-terms',
    // Sealed by the owner's device to itself: the ledger only commits to the terms, and the owner wants to read them.
    sql: `
      CREATE TABLE consent_own_terms (
        consent_id text PRIMARY KEY,
        owner text NOT NULL,
        sealed bytea NOT NULL
      );
      CREATE INDEX consent_own_terms_owner ON consent_own_terms (owner);
      ALTER TABLE consent_own_terms ALTER COLUMN sealed SET STATISTICS 0;
    `,
  },
];
