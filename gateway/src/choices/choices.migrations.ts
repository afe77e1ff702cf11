import type { Migration } from '../database/migrations.js';

export const choiceMigrations: readonly Migration[] = [
  {
    name: 'choices-1',
    // Consents that a patient does not want to give: they are not asked for again.
    sql: `
      CREATE TABLE withheld_choices (
        subject text NOT NULL,
        choice text NOT NULL,
        decided_at timestamptz NOT NULL,
        PRIMARY KEY (subject, choice)
      );
    `,
  },
];
