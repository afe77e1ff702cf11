import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hkdf256, toBase64Url } from '@medseal/crypto';
import type { Role } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import { type LedgerIdentity, ledgerIdentity } from '../fabric/identity.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { StaffSigning } from '../transactions/staff-signing.js';
import { keysOnDevice } from '../http/keys-on-device.js';
import { type Account, STATUS_IN_FORCE } from './accounts.service.js';
import { sessionContext, unwrapStaffKeys, wrapStaffKeys, type HeldStaffKeys } from './staff-keys.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const IDLE_MS = 30 * MINUTE_MS;
export const SESSION_MS = 12 * HOUR_MS;
export const REMEMBERED_MS = 14 * 24 * HOUR_MS;
/** How stale `last_used_at` may be, so that not every request writes. */
const TOUCH_INTERVAL_MS = MINUTE_MS;

const TOKEN = /^([a-z][a-z0-9]*)\.([A-Za-z0-9_-]{43})$/;

export interface OpenedSession {
  id: string;
  /** `<organisation>.<32 random bytes>`; only its SHA-256 is stored. */
  token: string;
  csrfToken: string;
  expiresAt: Date;
}

export interface SessionSummary {
  id: string;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
  remember: boolean;
}

interface SessionRow {
  id: string;
  subject: string;
  bundle: Uint8Array | null;
  remember: boolean;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  role: Role;
  status: string;
  certificate: string;
  sealed: Uint8Array;
}

@Injectable()
export class SessionsService {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly clock: Clock,
    private readonly staffSigning: StaffSigning,
  ) {}

  /** @param keys the staff member's, wrapped anew under a key that only the token gives; null for a patient */
  async open(
    organization: Organization,
    account: Account,
    keys: HeldStaffKeys | null,
    remember: boolean,
  ): Promise<OpenedSession> {
    const secret = randomBytes(32);
    const id = randomBytes(16).toString('hex');
    const now = this.clock.now();
    const expiresAt = new Date(now + (remember ? REMEMBERED_MS : SESSION_MS));
    const bundle = keys === null ? null : await wrapStaffKeys(keys, bundleKey(secret), sessionContext(id));
    await organization.database.query(
      `INSERT INTO sessions (id, token_hash, subject, bundle, remember, created_at, last_used_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
      [id, tokenHash(secret), account.subject, bundle, remember, new Date(now), expiresAt],
    );
    await organization.database.query('DELETE FROM sessions WHERE expires_at < $1', [new Date(now)]);
    const token = `${organization.slug}.${toBase64Url(secret)}`;
    return { id, token, csrfToken: csrfOf(secret), expiresAt };
  }

  /** Who holds this token, or undefined: unknown, ended, idle too long, or the account is suspended. */
  async authenticate(token: string): Promise<SessionUser | undefined> {
    const parsed = TOKEN.exec(token);
    const organization = parsed === null ? undefined : this.organizations.get(parsed[1]!);
    if (parsed === null || organization === undefined) return undefined;
    const secret = Buffer.from(parsed[2]!, 'base64url');
    const [row] = await organization.database.query<SessionRow>(
      `SELECT s.id, s.subject, s.bundle, s.remember, s.created_at, s.last_used_at, s.expires_at,
              accounts.role, ${STATUS_IN_FORCE} AS status, accounts.certificate, accounts.sealed
         FROM sessions s JOIN accounts ON accounts.subject = s.subject WHERE s.token_hash = $1`,
      [tokenHash(secret)],
    );
    if (row === undefined || row.status !== 'active') return undefined;
    const now = this.clock.now();
    const idle = !row.remember && now - row.last_used_at.getTime() > IDLE_MS;
    if (idle || now >= row.expires_at.getTime()) {
      await organization.database.query('DELETE FROM sessions WHERE id = $1', [row.id]);
      return undefined;
    }
    if (now - row.last_used_at.getTime() > TOUCH_INTERVAL_MS) {
      await organization.database.query('UPDATE sessions SET last_used_at = $2 WHERE id = $1', [
        row.id,
        new Date(now),
      ]);
    }
    return this.userOf(organization, row, secret);
  }

  /** Whether the X-CSRF-Token belongs to the session token of the cookie. */
  csrfMatches(token: string, given: string | undefined): boolean {
    const parsed = TOKEN.exec(token);
    if (parsed === null || given === undefined) return false;
    const wanted = Buffer.from(csrfOf(Buffer.from(parsed[2]!, 'base64url')));
    const actual = Buffer.from(given);
    return wanted.length === actual.length && timingSafeEqual(wanted, actual);
  }

  async list(user: SessionUser): Promise<SessionSummary[]> {
    const rows = await user.organization.database.query<SessionRow>(
      `SELECT id, created_at, last_used_at, expires_at, remember FROM sessions
        WHERE subject = $1 AND expires_at > $2 AND (remember OR last_used_at > $3) ORDER BY created_at, id`,
      [user.subject, this.clock.date(), new Date(this.clock.now() - IDLE_MS)],
    );
    return rows.map((row) => ({
      id: row.id,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
      remember: row.remember,
    }));
  }

  /** Those of the sessions that are neither ended nor idle too long, of accounts in good standing. */
  async inForce({ database }: Organization, sessionIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await database.query<{ id: string }>(
      `SELECT s.id FROM sessions s JOIN accounts ON accounts.subject = s.subject
        WHERE s.id = ANY($1) AND s.expires_at > $2 AND (s.remember OR s.last_used_at > $3)
          AND ${STATUS_IN_FORCE} = 'active'`,
      [[...sessionIds], this.clock.date(), new Date(this.clock.now() - IDLE_MS)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** @returns false when the subject has no such session */
  async end(organization: Organization, subject: string, sessionId: string): Promise<boolean> {
    const rows = await organization.database.query(
      'DELETE FROM sessions WHERE id = $1 AND subject = $2 RETURNING id',
      [sessionId, subject],
    );
    return rows.length > 0;
  }

  /** Ends all sessions of a subject, but one if given. */
  async endAll(organization: Organization, subject: string, exceptSessionId = ''): Promise<void> {
    await organization.database.query('DELETE FROM sessions WHERE subject = $1 AND id <> $2', [
      subject,
      exceptSessionId,
    ]);
  }

  private async userOf(
    organization: Organization,
    row: SessionRow,
    secret: Uint8Array,
  ): Promise<SessionUser> {
    const names = await organization.keystore.openRow<{ username: string; displayName: string }>(
      `accounts/${row.subject}`,
      row.sealed,
    );
    const keys =
      row.bundle === null
        ? null
        : await unwrapStaffKeys(row.bundle, bundleKey(secret), sessionContext(row.id));
    const { subject, role, certificate } = row;
    const held = (): HeldStaffKeys => {
      if (keys !== null) return keys;
      if (role !== 'patient') throw keysOnDevice();
      throw problem(
        403,
        'DEVICE_HOLDS_KEY',
        'This act is signed by your own device, which alone holds your key.',
      );
    };
    let identity: LedgerIdentity | undefined;
    return {
      organization,
      ...names,
      role,
      subject,
      certificate,
      keyHolder: keys === null ? 'device' : 'gateway',
      sessionId: row.id,
      sessionExpiresAt: row.expires_at,
      csrfToken: csrfOf(secret),
      // Its key is parsed once, however many calls to the ledger a request makes.
      identity: () =>
        keys === null && role !== 'patient'
          ? this.staffSigning.identity(organization, { certificate, subject, role })
          : (identity ??= ledgerIdentity(
              { mspId: organization.mspId, certificate, subject, role },
              held().signingKey,
            )),
      receivingSecretKey: () => held().receivingKey,
      readerSecretKey: () => {
        const { readerKey } = held();
        if (readerKey !== null) return readerKey;
        throw problem(
          409,
          'READER_KEY_MISSING',
          'This session is older than your reader key: sign out and in again.',
        );
      },
    };
  }
}

const tokenHash = (secret: Uint8Array): Uint8Array => createHash('sha256').update(secret).digest();

const bundleKey = (secret: Uint8Array): Uint8Array => hkdf256({ ikm: secret, info: 'MS-SESSION-BUNDLE' });

const csrfOf = (secret: Uint8Array): string => toBase64Url(hkdf256({ ikm: secret, info: 'MS-SESSION-CSRF' }));
