import { randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import {
  type OrganizationAuthoritiesEntry,
  organizationAuthoritiesStatement,
  type OrganizationEntry,
  type ParametersEntry,
} from '@medseal/chaincode';
import { canonicalJson, sha256Hex } from '@medseal/crypto';
import { AccountsService } from '../auth/accounts.service.js';
import { newInitialPassword } from '../auth/passwords.js';
import { CareTeams } from '../care-teams/care-teams.service.js';
import type { GatewayConfig } from '../config.js';
import { EmergencyKeyDuties } from '../emergencies/emergency-key-duties.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { LedgerIdentity } from '../fabric/ledger-client.js';
import { businessId } from '../http/business-request.js';
import { createSecretFile } from '../keystore/atomic-file.js';
import { TwoPartActs } from '../outbox/two-part-act.js';
import { enrollStaff } from '../users/staff-enrollment.js';
import { ChannelAuthorities } from './channel-authorities.js';
import { putOrganizationKey } from './organization-keys.js';
import { MasterKeyDuties } from '../integrity/master-key-duties.js';
import { OrganizationRegistry, type Organization, type OrganizationProfile } from './organization.js';

const ADMISSION_POLL_MS = 1_000;
const ADMISSION_TIMEOUT_MS = 300_000;

interface FirstAdministrator {
  username: string;
  password: string;
  subject: string;
}

/**
 * Brings each organisation onto the ledger at the first start, the ministry first: admissions, parameters, keys, and a
 * first administrator. Every step looks at what is there, so that a start cut short goes on at the next one.
 */
@Injectable()
export class Bootstrap {
  private readonly logger = new Logger(Bootstrap.name);

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly accounts: AccountsService,
    private readonly acts: TwoPartActs,
    private readonly emergencyKeys: EmergencyKeyDuties,
    private readonly masterKey: MasterKeyDuties,
    private readonly careTeams: CareTeams,
    private readonly channel: ChannelAuthorities,
  ) {}

  async run(config: GatewayConfig): Promise<void> {
    const ordered = [...this.organizations.all()].sort(
      (a, b) => Number(b.kind === 'ministry') - Number(a.kind === 'ministry'),
    );
    for (const organization of ordered) await this.bring(organization, config);
    await Promise.all([this.settleEmergencyKey(), this.settleMasterKey()]);
  }

  private async bring(organization: Organization, config: GatewayConfig): Promise<void> {
    const staff = await this.accounts.list(organization);
    if (staff.length === 0) await this.firstAdministrator(organization, config);
    await this.putKeys(organization);
    await this.careTeams.putRules(organization);
    if (organization.kind === 'ministry') await this.certifyAuthorities(organization);
  }

  private async firstAdministrator(organization: Organization, config: GatewayConfig): Promise<void> {
    this.logger.log(`First start of ${organization.mspId}.`);
    const role = organization.kind === 'ministry' ? 'system-manager' : 'hospital-admin';
    const first = await firstAdministratorFile(
      join(config.dataDirectory, organization.mspId, 'administrator.json'),
    );
    const staff = await enrollStaff(organization, role, first.subject);
    if (organization.kind === 'ministry') await this.openChannel(organization, staff.identity, config);
    else await this.waitForAdmission(organization);
    await this.putStaff(organization, staff.identity, first.subject, role);
    await staff.registerReceivingKey();
    await this.accounts.create(organization, {
      ...first,
      displayName: `Administrator of ${organization.name}`,
      role,
      certificate: staff.identity.certificate,
      keys: staff.keys,
      initialPassword: true,
    });
  }

  /** Only the ministry's own system manager may; each organisation once. */
  private async openChannel(
    ministry: Organization,
    manager: LedgerIdentity,
    config: GatewayConfig,
  ): Promise<void> {
    const hospitals = [...config.organizations, ...config.admit].filter(({ kind }) => kind === 'hospital');
    for (const one of [ministry, ...hospitals]) {
      const known = await organizationsOf(ministry);
      if (known.some(({ mspId }) => mspId === one.mspId)) continue;
      await ministry.ledger.submit(manager, 'registry:admitOrganization', [canonicalJson(admission(one))]);
    }
    const parameters = await evaluateJson<ParametersEntry | null>(ministry, 'registry:getParameters', []);
    if (parameters === null) {
      await ministry.ledger.submit(manager, 'registry:setParameters', [
        canonicalJson({ policyVersion: 1, recordSteps: config.recordSteps }),
      ]);
    }
  }

  private async waitForAdmission(organization: Organization): Promise<void> {
    const deadline = Date.now() + ADMISSION_TIMEOUT_MS;
    while (!(await organizationsOf(organization)).some(({ mspId }) => mspId === organization.mspId)) {
      if (Date.now() > deadline) {
        throw new Error(`${organization.mspId} is not on the ledger: the ministry must admit it first.`);
      }
      await sleep(ADMISSION_POLL_MS);
    }
  }

  private async putStaff(
    organization: Organization,
    administrator: LedgerIdentity,
    staffId: string,
    role: 'system-manager' | 'hospital-admin',
  ): Promise<void> {
    const entry = { staffId, mspId: organization.mspId, role, status: 'active', version: 1 };
    const id = businessId('bootstrap', organization.mspId, staffId);
    await this.acts.run(administrator, organization, {
      businessId: id,
      privateFunction: 'registry:putStaffPrivate',
      privateArgs: [id],
      entry,
      details:
        organization.kind === 'hospital' ? { name: `Administrator of ${organization.name}` } : undefined,
      publicFunction: 'registry:putStaff',
      publicArgs: [id, canonicalJson(entry)],
    });
  }

  /** Binds each organisation to its authorities: a device must not take one hospital's key for another's. */
  private async certifyAuthorities(ministry: Organization): Promise<void> {
    const { authority, ledger, service } = ministry;
    const known = await evaluateJson<OrganizationAuthoritiesEntry[]>(
      ministry,
      'registry:getOrganizationAuthorities',
      [],
    );
    const intermediates = await this.channel.intermediates(ministry);
    for (const { mspId } of await organizationsOf(ministry)) {
      const own = intermediates.get(mspId) ?? [];
      // The ministry's own certificates come from the root itself.
      const authorities = fingerprints(mspId === ministry.mspId ? [...own, authority.root] : own);
      const current = known.find((entry) => entry.mspId === mspId);
      if (
        authorities.length === 0 ||
        canonicalJson(current?.authorities ?? []) === canonicalJson(authorities)
      )
        continue;
      const signature = Buffer.from(
        service.sign(organizationAuthoritiesStatement({ mspId, authorities })),
      ).toString('base64');
      await ledger.submit(service, 'registry:certifyAuthorities', [
        canonicalJson({ mspId, authorities, certificate: service.certificate, signature }),
      ]);
    }
  }

  /** Custodian, hand-over and agent keys, signed by the service, so that devices can judge them. */
  private async putKeys(organization: Organization): Promise<void> {
    for (const kind of ['custodian', 'handover', 'agent'] as const)
      await putOrganizationKey(organization, kind, organization.keystore.publicKeyOf(kind));
  }

  /** Without a custodian service nothing else waits: there is no emergency key then, and it is tried again later. */
  private async settleEmergencyKey(): Promise<void> {
    try {
      await this.emergencyKeys.settleAll(this.organizations.all());
    } catch (error) {
      this.logger.warn(`The emergency key waits: ${(error as Error).message}`);
    }
  }

  /** Nothing but identity keys waits for it, and it is tried again later. */
  private async settleMasterKey(): Promise<void> {
    try {
      await this.masterKey.settleAll(this.organizations.all());
    } catch (error) {
      this.logger.warn(`The master key of identity keys waits: ${(error as Error).message}`);
    }
  }
}

/** SHA-256 (hex) of each certificate's DER, ascending. */
const fingerprints = (pems: readonly string[]): string[] =>
  pems.map((pem) => sha256Hex(new X509Certificate(pem).raw)).sort();

/** Written before anything else is done with it; a start cut short finds the same password and id again. */
const firstAdministratorFile = async (path: string): Promise<FirstAdministrator> => {
  const made: FirstAdministrator = {
    username: 'administrator',
    password: newInitialPassword(),
    subject: randomBytes(16).toString('hex'),
  };
  await createSecretFile(path, `${JSON.stringify(made, null, 2)}\n`);
  return JSON.parse(await readFile(path, 'utf8')) as FirstAdministrator;
};

const admission = ({ mspId, name, kind, code }: OrganizationProfile): Omit<OrganizationEntry, 'schema'> => ({
  mspId,
  name,
  kind,
  code,
  status: 'active',
});

const organizationsOf = (organization: Organization): Promise<OrganizationEntry[]> =>
  evaluateJson<OrganizationEntry[]>(organization, 'registry:getOrganizations', []);
