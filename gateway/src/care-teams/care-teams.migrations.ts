import type { Migration } from '../database/migrations.js';

export const careTeamMigrations: readonly Migration[] = [
  {
    name: 'care-teams-1',
    // A team's secret key, sealed to one holder's X25519 key.
    sql: `
      CREATE TABLE care_team_keys (
        team_id text NOT NULL,
        public_key text NOT NULL,
        subject text NOT NULL,
        receiving_key text NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (public_key, subject, receiving_key)
      );
      CREATE INDEX care_team_keys_subject ON care_team_keys (subject);
    `,
  },
];
