import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ErasureState, PatientEntry } from '@medseal/chaincode';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError } from '../fabric/ledger-client.js';
import { checkIfMatch } from '../http/etag.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { type Organization, OrganizationRegistry } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { type ActAnswer, DeviceActs } from '../transactions/device-acts.js';
import { certificateOf, type ErasureCertificate } from './certificate.js';
import { RecentErasures } from './recent-erasures.js';

const ERASURE = 'patient-erasure';
const FUNCTION = 'registry:requestErasure';

/** So long a request waits for the other organisations before it answers that the patient is being erased. */
const WAIT_MS = 10_000;
const WAIT_STEP_MS = 100;

interface ErasurePayload {
  ledgerId: string;
}

export type ErasureAnswer = ErasureCertificate & { ledger?: LedgerAnswer };

/** Requests of erasure, and how far they are. What follows a request each organisation does by itself. */
@Injectable()
export class ErasureService implements OnModuleInit {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly directory: PatientDirectory,
    private readonly acts: DeviceActs,
    private readonly recent: RecentErasures,
  ) {}

  onModuleInit(): void {
    this.acts.handle(ERASURE, {
      committed: (_organization, payload) =>
        Promise.resolve({ answer: requested(payload as ErasurePayload) }),
    });
  }

  /**
   * The home hospital's administrator has it done; an owner's device signs it.
   *
   * @throws ProblemException 404; 412 for another version than `ifMatch`; LedgerError `RETENTION_NOT_OVER`
   */
  async request(
    user: SessionUser,
    registrationNo: string,
    ifMatch: string | undefined,
  ): Promise<ErasureAnswer | ActAnswer> {
    const { organization, subject, certificate } = user;
    const patient = await this.patient(user, registrationNo);
    if (typeof patient === 'string') return this.answer(organization, patient);
    const { ledgerId, version } = patient;
    checkIfMatch(ifMatch, version);
    this.recent.remember(organization, registrationNo, ledgerId);
    if (isErased(patient)) return this.answer(organization, ledgerId);
    if (user.role === 'patient') {
      const payload: ErasurePayload = { ledgerId };
      const act = { kind: ERASURE, subject, certificate, fn: FUNCTION, args: [ledgerId], payload };
      return { ledgerId, signing: await this.acts.begin(organization, act) };
    }
    const committed = await this.submit(user, ledgerId);
    const answer = await this.settled(organization, ledgerId);
    return committed === undefined ? answer : { ...answer, ledger: ledgerAnswer(committed) };
  }

  /** @throws ProblemException 404 for a patient of whom no erasure was requested */
  async progress(user: SessionUser, registrationNo: string): Promise<ErasureCertificate> {
    const patient = await this.patient(user, registrationNo);
    return this.answer(user.organization, typeof patient === 'string' ? patient : patient.ledgerId);
  }

  /** For everybody who has the ledgerId: it says nothing that is not on the ledger. @throws ProblemException 404 */
  async certificate(ledgerId: string): Promise<ErasureCertificate> {
    if (!/^[0-9a-f]{32}$/.test(ledgerId)) throw notFound();
    // Every peer of the channel has the same world state; the first one answers.
    const [organization] = this.organizations.all();
    return this.answer(organization!, ledgerId);
  }

  /** The entry, or the ledgerId alone of a patient whose number is held nowhere any more. */
  private async patient(user: SessionUser, registrationNo: string): Promise<PatientEntry | string> {
    const { organization, role, subject } = user;
    const found = (await this.directory.find(organization, registrationNo))?.entry;
    const ledgerId = found?.ledgerId ?? this.recent.find(organization, registrationNo);
    if (ledgerId === undefined) throw notFound();
    const isEntitled =
      role === 'patient' ? subject === ledgerId : found === undefined || found.homeMsp === organization.mspId;
    if (!isEntitled) throw notFound();
    return found ?? ledgerId;
  }

  /** Undefined when it was requested before. */
  private async submit(user: SessionUser, ledgerId: string): Promise<Committed | undefined> {
    const { ledger } = user.organization;
    try {
      return await ledger.submit(user.identity(), FUNCTION, [ledgerId]);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'PATIENT_ERASED') return undefined;
      throw error;
    }
  }

  private async settled(organization: Organization, ledgerId: string): Promise<ErasureCertificate> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const answer = await this.answer(organization, ledgerId);
      if (answer.status === 'erased' || performance.now() > deadline) return answer;
      await sleep(WAIT_STEP_MS);
    }
  }

  private async answer(organization: Organization, ledgerId: string): Promise<ErasureCertificate> {
    const state = await evaluateJson<ErasureState | null>(organization, 'registry:getErasure', [ledgerId]);
    if (state === null) throw notFound();
    return certificateOf(organization.ledger.channel, state);
  }
}

const requested = ({ ledgerId }: ErasurePayload) => ({
  ledgerId,
  certificate: `/api/v1/erasures/${ledgerId}`,
});

const isErased = ({ status }: PatientEntry): boolean => status === 'erasing' || status === 'erased';
