import type { Migration } from '../database/migrations.js';

export const authMigrations: readonly Migration[] = [
  {
    name: 'auth-1-accounts',
    // login: HMAC of the user name; sealed: user name and display name; bundle: the staff member's wrapped keys.
    sql: `
      CREATE TABLE accounts (
        subject text PRIMARY KEY,
        login text NOT NULL UNIQUE,
        role text NOT NULL,
        status text NOT NULL,
        sealed bytea NOT NULL,
        certificate text NOT NULL,
        kdf text NOT NULL,
        salt bytea NOT NULL,
        verifier bytea NOT NULL,
        bundle bytea,
        initial_password boolean NOT NULL,
        created_at timestamptz NOT NULL
      );
      CREATE TABLE sessions (
        id text PRIMARY KEY,
        token_hash bytea NOT NULL UNIQUE,
        subject text NOT NULL REFERENCES accounts (subject) ON DELETE CASCADE,
        bundle bytea,
        remember boolean NOT NULL,
        created_at timestamptz NOT NULL,
        last_used_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      );
      CREATE INDEX sessions_subject ON sessions (subject);
      CREATE TABLE login_failures (
        bucket text PRIMARY KEY,
        failures integer NOT NULL,
        first_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL
      );
      CREATE TABLE known_addresses (
        bucket text PRIMARY KEY,
        seen_at timestamptz NOT NULL
      );
    `,
  },
];
