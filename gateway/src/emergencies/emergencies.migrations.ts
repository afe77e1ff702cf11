import type { Migration } from '../database/migrations.js';

export const emergencyMigrations: readonly Migration[] = [
  {
    name: 'emergencies-1-ceremony',
    // What the ceremony made until all of it is on the ledger: the public key and the custodians' sealed shares.
    sql: `
      CREATE TABLE emergency_ceremonies (
        digest text PRIMARY KEY,
        made text NOT NULL
      );
    `,
  },
];
