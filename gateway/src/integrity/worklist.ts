import { Injectable } from '@nestjs/common';
import type { RecordEntry, ReturnedPart, SanitisedProfile } from '@medseal/chaincode';
import { type Page, page, type PageRequest } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';

/** A record that waits for the caller: pseudonyms, and nothing of anybody's. */
export interface WorkItem {
  recordId: string;
  version: number;
  step: AwaitedStep;
  status: RecordEntry['status'];
  /** Of the blinding that is under way, 0 before the first. */
  round: number;
  hospital: string;
  /** Staff id. */
  author: string;
  profile: SanitisedProfile | null;
  attestations: number;
  threshold: number;
  /** Why an earlier round came back. */
  returned: ReturnedPart | null;
  /** Of the last act. */
  since: string | null;
}

/** Steps for which a list can be asked; what waits for them, with the caller's subject as $1. */
const AWAITING = {
  blind: `v.status = 'sealed' AND v.author = $1 AND v.entry -> 'panel' IS NOT NULL`,
  sanitize: `v.status = 'blinded' AND v.entry #>> '{panel,sanitizer}' = $1`,
  attest: `v.status = 'uploaded' AND v.entry #> '{panel,verifiers}' ? $1
    AND NOT v.entry #> '{integrity,attestations}' @> jsonb_build_array(jsonb_build_object('verifier', $1::text))`,
} as const;

export type AwaitedStep = keyof typeof AWAITING;

export const AWAITED_STEPS = Object.keys(AWAITING) as AwaitedStep[];

interface Row {
  entry: RecordEntry;
  last_block: number;
  committed_at: Date | null;
}

const FROM = `FROM record_versions v JOIN patients p USING (ledger_id)`;

/** What waits for one person at their own hospital, what has waited longest first. */
@Injectable()
export class Worklist {
  /** @throws ProblemException for another step or cursor */
  async of(user: SessionUser, step: string, { limit, cursor }: PageRequest): Promise<Page<WorkItem>> {
    const awaited = AWAITED_STEPS.find((known) => known === step);
    if (awaited === undefined) throw invalid('awaiting', `must be one of ${AWAITED_STEPS.join(', ')}.`);
    const { database, mspId } = user.organization;
    const where = `WHERE ${AWAITING[awaited]} AND v.hospital = $2 AND p.status NOT IN ('erasing', 'erased')`;
    const parameters: (string | number)[] = [user.subject, mspId];
    const [count] = await database.query<{ total: number }>(
      `SELECT count(*)::int AS total ${FROM} ${where}`,
      [...parameters],
    );
    let after = '';
    if (cursor !== undefined) {
      const [block, recordId] = /^(\d{1,9}):([0-9a-f]{32})$/.exec(cursor)?.slice(1) ?? [];
      if (block === undefined || recordId === undefined)
        throw invalid('cursor', 'is not one that this service gave.');
      parameters.push(Number(block), recordId);
      after = 'AND (v.last_block, v.record_id) > ($3::int, $4)';
    }
    const rows = await database.query<Row>(
      `SELECT v.entry, v.last_block, t.committed_at ${FROM}
         LEFT JOIN ledger_transactions t ON t.block_number = v.last_block AND t.position = v.last_position
         ${where} ${after} ORDER BY v.last_block, v.record_id LIMIT ${limit + 1}`,
      parameters,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next = rows.length > limit && last ? `${last.last_block}:${last.entry.recordId}` : null;
    return page(
      shown.map((row) => itemOf(row, awaited)),
      next,
      count?.total ?? 0,
    );
  }
}

const itemOf = ({ entry, committed_at: since }: Row, step: AwaitedStep): WorkItem => {
  const { recordId, version, status, hospital, author, panel, integrity } = entry;
  return {
    recordId,
    version,
    step,
    status,
    round: integrity?.round ?? 0,
    hospital,
    author,
    profile: integrity?.blinded?.profile ?? null,
    attestations: integrity?.attestations.length ?? 0,
    threshold: panel?.threshold ?? 0,
    returned: integrity?.returned ?? null,
    since: since?.toISOString() ?? null,
  };
};
