import { Injectable } from '@nestjs/common';
import type { StaffEntry, StaffRole } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { Keyrings } from '../activation/keyrings.js';
import { AccountsService, keyHolderOf, type Account } from '../auth/accounts.service.js';
import { newInitialPassword } from '../auth/passwords.js';
import type { StaffKeys } from '../auth/staff-keys.js';
import { SessionsService } from '../auth/sessions.service.js';
import { CareTeams } from '../care-teams/care-teams.service.js';
import { TeamKeys } from '../care-teams/team-keys.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Committed } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { ledgerAnswer, type LedgerAnswer } from '../http/ledger-answer.js';
import { pageOfArray, type Page, type PageRequest } from '../http/paging.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { KeyHolder, SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { TwoPartActs } from '../outbox/two-part-act.js';
import { submitOnce } from '../outbox/submit-once.js';
import { Settings } from '../settings/settings.service.js';
import { enrollStaff } from './staff-enrollment.js';
import { type ChangeUserDto, type CreateUserDto, DEVICE_ROLES, type UserAction } from './users.dto.js';

export interface UserListing {
  username: string;
  displayName: string;
  role: string;
  subject: string;
  status: string;
  keyHolder: KeyHolder;
  /** Nobody has changed the administrator's password yet. */
  initialPassword: boolean;
  createdAt: string;
}

export interface UserCreated {
  username: string;
  subject: string;
  initialPassword: string;
  ledger?: LedgerAnswer;
}

export interface UserChanged extends UserListing {
  /** Only after a reset. */
  newPassword?: string;
  ledger?: LedgerAnswer;
}

/** Roles that each kind of organisation may give; the ledger has the same list. */
const ROLES_BY_KIND: Readonly<Record<Organization['kind'], readonly StaffRole[]>> = {
  ministry: ['system-manager', 'auditor', 'researcher'],
  hospital: ['hospital-admin', 'doctor', 'verifier', 'sanitizer', 'auditor', 'researcher'],
};

const STATUS_AFTER: Readonly<Record<Exclude<UserAction, 'reset'>, 'active' | 'suspended' | 'revoked'>> = {
  suspend: 'suspended',
  resume: 'active',
  revoke: 'revoked',
};

/** Sign-ins of an organisation's staff: entry on the ledger, certificate, keys, account. */
@Injectable()
export class UsersService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly acts: TwoPartActs,
    private readonly careTeams: CareTeams,
    private readonly teamKeys: TeamKeys,
    private readonly settings: Settings,
    private readonly keyrings: Keyrings,
  ) {}

  async list(user: SessionUser, request: PageRequest): Promise<Page<UserListing>> {
    const accounts = await this.accounts.list(user.organization);
    const wanted = request.q?.toLowerCase();
    const listed = accounts
      .filter(
        ({ username, displayName }) =>
          wanted === undefined || [username, displayName].some((text) => text.toLowerCase().includes(wanted)),
      )
      .sort((a, b) => (a.username < b.username ? -1 : a.username > b.username ? 1 : 0));
    return pageOfArray(listed.map(listing), request, ({ subject }) => subject);
  }

  async get(user: SessionUser, username: string): Promise<UserListing> {
    return listing(await this.require(user, username));
  }

  /** Ledger first, account last: whoever has an account can act. */
  async create(user: SessionUser, input: CreateUserDto, business: BusinessRequest): Promise<UserCreated> {
    const { organization } = user;
    const { username, role, displayName, keyHolder = 'gateway' } = input;
    if (!ROLES_BY_KIND[organization.kind].includes(role)) {
      throw invalid(
        'role',
        `cannot be given by a ${organization.kind}: choose one of ${ROLES_BY_KIND[organization.kind].join(', ')}.`,
      );
    }
    if (input.doctorId !== undefined && role !== 'doctor')
      throw invalid('doctorId', 'goes with role doctor only.');
    await this.requireHolder(user, role, keyHolder);
    const subject = input.doctorId ?? business.deriveId('staff');
    await this.requireFree(organization, username, subject);

    let committed: Committed | undefined;
    if (input.doctorId === undefined)
      committed = await this.putStaff(user, subject, role, displayName, business);
    else await requireOwnDoctor(organization, input.doctorId);
    const staff = await this.enrolled(organization, role, subject, keyHolder);
    committed = staff.committed ?? committed;

    const initialPassword = derivedPassword(business);
    await this.accounts.create(organization, {
      subject,
      username,
      displayName,
      role,
      certificate: staff.certificate,
      password: initialPassword,
      keys: staff.keys,
      initialPassword: true,
    });
    await this.handTeamKeysOn(user, committed);
    return {
      username,
      subject,
      initialPassword,
      ...(committed === undefined ? {} : { ledger: ledgerAnswer(committed) }),
    };
  }

  async change(user: SessionUser, username: string, change: ChangeUserDto): Promise<UserChanged> {
    const account = await this.require(user, username);
    if (change.action === undefined && change.displayName === undefined) {
      throw invalid('action', 'or displayName must be given.');
    }
    if (change.keyHolder !== undefined && change.action !== 'reset')
      throw invalid('keyHolder', 'goes with action reset only: other keys are made.');
    if (change.displayName !== undefined)
      await this.accounts.rename(user.organization, account, change.displayName);
    const effect =
      change.action === undefined ? {} : await this.act(user, account, change.action, change.keyHolder);
    return { ...listing(await this.require(user, username)), ...effect };
  }

  /** Revokes on the ledger for good and removes the sign-in. */
  async remove(user: SessionUser, username: string): Promise<{ ledger: LedgerAnswer }> {
    const account = await this.require(user, username);
    refuseOwnAccount(user, account);
    const committed = await this.setStatus(user, account, 'revoked');
    await this.accounts.remove(user.organization, account.subject);
    await this.keyrings.remove(user.organization, account.subject);
    return { ledger: ledgerAnswer(committed) };
  }

  private async act(
    user: SessionUser,
    account: Account,
    action: UserAction,
    keyHolder?: KeyHolder,
  ): Promise<{ newPassword?: string; ledger?: LedgerAnswer }> {
    if (action === 'reset') return this.reset(user, account, keyHolder ?? keyHolderOf(account));
    refuseOwnAccount(user, account);
    return { ledger: ledgerAnswer(await this.setStatus(user, account, STATUS_AFTER[action])) };
  }

  /** New password, new keys: the old ones are lost with the old password. */
  private async reset(
    user: SessionUser,
    account: Account,
    keyHolder: KeyHolder,
  ): Promise<{ newPassword: string; ledger?: LedgerAnswer }> {
    const { organization } = user;
    if (account.status !== 'active')
      throw problem(409, 'ACCOUNT_NOT_ACTIVE', 'Resume the account before resetting it.');
    refuseOwnAccount(user, account);
    await this.requireHolder(user, account.role as StaffRole, keyHolder);
    const staff = await this.enrolled(organization, account.role as StaffRole, account.subject, keyHolder);
    const { committed } = staff;
    const newPassword = newInitialPassword();
    await this.accounts.replaceKeys(organization, account, {
      password: newPassword,
      certificate: staff.certificate,
      keys: staff.keys,
    });
    await this.keyrings.remove(organization, account.subject);
    await this.sessions.endAll(organization, account.subject);
    await this.handTeamKeysOn(user, committed);
    return { newPassword, ...(committed === undefined ? {} : { ledger: ledgerAnswer(committed) }) };
  }

  /** @throws ProblemException 400 for roles whose acts no device signs; 409 `DEVICE_KEYS_NOT_ALLOWED` */
  private async requireHolder(user: SessionUser, role: StaffRole, keyHolder: KeyHolder): Promise<void> {
    if (keyHolder === 'gateway') return;
    if (!DEVICE_ROLES.includes(role))
      throw invalid('keyHolder', `can be device for ${DEVICE_ROLES.join(', ')} only.`);
    await this.settings.requireDeviceKeys(user.organization);
  }

  /** Keys and certificate; none of either where the person's device makes them at the first sign-in. */
  private async enrolled(
    organization: Organization,
    role: StaffRole,
    subject: string,
    keyHolder: KeyHolder,
  ): Promise<{ keys: StaffKeys | null; certificate: string; committed?: Committed }> {
    if (keyHolder === 'device') return { keys: null, certificate: '' };
    const { keys, identity, registerReceivingKey } = await enrollStaff(organization, role, subject);
    return { keys, certificate: identity.certificate, committed: await registerReceivingKey() };
  }

  /** Access ends with the ledger's commit; the account follows. */
  private async setStatus(
    user: SessionUser,
    account: Account,
    status: 'active' | 'suspended' | 'revoked',
  ): Promise<Committed> {
    const { organization } = user;
    if (account.status === 'revoked' && status !== 'revoked') {
      throw problem(409, 'STAFF_REVOKED', 'Revocation is for good: make a new user instead.');
    }
    const committed = await submitOnce(organization, user.identity(), 'registry:setStaffStatus', [
      account.subject,
      status,
    ]);
    await this.accounts.setStatus(organization, account.subject, status);
    // The listing shows what the ledger says, as far as the read model has it.
    await organization.projection.reached(committed.blockNumber).catch(() => undefined);
    if (status !== 'active') await this.sessions.endAll(organization, account.subject);
    if (status === 'revoked') await this.careTeams.leave(user, account.subject);
    return committed;
  }

  /** Whom the administrator enrols can read with their care teams at once. */
  private async handTeamKeysOn(user: SessionUser, enrolled: Committed | undefined): Promise<void> {
    const { organization, subject } = user;
    if (enrolled !== undefined) await organization.projection.reached(enrolled.blockNumber);
    await this.teamKeys.handOn(organization, { subject, receivingSecretKey: user.receivingSecretKey() });
  }

  private async putStaff(
    user: SessionUser,
    staffId: string,
    role: StaffRole,
    name: string,
    business: BusinessRequest,
  ): Promise<Committed> {
    const { organization } = user;
    const entry = { staffId, mspId: organization.mspId, role, status: 'active', version: 1 };
    return this.acts.run(user.identity(), organization, {
      businessId: business.id,
      privateFunction: 'registry:putStaffPrivate',
      privateArgs: [business.id],
      entry,
      // The ministry's peer holds no staff details, its own staff's neither.
      details: organization.kind === 'hospital' ? { name } : undefined,
      publicFunction: 'registry:putStaff',
      publicArgs: [business.id, canonicalJson(entry)],
    });
  }

  private async requireFree(organization: Organization, username: string, subject: string): Promise<void> {
    if ((await this.accounts.find(organization, username)) !== undefined) {
      throw problem(409, 'USERNAME_TAKEN', 'username is taken: choose another.', [
        { field: 'username', message: 'is taken' },
      ]);
    }
    if ((await this.accounts.findBySubject(organization, subject)) !== undefined) {
      throw problem(
        409,
        'ACCOUNT_EXISTS',
        'This doctor has a sign-in already: reset it instead of making another.',
        [{ field: 'doctorId', message: 'has a sign-in already' }],
      );
    }
  }

  private async require(user: SessionUser, username: string): Promise<Account> {
    const account = await this.accounts.find(user.organization, username);
    // Patients' accounts are theirs, not the administrators'.
    if (account === undefined || account.role === 'patient') throw notFound();
    return account;
  }
}

const requireOwnDoctor = async (organization: Organization, doctorId: string): Promise<void> => {
  const entry = await evaluateJson<StaffEntry | null>(organization, 'registry:getStaff', [doctorId]);
  if (entry?.mspId !== organization.mspId || entry.role !== 'doctor' || entry.status !== 'active') {
    throw problem(
      422,
      'DOCTOR_NOT_FOUND',
      'doctorId is no active doctor of this hospital: see GET /doctors.',
      [{ field: 'doctorId', message: 'is no active doctor of this hospital' }],
    );
  }
};

const refuseOwnAccount = (user: SessionUser, account: Account): void => {
  if (account.subject !== user.subject) return;
  throw problem(409, 'OWN_ACCOUNT', 'Ask another administrator to do this to your own account.');
};

/** The same for a repetition of the act, which must answer as the first time. */
const derivedPassword = (business: BusinessRequest): string => {
  const bytes = business.derive('initialPassword', 64);
  let at = 0;
  // Four bytes a letter keep the bias of the remainder below one in ten million.
  return newInitialPassword((below) => Buffer.from(bytes).readUInt32BE(4 * at++) % below);
};

const listing = (account: Account): UserListing => ({
  username: account.username,
  displayName: account.displayName,
  role: account.role,
  subject: account.subject,
  status: account.status,
  keyHolder: keyHolderOf(account),
  initialPassword: account.initialPassword,
  createdAt: account.createdAt.toISOString(),
});
