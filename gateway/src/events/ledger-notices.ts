import { Injectable } from '@nestjs/common';
import type {
  ConsentAnswerEntry,
  ConsentEntry,
  Grantee,
  ReceiptEntry,
  ShareAnswerEntry,
} from '@medseal/chaincode';
import { heldKind, openHeld } from '../consents/held-values.js';
import type { Organization } from '../organizations/organization.js';
import type {
  BlockChanges,
  LedgerPosition,
  PrivateChange,
  WorldChange,
} from '../projection/block-changes.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import { Projections } from '../projection/projections.js';
import type { AddressedNotice, Notice, NoticePerson, NoticeText } from './notice.js';

interface ForSomebody {
  readonly to: string;
  /** Made only where somebody listens. */
  text(): NoticeText | Promise<NoticeText>;
}

/** An emergency as its entry on the ledger says. */
interface EmergencyCase {
  readonly ledgerId: string;
  readonly reader: string;
  readonly mspId: string;
  readonly until?: string;
  readonly closedAt?: string | null;
}

/**
 * What a block tells whom. The same block always tells the same, so that what a stream missed is told from the ledger
 * and kept nowhere else. Blocks must be in the read model.
 */
@Injectable()
export class LedgerNotices {
  constructor(private readonly projections: Projections) {}

  /** @param isListening subjects for whom notices are wanted; others cost nothing */
  async of(
    organization: Organization,
    { world, privateValues }: BlockChanges,
    isListening: (subject: string) => boolean,
  ): Promise<AddressedNotice[]> {
    const notices: AddressedNotice[] = [];
    const counts = new Map<number, number>();
    for (const change of [...world, ...privateValues].sort((left, right) => left.position - right.position)) {
      const told =
        'type' in change
          ? await this.ofWorld(organization, change, world)
          : await this.ofPrivate(organization, change);
      for (const { to, text } of told) {
        // Counted for everybody: whoever else listens has no part in a notice's place.
        const index = (counts.get(change.position) ?? 0) + 1;
        counts.set(change.position, index);
        const { blockNumber, position, committedAt: at } = change;
        if (isListening(to))
          notices.push({ to, blockNumber, position, index, notice: { ...(await text()), at } });
      }
    }
    return notices;
  }

  /** Consents that end within a time without anybody's act. */
  async expired(
    organization: Organization,
    fromMs: number,
    toMs: number,
    subjects: readonly string[],
  ): Promise<{ to: string; expiredMs: number; notice: Notice }[]> {
    const rows = await organization.database.query<{ entry: ConsentEntry }>(
      `SELECT entry FROM consents
        WHERE revoked_at IS NULL AND expires_at > $1 AND expires_at <= $2
          AND (ledger_id = ANY($3) OR grantee_id = ANY($3)) ORDER BY expires_at, consent_id`,
      [new Date(fromMs), new Date(toMs), [...subjects]],
    );
    const told = [];
    for (const { entry } of rows) {
      for (const { to, text } of this.toBoth(organization, entry, 'consent.expired'))
        told.push({
          to,
          expiredMs: Date.parse(entry.expiresAt),
          notice: { ...(await text()), at: entry.expiresAt },
        });
    }
    return told;
  }

  private async ofWorld(
    organization: Organization,
    change: WorldChange,
    block: readonly WorldChange[],
  ): Promise<ForSomebody[]> {
    if (change.entry === undefined) return [];
    switch (change.type) {
      case 'receipt':
        return this.read(organization, change, block);
      case 'consent': {
        const consent = change.entry as unknown as ConsentEntry;
        return consent.revokedAt === null
          ? this.granted(consent, change, block)
          : this.toBoth(organization, consent, 'consent.revoked');
      }
      case 'consentAnswer':
        return denied(organization, change.entry as unknown as ConsentAnswerEntry);
      case 'shareAnswer':
        return this.shareAnswered(organization, change.entry as unknown as ShareAnswerEntry, change);
      case 'emergencyCase':
        return this.emergency(organization, change.parts[0] ?? '', change.entry as unknown as EmergencyCase);
      default:
        return [];
    }
  }

  /** A request for consent becomes known to the asked patient's hospital when it has been taken over. */
  private async ofPrivate(organization: Organization, change: PrivateChange): Promise<ForSomebody[]> {
    const { collection, key, value } = change;
    if (collection !== implicitCollection(organization.mspId) || value === undefined) return [];
    if (!key?.startsWith('held/') || heldKind(value).kind !== 'request') return [];
    const held = await openHeld<'request'>(organization, key, value);
    if (held === undefined) return [];
    const { deliveryId: requestId, ledgerId, from } = held;
    return [
      {
        to: ledgerId,
        text: async () => ({
          type: 'consent.requested',
          requestId,
          from: await this.person(organization, from.subject, from.mspId),
        }),
      },
    ];
  }

  private read(
    organization: Organization,
    { entry, position }: WorldChange,
    block: readonly WorldChange[],
  ): ForSomebody[] {
    const { receiptId, reader, mspId, basis, consentId } = entry as unknown as ReceiptEntry;
    const recordsOf = new Map<string, string[]>();
    for (const { type, parts, position: at } of block) {
      const [ledgerId = '', of, recordId = ''] = parts;
      if (type !== 'receiptOf' || at !== position || of !== receiptId) continue;
      recordsOf.set(ledgerId, [...(recordsOf.get(ledgerId) ?? []), recordId]);
    }
    return [...recordsOf].map(([to, recordIds]) => ({
      to,
      text: async () => ({
        type: 'record.read',
        receiptId,
        reader: await this.person(organization, reader, mspId),
        basis,
        consentId: consentId ?? null,
        recordIds: recordIds.sort(),
      }),
    }));
  }

  private granted(
    { consentId, grantee }: ConsentEntry,
    { position }: WorldChange,
    block: readonly WorldChange[],
  ): ForSomebody[] {
    const answer = block.find((one) => one.type === 'consentAnswer' && one.position === position)
      ?.entry as unknown as ConsentAnswerEntry | undefined;
    return toPerson(grantee, () => ({
      type: 'consent.granted',
      consentId,
      requestId: answer?.requestId ?? null,
    }));
  }

  /** Active by the answer that makes the threshold full; later ones change nothing. */
  private async shareAnswered(
    organization: Organization,
    { consentId, mspId, answer, code }: ShareAnswerEntry,
    { blockNumber, position }: LedgerPosition,
  ): Promise<ForSomebody[]> {
    const [row] = await organization.database.query<{ entry: ConsentEntry }>(
      'SELECT entry FROM consents WHERE consent_id = $1',
      [consentId],
    );
    if (row === undefined) return [];
    const { ledgerId, threshold } = row.entry;
    if (answer === 'complained') {
      const text = async (): Promise<NoticeText> => ({
        type: 'consent.complained',
        consentId,
        mspId,
        organizationName: await nameOf(organization, mspId),
        code,
      });
      return [{ to: ledgerId, text }];
    }
    const [said] = await organization.database.query<{ accepted: number; complained: number }>(
      `SELECT count(*) FILTER (WHERE answer = 'accepted')::int AS accepted,
              count(*) FILTER (WHERE answer <> 'accepted')::int AS complained
         FROM share_answers
        WHERE consent_id = $1 AND (block_number IS NULL OR (block_number, position) <= ($2, $3))`,
      [consentId, blockNumber, position],
    );
    return said?.accepted === threshold && said.complained === 0
      ? this.toBoth(organization, row.entry, 'consent.active')
      : [];
  }

  private emergency(
    organization: Organization,
    emergencyId: string,
    { ledgerId, reader, mspId, until, closedAt }: EmergencyCase,
  ): ForSomebody[] {
    if (closedAt !== undefined && closedAt !== null) return [];
    const text = async (): Promise<NoticeText> => ({
      type: 'emergency.opened',
      emergencyId,
      reader: await this.person(organization, reader, mspId),
      until: until ?? null,
    });
    return [{ to: ledgerId, text }];
  }

  private toBoth(
    organization: Organization,
    { consentId, ledgerId, grantee }: ConsentEntry,
    type: 'consent.active' | 'consent.revoked' | 'consent.expired',
  ): ForSomebody[] {
    const text = async (): Promise<NoticeText> => ({
      type,
      consentId,
      grantee: await this.person(organization, grantee.id, grantee.mspId),
    });
    return [{ to: ledgerId, text }, ...toPerson(grantee, text)];
  }

  private async person(organization: Organization, subject: string, mspId: string): Promise<NoticePerson> {
    const { personal } = this.projections.of(organization);
    return {
      subject,
      name: personal.staff(subject)?.name ?? null,
      mspId,
      organizationName: await nameOf(organization, mspId),
    };
  }
}

/** Whoever belongs to a care team sees its consents in the list. */
const toPerson = (grantee: Grantee, text: ForSomebody['text']): ForSomebody[] =>
  grantee.kind === 'person' ? [{ to: grantee.id, text }] : [];

/** Who asked is known to their own gateway alone. */
const denied = async (
  { database }: Organization,
  { requestId, answer }: ConsentAnswerEntry,
): Promise<ForSomebody[]> => {
  if (answer !== 'denied') return [];
  const rows = await database.query<{ subject: string }>(
    'SELECT subject FROM consent_requests_made WHERE request_id = $1',
    [requestId],
  );
  return rows.map(({ subject }) => ({ to: subject, text: () => ({ type: 'consent.denied', requestId }) }));
};

const nameOf = async ({ database }: Organization, mspId: string): Promise<string | null> => {
  const [row] = await database.query<{ name: string }>(
    `SELECT entry->>'name' AS name FROM organizations WHERE msp_id = $1`,
    [mspId],
  );
  return row?.name ?? null;
};
