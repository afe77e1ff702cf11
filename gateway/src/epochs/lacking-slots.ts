import { Injectable } from '@nestjs/common';
import type { PatientEntry, RecordEntry, ScopeKey } from '@medseal/chaincode';
import { type Page, page, type PageRequest } from '../http/paging.js';
import { invalid } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { ObjectAlteredError, ObjectMissingError } from '../storage/object-store.js';

/** What a device needs to add a slot to a version of a record; everything but the header stands on the ledger. */
export interface LackingSlot {
  channel: string;
  recordId: string;
  version: number;
  ledgerId: string;
  /** For which scope and epoch a slot is lacking. */
  scopeId: string;
  epoch: number;
  /** Base64; null where the store has lost or altered it. */
  header: string | null;
  headerDigest: string;
  sealedDigest: string;
  dekCommitment: string;
}

const LIMIT_MAX = 50;

/**
 * Versions of an owner's records that have a slot of the owner, but none of the scope's current epoch. One that only the
 * custodian can open is not among them: its hospital hands it over.
 */
const LACKING = `FROM record_versions rv JOIN patients p ON p.ledger_id = rv.ledger_id,
    jsonb_array_elements(p.entry->'scopes') scope
  WHERE rv.ledger_id = $1 AND jsonb_typeof(rv.entry->'sealed') = 'object'
    AND EXISTS (SELECT 1 FROM jsonb_array_elements(rv.entry->'ownerSlots') slot
                 WHERE slot->>'scopeId' = scope->>'scopeId')
    AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(rv.entry->'ownerSlots') slot
                     WHERE slot->>'scopeId' = scope->>'scopeId' AND slot->>'epoch' = scope->>'epoch')`;

/** Which records are still without the key of their owner's current epoch: the work of a device that may stop anywhere. */
@Injectable()
export class LackingSlots {
  async count({ organization, subject }: SessionUser, scopeId: string): Promise<number> {
    const [row] = await organization.database.query<{ total: number }>(
      `SELECT count(*)::int AS total ${LACKING} AND scope->>'scopeId' = $2`,
      [subject, scopeId],
    );
    return row?.total ?? 0;
  }

  async list(user: SessionUser, { limit, cursor = '' }: PageRequest): Promise<Page<LackingSlot>> {
    const { organization, subject } = user;
    if (cursor !== '' && !/^[0-9a-f]{32}:[1-9]\d{0,8}:[0-9a-f]{32}$/.test(cursor))
      throw invalid('cursor', 'is not one that this service gave.');
    const { database } = organization;
    const [count] = await database.query<{ total: number }>(`SELECT count(*)::int AS total ${LACKING}`, [
      subject,
    ]);
    const [afterId = '', afterVersion = '0', afterScope = ''] = cursor.split(':');
    const size = Math.min(limit, LIMIT_MAX);
    const rows = await database.query<{ entry: RecordEntry; scope: ScopeKey }>(
      `SELECT rv.entry, scope ${LACKING}
          AND (rv.record_id, rv.version, scope->>'scopeId') > ($2, $3::int, $4)
        ORDER BY rv.record_id, rv.version, scope->>'scopeId' LIMIT ${size + 1}`,
      [subject, afterId, Number(afterVersion), afterScope],
    );
    const shown = rows.slice(0, size);
    const items = await Promise.all(shown.map(({ entry, scope }) => this.view(user, entry, scope)));
    const last = items.at(-1);
    const isMore = rows.length > shown.length && last !== undefined;
    const next = isMore ? `${last.recordId}:${last.version}:${last.scopeId}` : null;
    return page(items, next, count?.total ?? 0);
  }

  private async view(
    { organization }: SessionUser,
    { recordId, version, ledgerId, sealed }: RecordEntry,
    { scopeId, epoch }: Pick<PatientEntry['scopes'][number], 'scopeId' | 'epoch'>,
  ): Promise<LackingSlot> {
    const { headerDigest = '', sealedDigest = '', dekCommitment = '' } = sealed ?? {};
    let header: string | null;
    try {
      header = (await organization.objects.get(headerDigest)).toString('base64');
    } catch (error) {
      if (!(error instanceof ObjectAlteredError) && !(error instanceof ObjectMissingError)) throw error;
      header = null;
    }
    const { channel } = organization.ledger;
    return {
      channel,
      recordId,
      version,
      ledgerId,
      scopeId,
      epoch,
      header,
      headerDigest,
      sealedDigest,
      dekCommitment,
    };
  }
}
