import { Injectable } from '@nestjs/common';
import {
  AUDIT_STATUSES,
  AUDITED_KINDS,
  type AuditedKind,
  type AuditEntry,
  type AuditStatus,
} from '@medseal/chaincode';
import type { SqlValue } from '../database/database.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { BusinessRequest } from '../http/business-request.js';
import { ledgerAnswer } from '../http/ledger-answer.js';
import { type Page, page, type PageRequest } from '../http/paging.js';
import { invalid, notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import type { Restored } from '../storage/object-store.js';
import { type AuditView, viewOf } from './audit-view.js';
import type { OpenAuditRequest } from './audits.dto.js';
import { auditNonce, nonceCommitment } from './nonce.js';

/** What the query of a list may say; each is left out where it is undefined. */
export interface AuditListFilter {
  recordId?: string;
  kind?: string;
  status?: string;
  /** MSP id of one that has a part: auditor, hospital or contributor. */
  organization?: string;
}

interface Row {
  entry: AuditEntry;
  outcome: Restored | null;
  repaired_at: Date | null;
}

const SELECT = `SELECT a.entry, r.outcome, r.repaired_at
  FROM audits a LEFT JOIN audit_repairs r ON r.audit_id = a.audit_id`;
const CURSOR = /^(\d{1,15}):([0-9a-f]{64})$/;
const ID = /^[0-9a-f]{64}$/;

/** Audits on the ledger. What they have shown is public among the members; the answers come out of the read model. */
@Injectable()
export class AuditsService {
  /**
   * Opens one; everything after that the organisations' services do by themselves.
   *
   * @throws ProblemException 404 for no record of that id; 403 for one of the own hospital; 409 for one that is not
   *   chained, or was made without the integrity steps
   */
  async open(
    user: SessionUser,
    business: BusinessRequest,
    { recordId, kind, version }: OpenAuditRequest,
  ): Promise<AuditView> {
    const { organization } = user;
    const wanted = version ?? (await latestOf(organization, recordId));
    const commitment = nonceCommitment(auditNonce(organization.keystore, business.id));
    const args = [business.id, recordId, String(wanted), kind, commitment];
    const committed = await submitOnce(organization, user.identity(), 'integrity:openAudit', args);
    const audit = await evaluateJson<AuditEntry>(organization, 'integrity:getAudit', [
      committed.transactionId,
    ]);
    return { ...viewOf(audit, null), ledger: ledgerAnswer(committed) };
  }

  /** @throws ProblemException 404 */
  async get({ organization }: SessionUser, auditId: string): Promise<AuditView & { proof: string | null }> {
    if (!ID.test(auditId)) throw notFound();
    const [row] = await organization.database.query<Row>(`${SELECT} WHERE a.audit_id = $1`, [auditId]);
    if (row === undefined) throw notFound();
    return { ...rowView(row), proof: row.entry.proof };
  }

  /** Newest first. */
  async list(
    { organization: { database } }: SessionUser,
    { limit, cursor }: PageRequest,
    filter: AuditListFilter,
  ): Promise<Page<AuditView>> {
    const conditions = ['true'];
    const parameters: SqlValue[] = [];
    const add = (sql: string, ...values: SqlValue[]): void => {
      conditions.push(sql.replace(/\?/g, () => `$${parameters.push(values.shift()!)}`));
    };
    if (filter.recordId !== undefined) add('a.record_id = ?', filter.recordId);
    if (filter.kind !== undefined) add('a.kind = ?', oneOf(filter.kind, AUDITED_KINDS, 'kind'));
    if (filter.status !== undefined) add('a.status = ?', oneOf(filter.status, AUDIT_STATUSES, 'status'));
    if (filter.organization !== undefined)
      add('? IN (a.auditor_msp, a.hospital, a.contributor)', filter.organization);
    const [count] = await database.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM audits a WHERE ${conditions.join(' AND ')}`,
      [...parameters],
    );
    if (cursor !== undefined) {
      const [, at, auditId] = CURSOR.exec(cursor) ?? [];
      if (at === undefined || auditId === undefined)
        throw invalid('cursor', 'is not one that this service gave.');
      add('(a.opened_at, a.audit_id) < (?::timestamptz, ?)', new Date(Number(at)), auditId);
    }
    const rows = await database.query<Row>(
      `${SELECT} WHERE ${conditions.join(' AND ')}
        ORDER BY a.opened_at DESC, a.audit_id DESC LIMIT ${limit + 1}`,
      parameters,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1)?.entry;
    const next = rows.length > limit && last ? `${Date.parse(last.openedAt)}:${last.auditId}` : null;
    return page(shown.map(rowView), next, count?.total ?? 0);
  }
}

const rowView = ({ entry, outcome, repaired_at: at }: Row): AuditView =>
  viewOf(entry, outcome === null || at === null ? null : { outcome, at: at.toISOString() });

/** The latest chained version; where none is, the contract says what the latest lacks. */
const latestOf = async ({ database }: Organization, recordId: string): Promise<number> => {
  const [row] = await database.query<{ version: number }>(
    `SELECT version FROM record_versions WHERE record_id = $1 ORDER BY (status = 'chained') DESC, version DESC LIMIT 1`,
    [recordId],
  );
  if (row === undefined) throw notFound();
  return row.version;
};

const oneOf = <T extends AuditedKind | AuditStatus>(value: string, known: readonly T[], field: string): T => {
  const found = known.find((one) => one === value);
  if (found === undefined) throw invalid(field, `must be one of ${known.join(', ')}.`);
  return found;
};
