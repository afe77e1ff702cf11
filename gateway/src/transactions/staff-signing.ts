import { createHash } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Role } from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import type { DeviceCalls } from '../fabric/identity.js';
import type { CallOptions, Committed, LedgerIdentity } from '../fabric/ledger-client.js';
import { keysOnDevice } from '../http/keys-on-device.js';
import { problem } from '../http/problem.js';
import { currentRequest, noteCommit, type RequestContext } from '../http/request-context.js';
import { type Question, SigningNeeded } from '../http/signing-needed.js';
import type { Organization } from '../organizations/organization.js';
import { DeviceActs, QUESTION } from './device-acts.js';

const ACT = 'staff-act';

/** What a device can check before it signs (`client/src/device/staff-acts.ts`); nobody signs what cannot be checked. */
const CHECKED_BY_DEVICES: ReadonlySet<string> = new Set([
  'registry:registerReceivingKey',
  'consent:registerKey',
  'consent:request',
  'access:receipt',
  'access:depositReason',
  'access:openEmergency',
  'access:closeEmergency',
  'integrity:openAudit',
  'records:create',
  'records:sealPrivate',
  'records:chain',
  'consent:reencrypt',
  'custodian:answer',
]);

/** What one request has asked of the device so far. */
interface Asked {
  calls: Map<string, number>;
  questions: Question[];
}

interface Holder {
  /** PEM; empty before the device has made its keys. */
  certificate: string;
  subject: string;
  role: Role;
}

interface Call {
  organization: Organization;
  holder: Holder;
  fn: string;
  args: string[];
  options: CallOptions;
}

/**
 * Acts of staff whose keys are on a device of their own. A request runs until the ledger needs a signature, and ends with
 * what is to be signed; the same request again, by its Idempotency-Key, finds that signed and goes on. So the services
 * behind the requests need not know who holds a key.
 */
@Injectable()
export class StaffSigning implements OnModuleInit {
  private readonly asked = new WeakMap<RequestContext, Asked>();

  constructor(private readonly acts: DeviceActs) {}

  onModuleInit(): void {
    this.acts.handle(ACT, { committed: () => Promise.resolve({}) });
  }

  /** @throws ProblemException 409 `DEVICE_NOT_ENROLLED` before the device has made its keys */
  identity(organization: Organization, holder: Holder): LedgerIdentity {
    if (holder.certificate === '') {
      throw problem(
        409,
        'DEVICE_NOT_ENROLLED',
        'Your keys are to be on a device of yours, which has not made them yet: begin with GET /staff-keys.',
      );
    }
    const device: DeviceCalls = {
      submit: (fn, args, options) => this.submit({ organization, holder, fn, args, options }),
      evaluate: (fn, args, options) => this.evaluate({ organization, holder, fn, args, options }),
    };
    const sign = (): never => {
      throw keysOnDevice();
    };
    return { mspId: organization.mspId, ...holder, sign, device };
  }

  private async submit(call: Call): Promise<Committed> {
    const { organization, holder } = call;
    const { kind } = this.kindOf(ACT, call);
    const ledger = (await this.acts.settled(organization, holder.subject, kind))?.ledger;
    if (ledger === undefined) throw new SigningNeeded({ signing: await this.begin(kind, call) });
    noteCommit(organization.mspId, ledger.blockNumber);
    return { ...ledger, validationCode: 'VALID', result: Buffer.alloc(0) };
  }

  /** Questions of one request are gathered, so that a device can sign them together. */
  private async evaluate(call: Call): Promise<Buffer> {
    const { organization, holder, options } = call;
    const { kind, questions } = this.kindOf(QUESTION, call);
    const answer = (await this.acts.settled(organization, holder.subject, kind))?.answer;
    if (answer !== undefined) return Buffer.from(answer, 'base64');
    const [mspId = organization.mspId] = options.endorsingOrganizations ?? [];
    questions.push({ mspId, ...(await this.begin(kind, call)) });
    throw new SigningNeeded({ questions });
  }

  private begin(kind: string, { organization, holder, fn, args, options }: Call) {
    const { subject, certificate } = holder;
    return this.acts.begin(organization, { kind, subject, certificate, fn, args, options, payload: {} });
  }

  /**
   * What a repetition finds the call by: which one of its request it is. Its arguments need not be the same bytes again:
   * what was sealed anew is what was signed before.
   */
  private kindOf(
    prefix: string,
    { fn, options: { chaincode = '', endorsingOrganizations = [] } }: Call,
  ): Asked & { kind: string } {
    const request = currentRequest();
    if (request?.businessId === undefined || !CHECKED_BY_DEVICES.has(fn)) throw keysOnDevice();
    const asked = this.asked.get(request) ?? { calls: new Map<string, number>(), questions: [] };
    this.asked.set(request, asked);
    const name = canonicalJson([fn, chaincode, endorsingOrganizations]);
    const nth = (asked.calls.get(name) ?? 0) + 1;
    asked.calls.set(name, nth);
    const digest = createHash('sha256').update(canonicalJson([request.businessId, name, String(nth)]));
    return { ...asked, kind: `${prefix}/${digest.digest('hex')}` };
  }
}
