import type { Database } from './database.js';
import { activationMigrations } from '../activation/activation.migrations.js';
import { auditMigrations } from '../audits/audits.migrations.js';
import { authMigrations } from '../auth/auth.migrations.js';
import { careTeamMigrations } from '../care-teams/care-teams.migrations.js';
import { choiceMigrations } from '../choices/choices.migrations.js';
import { consentMigrations } from '../consents/consents.migrations.js';
import { emergencyMigrations } from '../emergencies/emergencies.migrations.js';
import { erasureMigrations } from '../erasure/erasure.migrations.js';
import { integrityMigrations } from '../integrity/integrity.migrations.js';
import { idempotencyMigrations } from '../http/http.migrations.js';
import { outboxMigrations } from '../outbox/outbox.migrations.js';
import { projectionMigrations } from '../projection/projection.migrations.js';
import { consentActMigrations } from '../consents/consent-acts.migrations.js';
import { settingsMigrations } from '../settings/settings.migrations.js';
import { transactionMigrations } from '../transactions/transactions.migrations.js';

export interface Migration {
  /** Never renamed: the applied names are kept in the database. */
  name: string;
  sql: string;
}

/** In the order in which they are applied; only ever appended to, one list a module. */
export const migrations: readonly Migration[] = [
  ...authMigrations,
  ...idempotencyMigrations,
  ...outboxMigrations,
  ...projectionMigrations,
  ...transactionMigrations,
  ...consentActMigrations,
  ...activationMigrations,
  ...consentMigrations,
  ...careTeamMigrations,
  ...choiceMigrations,
  ...emergencyMigrations,
  ...erasureMigrations,
  ...settingsMigrations,
  ...integrityMigrations,
  ...auditMigrations,
];

/** Brings the schema to this version. Data written by an earlier version stays. */
export const migrate = async (
  database: Database,
  wanted: readonly Migration[] = migrations,
): Promise<void> => {
  await database.query(`CREATE SCHEMA IF NOT EXISTS ${database.schema}`);
  await database.query(
    'CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const rows = await database.query<{ name: string }>('SELECT name FROM migrations');
  const applied = new Set(rows.map((row) => row.name));
  for (const migration of wanted.filter(({ name }) => !applied.has(name))) {
    await database.transaction(async (queries) => {
      for (const statement of statements(migration.sql)) await queries.query(statement);
      await queries.query('INSERT INTO migrations (name) VALUES ($1)', [migration.name]);
    });
  }
};

/** Migrations hold plain statements only, so a semicolon at a line's end separates them. */
const statements = (sql: string): string[] =>
  sql
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.length > 0);
