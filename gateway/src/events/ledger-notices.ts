import { Injectable } from '@nestjs/common';
import type {
  AuditEntry,
  ConsentAnswerEntry,
  ConsentEntry,
  GranteeKind,
  ReceiptEntry,
  ShareAnswerEntry,
} from '@medseal/chaincode';
import { partIn } from '../audits/audit-part.js';
import { TeamMembership } from '../care-teams/team-membership.js';
import { heldKind, openHeld } from '../consents/held-values.js';
import { guardiansOf } from '../guardians/guardianship.js';
import type { Organization } from '../organizations/organization.js';
import type {
  BlockChanges,
  LedgerPosition,
  PrivateChange,
  WorldChange,
} from '../projection/block-changes.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import { Projections } from '../projection/projections.js';
import type { AddressedNotice, Notice, NoticeListener, NoticePerson, NoticeText } from './notice.js';

interface ForSomebody {
  /** A subject, or those of the listeners whom it concerns now. */
  readonly to: string | ((listeners: readonly NoticeListener[]) => Promise<string[]>);
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
 * What a block tells whom, and the only place that says so. The same block always tells the same, so that what a stream
 * missed is told from the ledger and kept nowhere else; members of care teams and guardians are told as long as they are.
 * Blocks must be in the read model. No notice names what a record is about.
 */
@Injectable()
export class LedgerNotices {
  constructor(
    private readonly projections: Projections,
    private readonly membership: TeamMembership,
  ) {}

  /** @param listeners for whom notices are wanted; others cost nothing */
  async of(
    organization: Organization,
    { world, privateValues }: BlockChanges,
    listeners: readonly NoticeListener[],
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
        const subjects = await among(listeners, to);
        if (subjects.length === 0) continue;
        const notice = { ...(await text()), at };
        for (const subject of subjects) notices.push({ to: subject, blockNumber, position, index, notice });
      }
    }
    return notices;
  }

  /** Consents that end within a time without anybody's act. */
  async expired(
    organization: Organization,
    fromMs: number,
    toMs: number,
    listeners: readonly NoticeListener[],
  ): Promise<{ to: string; expiredMs: number; notice: Notice }[]> {
    const rows = await organization.database.query<{ entry: ConsentEntry }>(
      `SELECT entry FROM consents
        WHERE revoked_at IS NULL AND expires_at > $1 AND expires_at <= $2
          AND (ledger_id = ANY($3) OR grantee_id = ANY($3) OR grantee_msp = $4) ORDER BY expires_at, consent_id`,
      [new Date(fromMs), new Date(toMs), listeners.map(({ subject }) => subject), organization.mspId],
    );
    const told = [];
    for (const { entry } of rows) {
      for (const { to, text } of this.toBoth(organization, entry, 'consent.expired')) {
        const notice = { ...(await text()), at: entry.expiresAt };
        for (const subject of await among(listeners, to))
          told.push({ to: subject, expiredMs: Date.parse(entry.expiresAt), notice });
      }
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
          ? this.granted(organization, consent, change, block)
          : this.toBoth(organization, consent, 'consent.revoked');
      }
      case 'consentAnswer':
        return denied(organization, change.entry as unknown as ConsentAnswerEntry);
      case 'shareAnswer':
        return this.shareAnswered(organization, change.entry as unknown as ShareAnswerEntry, change);
      case 'emergencyCase':
        return this.emergency(organization, change.parts[0] ?? '', change.entry as unknown as EmergencyCase);
      case 'audit':
        return auditFailed(organization, change.entry as unknown as AuditEntry);
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
    const { receiptId, reader, mspId, basis, consentId = null } = entry as unknown as ReceiptEntry;
    const recordsOf = new Map<string, string[]>();
    for (const { type, parts, position: at } of block) {
      const [ledgerId = '', of, recordId = ''] = parts;
      if (type !== 'receiptOf' || at !== position || of !== receiptId) continue;
      recordsOf.set(ledgerId, [...(recordsOf.get(ledgerId) ?? []), recordId]);
    }
    return [...recordsOf].flatMap(([ledgerId, recordIds]) => {
      const text = async (): Promise<NoticeText> => ({
        type: 'record.read',
        receiptId,
        ledgerId,
        reader: await this.person(organization, reader, mspId),
        byGuardian: (await granteeKindOf(organization, consentId)) === 'guardian',
        basis,
        consentId,
        recordIds: recordIds.sort(),
      });
      // Who reads as a guardian need not be told of it.
      const toGuardians = listeningGuardians(organization, ledgerId, reader);
      return [
        { to: ledgerId, text },
        { to: toGuardians, text },
      ];
    });
  }

  private granted(
    organization: Organization,
    consent: ConsentEntry,
    { position }: WorldChange,
    block: readonly WorldChange[],
  ): ForSomebody[] {
    const answer = block.find((one) => one.type === 'consentAnswer' && one.position === position)
      ?.entry as unknown as ConsentAnswerEntry | undefined;
    return this.toGrantee(organization, consent, () => ({
      type: 'consent.granted',
      consentId: consent.consentId,
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
    consent: ConsentEntry,
    type: 'consent.active' | 'consent.revoked' | 'consent.expired',
  ): ForSomebody[] {
    const { consentId, ledgerId, grantee } = consent;
    const text = async (): Promise<NoticeText> => ({
      type,
      consentId,
      grantee: { ...(await this.person(organization, grantee.id, grantee.mspId)), kind: grantee.kind },
    });
    return [{ to: ledgerId, text }, ...this.toGrantee(organization, consent, text)];
  }

  /** A person or a guardian; of a care team those who could read under the consent now. */
  private toGrantee(
    organization: Organization,
    consent: ConsentEntry,
    text: ForSomebody['text'],
  ): ForSomebody[] {
    const { kind, id, mspId } = consent.grantee;
    if (kind === 'person' || kind === 'guardian') return [{ to: id, text }];
    if (kind !== 'careTeam' || mspId !== organization.mspId) return [];
    const members = async (listeners: readonly NoticeListener[]): Promise<string[]> => {
      const found: string[] = [];
      for (const { subject, role } of listeners)
        if ((await this.membership.standing({ organization, subject, role }, consent)) !== undefined)
          found.push(subject);
      return found;
    };
    return [{ to: members, text }];
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

const among = async (listeners: readonly NoticeListener[], to: ForSomebody['to']): Promise<string[]> =>
  typeof to === 'string'
    ? listeners.filter(({ subject }) => subject === to).map(({ subject }) => subject)
    : to(listeners);

/** Listening patients other than the reader who may see the owner's access log now. */
const listeningGuardians =
  (organization: Organization, ledgerId: string, reader: string) =>
  async (listeners: readonly NoticeListener[]): Promise<string[]> => {
    const others = listeners.filter(
      ({ subject, role }) => role === 'patient' && subject !== ledgerId && subject !== reader,
    );
    if (others.length === 0) return [];
    const subjects = others.map(({ subject }) => subject);
    const known = await organization.database.query(
      'SELECT 1 FROM consents WHERE ledger_id = $1 AND grantee_id = ANY($2) AND revoked_at IS NULL LIMIT 1',
      [ledgerId, subjects],
    );
    if (known.length === 0) return [];
    const guardians = await guardiansOf(organization, ledgerId);
    return subjects.filter((subject) => guardians.includes(subject));
  };

const granteeKindOf = async (
  { database }: Organization,
  consentId: string | null,
): Promise<GranteeKind | undefined> => {
  if (consentId === null) return undefined;
  const [row] = await database.query<{ kind: GranteeKind }>(
    `SELECT entry->'grantee'->>'kind' AS kind FROM consents WHERE consent_id = $1`,
    [consentId],
  );
  return row?.kind;
};

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

/** Who runs the storage, and who asked: both have to see to it. */
const TOLD_OF_AUDITS: ReadonlySet<string> = new Set(['hospital-admin', 'system-manager', 'auditor']);

const auditFailed = (organization: Organization, audit: AuditEntry): ForSomebody[] => {
  const { auditId, recordId, version, kind, hospital, reason, status } = audit;
  if (status !== 'failed' || partIn(audit, organization.mspId) === undefined) return [];
  const text = async (): Promise<NoticeText> => ({
    type: 'audit.failed',
    ...{ auditId, recordId, version, kind, hospital, reason },
    organizationName: await nameOf(organization, hospital),
  });
  const to = (listeners: readonly NoticeListener[]): Promise<string[]> =>
    Promise.resolve(listeners.filter(({ role }) => TOLD_OF_AUDITS.has(role)).map(({ subject }) => subject));
  return [{ to, text }];
};

const nameOf = async ({ database }: Organization, mspId: string): Promise<string | null> => {
  const [row] = await database.query<{ name: string }>(
    `SELECT entry->>'name' AS name FROM organizations WHERE msp_id = $1`,
    [mspId],
  );
  return row?.name ?? null;
};
