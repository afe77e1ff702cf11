import { jobContext } from '../outbox/jobs.js';
import { actContext } from '../outbox/two-part-act.js';
import { requestContext } from '../consents/consent-asking.service.js';
import type { Queries, SqlValue } from '../database/database.js';
import { answerContext } from '../http/idempotency.interceptor.js';
import { payloadContext } from '../transactions/device-acts.js';
import type { Organization } from '../organizations/organization.js';
import { type PatientTraces, wordsOf } from './patient-traces.js';

/** Tables that held something of a patient, besides the read model's own. */
export const TABLES_OF_PATIENTS = [
  'private_values',
  'held_values',
  'handed_over',
  'accounts',
  'sessions',
  'keyrings',
  'activation_codes',
  'device_acts',
  'consent_grants',
  'consent_own_terms',
  'withheld_choices',
  'consent_requests_made',
  'idempotency',
  'jobs',
  'two_part_acts',
  'sealed_signed_files',
] as const;

const PAGE = 500;

/** Rows whose sealed text has to be opened to know whom they are about. */
interface SealedRows {
  table: string;
  id: string;
  sealed: string;
  context(row: { id: string; kind?: string }): string;
  /** Further columns of the context. */
  kind?: string;
}

const SEALED_ROWS: readonly SealedRows[] = [
  // A guardian's read is an act of the guardian.
  { table: 'device_acts', id: 'id', sealed: 'payload', context: ({ id }) => payloadContext(id) },
  { table: 'idempotency', id: 'business_id', sealed: 'answer', context: ({ id }) => answerContext(id) },
  { table: 'jobs', id: 'id', sealed: 'payload', kind: 'kind', context: ({ kind }) => jobContext(kind ?? '') },
  { table: 'two_part_acts', id: 'business_id', sealed: 'act', context: ({ id }) => actContext(id) },
  {
    table: 'consent_requests_made',
    id: 'request_id',
    sealed: 'request',
    context: ({ id }) => requestContext(id),
  },
];

/**
 * Deletes what the gateway's database has of a patient, apart from what a purge on the ledger takes out of the read
 * model. Harmless to repeat.
 *
 * @returns digests of objects that an interrupted act meant to announce
 */
export const deletePatientRows = async (
  organization: Organization,
  traces: PatientTraces,
): Promise<string[]> => {
  const { ledgerId, recordIds, consentIds, requestIds } = traces;
  const { database } = organization;
  const digests: string[] = [];
  for (const rows of SEALED_ROWS) {
    const found = await aboutPatient(organization, rows, wordsOf(traces));
    digests.push(...found.flatMap(({ text }) => objectsIn(text)));
    if (found.length === 0) continue;
    const ids = found.map(({ id }) => id);
    await database.query(`DELETE FROM ${rows.table} WHERE ${rows.id}::text = ANY($1)`, [ids]);
  }
  await database.transaction(async (queries) => {
    const remove = (from: string, value: SqlValue): Promise<object[]> =>
      queries.query(`DELETE FROM ${from}`, [value]);
    await remove('device_acts WHERE subject = $1', ledgerId);
    await remove('consent_grants WHERE owner = $1', ledgerId);
    await remove('consent_own_terms WHERE owner = $1', ledgerId);
    await remove('withheld_choices WHERE subject = $1', ledgerId);
    // Sessions go with the account.
    await remove('accounts WHERE subject = $1', ledgerId);
    await remove('keyrings WHERE subject = $1', ledgerId);
    await remove('activation_codes WHERE ledger_id = $1', ledgerId);
    await remove('sealed_signed_files WHERE record_id = ANY($1)', [...recordIds]);
    await remove('handed_over WHERE consent_id = ANY($1)', [...consentIds]);
    await remove('consent_requests_made WHERE request_id = ANY($1)', [...requestIds]);
  });
  return digests;
};

/** The index of held values names them until they are purged: it goes last. */
export const deleteHeldIndex = (queries: Queries, { ledgerId }: PatientTraces): Promise<object[]> =>
  queries.query('DELETE FROM held_values WHERE ledger_id = $1', [ledgerId]);

const aboutPatient = async (
  { database, keystore }: Organization,
  { table, id, sealed, kind, context }: SealedRows,
  words: readonly string[],
): Promise<{ id: string; text: string }[]> => {
  const found: { id: string; text: string }[] = [];
  for (let after = ''; ;) {
    const rows = await database.query<{ id: string; sealed: Uint8Array; kind?: string }>(
      `SELECT ${id}::text AS id, ${sealed} AS sealed${kind === undefined ? '' : `, ${kind} AS kind`}
         FROM ${table} WHERE ${sealed} IS NOT NULL AND ${id}::text > $1 ORDER BY ${id}::text LIMIT ${PAGE}`,
      [after],
    );
    for (const row of rows) {
      const text = JSON.stringify(await keystore.openRow<unknown>(context(row), row.sealed));
      if (words.some((word) => text.includes(word))) found.push({ id: row.id, text });
    }
    if (rows.length < PAGE) return found;
    after = rows.at(-1)!.id;
  }
};

/** Sealing stores the objects before the ledger knows them. */
const objectsIn = (text: string): string[] =>
  [...text.matchAll(/(?:sealed|header)Digest[\\"]+:[\\"]+([0-9a-f]{64})/g)].map(([, digest]) => digest ?? '');
