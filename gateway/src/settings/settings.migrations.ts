import type { Migration } from '../database/migrations.js';

export const settingsMigrations: readonly Migration[] = [
  {
    name: 'settings-1',
    sql: `
      CREATE TABLE settings (
        name text PRIMARY KEY,
        value text NOT NULL
      );
    `,
  },
];
