import { Injectable } from '@nestjs/common';
import { guardiansOf } from '../guardians/guardianship.js';
import { page, type Page, type PageRequest } from '../http/paging.js';
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

/** Which reads are asked for; all of them without any. */
export interface LogFilter {
  /** Staff id, or the ledger id of a guardian. */
  reader?: string;
  /** MSP id. */
  organization?: string;
  basis?: string;
  recordId?: string;
  /** RFC 3339, included. */
  from?: string;
  /** RFC 3339, not included. */
  to?: string;
}

export const LOG_FILTERS = ['reader', 'organization', 'basis', 'recordId', 'from', 'to'] as const;

/** @throws ProblemException naming the parameter */
export function logFilterOf(query: Record<string, unknown>): LogFilter {
  const filter = Object.fromEntries(LOG_FILTERS.map((name) => [name, textOf(query, name)])) as LogFilter;
  for (const name of ['from', 'to'] as const)
    if (filter[name] !== undefined && !INSTANT.test(filter[name]))
      throw invalid(name, 'must be an instant as 2026-01-31T00:00:00.000Z.');
  return filter;
}

const INSTANT =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3})?Z$/;

/** Receipts of reads, newest first. */
@Injectable()
export class AccessLogService {
  constructor(private readonly projections: Projections) {}

  /** The owner's own log. @throws ProblemException 404 for any number but the caller's */
  async ofOwner(
    user: SessionUser,
    registrationNo: string,
    request: PageRequest,
    filter: LogFilter = {},
  ): Promise<Page<AccessLogItem>> {
    const { personal } = this.projections.of(user.organization);
    if (personal.patientByNumber(registrationNo)?.ledgerId !== user.subject) throw notFound();
    return this.#list(
      user.organization,
      user.subject,
      request,
      filter,
      (reader) => personal.staff(reader)?.name ?? null,
    );
  }

  /** The public part: no name. An unknown ledgerId has an empty log. @throws ProblemException 404 for no guardian of theirs */
  async ofLedgerId(
    user: SessionUser,
    ledgerId: unknown,
    request: PageRequest,
    filter: LogFilter = {},
  ): Promise<Page<AccessLogItem>> {
    if (typeof ledgerId !== 'string' || !/^[0-9a-f]{32}$/.test(ledgerId)) {
      throw invalid('ledgerId', 'must be 32 lower-case hex characters.');
    }
    const isOwn = user.role !== 'patient' || user.subject === ledgerId;
    if (!isOwn && !(await guardiansOf(user.organization, ledgerId)).includes(user.subject)) throw notFound();
    return this.#list(user.organization, ledgerId, request, filter, () => null);
  }

  async #list(
    { database, ledger: { channel } }: Organization,
    ledgerId: string,
    { limit, cursor }: PageRequest,
    { reader, organization, basis, recordId, from, to }: LogFilter,
    nameOf: (reader: string) => string | null,
  ): Promise<Page<AccessLogItem>> {
    const before = cursor === undefined ? undefined : /^(\d{1,9})\/(\d{1,9})$/.exec(cursor);
    if (before === null) throw invalid('cursor', 'is not one that this service gave.');
    const wanted = [ledgerId, reader, organization, basis, recordId, from, to].map((value) => value ?? null);
    const rows = await database.query<ReceiptRow>(
      `SELECT r.receipt_id, r.reader, r.msp_id, r.basis, r.consent_id, r.block_number, r.position, r.committed_at,
              o.entry->>'name' AS organization_name, array_agg(x.record_id ORDER BY x.record_id) AS record_ids
       FROM receipt_records x JOIN receipts r USING (receipt_id) LEFT JOIN organizations o ON o.msp_id = r.msp_id
       WHERE ${WANTED} AND (r.block_number, r.position) < ($8, $9)
       GROUP BY r.receipt_id, o.msp_id
       ORDER BY r.block_number DESC, r.position DESC LIMIT $10`,
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
      shown.map((row) => item(row, channel, nameOf(row.reader))),
      next,
      count?.total ?? 0,
    );
  }
}

/** Of a patient's receipts those that are asked for; a receipt keeps all the records of the patient that it names. */
const WANTED = `x.ledger_id = $1
  AND ($2::text IS NULL OR r.reader = $2) AND ($3::text IS NULL OR r.msp_id = $3)
  AND ($4::text IS NULL OR r.basis = $4)
  AND ($5::text IS NULL OR EXISTS (
    SELECT 1 FROM receipt_records n
    WHERE n.receipt_id = x.receipt_id AND n.ledger_id = x.ledger_id AND n.record_id = $5))
  AND ($6::timestamptz IS NULL OR r.committed_at >= $6) AND ($7::timestamptz IS NULL OR r.committed_at < $7)`;

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
