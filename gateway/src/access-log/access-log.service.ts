import { Injectable } from '@nestjs/common';
import { guardiansOf } from '../guardians/guardianship.js';
import { page, type Page, type PageRequest } from '../http/paging.js';
import { invalid, notFound } from '../http/problem.js';
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

/** Receipts of reads, newest first. */
@Injectable()
export class AccessLogService {
  constructor(private readonly projections: Projections) {}

  /** The owner's own log. @throws ProblemException 404 for any number but the caller's */
  async ofOwner(
    user: SessionUser,
    registrationNo: string,
    request: PageRequest,
  ): Promise<Page<AccessLogItem>> {
    const { personal } = this.projections.of(user.organization);
    if (personal.patientByNumber(registrationNo)?.ledgerId !== user.subject) throw notFound();
    return this.#list(
      user.organization,
      user.subject,
      request,
      (reader) => personal.staff(reader)?.name ?? null,
    );
  }

  /** The public part: no name. An unknown ledgerId has an empty log. @throws ProblemException 404 for no guardian of theirs */
  async ofLedgerId(user: SessionUser, ledgerId: unknown, request: PageRequest): Promise<Page<AccessLogItem>> {
    if (typeof ledgerId !== 'string' || !/^[0-9a-f]{32}$/.test(ledgerId)) {
      throw invalid('ledgerId', 'must be 32 lower-case hex characters.');
    }
    const isOwn = user.role !== 'patient' || user.subject === ledgerId;
    if (!isOwn && !(await guardiansOf(user.organization, ledgerId)).includes(user.subject)) throw notFound();
    return this.#list(user.organization, ledgerId, request, () => null);
  }

  async #list(
    { database, ledger: { channel } }: Organization,
    ledgerId: string,
    { limit, cursor }: PageRequest,
    nameOf: (reader: string) => string | null,
  ): Promise<Page<AccessLogItem>> {
    const before = cursor === undefined ? undefined : /^(\d{1,9})\/(\d{1,9})$/.exec(cursor);
    if (before === null) throw invalid('cursor', 'is not one that this service gave.');
    const rows = await database.query<ReceiptRow>(
      `SELECT r.receipt_id, r.reader, r.msp_id, r.basis, r.consent_id, r.block_number, r.position, r.committed_at,
              o.entry->>'name' AS organization_name, array_agg(x.record_id ORDER BY x.record_id) AS record_ids
       FROM receipt_records x JOIN receipts r USING (receipt_id) LEFT JOIN organizations o ON o.msp_id = r.msp_id
       WHERE x.ledger_id = $1 AND (r.block_number, r.position) < ($2, $3)
       GROUP BY r.receipt_id, o.msp_id
       ORDER BY r.block_number DESC, r.position DESC LIMIT $4`,
      [ledgerId, before ? Number(before[1]) : MOST, before ? Number(before[2]) : MOST, limit + 1],
    );
    const [count] = await database.query<{ total: number }>(
      'SELECT count(DISTINCT receipt_id)::int AS total FROM receipt_records WHERE ledger_id = $1',
      [ledgerId],
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
