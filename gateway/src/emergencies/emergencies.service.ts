import { Injectable, Logger } from '@nestjs/common';
import {
  type ConsentState,
  ContractError,
  type EmergencyCaseEntry,
  type EmergencyCounts,
  type EmergencyState,
  type EmergencyVerdict,
  type HandedOver,
  type ListPage,
  type OrganizationEntry,
  type OrganizationKeyEntry,
  privateKeys,
} from '@medseal/chaincode';
import { canonicalJson, CryptoError, EMERGENCY_READER, utf8Decode } from '@medseal/crypto';
import { Clock } from '../clock.js';
import { evaluateJson, evaluateList, evaluatePages } from '../fabric/evaluate-json.js';
import { LedgerError } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { type Page, type PageRequest, pageOfArray } from '../http/paging.js';
import { notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { submitOnce } from '../outbox/submit-once.js';
import { knownPatient } from '../patients/known-patient.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { Projections } from '../projection/projections.js';
import { implicitCollection } from '../projection/ledger-namespace.js';
import type { OpenEmergencyRequest } from './emergencies.dto.js';
import { readEmergencyKey } from './emergency-key.js';
import { openReason, sealReason } from './reason.js';

const HOUR_MS = 60 * 60_000;
/** A case that is not there, and one that does not concern the caller. */
const HIDDEN: readonly string[] = ['EMERGENCY_NOT_FOUND', 'NOT_ALLOWED'];
const ARRIVED: readonly string[] = ['PRIVATE_VALUE_EXISTS', 'EMERGENCY_EXISTS'];

/** A case as its doctor, its patient or its reviewers see it. */
export interface EmergencyView extends Omit<EmergencyCaseEntry, 'schema'> {
  status: EmergencyState['status'];
  /** The review should have been done. */
  overdue: boolean;
  /** Where the hospitals' directory has it. */
  readerName: string | null;
  /** Where this hospital holds it, for its doctors. */
  registrationNo: string | null;
  /** For auditors of the reviewing organisation; null where it does not open. */
  reason?: string | null;
}

/** Emergency cases, on the ledger. */
@Injectable()
export class EmergenciesService {
  private readonly logger = new Logger(EmergenciesService.name);
  private counting: Promise<EmergencyCounts> | undefined;

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly directory: PatientDirectory,
    private readonly projections: Projections,
    private readonly clock: Clock,
  ) {}

  /**
   * The reason first, sealed to the reviewing organisation, then the case.
   *
   * @throws ProblemException 404 alike for an unknown number and a card that does not prove it; 409 `NO_EMERGENCY_GRANT`;
   *   503 `EMERGENCY_KEY_MISSING`, `REVIEWER_MISSING`
   */
  async open(
    user: SessionUser,
    business: BusinessRequest,
    { registrationNo, card, reasonCode, reason, hours }: OpenEmergencyRequest,
  ): Promise<EmergencyView & { ledger: LedgerAnswer }> {
    const { organization } = user;
    const { entry } = await knownPatient(this.directory, organization, registrationNo, card);
    const { ledgerId, homeMsp } = entry;
    const consentId = await this.grantOf(organization, ledgerId);
    const emergencyId = business.deriveId('emergency');
    const reviewer = await reviewerOf(organization, homeMsp);
    await this.depositReason(user, reviewer, emergencyId, reason);
    const until = hours === undefined ? null : new Date(this.clock.now() + hours * HOUR_MS).toISOString();
    const committed = await submitOnce(organization, user.identity(), 'access:openEmergency', [
      business.id,
      canonicalJson({ emergencyId, ledgerId, consentId, reasonCode, until }),
    ]);
    const view = await this.get(user, emergencyId);
    return { ...view, ledger: ledgerAnswer(committed) };
  }

  /** Newest first. */
  async list(user: SessionUser, request: PageRequest): Promise<Page<EmergencyView>> {
    const states = (await this.states(user)).sort(
      ({ emergency: left }, { emergency: right }) =>
        right.openedAt.localeCompare(left.openedAt) || (right.emergencyId < left.emergencyId ? -1 : 1),
    );
    const chosen = pageOfArray(states, request, ({ emergency }) => emergency.emergencyId);
    const items = await Promise.all(chosen.items.map((state) => this.view(user, state)));
    return { ...chosen, items };
  }

  /** @throws ProblemException 404 for everybody who is not concerned */
  async get(user: SessionUser, emergencyId: string): Promise<EmergencyView> {
    return this.view(user, await this.find(user, emergencyId));
  }

  /** @throws ProblemException 404 for auditors of another organisation; 409 `EMERGENCY_CLOSED` */
  async close(
    user: SessionUser,
    emergencyId: string,
    verdict: EmergencyVerdict,
  ): Promise<EmergencyView & { ledger: LedgerAnswer }> {
    await this.find(user, emergencyId);
    const committed = await user.organization.ledger.submit(user.identity(), 'access:closeEmergency', [
      emergencyId,
      verdict,
    ]);
    return { ...(await this.get(user, emergencyId)), ledger: ledgerAnswer(committed) };
  }

  /** Public: nobody need sign in. */
  async counts(): Promise<EmergencyCounts> {
    // Nobody need sign in: those who ask at once share one walk over the cases.
    this.counting ??= this.count().finally(() => (this.counting = undefined));
    return this.counting;
  }

  private async count(): Promise<EmergencyCounts> {
    const [asked] = this.organizations.all();
    const pages = await evaluatePages((limit, after) =>
      evaluateJson<EmergencyCounts & { next: string | null }>(asked!, 'access:countEmergencies', [
        limit,
        after,
      ]),
    );
    return pages.reduce<EmergencyCounts>(
      (sum, { open, overdue }) => ({ open: sum.open + open, overdue: sum.overdue + overdue }),
      { open: 0, overdue: 0 },
    );
  }

  /** The patient's active emergency grant. */
  private async grantOf(organization: Organization, ledgerId: string): Promise<string> {
    const rows = await organization.database.query<{ consent_id: string }>(
      `SELECT consent_id FROM consents WHERE ledger_id = $1 AND grantee_msp = $2 AND revoked_at IS NULL`,
      [ledgerId, EMERGENCY_READER],
    );
    for (const { consent_id: consentId } of rows) {
      const { status } = await evaluateJson<ConsentState>(organization, 'consent:getConsent', [consentId]);
      if (status === 'active') return consentId;
    }
    if ((await readEmergencyKey(organization)) === null) {
      throw problem(
        503,
        'EMERGENCY_KEY_MISSING',
        'There is no emergency key yet: two custodian services or more must have registered theirs.',
      );
    }
    throw problem(
      409,
      'NO_EMERGENCY_GRANT',
      'The patient has given no emergency grant, or has revoked it: there is nothing that a case could open.',
    );
  }

  private async depositReason(
    user: SessionUser,
    reviewer: { mspId: string; publicKey: string },
    emergencyId: string,
    reason: string,
  ): Promise<void> {
    const { ledger } = user.organization;
    try {
      await ledger.submit(user.identity(), 'access:depositReason', [emergencyId], {
        transient: { reason: await sealReason(reviewer, emergencyId, reason) },
        endorsingOrganizations: [reviewer.mspId],
      });
    } catch (error) {
      // An earlier try had arrived already, perhaps with its case.
      if (!(error instanceof LedgerError && ARRIVED.includes(error.code))) throw error;
    }
  }

  /** Cases that concern the caller, as the contract says; of those whose key is not here the service sees. */
  private async states(user: SessionUser): Promise<EmergencyState[]> {
    const { organization } = user;
    if (user.keyHolder === 'device') {
      const all = await evaluateList<EmergencyState>(organization, 'access:listEmergencies', []);
      return all.filter(({ emergency }) => isConcerned(user, emergency));
    }
    const pages = await evaluatePages(async (limit, after) => {
      const { ledger } = organization;
      const answer = await ledger.evaluate(user.identity(), 'access:listEmergencies', [limit, after]);
      return JSON.parse(answer.toString()) as ListPage<EmergencyState>;
    });
    return pages.flatMap(({ items }) => items);
  }

  private async find(user: SessionUser, emergencyId: string): Promise<EmergencyState> {
    if (!/^[0-9a-f]{32}$/.test(emergencyId)) throw notFound();
    const { organization, keyHolder } = user;
    // Where the key is not here, the service asks, and it is the case that says whom it concerns.
    const identity = keyHolder === 'device' ? organization.service : user.identity();
    try {
      const answer = await organization.ledger.evaluate(identity, 'access:getEmergency', [emergencyId]);
      const found = JSON.parse(answer.toString()) as EmergencyState;
      if (keyHolder === 'device' && !isConcerned(user, found.emergency)) throw notFound();
      return found;
    } catch (error) {
      if (error instanceof LedgerError && HIDDEN.includes(error.code)) throw notFound();
      throw error;
    }
  }

  private async view(
    { organization, role }: SessionUser,
    { emergency, status }: EmergencyState,
  ): Promise<EmergencyView> {
    const { schema: _schema, ...fields } = emergency;
    const { reader, ledgerId } = emergency;
    const isReviewer = role === 'auditor';
    const held = role === 'doctor' ? await this.directory.numberOf(organization, ledgerId) : undefined;
    return {
      ...fields,
      status,
      overdue: status === 'overdue',
      readerName: this.projections.of(organization).personal.staff(reader)?.name ?? null,
      registrationNo: held?.number ?? null,
      ...(isReviewer && { reason: await this.reasonOf(organization, emergency) }),
    };
  }

  /** As the case's doctor sealed it; null for what does not open or is not the doctor's. */
  private async reasonOf(
    { database, keystore, mspId }: Organization,
    { emergencyId, reader, mspId: readerMspId }: EmergencyCaseEntry,
  ): Promise<string | null> {
    const [row] = await database.query<{ value: Uint8Array }>(
      'SELECT value FROM private_values WHERE collection = $1 AND key = $2 AND value IS NOT NULL',
      [implicitCollection(mspId), privateKeys.emergencyReason(emergencyId)],
    );
    if (row === undefined) return null;
    const given = JSON.parse(utf8Decode(row.value)) as HandedOver;
    if (given.subject !== reader || given.mspId !== readerMspId) return null;
    try {
      return await openReason(keystore.handoverSecretKey(), mspId, emergencyId, given);
    } catch (error) {
      if (!(error instanceof CryptoError) && !(error instanceof ContractError)) throw error;
      this.logger.warn(`The reason of an emergency at ${readerMspId} does not open: ${error.code}`);
      return null;
    }
  }
}

/** The contract's own rule, for those in whose name the service asks. */
const isConcerned = (
  { organization: { mspId }, role, subject }: SessionUser,
  { ledgerId, reader, mspId: readerMspId, reviewer }: EmergencyCaseEntry,
): boolean => {
  switch (role) {
    case 'auditor':
      return reviewer === mspId;
    case 'patient':
      return ledgerId === subject;
    default:
      return reader === subject && readerMspId === mspId;
  }
};

/** As the contract chooses it, with its hand-over key. */
const reviewerOf = async (
  organization: Organization,
  homeMsp: string,
): Promise<{ mspId: string; publicKey: string }> => {
  const organizations = await evaluateJson<OrganizationEntry[]>(
    organization,
    'registry:getOrganizations',
    [],
  );
  const [mspId] = organizations
    .filter((one) => one.status === 'active' && one.mspId !== organization.mspId && one.mspId !== homeMsp)
    .map((one) => one.mspId)
    .sort((left, right) => (left < right ? -1 : 1));
  if (mspId === undefined) {
    throw problem(503, 'REVIEWER_MISSING', 'There is no third organisation that could review the case.');
  }
  const keys = await evaluateJson<OrganizationKeyEntry[]>(organization, 'registry:getOrganizationKeys', [
    mspId,
  ]);
  const key = keys.findLast(({ kind }) => kind === 'handover');
  if (key === undefined)
    throw problem(503, 'HANDOVER_KEY_MISSING', `${mspId} has no hand-over key yet: try again later.`);
  return { mspId, publicKey: key.publicKey };
};
