import { Injectable } from '@nestjs/common';
import { guardiansOf } from '../guardians/guardianship.js';
import { page, type Page, pageOf, type PageRequest } from '../http/paging.js';
import { invalid, notFound } from '../http/problem.js';
import { textOf } from '../http/query.js';
import type { LedgerAnswer } from '../http/ledger-answer.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { Projections } from '../projection/projections.js';
import { RECEIPT_FORMAT, type ReceiptStatement } from '../verify/statement.js';

/** One read of a patient's records, as its receipt on the ledger says. */
export interface AccessLogItem {
  readonly receiptId: string;
  /** RFC 3339. */
  readonly at: string | null;
  /** Random staff id. */
  readonly reader: string;
  /** For the owner, where the hospitals' directory has it. */
  readonly readerName: string | null;
  /** MSP id of the reader's organisation. */
  readonly organization: string;
  readonly organizationName: string | null;
  readonly basis: string;
  readonly consentId: string | null;
  /** This patient's records only, even where the receipt names more. */
  readonly recordIds: readonly string[];
  /** The receipt by itself, to keep and to have verified. */
  readonly statement: ReceiptStatement;
  readonly ledger: LedgerAnswer;
}

interface ReceiptRow {
  receipt_id: string;
  reader: string;
  msp_id: string;
  basis: string;
  consent_id: string | null;
  block_number: number;
  position: number;
  committed_at: Date | null;
  organization_name: string | null;
  record_ids: string[];
}

/** A page of a log, and which reads are asked for: all of them without any. */
export interface LogRequest extends PageRequest {
  /** Staff id, or the ledger id of a guardian. */
  reader?: string;
  /** MSP id. */
  organization?: string;
  basis?: string;
  consentId?: string;
  recordId?: string;
  /** RFC 3339, included. */
  from?: string;
  /** RFC 3339, not included. */
  to?: string;
}

export const LOG_FILTERS = [
  'reader',
  'organization',
  'basis',
  'consentId',
  'recordId',
  'from',
  'to',
] as const satisfies readonly (keyof LogRequest)[];

/** @throws ProblemException naming the parameter */
export function logRequestOf(query: Record<string, unknown>): LogRequest {
  const request: LogRequest = pageOf(query);
  for (const name of LOG_FILTERS) request[name] = textOf(query, name);
  for (const name of ['from', 'to'] as const)
    if (request[name] !== undefined && !INSTANT.test(request[name]))
      throw invalid(name, 'must be an instant as 2026-01-31T00:00:00.000Z.');
  return request;
}

const INSTANT =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3})?Z$/;

/** By what a log can be narrowed: everything that is in it, however long ago. */
export interface LogChoices {
  /** By organisation and staff id. */
  readonly readers: readonly (Pick<
    AccessLogItem,
    'reader' | 'readerName' | 'organization' | 'organizationName'
  > & { readonly reads: number })[];
  readonly bases: readonly string[];
  readonly consentIds: readonly string[];
  readonly recordIds: readonly string[];
}

/** Of each kind; a patient has far fewer. */
const CHOICES_MAX = 1_000;

/** Whose log a caller may see, and whether with names. */
export interface OpenLog {
  readonly organization: Organization;
  readonly ledgerId: string;
  nameOf(reader: string): string | null;
}

/** Receipts of reads, newest first. */
@Injectable()
export class AccessLogService {
  constructor(private readonly projections: Projections) {}

  /** The owner's own log. @throws ProblemException 404 for any number but the caller's */
  ofOwner({ organization, subject }: SessionUser, registrationNo: string): OpenLog {
    const { personal } = this.projections.of(organization);
    if (personal.patientByNumber(registrationNo)?.ledgerId !== subject) throw notFound();
    return { organization, ledgerId: subject, nameOf: (reader) => personal.staff(reader)?.name ?? null };
  }

  /** The public part: no name. An unknown ledgerId has an empty log. @throws ProblemException 404 for no guardian of theirs */
  async ofLedgerId({ organization, role, subject }: SessionUser, ledgerId: unknown): Promise<OpenLog> {
    if (typeof ledgerId !== 'string' || !/^[0-9a-f]{32}$/.test(ledgerId)) {
      throw invalid('ledgerId', 'must be 32 lower-case hex characters.');
    }
    const isOwn = role !== 'patient' || subject === ledgerId;
    if (!isOwn && !(await guardiansOf(organization, ledgerId)).includes(subject)) throw notFound();
    return { organization, ledgerId, nameOf: () => null };
  }

  async page({ organization, ledgerId, nameOf }: OpenLog, request: LogRequest): Promise<Page<AccessLogItem>> {
    const { database, ledger } = organization;
    const { limit, cursor } = request;
    const before = cursor === undefined ? undefined : /^(\d{1,9})\/(\d{1,9})$/.exec(cursor);
    if (before === null) throw invalid('cursor', 'is not one that this service gave.');
    const wanted = [ledgerId, ...LOG_FILTERS.map((name) => request[name] ?? null)];
    const rows = await database.query<ReceiptRow>(
      `SELECT r.receipt_id, r.reader, r.msp_id, r.basis, r.consent_id, r.block_number, r.position, r.committed_at,
              o.entry->>'name' AS organization_name, array_agg(x.record_id ORDER BY x.record_id) AS record_ids
       FROM receipt_records x JOIN receipts r USING (receipt_id) LEFT JOIN organizations o ON o.msp_id = r.msp_id
       WHERE ${WANTED} AND (r.block_number, r.position) < ($9, $10)
       GROUP BY r.receipt_id, o.msp_id
       ORDER BY r.block_number DESC, r.position DESC LIMIT $11`,
      [...wanted, before ? Number(before[1]) : MOST, before ? Number(before[2]) : MOST, limit + 1],
    );
    const [count] = await database.query<{ total: number }>(
      `SELECT count(DISTINCT r.receipt_id)::int AS total
       FROM receipt_records x JOIN receipts r USING (receipt_id) WHERE ${WANTED}`,
      wanted,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next = rows.length > limit && last ? `${last.block_number}/${last.position}` : null;
    return page(
      shown.map((row) => item(row, ledger.channel, nameOf(row.reader))),
      next,
      count?.total ?? 0,
    );
  }

  async choices({ organization: { database }, ledgerId, nameOf }: OpenLog): Promise<LogChoices> {
    const readers = await database.query<Omit<LogChoices['readers'][number], 'readerName'>>(
      `SELECT r.reader, r.msp_id AS organization, o.entry->>'name' AS "organizationName",
              count(DISTINCT r.receipt_id)::int AS reads
         FROM receipt_records x JOIN receipts r USING (receipt_id) LEFT JOIN organizations o ON o.msp_id = r.msp_id
        WHERE x.ledger_id = $1 GROUP BY r.reader, r.msp_id, o.msp_id ORDER BY r.msp_id, r.reader LIMIT $2`,
      [ledgerId, CHOICES_MAX],
    );
    const distinct = async (column: 'r.basis' | 'r.consent_id' | 'x.record_id'): Promise<string[]> => {
      const rows = await database.query<{ value: string }>(
        `SELECT DISTINCT ${column} AS value FROM receipt_records x JOIN receipts r USING (receipt_id)
          WHERE x.ledger_id = $1 AND ${column} IS NOT NULL ORDER BY 1 LIMIT $2`,
        [ledgerId, CHOICES_MAX],
      );
      return rows.map(({ value }) => value);
    };
    return {
      readers: readers.map((one) => ({ ...one, readerName: nameOf(one.reader) })),
      bases: await distinct('r.basis'),
      consentIds: await distinct('r.consent_id'),
      recordIds: await distinct('x.record_id'),
    };
  }
}

/** Of a patient's receipts those that are asked for, in the order of `LOG_FILTERS`; a receipt keeps all the records of the patient that it names. */
const WANTED = `x.ledger_id = $1
  AND ($2::text IS NULL OR r.reader = $2) AND ($3::text IS NULL OR r.msp_id = $3)
  AND ($4::text IS NULL OR r.basis = $4) AND ($5::text IS NULL OR r.consent_id = $5)
  AND ($6::text IS NULL OR EXISTS (
    SELECT 1 FROM receipt_records n
    WHERE n.receipt_id = x.receipt_id AND n.ledger_id = x.ledger_id AND n.record_id = $6))
  AND ($7::timestamptz IS NULL OR r.committed_at >= $7) AND ($8::timestamptz IS NULL OR r.committed_at < $8)`;

/** Above every block number. */
const MOST = 2_147_483_647;

const item = (row: ReceiptRow, channel: string, readerName: string | null): AccessLogItem => ({
  receiptId: row.receipt_id,
  at: row.committed_at?.toISOString() ?? null,
  reader: row.reader,
  readerName,
  organization: row.msp_id,
  organizationName: row.organization_name,
  basis: row.basis,
  consentId: row.consent_id,
  recordIds: row.record_ids,
  statement: {
    format: RECEIPT_FORMAT,
    channel,
    receiptId: row.receipt_id,
    reader: row.reader,
    organization: row.msp_id,
    basis: row.basis,
    consentId: row.consent_id,
    recordIds: row.record_ids,
  },
  ledger: { transactionId: row.receipt_id, blockNumber: row.block_number, validationCode: 'VALID' },
});
