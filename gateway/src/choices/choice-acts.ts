import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  ConsentActs,
  requireComplete,
  type Signer,
  type StepPayload,
} from '../consents/consent-acts.service.js';
import type { GrantConsentRequest } from '../consents/consents.dto.js';
import { invalid } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';
import { type ActAnswer, DeviceActs, type NewAct } from '../transactions/device-acts.js';
import type { ChoicesRequest } from './choices.dto.js';
import { CHOICES, type GrantChoice, OpenChoices } from './open-choices.js';

const KIND = 'choices';

/** A choice that the device has to sign for, in the order of signing. */
type Signed =
  { choice: 'researchConsent'; allowed: boolean } | { choice: GrantChoice; body: GrantConsentRequest };

interface Payload {
  subject: string;
  certificate: string;
  /** What was signed last: a step of a grant, or the choice about research. */
  step: StepPayload | null;
  left: Signed[];
}

/** Choices as one act of the owner's device: their transactions follow each other, each signed by the device. */
@Injectable()
export class ChoiceActs implements OnModuleInit {
  constructor(
    private readonly acts: DeviceActs,
    private readonly consents: ConsentActs,
    private readonly choices: OpenChoices,
  ) {}

  onModuleInit(): void {
    this.acts.handle(KIND, {
      committed: (organization, payload) => this.committed(organization, payload as Payload),
    });
  }

  /** @throws ProblemException 400 naming the choice whose consent is not complete or not to its grantee */
  async check(organization: Organization, request: ChoicesRequest): Promise<void> {
    for (const choice of ['standingConsent', 'emergencyGrant'] as const) {
      const body = request[choice];
      if (body === undefined || body === false) continue;
      const grantee = await this.choices.granteeOf(organization, choice);
      if (grantee === undefined) throw invalid(choice, 'cannot be given yet: leave it out.');
      const { kind, id } = body.fields.grantee;
      if (kind !== grantee.kind || id !== grantee.id) {
        throw invalid(`${choice}.fields.grantee`, 'must be the grantee that GET /consents/choices names.');
      }
      if ((body.fields.requestId ?? null) !== null)
        throw invalid(`${choice}.fields.requestId`, 'must be null: this consent answers no request.');
      requireComplete(body);
    }
  }

  /** Keeps what is withheld, and prepares the first transaction of what is given. */
  async begin(signer: Signer, request: ChoicesRequest): Promise<ActAnswer> {
    const { organization } = signer;
    await this.check(organization, request);
    const next = await this.first(signer, request);
    const made = { choices: CHOICES.filter((choice) => request[choice] !== undefined) };
    if (next === undefined) return { ...made, status: 'committed' };
    return { ...made, signing: await this.acts.begin(organization, next) };
  }

  /** As `begin`, for the act that this one follows. */
  async first(signer: Signer, request: ChoicesRequest): Promise<NewAct | undefined> {
    const { organization, subject } = signer;
    const left: Signed[] = [];
    if (request.researchConsent !== undefined)
      left.push({ choice: 'researchConsent', allowed: request.researchConsent });
    for (const choice of ['standingConsent', 'emergencyGrant'] as const) {
      const body = request[choice];
      if (body === undefined) continue;
      await this.choices.withhold(organization, subject, choice, body === false);
      if (body !== false) left.push({ choice, body });
    }
    return this.next(signer, left);
  }

  private async next(signer: Signer, [choice, ...left]: Signed[]): Promise<NewAct | undefined> {
    if (choice === undefined) return undefined;
    if (choice.choice === 'researchConsent') {
      const { subject, certificate } = signer;
      const act = { kind: KIND, subject, certificate, fn: 'consent:chooseResearch' };
      const payload: Payload = { subject, certificate, step: null, left };
      return { ...act, args: [String(choice.allowed)], payload };
    }
    const act = await this.consents.firstStep(signer, choice.body);
    return act === undefined ? this.next(signer, left) : followedBy(act, left);
  }

  private async committed(
    organization: Organization,
    { subject, certificate, step, left }: Payload,
  ): Promise<{ answer: object; next?: NewAct }> {
    if (step !== null) {
      const { answer, next } = await this.consents.stepDone(organization, step);
      if (next !== undefined) return { answer, next: followedBy(next, left) };
    }
    const answer = { left: left.map(({ choice }) => choice) };
    const next = await this.next({ organization, subject, certificate }, left);
    return next === undefined ? { answer } : { answer, next };
  }
}

/** A step of a grant as a part of this act. */
const followedBy = (act: NewAct, left: Signed[]): NewAct => {
  const { subject, certificate } = act;
  const payload: Payload = { subject, certificate, step: act.payload as StepPayload, left };
  return { ...act, kind: KIND, payload };
};
