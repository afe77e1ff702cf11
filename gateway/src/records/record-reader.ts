import { Injectable } from '@nestjs/common';
import type { OrganizationKeyEntry, PatientEntry, ReceivingKeyEntry, RecordEntry } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Committed } from '../fabric/ledger-client.js';
import { notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';

/**
 * What a caller is to a record: who wrote it, whose it is, a verifier for whom it waits, or other staff of the writing or
 * the home hospital.
 */
export type RecordRelation = 'author' | 'owner' | 'verifier' | 'hospital';

export interface RecordRow {
  entry: RecordEntry;
  homeMsp: string;
  createdAt: Date | null;
  chainedAt: Date | null;
}

/** A transaction that wrote a version's entry. */
export interface RecordWrite {
  /** For example `integrity:blind`. */
  fn: string;
  transactionId: string;
  committedAt: Date | null;
}

interface Row {
  entry: RecordEntry;
  home_msp: string;
  created_at: Date | null;
  chained_at: Date | null;
  created_block: number;
}

/** Staff who see that a record exists and how far it is; nobody of them sees content by that. */
const HOSPITAL_ROLES: ReadonlySet<string> = new Set(['hospital-admin', 'doctor', 'verifier', 'sanitizer']);

const SELECT = `SELECT rv.entry, p.home_msp, rv.created_at, rv.chained_at, rv.created_block
  FROM record_versions rv JOIN patients p ON p.ledger_id = rv.ledger_id`;
const LATEST =
  'rv.version = (SELECT max(other.version) FROM record_versions other WHERE other.record_id = rv.record_id)';

/** Record entries: out of the read model for reading, out of the ledger for what is about to be changed. */
@Injectable()
export class RecordReader {
  /** Latest version, or the one asked for; with what the caller is to it. Undefined alike for "none" and "not yours". */
  async find(
    user: SessionUser,
    recordId: string,
    version?: number,
  ): Promise<(RecordRow & { relation: RecordRelation }) | undefined> {
    const rows = await user.organization.database.query<Row>(
      version === undefined
        ? `${SELECT} WHERE rv.record_id = $1 ORDER BY rv.version DESC LIMIT 1`
        : `${SELECT} WHERE rv.record_id = $1 AND rv.version = $2`,
      version === undefined ? [recordId] : [recordId, version],
    );
    const [row] = rows.map(recordRow);
    const relation = row === undefined ? undefined : relationOf(user, row);
    return row === undefined || relation === undefined ? undefined : { ...row, relation };
  }

  async versions(organization: Organization, recordId: string): Promise<RecordRow[]> {
    const rows = await organization.database.query<Row>(
      `${SELECT} WHERE rv.record_id = $1 ORDER BY rv.version`,
      [recordId],
    );
    return rows.map(recordRow);
  }

  /** What wrote a version's entry, oldest first. */
  async writes(
    organization: Organization,
    { recordId, version }: Pick<RecordEntry, 'recordId' | 'version'>,
  ): Promise<RecordWrite[]> {
    const rows = await organization.database.query<{
      fn: string;
      transaction_id: string;
      committed_at: Date | null;
    }>(
      `SELECT t.fn, t.transaction_id, t.committed_at FROM record_writes w
         JOIN ledger_transactions t ON t.block_number = w.block_number AND t.position = w.position
        WHERE w.record_id = $1 AND w.version = $2 ORDER BY w.block_number, w.position`,
      [recordId, version],
    );
    return rows.map(({ fn, transaction_id, committed_at }) => ({
      fn,
      transactionId: transaction_id,
      committedAt: committed_at,
    }));
  }

  /** Latest versions that the caller may see, newest first. */
  async list(
    user: SessionUser,
    filter: { ledgerId?: string; status?: string; after?: string; limit: number },
  ): Promise<{ rows: RecordRow[]; next: string | null; total: number }> {
    const { condition, parameters } = visibleTo(user);
    const conditions = [LATEST, condition];
    const add = (sql: string, ...values: (string | number)[]): void => {
      conditions.push(sql.replace(/\?/g, () => `$${parameters.push(values.shift()!)}`));
    };
    if (filter.ledgerId !== undefined) add('rv.ledger_id = ?', filter.ledgerId);
    if (filter.status !== undefined) add('rv.status = ?', filter.status);
    const where = conditions.join(' AND ');
    const { database } = user.organization;
    const [count] = await database.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM record_versions rv JOIN patients p ON p.ledger_id = rv.ledger_id WHERE ${where}`,
      [...parameters],
    );
    const [block, recordId] = filter.after?.split(':') ?? [];
    if (block !== undefined && recordId !== undefined) {
      add('(rv.created_block, rv.record_id) < (?::int, ?)', Number(block), recordId);
    }
    const rows = await database.query<Row>(
      `${SELECT} WHERE ${conditions.join(' AND ')} ORDER BY rv.created_block DESC, rv.record_id DESC LIMIT ${filter.limit + 1}`,
      parameters,
    );
    const shown = rows.slice(0, filter.limit);
    const last = shown.at(-1);
    const next = rows.length > shown.length && last ? `${last.created_block}:${last.entry.recordId}` : null;
    return { rows: shown.map(recordRow), next, total: count?.total ?? 0 };
  }

  /** As the ledger has it now. */
  async current(organization: Organization, recordId: string, version: number): Promise<RecordEntry | null> {
    return evaluateJson<RecordEntry | null>(organization, 'records:getVersion', [recordId, String(version)]);
  }

  /** The entry that a transaction returned; asked for where only its outcome was looked up. */
  async entryAfter(
    organization: Organization,
    { recordId, version }: Pick<RecordEntry, 'recordId' | 'version'>,
    committed: Committed | undefined,
  ): Promise<RecordEntry> {
    const result = committed?.result.toString('utf8') ?? '';
    if (result !== '') return JSON.parse(result) as RecordEntry;
    const entry = await this.current(organization, recordId, version);
    if (entry === null) throw notFound();
    return entry;
  }

  /** The latest version of a record that the caller wrote, as the ledger has it now. @throws ProblemException 404, 403 */
  async ownLatest(user: SessionUser, recordId: string): Promise<RecordEntry> {
    const row = await this.find(user, recordId);
    if (row === undefined) throw notFound();
    if (row.relation !== 'author')
      throw problem(403, 'NOT_ALLOWED', 'Only the author goes on with a record.');
    return (await this.current(user.organization, recordId, row.entry.version)) ?? row.entry;
  }

  async patient(organization: Organization, ledgerId: string): Promise<PatientEntry | null> {
    return evaluateJson<PatientEntry | null>(organization, 'registry:getPatient', [ledgerId]);
  }

  async receivingKey(organization: Organization, subject: string): Promise<ReceivingKeyEntry | null> {
    return evaluateJson<ReceivingKeyEntry | null>(organization, 'registry:getReceivingKey', [subject]);
  }

  /** Of an organisation's keys the one of this kind with the highest epoch. */
  async organizationKey(
    organization: Organization,
    mspId: string,
    kind: OrganizationKeyEntry['kind'],
  ): Promise<OrganizationKeyEntry | undefined> {
    const keys = await evaluateJson<OrganizationKeyEntry[]>(organization, 'registry:getOrganizationKeys', [
      mspId,
    ]);
    return keys.filter((key) => key.kind === kind).sort((a, b) => b.epoch - a.epoch)[0];
  }
}

function relationOf(user: SessionUser, { entry, homeMsp }: RecordRow): RecordRelation | undefined {
  if (user.role === 'patient') return user.subject === entry.ledgerId ? 'owner' : undefined;
  if (entry.author === user.subject) return 'author';
  if (isAwaitedVerifier(user, entry)) return 'verifier';
  const own = user.organization.mspId;
  return HOSPITAL_ROLES.has(user.role) && (entry.hospital === own || homeMsp === own)
    ? 'hospital'
    : undefined;
}

/** Whom the panel names, from the upload until the record is chained. */
const isAwaitedVerifier = ({ subject }: SessionUser, { status, panel }: RecordEntry): boolean =>
  (status === 'uploaded' || status === 'attested') && panel?.verifiers.includes(subject) === true;

function visibleTo(user: SessionUser): { condition: string; parameters: (string | number)[] } {
  if (user.role === 'patient') return { condition: 'rv.ledger_id = $1', parameters: [user.subject] };
  if (!HOSPITAL_ROLES.has(user.role)) return { condition: 'rv.author = $1', parameters: [user.subject] };
  return { condition: '(rv.hospital = $1 OR p.home_msp = $1)', parameters: [user.organization.mspId] };
}

const recordRow = (row: Row): RecordRow => ({
  entry: row.entry,
  homeMsp: row.home_msp,
  createdAt: row.created_at,
  chainedAt: row.chained_at,
});
