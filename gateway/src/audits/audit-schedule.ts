import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { AuditedKind } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import { type Duty, type DutySource } from '../consents/duty.js';
import { businessId } from '../http/business-request.js';
import type { Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { auditNonce, nonceCommitment } from './nonce.js';

export const AUDIT_EVERY_DAYS = Symbol('auditEveryDays');

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Scheduled audits that one organisation has under way: the others' services and storage keep up with them. */
const OPEN_MAX = 16;
/** Files that are looked at in one go, those that wait longest first. */
const LOOKED_AT_MAX = 500;
/** All files are looked at so often within the days of the schedule; those that failed, in every round. */
const LOOKS = 2_000;
/** A first audit, and one after an intact one, falls into this part of the days: spread, and with time for others. */
const EARLIEST = 0.25;
const LATEST = 0.75;
/** Who is next does it after this part of the days, or after this long where an audit is to be repeated. */
const GRACE = 0.1;
const GRACE_AFTER_FAILURE_MS = 15 * MINUTE_MS;
const MOST_GRACES = 2;

/** A file of another hospital's record, and what audits have come to so far. */
interface ScheduledFile {
  record_id: string;
  version: number;
  kind: AuditedKind;
  hospital: string;
  /** Audits of it that are closed. */
  closed: number;
  /** When the last of them was, or the version was chained. */
  last_at: Date;
  /** Closed since it was last proven intact. */
  misses: number;
}

/** From 0 up to 1, the same for the same file: its place in the part of the days that audits fall into. */
const SPREAD = `('x' || substr(md5(v.record_id || '/' || v.version || '/' || k.kind), 1, 8))::bit(32)::bigint / 4294967296.0`;

/** Files that can be audited now, by `$1`; the condition is the caller's. */
const filesWhere = (condition: string): string => `
  SELECT f.* FROM (
    SELECT v.record_id, v.version, k.kind, v.hospital, s.closed, COALESCE(s.last_at, v.chained_at) AS last_at,
           ${SPREAD} AS spread,
           (SELECT count(*)::int FROM audits m WHERE m.record_id = v.record_id AND m.version = v.version
               AND m.kind = k.kind AND m.closed_at > COALESCE(s.proven_at, '-infinity')) AS misses
      FROM record_versions v CROSS JOIN (VALUES ('sealed'), ('sanitized')) k(kind)
      CROSS JOIN LATERAL (
        SELECT count(a.closed_at)::int AS closed, max(a.closed_at) AS last_at,
               max(a.closed_at) FILTER (WHERE a.status = 'intact') AS proven_at,
               count(*) FILTER (WHERE a.closed_at IS NULL) AS open
          FROM audits a WHERE a.record_id = v.record_id AND a.version = v.version AND a.kind = k.kind) s
     WHERE v.status = 'chained' AND v.hospital <> $1 AND v.entry->'integrity' IS NOT NULL AND s.open = 0
       AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.ledger_id = v.ledger_id)) f
   WHERE ${condition}
   ORDER BY f.last_at, f.record_id, f.kind LIMIT ${LOOKED_AT_MAX}`;

/**
 * Opens audits that nobody asked for: every file of every chained version within so many days, and a failed one again at
 * once. Each organisation audits what other hospitals keep. Whose turn it is follows from the file, so that nobody does
 * it twice; who lets a turn go by is followed by the next.
 */
@Injectable()
export class AuditSchedule implements DutySource {
  private readonly nextLookAt = new Map<string, number>();
  /** Since when a file's turn has been seen to go by, by organisation: a gateway that was away lets the first be first. */
  private readonly waiting = new Map<string, Map<string, number>>();

  constructor(
    private readonly clock: Clock,
    @Inject(AUDIT_EVERY_DAYS) private readonly everyDays: number,
  ) {}

  async due(organization: Organization): Promise<Duty[]> {
    const { mspId, database } = organization;
    const active = await database.query<{ msp_id: string }>(
      `SELECT msp_id FROM organizations WHERE status = 'active'`,
    );
    const organizations = active.map(({ msp_id }) => msp_id);
    // Auditor, hospital and contributor are three.
    if (organizations.length < 3 || !organizations.includes(mspId)) return [];
    const [open] = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM audits WHERE closed_at IS NULL AND auditor = '' AND auditor_msp = $1`,
      [mspId],
    );
    const room = OPEN_MAX - (open?.count ?? 0);
    if (room <= 0) return [];
    const now = this.clock.now();
    const files = await this.files(organization, now);
    return files
      .filter((file) => this.isDue(file, mspId, organizations, now))
      .slice(0, room)
      .map((file) => ({
        key: `openAudit/${nameOf(file)}`,
        run: () => openScheduled(organization, file),
      }));
  }

  private async files({ mspId, database }: Organization, now: number): Promise<ScheduledFile[]> {
    const periodMs = this.everyDays * DAY_MS;
    if (now >= (this.nextLookAt.get(mspId) ?? 0)) {
      const all = await database.query<ScheduledFile>(
        filesWhere(
          `f.misses > 0 OR f.last_at <= $2::timestamptz - make_interval(secs => $3::float8 *
             (${EARLIEST} + ${LATEST - EARLIEST} * f.spread))`,
        ),
        [mspId, new Date(now), periodMs / 1_000],
      );
      // With more than were looked at, the rest comes in the next round.
      if (all.length < LOOKED_AT_MAX) {
        this.nextLookAt.set(mspId, now + periodMs / LOOKS);
        const names = new Set(all.map(nextAuditOf));
        for (const key of this.waiting.get(mspId)?.keys() ?? [])
          if (!names.has(key)) this.waiting.get(mspId)!.delete(key);
      }
      return all;
    }
    return database.query<ScheduledFile>(
      filesWhere(`f.record_id IN (
        SELECT record_id FROM audits WHERE status IN ('failed', 'aborted') AND closed_at > $2) AND f.misses > 0`),
      [mspId, new Date(now - 2 * DAY_MS)],
    );
  }

  /** Whether it is this organisation's turn with a file that is due, or was last audited in vain. */
  private isDue(file: ScheduledFile, mspId: string, organizations: readonly string[], now: number): boolean {
    if (file.misses > 0 && file.last_at.getTime() + pauseMs(file.misses) > now) return false;
    const turn = Math.min(turnOf(file, mspId, organizations), MOST_GRACES);
    if (turn === 0) return true;
    const waiting = this.waiting.get(mspId) ?? new Map<string, number>();
    this.waiting.set(mspId, waiting);
    const key = nextAuditOf(file);
    const since = waiting.get(key) ?? now;
    waiting.set(key, since);
    const grace = file.misses === 0 ? GRACE * this.everyDays * DAY_MS : GRACE_AFTER_FAILURE_MS;
    return since + turn * grace <= now;
  }
}

/** After the first failure none; what fails on and on is not asked for all the time. */
const pauseMs = (misses: number): number =>
  misses === 1 ? 0 : Math.min(DAY_MS, HOUR_MS * 2 ** Math.min(misses - 2, 10));

const nameOf = ({ record_id: recordId, version, kind }: ScheduledFile): string =>
  `${recordId}/${version}/${kind}`;

/** Another name for every audit of the file. */
const nextAuditOf = (file: ScheduledFile): string => `${nameOf(file)}/${file.closed}`;

/** From 0: place among the organisations that may audit it; another order for every audit. */
const turnOf = (file: ScheduledFile, mspId: string, organizations: readonly string[]): number => {
  const place = (one: string): string => hash(`${nextAuditOf(file)}/${one}`).toString('hex');
  const own = place(mspId);
  return organizations.filter((one) => one !== mspId && one !== file.hospital && place(one) < own).length;
};

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** One business id for each audit of a file: who asks twice, after a crash say, opens one. */
const openScheduled = async (organization: Organization, file: ScheduledFile): Promise<void> => {
  const { service, keystore, mspId, projection } = organization;
  const { record_id: recordId, version, kind, closed } = file;
  const id = businessId('scheduled-audit', mspId, nameOf(file), String(closed));
  const commitment = nonceCommitment(auditNonce(keystore, id));
  const committed = await submitOnce(organization, service, 'integrity:openAudit', [
    id,
    recordId,
    String(version),
    kind,
    commitment,
  ]);
  await projection.reached(committed.blockNumber);
};
