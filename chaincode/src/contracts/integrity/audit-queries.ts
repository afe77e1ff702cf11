import type { Context } from 'fabric-contract-api';
import { authorizeQuery, EVERYONE, type Query } from '../../ledger/authorization.js';
import { worldKeys } from '../../ledger/keys.js';
import { auditFilter, type AuditFilter } from '../../model/integrity-arguments.js';
import {
  AUDITED_KINDS,
  type AuditCounts,
  type AuditedKind,
  type AuditEntry,
  type ProvenFile,
} from '../../model/integrity-entries.js';
import { type ListPage, pageWanted, type PageWanted } from '../../model/paging.js';
import { id, parseJson } from '../../model/validation.js';
import { requireAudit } from './audits.js';

/** What audits have shown is public: it says whose storage keeps what it was given. */

export const getAudit = async (ctx: Context, auditId: string): Promise<AuditEntry> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  return requireAudit(world, auditId);
};

/**
 * Newest first where the filter names a record or an organisation, else in no order. A page looks at `limit` audits; with
 * a status it may show fewer or none of them.
 */
export const listAudits = async (
  ctx: Context,
  filterJson: string,
  limit: string,
  after: string,
): Promise<ListPage<AuditEntry>> => {
  const query = await authorizeQuery(ctx, { roles: EVERYONE });
  const filter = parseJson(filterJson, auditFilter, 'filter');
  const { audits, next } = await auditsOf(query, filter, pageWanted(limit, after));
  const { status } = filter;
  return { items: audits.filter((audit) => status === undefined || audit.status === status), next };
};

/** Of one page of all audits. */
export const countAudits = async (
  ctx: Context,
  limit: string,
  after: string,
): Promise<AuditCounts & { next: string | null }> => {
  const query = await authorizeQuery(ctx, { roles: EVERYONE });
  const { audits, next } = await auditsOf(query, {}, pageWanted(limit, after));
  const count = (...statuses: AuditEntry['status'][]): number =>
    audits.filter(({ status }) => statuses.includes(status)).length;
  const abortedBy: Record<string, number> = {};
  for (const audit of audits) {
    const mspId = abortedByOf(audit);
    if (mspId !== undefined) abortedBy[mspId] = (abortedBy[mspId] ?? 0) + 1;
  }
  return {
    open: count('opened', 'contributed', 'revealed'),
    intact: count('intact'),
    failed: count('failed'),
    aborted: count('aborted'),
    abortedBy,
    next,
  };
};

/** Versions of one record that `getLastProven` looks at, newest first. */
const PROVEN_VERSIONS_MAX = 50;

/** The latest proof of each file that has one; of the newest versions of the record, newest first. */
export const getLastProven = async (ctx: Context, recordId: string): Promise<ProvenFile[]> => {
  const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
  const head = await world.require(
    worldKeys.record(id(recordId, 'recordId')),
    'RECORD_NOT_FOUND',
    'no record of that recordId',
  );
  const proven: ProvenFile[] = [];
  for (let { version } = head; version > 0 && head.version - version < PROVEN_VERSIONS_MAX; version--) {
    for (const kind of AUDITED_KINDS) {
      const file = await getLastProvenFile(world, recordId, version, kind);
      if (file !== undefined) proven.push(file);
    }
  }
  return proven;
};

const getLastProvenFile = async (
  world: Query['world'],
  recordId: string,
  version: number,
  kind: AuditedKind,
): Promise<ProvenFile | undefined> => {
  const leading = [recordId, String(version), kind];
  const { found } = await world.page('auditProven', leading, { limit: 1, after: '' });
  const auditId = found[0]?.parts.at(-1);
  if (auditId === undefined) return undefined;
  const { closedAt, blocks, size } = await requireAudit(world, auditId);
  return { version, kind, auditId, provenAt: closedAt ?? '', blocks, size };
};

/** Who left an aborted audit where it was. */
const abortedByOf = ({ reason, contributor, auditorMspId }: AuditEntry): string | undefined => {
  if (reason === 'no contribution') return contributor;
  return reason === 'no reveal' ? auditorMspId : undefined;
};

const auditsOf = async (
  { world }: Query,
  { recordId, organization }: AuditFilter,
  page: PageWanted,
): Promise<{ audits: AuditEntry[]; next: string | null }> => {
  if (recordId === undefined && organization === undefined) {
    const { found, next } = await world.page<AuditEntry>('audit', [], page);
    return { audits: found.map(({ entry }) => entry), next };
  }
  const { found, next } =
    recordId === undefined
      ? await world.page('auditFor', [organization ?? ''], page)
      : await world.page('auditOf', [recordId], page);
  const audits: AuditEntry[] = [];
  for (const { parts } of found) audits.push(await requireAudit(world, parts.at(-1) ?? ''));
  return { audits, next };
};
