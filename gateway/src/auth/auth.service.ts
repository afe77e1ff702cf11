import { Injectable } from '@nestjs/common';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { invalid, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { AccountsService, loginOf, type Account } from './accounts.service.js';
import type { ChangePasswordDto, LoginDto } from './auth.dto.js';
import { LoginLimits } from './login-limits.js';
import { checkNobody, checkPassword } from './passwords.js';
import { SessionsService, type OpenedSession } from './sessions.service.js';
import { accountContext, unwrapStaffKeys } from './staff-keys.js';

export interface UserAnswer {
  username: string;
  /** Short name of the organisation. */
  organization: string;
  role: string;
  subject: string;
  displayName: string;
}

export interface SignedIn extends OpenedSession {
  user: UserAnswer;
}

@Injectable()
export class AuthService {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly limits: LoginLimits,
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
    const keys =
      account.bundle === null
        ? null
        : await unwrapStaffKeys(account.bundle, wrappingKey, accountContext(account.subject));
    const session = await this.sessions.open(organization, account, keys, remember);
    return { ...session, user: userAnswer({ ...account, organization }) };
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
