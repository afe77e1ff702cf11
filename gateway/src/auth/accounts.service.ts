import { Injectable } from '@nestjs/common';
import type { Role } from '@medseal/chaincode';
import { Clock } from '../clock.js';
import type { Organization } from '../organizations/organization.js';
import type { Queries, SqlValue } from '../database/database.js';
import { problem } from '../http/problem.js';
import type { KeyHolder } from '../http/session-user.js';
import { newPasswordRecord, type KdfParameters, type PasswordRecord } from './passwords.js';
import { accountContext, unwrapStaffKeys, wrapStaffKeys, type StaffKeys } from './staff-keys.js';

export type AccountStatus = 'active' | 'suspended' | 'revoked';

export interface Account {
  subject: string;
  username: string;
  displayName: string;
  role: Role;
  status: AccountStatus;
  /** PEM; empty for staff whose device has made no keys yet. */
  certificate: string;
  password: PasswordRecord;
  /** Wrapped under the password; null where the keys are on the person's device, as every patient's. */
  bundle: Uint8Array | null;
  /** Nobody has changed the password that the administrator handed over. */
  initialPassword: boolean;
  createdAt: Date;
}

export interface NewAccount {
  subject: string;
  username: string;
  displayName: string;
  role: Role;
  /** PEM; empty for staff whose device has made no keys yet. */
  certificate: string;
  password: string;
  /** Null where the person's device holds the keys. */
  keys: StaffKeys | null;
  initialPassword: boolean;
  /** `active` unless given. */
  status?: AccountStatus;
}

/** An account ready to be stored. */
export interface PreparedAccount {
  readonly row: readonly SqlValue[];
}

interface AccountRow {
  subject: string;
  role: Role;
  status: AccountStatus;
  sealed: Uint8Array;
  certificate: string;
  kdf: string;
  salt: Uint8Array;
  verifier: Uint8Array;
  bundle: Uint8Array | null;
  initial_password: boolean;
  created_at: Date;
}

const COLUMNS =
  'subject, role, status, sealed, certificate, kdf, salt, verifier, bundle, initial_password, created_at';

/** The ledger suspends and revokes; the account follows, but a crash may come between. */
export const STATUS_IN_FORCE = `COALESCE(
  (SELECT f.status FROM staff f WHERE f.staff_id = accounts.subject AND f.status <> 'active'), accounts.status)`;

const SELECTED = COLUMNS.replace('status', `${STATUS_IN_FORCE} AS status`);

/** 3 to 64 letters, digits, dots, dashes or underscores; upper and lower case are different. */
export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$/;

/** Sign-ins of one organisation's people. User names are kept as HMACs; rows show no names. */
@Injectable()
export class AccountsService {
  constructor(private readonly clock: Clock) {}

  /** @throws as `insert` */
  async create(organization: Organization, account: NewAccount): Promise<void> {
    await this.insert(organization, await this.prepare(organization, account));
  }

  /** Derives and seals, which takes its time and must not be done inside a transaction. */
  async prepare(organization: Organization, account: NewAccount): Promise<PreparedAccount> {
    const { record, wrappingKey } = await newPasswordRecord(account.password);
    const bundle =
      account.keys === null
        ? null
        : await wrapStaffKeys(account.keys, wrappingKey, accountContext(account.subject));
    return {
      row: [
        account.subject,
        account.role,
        account.status ?? 'active',
        await sealNames(organization, account),
        account.certificate,
        JSON.stringify(record.kdf),
        record.salt,
        record.verifier,
        bundle,
        account.initialPassword,
        this.clock.date(),
        loginOf(organization, account.username),
      ],
    };
  }

  /** @throws ProblemException 409 USERNAME_TAKEN, or ACCOUNT_EXISTS when the subject has a sign-in already */
  async insert(
    organization: Organization,
    { row }: PreparedAccount,
    queries: Queries = organization.database,
  ): Promise<void> {
    try {
      await queries.query(
        `INSERT INTO accounts (${COLUMNS}, login) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        row,
      );
    } catch (error) {
      throw takenProblem(error);
    }
  }

  async find(organization: Organization, username: string): Promise<Account | undefined> {
    return this.one(organization, 'login', loginOf(organization, username));
  }

  async findBySubject(organization: Organization, subject: string): Promise<Account | undefined> {
    return this.one(organization, 'subject', subject);
  }

  /** All but patients, or patients only, oldest first. */
  async list(organization: Organization, who: 'staff' | 'patients' = 'staff'): Promise<Account[]> {
    const rows = await organization.database.query<AccountRow>(
      `SELECT ${SELECTED} FROM accounts WHERE (role = 'patient') = $1 ORDER BY created_at, subject`,
      [who === 'patients'],
    );
    return Promise.all(rows.map((row) => accountOf(organization, row)));
  }

  async setStatus(organization: Organization, subject: string, status: AccountStatus): Promise<void> {
    await organization.database.query('UPDATE accounts SET status = $2 WHERE subject = $1', [
      subject,
      status,
    ]);
  }

  async rename(organization: Organization, account: Account, displayName: string): Promise<void> {
    await organization.database.query('UPDATE accounts SET sealed = $2 WHERE subject = $1', [
      account.subject,
      await sealNames(organization, { ...account, displayName }),
    ]);
  }

  /**
   * Another password for the same keys.
   * @param wrappingKey what the current password gave
   */
  async changePassword(
    organization: Organization,
    account: Account,
    wrappingKey: Uint8Array,
    newPassword: string,
  ): Promise<void> {
    const context = accountContext(account.subject);
    const derived = await newPasswordRecord(newPassword);
    const bundle =
      account.bundle === null
        ? null
        : await wrapStaffKeys(
            await unwrapStaffKeys(account.bundle, wrappingKey, context),
            derived.wrappingKey,
            context,
          );
    await this.storePassword(organization, account.subject, derived.record, bundle, false);
  }

  /**
   * New keys under a new password: what the old keys opened is lost to this person.
   *
   * @param replacement without keys where the person's device is to make them
   */
  async replaceKeys(
    organization: Organization,
    account: Account,
    replacement: { password: string; certificate: string; keys: StaffKeys | null },
  ): Promise<void> {
    const { record, wrappingKey } = await newPasswordRecord(replacement.password);
    const bundle =
      replacement.keys === null
        ? null
        : await wrapStaffKeys(replacement.keys, wrappingKey, accountContext(account.subject));
    await this.storePassword(organization, account.subject, record, bundle, true, replacement.certificate);
  }

  /**
   * The same keys and one more. @returns false when the bundle is not `account.bundle` any more: read it again
   */
  async keepBundle(
    organization: Organization,
    account: Pick<Account, 'subject' | 'bundle'>,
    bundle: Uint8Array,
  ): Promise<boolean> {
    const rows = await organization.database.query(
      'UPDATE accounts SET bundle = $2 WHERE subject = $1 AND bundle = $3 RETURNING subject',
      [account.subject, bundle, account.bundle],
    );
    return rows.length > 0;
  }

  /** Another certificate for the same keys, or a device's first. @returns false when it is not `account.certificate` any more */
  async keepCertificate(
    account: Pick<Account, 'subject' | 'certificate'>,
    certificate: string,
    queries: Queries,
  ): Promise<boolean> {
    const rows = await queries.query(
      'UPDATE accounts SET certificate = $2 WHERE subject = $1 AND certificate = $3 RETURNING subject',
      [account.subject, certificate, account.certificate],
    );
    return rows.length > 0;
  }

  async remove(
    organization: Organization,
    subject: string,
    queries: Queries = organization.database,
  ): Promise<void> {
    await queries.query('DELETE FROM accounts WHERE subject = $1', [subject]);
  }

  private async one(
    organization: Organization,
    column: 'login' | 'subject',
    value: string,
  ): Promise<Account | undefined> {
    const [row] = await organization.database.query<AccountRow>(
      `SELECT ${SELECTED} FROM accounts WHERE ${column} = $1`,
      [value],
    );
    return row && accountOf(organization, row);
  }

  private async storePassword(
    organization: Organization,
    subject: string,
    record: PasswordRecord,
    bundle: Uint8Array | null,
    initial: boolean,
    certificate?: string,
  ): Promise<void> {
    await organization.database.query(
      `UPDATE accounts SET kdf = $2, salt = $3, verifier = $4, bundle = $5, initial_password = $6,
         certificate = coalesce($7, certificate) WHERE subject = $1`,
      [
        subject,
        JSON.stringify(record.kdf),
        record.salt,
        record.verifier,
        bundle,
        initial,
        certificate ?? null,
      ],
    );
  }
}

export const keyHolderOf = ({ bundle }: Pick<Account, 'bundle'>): KeyHolder =>
  bundle === null ? 'device' : 'gateway';

export const loginOf = (organization: Organization, username: string): string =>
  organization.keystore.indexHmac('username', username.normalize('NFC'));

const rowContext = (subject: string): string => `accounts/${subject}`;

const sealNames = (
  organization: Organization,
  { subject, username, displayName }: { subject: string; username: string; displayName: string },
): Promise<Uint8Array> => organization.keystore.sealRow(rowContext(subject), { username, displayName });

const accountOf = async (organization: Organization, row: AccountRow): Promise<Account> => ({
  ...(await organization.keystore.openRow<{ username: string; displayName: string }>(
    rowContext(row.subject),
    row.sealed,
  )),
  subject: row.subject,
  role: row.role,
  status: row.status,
  certificate: row.certificate,
  password: { kdf: JSON.parse(row.kdf) as KdfParameters, salt: row.salt, verifier: row.verifier },
  bundle: row.bundle,
  initialPassword: row.initial_password,
  createdAt: row.created_at,
});

const UNIQUE_VIOLATION = '23505';

const takenProblem = (error: unknown): unknown => {
  const { code, constraint } = error as { code?: string; constraint?: string };
  if (code !== UNIQUE_VIOLATION) return error;
  return constraint === 'accounts_pkey'
    ? problem(409, 'ACCOUNT_EXISTS', 'This person has a sign-in already: reset it instead of making another.')
    : problem(409, 'USERNAME_TAKEN', 'username is taken: choose another.', [
        { field: 'username', message: 'is taken' },
      ]);
};
