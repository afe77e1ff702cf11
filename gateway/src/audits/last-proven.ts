import type { AuditedKind, AuditReason, RecordEntry } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';

/** What audits have last shown of one file. */
export interface FileStanding {
  /** The last audit that found it intact; null before there was one. */
  auditId: string | null;
  provenAt: string | null;
  /** A later audit that failed, and has not been followed by an intact one. */
  failed: { auditId: string; reason: AuditReason | null; at: string } | null;
}

/** Of a version's two files. */
export type LastProven = Record<AuditedKind, FileStanding>;

interface Row {
  record_id: string;
  version: number;
  kind: AuditedKind;
  status: 'intact' | 'failed';
  audit_id: string;
  reason: AuditReason | null;
  closed_at: Date;
}

/** By entry; null for one without audited files. One look for all of them, in the read model. */
export const lastProvenOf = async (
  { database }: Organization,
  entries: readonly RecordEntry[],
): Promise<Map<RecordEntry, LastProven | null>> => {
  const isAudited = ({ status, integrity }: RecordEntry): boolean =>
    status === 'chained' && integrity !== undefined;
  const audited = entries.filter(isAudited);
  const rows =
    audited.length === 0
      ? []
      : await database.query<Row>(
          `SELECT DISTINCT ON (record_id, version, kind, status)
                  record_id, version, kind, status, audit_id, reason, closed_at
             FROM audits WHERE record_id = ANY($1) AND status IN ('intact', 'failed')
            ORDER BY record_id, version, kind, status, closed_at DESC`,
          [[...new Set(audited.map(({ recordId }) => recordId))]],
        );
  const of = ({ recordId, version }: RecordEntry, kind: AuditedKind): FileStanding => {
    const find = (status: Row['status']): Row | undefined =>
      rows.find(
        (row) =>
          row.record_id === recordId && row.version === version && row.kind === kind && row.status === status,
      );
    const [intact, failed] = [find('intact'), find('failed')];
    const isFailing = failed !== undefined && (intact === undefined || failed.closed_at > intact.closed_at);
    return {
      auditId: intact?.audit_id ?? null,
      provenAt: intact?.closed_at.toISOString() ?? null,
      failed: isFailing
        ? { auditId: failed.audit_id, reason: failed.reason, at: failed.closed_at.toISOString() }
        : null,
    };
  };
  return new Map(
    entries.map((entry) => [
      entry,
      isAudited(entry) ? { sealed: of(entry, 'sealed'), sanitized: of(entry, 'sanitized') } : null,
    ]),
  );
};
