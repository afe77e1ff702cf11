import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { TeamKeys } from '../care-teams/team-keys.js';
import { Clock } from '../clock.js';
import { registerReaderKey } from '../consents/reader-keys.js';
import { needsRenewal } from '../fabric/certificate-renewal.js';
import { ledgerIdentity } from '../fabric/identity.js';
import { newEnrollmentId } from '../organizations/enrollment-id.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { invalid, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { AccountsService, loginOf, type Account } from './accounts.service.js';
import type { ChangePasswordDto, LoginDto } from './auth.dto.js';
import { LoginLimits } from './login-limits.js';
import { checkNobody, checkPassword } from './passwords.js';
import { SessionsService, type OpenedSession } from './sessions.service.js';
import {
  accountContext,
  type HeldStaffKeys,
  newReaderKey,
  unwrapStaffKeys,
  wrapStaffKeys,
} from './staff-keys.js';

export interface UserAnswer {
  username: string;
  /** Short name of the organisation. */
  organization: string;
  role: string;
  subject: string;
  displayName: string;
}

/** A sign-in waits this long for the ledger to take a reader key, which then goes on by itself. */
const REGISTRATION_WAIT_MS = 5_000;

export interface SignedIn extends OpenedSession {
  user: UserAnswer;
}

@Injectable()
export class AuthService {
  private readonly logger = new Logger(AuthService.name);

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly limits: LoginLimits,
    private readonly clock: Clock,
    private readonly teamKeys: TeamKeys,
  ) {}

  /** @throws ProblemException 401 alike for unknown organisation, unknown user, wrong password and suspended account; 429 */
  async signIn(credentials: LoginDto, address: string): Promise<SignedIn> {
    const organization = this.organizations.get(credentials.organization);
    if (organization === undefined) {
      await checkNobody(credentials.password);
      throw refused();
    }
    const login = loginOf(organization, credentials.username);
    const found = await this.limits.attempt(organization, login, address, async () => {
      const account = await this.accounts.find(organization, credentials.username);
      const wrappingKey =
        account === undefined
          ? await checkNobody(credentials.password)
          : await checkPassword(credentials.password, account.password);
      return account?.status === 'active' && wrappingKey !== undefined ? { account, wrappingKey } : undefined;
    });
    if (found === undefined) throw refused();
    return this.open(organization, found.account, found.wrappingKey, credentials.rememberMe ?? false);
  }

  /** Signs in somebody whose password was just set by the same request (activation). */
  async signInNew(organization: Organization, username: string, password: string): Promise<SignedIn> {
    const account = await this.accounts.find(organization, username);
    const wrappingKey = account && (await checkPassword(password, account.password));
    if (account === undefined || wrappingKey === undefined) throw refused();
    return this.open(organization, account, wrappingKey, false);
  }

  /** @throws ProblemException 401 for a wrong current password, 400 for an unusable new one; 429 as sign-in */
  async changePassword(user: SessionUser, change: ChangePasswordDto, address: string): Promise<void> {
    const { organization } = user;
    const login = loginOf(organization, user.username);
    const found = await this.limits.attempt(organization, login, address, async () => {
      const account = await this.accounts.findBySubject(organization, user.subject);
      const wrappingKey = account && (await checkPassword(change.currentPassword, account.password));
      return wrappingKey && { account, wrappingKey };
    });
    if (found === undefined) {
      throw problem(401, 'WRONG_PASSWORD', 'currentPassword is wrong: type your present password.', [
        { field: 'currentPassword', message: 'is wrong' },
      ]);
    }
    if (change.newPassword === change.currentPassword)
      throw invalid('newPassword', 'must differ from the present one.');
    if (change.newPassword === user.username) throw invalid('newPassword', 'must differ from the user name.');
    await this.accounts.changePassword(organization, found.account, found.wrappingKey, change.newPassword);
    await this.sessions.endAll(organization, user.subject, user.sessionId);
  }

  private async open(
    organization: Organization,
    account: Account,
    wrappingKey: Uint8Array,
    remember: boolean,
  ): Promise<SignedIn> {
    const keys = await this.keysOf(organization, account, wrappingKey);
    if (keys !== null) {
      await this.renew(organization, account, keys);
      await this.registerReaderKey(organization, account, keys);
      await this.handTeamKeysOn(organization, account, keys);
    }
    const session = await this.sessions.open(organization, account, keys, remember);
    return { ...session, user: userAnswer({ ...account, organization }) };
  }

  /** A bundle from before there were reader keys gets one, now that the password is at hand. */
  private async keysOf(
    organization: Organization,
    { subject, bundle }: Account,
    wrappingKey: Uint8Array,
  ): Promise<HeldStaffKeys | null> {
    if (bundle === null) return null;
    const context = accountContext(subject);
    const keys = await unwrapStaffKeys(bundle, wrappingKey, context);
    if (keys.readerKey !== null) return keys;
    const more = { ...keys, readerKey: await newReaderKey() };
    const next = await wrapStaffKeys(more, wrappingKey, context);
    if (await this.accounts.keepBundle(organization, { subject, bundle }, next)) return more;
    // Another sign-in was first: its key is the one that stays.
    const current = (await this.accounts.findBySubject(organization, subject))?.bundle ?? bundle;
    return unwrapStaffKeys(current, wrappingKey, context);
  }

  /** Staff of hospitals are given consents; the ministry's never see content. */
  private async registerReaderKey(
    organization: Organization,
    { subject, role, certificate }: Account,
    { signingKey, readerKey }: HeldStaffKeys,
  ): Promise<void> {
    if (readerKey === null || organization.kind !== 'hospital') return;
    const identity = ledgerIdentity({ mspId: organization.mspId, certificate, subject, role }, signingKey);
    const registered = registerReaderKey(organization, identity, readerKey).catch((error: unknown) => {
      // Nobody can give this person a consent yet; the next sign-in tries again.
      this.logger.warn(
        `A reader key of ${organization.mspId} was not registered: ${(error as Error).message}`,
      );
    });
    await Promise.race([registered, sleep(REGISTRATION_WAIT_MS, undefined, { ref: false })]);
  }

  private async handTeamKeysOn(
    organization: Organization,
    { subject }: Account,
    { receivingKey: receivingSecretKey }: HeldStaffKeys,
  ): Promise<void> {
    try {
      await this.teamKeys.handOn(organization, { subject, receivingSecretKey });
    } catch (error) {
      // Colleagues wait for the next sign-in of somebody who holds the key.
      this.logger.warn(`Team keys of ${organization.mspId} were not handed on: ${(error as Error).message}`);
    }
  }

  /** The password has just opened the key, so a certificate about to end is renewed now, for the same key. */
  private async renew(organization: Organization, account: Account, keys: HeldStaffKeys): Promise<void> {
    if (!needsRenewal(account.certificate, this.clock.now())) return;
    try {
      const { certificate } = await organization.ca.issue(
        { enrollmentId: newEnrollmentId(), role: account.role, subject: account.subject },
        keys.signingKey,
      );
      await this.accounts.keepCertificate(account, certificate, organization.database);
    } catch (error) {
      // The old one still serves; the next sign-in tries again.
      this.logger.warn(`A certificate of ${organization.mspId} was not renewed: ${(error as Error).message}`);
    }
  }
}

export const userAnswer = (user: {
  username: string;
  organization: Organization;
  role: string;
  subject: string;
  displayName: string;
}): UserAnswer => ({
  username: user.username,
  organization: user.organization.slug,
  role: user.role,
  subject: user.subject,
  displayName: user.displayName,
});

const refused = (): Error =>
  problem(401, 'SIGN_IN_FAILED', 'Organisation, user name or password is wrong; upper and lower case count.');
