import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { PatientEntry, RecordEntry, ScopeKey } from '@medseal/chaincode';
import {
  canonicalJson,
  CryptoError,
  decodeHeader,
  encodeHeader,
  equalBytes,
  fromHex,
  mclEngine,
  sha256Hex,
} from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { businessId } from '../http/business-request.js';
import { invalid, notFound, problem } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { PatientDirectory } from '../patients/patient-directory.js';
import { type ActAnswer, DeviceActs, type NewAct } from '../transactions/device-acts.js';
import type { NewSlotRequest, NewSlotsRequest, NextScopeKeyRequest } from './epochs.dto.js';
import { LackingSlots } from './lacking-slots.js';

const ADVANCE = 'scope-advance';
const SLOTS = 'key-slots';

/** A scope of the caller as it is now. */
export interface ScopeView extends ScopeKey {
  label: 'general' | 'sensitive';
  /** Versions of records that have no slot of this epoch yet. */
  lacking: number;
}

/** A slot ready to be signed for. */
interface Slot {
  businessId: string;
  /** Canonical JSON: argument of `records:addKeySlot`. */
  argument: string;
  /** Base64. */
  capsule: string;
}

interface SlotsPayload {
  subject: string;
  certificate: string;
  left: Slot[];
}

/** Strong revocation as acts of the owner's device: the next key of a scope, and slots of it for earlier records. */
@Injectable()
export class EpochActs implements OnModuleInit {
  constructor(
    private readonly acts: DeviceActs,
    private readonly directory: PatientDirectory,
    private readonly lacking: LackingSlots,
  ) {}

  onModuleInit(): void {
    this.acts.handle(ADVANCE, {
      committed: (_organization, payload) => Promise.resolve({ answer: payload }),
    });
    this.acts.handle(SLOTS, {
      committed: (_organization, payload) => Promise.resolve(slotDone(payload as SlotsPayload)),
    });
  }

  async list(user: SessionUser): Promise<ScopeView[]> {
    const { organization, subject } = user;
    const held = await this.directory.scopes(organization, subject);
    const patient = await patientOf(organization, subject);
    return Promise.all(
      patient.scopes.map(async ({ scopeId, epoch, publicKey }) => ({
        scopeId,
        epoch,
        publicKey,
        label: scopeId === held?.general ? ('general' as const) : ('sensitive' as const),
        lacking: await this.lacking.count(user, scopeId),
      })),
    );
  }

  /** @throws ProblemException 404 for a scope that is not the caller's; 400 for an epoch or key that cannot be the next */
  async advance(user: SessionUser, scopeId: string, next: NextScopeKeyRequest): Promise<ActAnswer> {
    const { organization, subject, certificate } = user;
    const { epoch, publicKey } = next;
    const { scopes } = await patientOf(organization, subject);
    const current = scopes.find((scope) => scope.scopeId === scopeId);
    if (current === undefined) throw notFound();
    if (epoch !== current.epoch + 1) throw invalid('epoch', `must be ${current.epoch + 1}, the next one.`);
    await requirePoint(publicKey);
    const signing = await this.acts.begin(organization, {
      kind: ADVANCE,
      subject,
      certificate,
      fn: 'registry:advanceScope',
      args: [canonicalJson({ scopeId, epoch, publicKey })],
      payload: { scopeId, epoch },
    });
    return { scopeId, epoch, signing };
  }

  /**
   * Keeps the headers and prepares the first slot's transaction; each committed one is followed by the next. What is not
   * signed stays lacking.
   *
   * @throws ProblemException 404 for a record that is not the caller's; 400 naming a header that is not the stored one
   *   with one more slot
   */
  async addSlots(user: SessionUser, { slots }: NewSlotsRequest): Promise<ActAnswer> {
    const { organization, subject, certificate } = user;
    const left: Slot[] = [];
    for (const [at, slot] of slots.entries()) left.push(await this.slotOf(user, slot, `slots[${at}]`));
    const [first, ...others] = left;
    const payload: SlotsPayload = { subject, certificate, left: others };
    const signing = await this.acts.begin(organization, actOf(first!, payload));
    return { left: left.length, signing };
  }

  private async slotOf(
    { organization, subject }: SessionUser,
    { recordId, version, header: given }: NewSlotRequest,
    path: string,
  ): Promise<Slot> {
    const entry = await evaluateJson<RecordEntry | null>(organization, 'records:getVersion', [
      recordId,
      String(version),
    ]);
    if (entry?.ledgerId !== subject || entry.sealed === null) throw notFound();
    const header = Buffer.from(given, 'base64');
    const added = addedSlot(await organization.objects.get(entry.sealed.headerDigest), header);
    if (added === undefined)
      throw invalid(`${path}.header`, 'must be the stored header with one more slot of yours.');
    await organization.objects.put(header);
    const { scopeId, epoch, capsule } = added;
    return {
      businessId: organization.keystore.indexHmac(
        'businessId',
        businessId(SLOTS, subject, recordId, String(version), scopeId, String(epoch)),
      ),
      argument: canonicalJson({
        recordId,
        version,
        scopeId,
        epoch,
        headerDigest: sha256Hex(header),
        headerBytes: header.length,
        recipients: entry.sealed.recipients,
      }),
      capsule: Buffer.from(capsule).toString('base64'),
    };
  }
}

const actOf = (slot: Slot, payload: SlotsPayload): NewAct => ({
  kind: SLOTS,
  subject: payload.subject,
  certificate: payload.certificate,
  fn: 'records:addKeySlot',
  args: [slot.businessId, slot.argument],
  options: { transient: { capsule: Buffer.from(slot.capsule, 'base64') } },
  payload,
});

const slotDone = ({ subject, certificate, left }: SlotsPayload): { answer: object; next?: NewAct } => {
  const [next, ...others] = left;
  const answer = { left: left.length };
  return next === undefined
    ? { answer }
    : { answer, next: actOf(next, { subject, certificate, left: others }) };
};

/** The slot by which a header is longer than the stored one; undefined for any other difference. */
const addedSlot = (
  stored: Uint8Array,
  header: Uint8Array,
): { scopeId: string; epoch: number; capsule: Uint8Array } | undefined => {
  try {
    const decoded = decodeHeader(header);
    const slot = decoded.slots.at(-1);
    const before = encodeHeader({ ...decoded, slots: decoded.slots.slice(0, -1) });
    if (slot?.capsule == null || !equalBytes(before, stored)) return undefined;
    return { scopeId: slot.scopeId, epoch: slot.epoch, capsule: slot.capsule };
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
};

const patientOf = async (organization: Organization, subject: string): Promise<PatientEntry> => {
  const patient = await evaluateJson<PatientEntry | null>(organization, 'registry:getPatient', [subject]);
  if (patient?.status !== 'active') {
    throw problem(409, 'PATIENT_KEYLESS', 'The patient has no keys: activate first.');
  }
  return patient;
};

const requirePoint = async (publicKey: string): Promise<void> => {
  try {
    (await mclEngine()).decodeG1(fromHex(publicKey), 'publicKey');
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw invalid('publicKey', 'is no point of the group G1: send the compressed public key.');
  }
};
