import { Injectable, type OnModuleInit } from '@nestjs/common';
import { canonicalJson, CryptoError, fromHex, mclEngine } from '@medseal/crypto';
import type { OrganizationKeyEntry, PatientEntry } from '@medseal/chaincode';
import { AccountsService } from '../auth/accounts.service.js';
import { ChoiceActs } from '../choices/choice-acts.js';
import type { ChoicesRequest } from '../choices/choices.dto.js';
import { type GrantChoice, OpenChoices } from '../choices/open-choices.js';
import { type GranteeAnswer, ConsentsService } from '../consents/consents.service.js';
import { KeySlots } from '../custodian/key-slots.js';
import type { Queries } from '../database/database.js';
import { readEmergencyKey, type PublicEmergencyKey } from '../emergencies/emergency-key.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Committed } from '../fabric/ledger-client.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { type Organization, OrganizationRegistry } from '../organizations/organization.js';
import { type HeldScopes, PatientDirectory } from '../patients/patient-directory.js';
import { type ActAnswer, DeviceActs, type NewAct } from '../transactions/device-acts.js';
import { ACTIVATION, type ActivationCode, ActivationCodes } from './activation-codes.js';
import type { ActivateRequest, BeginActivationRequest } from './activation.dto.js';
import { checkDeviceRequest, isCertificateOf } from './device-request.js';
import { Keyrings } from './keyrings.js';

/** An organisation's key as a device judges it: by its signature and the certificate behind it. */
export type PublicOrganizationKey = Omit<OrganizationKeyEntry, 'schema'>;

export interface ActivationBegun {
  enrollmentId: string;
  ledgerId: string;
  registrationNo: string;
  channel: string;
  scopes: { general: string; sensitive: string };
  agents: PublicOrganizationKey[];
  custodian: PublicOrganizationKey | null;
  /** Null while there is none. */
  emergencyKey: PublicEmergencyKey | null;
  /** To whom the consents are that may be given together with the activation; null while there is nobody. */
  choices: { standingConsent: GranteeAnswer | null; emergencyGrant: GranteeAnswer | null };
}

export interface KeyringAnswer {
  /** Of a patient. `epochs`: of each scope; `epoch`: the higher of the two. */
  scopes?: {
    general: string;
    sensitive: string;
    epoch: number;
    epochs: { general: number; sensitive: number };
  };
  [blob: string]: unknown;
}

interface ActivationPayload {
  ledgerId: string;
  certificate?: string;
  choices?: ChoicesRequest;
}

/** A patient's device takes the account over: its keys are made there and never come here. */
@Injectable()
export class ActivationService implements OnModuleInit {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly codes: ActivationCodes,
    private readonly directory: PatientDirectory,
    private readonly accounts: AccountsService,
    private readonly keyrings: Keyrings,
    private readonly acts: DeviceActs,
    private readonly keySlots: KeySlots,
    private readonly openChoices: OpenChoices,
    private readonly choices: ChoiceActs,
    private readonly consents: ConsentsService,
  ) {}

  onModuleInit(): void {
    this.acts.handle(ACTIVATION, {
      committed: (organization, payload, committed) =>
        this.committed(organization, payload as ActivationPayload, committed),
    });
  }

  /** @throws ProblemException 401 alike for unknown hospital, unknown code and used code */
  async begin(input: BeginActivationRequest): Promise<ActivationBegun> {
    const { organization, found } = await this.find(input);
    const { ledgerId } = found;
    const held = await this.directory.numberOf(organization, ledgerId);
    const { general, sensitive } = await this.scopesOf(organization, ledgerId);
    const keys = await organizationKeys(organization);
    const own = keys.filter(({ mspId }) => mspId === organization.mspId);
    return {
      enrollmentId: await this.codes.enrollmentId(organization, found),
      ledgerId,
      registrationNo: held?.number ?? '',
      channel: organization.ledger.channel,
      scopes: { general, sensitive },
      agents: keys.filter(({ kind }) => kind === 'agent'),
      custodian: own.find(({ kind }) => kind === 'custodian') ?? null,
      emergencyKey: await readEmergencyKey(organization),
      choices: {
        standingConsent: await this.granteeOf(organization, 'standingConsent'),
        emergencyGrant: await this.granteeOf(organization, 'emergencyGrant'),
      },
    };
  }

  /**
   * Has the device's certificate signed, keeps the account, not yet active, and prepares the ledger's activation for the
   * device to sign. May be repeated until the code is used.
   *
   * @throws ProblemException 400 naming what is wrong with request or keys; 401 as `begin`; 409 for a taken user name
   */
  async activate(input: ActivateRequest): Promise<ActAnswer> {
    const { organization, found } = await this.find(input);
    const { standingConsent, researchConsent, emergencyGrant } = input;
    const choices = { standingConsent, researchConsent, emergencyGrant };
    await this.choices.check(organization, choices);
    const { ledgerId } = found;
    const patient = await evaluateJson<PatientEntry | null>(organization, 'registry:getPatient', [ledgerId]);
    if (patient?.status !== 'keyless') {
      throw problem(
        409,
        'PATIENT_ALREADY_ACTIVE',
        'The account has been activated: sign in with its user name.',
      );
    }
    await this.requireScopeKeys(organization, ledgerId, input);
    const certificate = await this.certify(organization, found, input.csr);
    const keepAccount = await this.account(organization, found, certificate, input);
    const receivingKey = input.receivingKeys[0]?.publicKey ?? '';
    const scopes = input.scopeKeys.map(({ scopeId, epoch, publicKey }) => ({ scopeId, epoch, publicKey }));
    const act = {
      kind: ACTIVATION,
      subject: ledgerId,
      certificate,
      fn: 'registry:activatePatient',
      args: [canonicalJson({ ledgerId, receivingKey, scopes })],
      payload: { ledgerId, certificate, choices } satisfies ActivationPayload,
    };
    const signing = await this.acts.begin(organization, act, keepAccount);
    return { signing, certificate, username: input.username };
  }

  /** @throws ProblemException 404 for a user without wrapped blobs */
  async keyring(user: SessionUser): Promise<KeyringAnswer> {
    const { organization, subject, role } = user;
    const blobs = await this.keyrings.get(organization, subject);
    if (blobs === undefined) throw notFound();
    if (role !== 'patient') return { ...blobs };
    const { general, sensitive } = await this.scopesOf(organization, subject);
    const entry = await this.directory.entry(organization, subject);
    const epochOf = (scopeId: string): number =>
      entry?.scopes.find((scope) => scope.scopeId === scopeId)?.epoch ?? 1;
    const epochs = { general: epochOf(general), sensitive: epochOf(sensitive) };
    const epoch = Math.max(epochs.general, epochs.sensitive);
    return { ...blobs, scopes: { general, sensitive, epoch, epochs } };
  }

  /** @throws ProblemException 404 for a user without wrapped blobs: an activation makes the first ones */
  async putKeyring(user: SessionUser, wrapped: object): Promise<KeyringAnswer> {
    if ((await this.keyrings.get(user.organization, user.subject)) === undefined) throw notFound();
    await this.keyrings.put(user.organization, user.subject, wrapped);
    return this.keyring(user);
  }

  private async find(
    input: BeginActivationRequest,
  ): Promise<{ organization: Organization; found: ActivationCode }> {
    const organization = this.organizations.get(input.organization);
    const found = organization && (await this.codes.find(organization, input.activationCode));
    if (organization === undefined || found === undefined) throw codeRefused();
    return { organization, found };
  }

  private async granteeOf(organization: Organization, choice: GrantChoice): Promise<GranteeAnswer | null> {
    const grantee = await this.openChoices.granteeOf(organization, choice);
    return grantee === undefined ? null : this.consents.grantee({ organization }, grantee.id, grantee.kind);
  }

  private async scopesOf(
    organization: Organization,
    ledgerId: string,
  ): Promise<{ general: string; sensitive: string }> {
    const scopes: HeldScopes | undefined = await this.directory.scopes(organization, ledgerId);
    if (scopes?.sensitive == null) throw notFound();
    return { general: scopes.general, sensitive: scopes.sensitive };
  }

  private async requireScopeKeys(
    organization: Organization,
    ledgerId: string,
    input: ActivateRequest,
  ): Promise<void> {
    const { general, sensitive } = await this.scopesOf(organization, ledgerId);
    const given = input.scopeKeys.map(({ scopeId }) => scopeId).sort();
    if (canonicalJson(given) !== canonicalJson([general, sensitive].sort())) {
      throw invalid('scopeKeys', 'must be for the two scopes that POST /auth/activate/begin answered.');
    }
    const engine = await mclEngine();
    for (const [at, { publicKey }] of input.scopeKeys.entries()) {
      try {
        engine.decodeG1(fromHex(publicKey), 'publicKey');
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
        throw invalid(
          `scopeKeys[${at}].publicKey`,
          'is no point of the group G1: send the compressed public key.',
        );
      }
    }
  }

  /** The certificate for the device's key: a new one, or the one that an earlier try got for the same key. */
  private async certify(organization: Organization, found: ActivationCode, csr: string): Promise<string> {
    const { enrollmentId } = found;
    if (enrollmentId === null) {
      throw problem(
        409,
        'ACTIVATION_NOT_BEGUN',
        'Begin with POST /auth/activate/begin: it gives the enrollmentId for the request.',
      );
    }
    const checked = await checkDeviceRequest(csr, enrollmentId);
    if (typeof checked === 'string') throw invalid('csr', `${checked}.`);
    if (found.certificate !== null) {
      if (isCertificateOf(found.certificate, checked.publicKey)) return found.certificate;
      throw problem(
        409,
        'ACTIVATION_NOT_BEGUN',
        'This enrollmentId has a certificate for another key: begin again with POST /auth/activate/begin.',
      );
    }
    try {
      const known = await this.codes.secretOf(organization, found);
      const secret =
        known ?? (await organization.ca.register({ enrollmentId, role: 'patient', subject: found.ledgerId }));
      if (known === undefined) await this.codes.keepSecret(organization, found, secret);
      const { certificate } = await organization.ca.enroll(enrollmentId, secret, checked.pem);
      await this.codes.keepCertificate(organization, found, certificate);
      return certificate;
    } catch (cause) {
      throw problem(
        503,
        'CA_UNAVAILABLE',
        "The hospital's certificate authority gave no certificate: begin again in a moment.",
        undefined,
        {
          headers: { 'Retry-After': '5' },
          cause,
        },
      );
    }
  }

  /**
   * Suspended until the ledger has the activation; an earlier try's account gives way. It changes hands together with
   * the act: of two devices at once, the account is that of the one whose keys reach the ledger.
   */
  private async account(
    organization: Organization,
    found: ActivationCode,
    certificate: string,
    input: ActivateRequest,
  ): Promise<(queries: Queries) => Promise<void>> {
    const { ledgerId } = found;
    const { name } = await this.directory.demographics(organization, ledgerId);
    const account = await this.accounts.prepare(organization, {
      subject: ledgerId,
      username: input.username,
      displayName: name,
      role: 'patient',
      certificate,
      password: input.password,
      keys: null,
      initialPassword: false,
      status: 'suspended',
    });
    return async (queries) => {
      if (!(await this.codes.isCurrent(found, queries))) throw codeRefused();
      await this.accounts.remove(organization, ledgerId, queries);
      await this.accounts.insert(organization, account, queries);
      await this.keyrings.put(organization, ledgerId, input.wrapped, queries);
    };
  }

  private async committed(
    organization: Organization,
    { ledgerId, certificate, choices }: ActivationPayload,
    committed: Committed,
  ): Promise<{ answer: object; next?: NewAct }> {
    await this.accounts.setStatus(organization, ledgerId, 'active');
    await this.codes.markUsed(organization.database, ledgerId);
    // Every hospital here sees it on the ledger; those of other processes do by themselves.
    for (const each of this.organizations.all()) {
      await each.projection.reached(committed.blockNumber).catch(() => undefined);
    }
    await this.keySlots.sweepAll();
    const account = await this.accounts.findBySubject(organization, ledgerId);
    const signer = { organization, subject: ledgerId, certificate: certificate ?? '' };
    const next = choices && (await this.choices.first(signer, choices));
    return {
      ...(next === undefined ? {} : { next }),
      answer: {
        user: {
          username: account?.username,
          organization: organization.slug,
          role: 'patient',
          subject: ledgerId,
          displayName: account?.displayName,
        },
      },
    };
  }
}

const codeRefused = (): Error =>
  problem(
    401,
    'ACTIVATION_CODE',
    'This hospital gave no such code, or it was used: check both, or ask for a new letter.',
  );

async function organizationKeys(organization: Organization): Promise<PublicOrganizationKey[]> {
  const organizations = await evaluateJson<{ mspId: string }[]>(
    organization,
    'registry:getOrganizations',
    [],
  );
  const lists = await Promise.all(
    organizations.map(({ mspId }) =>
      evaluateJson<OrganizationKeyEntry[]>(organization, 'registry:getOrganizationKeys', [mspId]),
    ),
  );
  return lists.flat().map(({ mspId, kind, epoch, publicKey, certificate, signature }) => ({
    mspId,
    kind,
    epoch,
    publicKey,
    certificate,
    signature,
  }));
}
