import { Inject, Injectable } from '@nestjs/common';
import type { AuditedKind } from '@medseal/chaincode';
import { AUDIT_EVERY_DAYS } from '../audits/audit-schedule.js';
import { Clock } from '../clock.js';
import type { Database } from '../database/database.js';
import type { SessionUser } from '../http/session-user.js';
import { OrganizationRegistry } from '../organizations/organization.js';

export interface NetworkOrganization {
  mspId: string;
  name: string;
  kind: 'ministry' | 'hospital';
  status: string;
  /** Blocks on its peer; null where another process serves it, or its peer does not answer. */
  height: number | null;
  /** Whether this process serves it, and so can ask its peer. */
  isServedHere: boolean;
  /** Whether its key of that kind is on the ledger. */
  isAgent: boolean;
  isCustodian: boolean;
  /** On the ledger: active staff, patients of the home hospital who are not erased, chained records. */
  staff: number;
  patients: number;
  records: number;
}

export interface NetworkAnswer {
  channel: string;
  checkedAt: string;
  organizations: NetworkOrganization[];
  /** As far as the caller's organisation has followed the ledger. */
  blocks: {
    height: number;
    transactions: number;
    /** Transactions that the peers did not find valid. */
    invalid: number;
    /** Blocks and transactions of each of the last 24 hours, oldest first; `hour` is its beginning, RFC 3339. */
    hours: { hour: string; blocks: number; transactions: number }[];
  };
  /** Of the files of all chained records, two each. */
  audits: {
    everyDays: number;
    files: number;
    /** Proven intact within `everyDays`, and not failed since. */
    covered: number;
    failing: number;
    neverAudited: number;
    open: number;
    /** Of those not covered the file that has been without a proof for longest; null where all are covered. */
    oldestUnproven: UnprovenFile | null;
  };
}

export interface UnprovenFile {
  recordId: string;
  version: number;
  kind: AuditedKind;
  /** RFC 3339: its last proof, or when it was chained. */
  since: string;
  isNeverProven: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOURS = 24;

/** How the network is, out of the read model and from the peers that this process can ask. */
@Injectable()
export class NetworkService {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly clock: Clock,
    @Inject(AUDIT_EVERY_DAYS) private readonly everyDays: number,
  ) {}

  async state({ organization: { database, ledger } }: SessionUser): Promise<NetworkAnswer> {
    const now = this.clock.date();
    const [organizations, blocks, audits] = await Promise.all([
      this.#organizations(database),
      blocksOf(database, now),
      auditsOf(database, now, this.everyDays),
    ]);
    return { channel: ledger.channel, checkedAt: now.toISOString(), organizations, blocks, audits };
  }

  async #organizations(database: Database): Promise<NetworkOrganization[]> {
    const rows = await database.query<Omit<NetworkOrganization, 'height' | 'isServedHere'>>(
      `SELECT o.msp_id AS "mspId", o.entry->>'name' AS name, o.kind, o.status,
              EXISTS (SELECT 1 FROM organization_keys k WHERE k.msp_id = o.msp_id AND k.kind = 'agent') AS "isAgent",
              EXISTS (SELECT 1 FROM organization_keys k WHERE k.msp_id = o.msp_id AND k.kind = 'custodianService')
                AS "isCustodian",
              (SELECT count(*)::int FROM staff s WHERE s.msp_id = o.msp_id AND s.status = 'active') AS staff,
              (SELECT count(*)::int FROM patients p WHERE p.home_msp = o.msp_id AND p.status IN ('keyless', 'active'))
                AS patients,
              (SELECT count(DISTINCT v.record_id)::int FROM record_versions v
                WHERE v.hospital = o.msp_id AND v.status = 'chained') AS records
         FROM organizations o ORDER BY o.kind DESC, name`,
    );
    return Promise.all(
      rows.map(async (row) => {
        const served = this.organizations.get(row.mspId);
        const height = await served?.ledger.height().catch(() => undefined);
        return { ...row, height: height ?? null, isServedHere: served !== undefined };
      }),
    );
  }
}

async function blocksOf(database: Database, now: Date): Promise<NetworkAnswer['blocks']> {
  const first = new Date(Math.floor(now.getTime() / HOUR_MS - HOURS + 1) * HOUR_MS);
  const [totals] = await database.query<{ height: number; transactions: number; invalid: number }>(
    `SELECT (SELECT height FROM projection_checkpoint) AS height, count(*)::int AS transactions,
            (count(*) FILTER (WHERE validation_code <> 0))::int AS invalid FROM ledger_transactions`,
  );
  const counted = await database.query<{ hour: Date; blocks: number; transactions: number }>(
    `SELECT date_trunc('hour', committed_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS hour, count(DISTINCT block_number)::int AS blocks,
            count(*)::int AS transactions
       FROM ledger_transactions WHERE committed_at >= $1 GROUP BY 1`,
    [first],
  );
  const hours = Array.from({ length: HOURS }, (_, at) => {
    const hour = new Date(first.getTime() + at * HOUR_MS);
    const found = counted.find((one) => one.hour.getTime() === hour.getTime());
    return { hour: hour.toISOString(), blocks: found?.blocks ?? 0, transactions: found?.transactions ?? 0 };
  });
  return {
    height: totals?.height ?? 0,
    transactions: totals?.transactions ?? 0,
    invalid: totals?.invalid ?? 0,
    hours,
  };
}

/** Both files of every chained record that has any, with their last proof and their last failure. */
const FILES = `
  SELECT v.record_id, v.version, k.kind, v.chained_at,
         max(a.closed_at) FILTER (WHERE a.status = 'intact') AS proven_at,
         max(a.closed_at) FILTER (WHERE a.status = 'failed') AS failed_at
    FROM record_versions v CROSS JOIN (VALUES ('sealed'), ('sanitized')) k(kind)
    LEFT JOIN audits a ON a.record_id = v.record_id AND a.version = v.version AND a.kind = k.kind
   WHERE v.status = 'chained' AND v.entry->'integrity' IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.ledger_id = v.ledger_id)
   GROUP BY v.record_id, v.version, k.kind, v.chained_at`;

/** Proven since `$1`, and not failed since. */
const IS_COVERED = `COALESCE(f.proven_at >= $1 AND f.proven_at > COALESCE(f.failed_at, '-infinity'), false)`;

async function auditsOf(database: Database, now: Date, everyDays: number): Promise<NetworkAnswer['audits']> {
  const since = new Date(now.getTime() - everyDays * DAY_MS);
  const [counts] = await database.query<Omit<NetworkAnswer['audits'], 'everyDays' | 'oldestUnproven'>>(
    `SELECT count(*)::int AS files,
            (count(*) FILTER (WHERE ${IS_COVERED}))::int AS covered,
            (count(*) FILTER (WHERE f.failed_at > COALESCE(f.proven_at, '-infinity')))::int AS failing,
            (count(*) FILTER (WHERE f.proven_at IS NULL AND f.failed_at IS NULL))::int AS "neverAudited",
            (SELECT count(*)::int FROM audits WHERE closed_at IS NULL) AS open
       FROM (${FILES}) f`,
    [since],
  );
  const [oldest] = await database.query<Omit<UnprovenFile, 'since'> & { since: Date }>(
    `SELECT f.record_id AS "recordId", f.version, f.kind, COALESCE(f.proven_at, f.chained_at) AS since,
            f.proven_at IS NULL AS "isNeverProven"
       FROM (${FILES}) f WHERE NOT ${IS_COVERED} ORDER BY since, f.record_id, f.version, f.kind LIMIT 1`,
    [since],
  );
  return {
    everyDays,
    ...(counts ?? { files: 0, covered: 0, failing: 0, neverAudited: 0, open: 0 }),
    oldestUnproven: oldest === undefined ? null : { ...oldest, since: oldest.since.toISOString() },
  };
}
