import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';
import { type Act, authorizeAct, authorizeQuery, EVERYONE, onOwnPeer } from '../ledger/authorization.js';
import { privateKeys, worldKeys } from '../ledger/keys.js';
import { MAX_RECORDS } from '../ledger/limits.js';
import { holdsCapsule } from '../ledger/reencryption-checks.js';
import { chainedAt } from '../ledger/retention.js';
import { isSameScope, requireCurrentScope } from '../ledger/scopes.js';
import { refuseErasedOwner } from '../ledger/patient-status.js';
import { type CreateArgument, createArgument, keySlotArgument, sealArgument } from '../model/arguments.js';
import { contentHash } from '../model/content-hash.js';
import { isReturnedByVerifier, missingSteps } from '../model/record-steps.js';
import {
  type PatientEntry,
  type RecordEntry,
  type RecordHead,
  type ScopeReference,
  type SealPublic,
  ZERO_HASH,
  ZERO_SCOPE,
} from '../model/entries.js';
import {
  id,
  mspId as mspIdArgument,
  parseInteger,
  parseJson,
  refuseArgument,
  version,
} from '../model/validation.js';
import { LedgerContract } from './contract-base.js';
import { panelFor } from './integrity/panel.js';
import { requireLivingEntry } from './patients.js';

/** The life of a record entry: created, sealed, chained; a later version begins again. */
export class RecordsContract extends LedgerContract {
  constructor() {
    super('records');
  }

  /** By a doctor of the home hospital, or of one with an open encounter. Fixes parameters, scope and author. */
  async create(ctx: Context, businessId: string, createJson: string): Promise<RecordEntry> {
    const act = await authorizeAct(ctx, { roles: ['doctor'], organization: 'hospital' });
    await act.once(businessId);
    const wanted = parseJson(createJson, createArgument, 'record');
    const patient = await requireLivingEntry(act, wanted.ledgerId);
    requireScopeForCreation(patient, wanted);
    await requireTreatment(act, patient, encounterOf(act));
    const head = await nextHead(act, wanted, patient);
    const parameters = await act.world.require(
      worldKeys.parameters(),
      'PARAMETERS_NOT_FOUND',
      'the ministry has set no parameters yet',
    );
    const panel = await panelFor(act, parameters, wanted);
    await act.world.put(worldKeys.record(wanted.recordId), head);
    await act.world.put(worldKeys.patientRecord(wanted.ledgerId, wanted.recordId), {});
    return act.world.put(worldKeys.recordVersion(wanted.recordId, wanted.version), {
      recordId: wanted.recordId,
      version: wanted.version,
      ledgerId: wanted.ledgerId,
      scopeId: wanted.scopeId,
      epoch: wanted.epoch,
      hospital: head.hospital,
      author: head.author,
      policyVersion: parameters.policyVersion,
      steps: parameters.recordSteps,
      status: 'created',
      ...(panel === undefined ? {} : { panel }),
      sealed: null,
      ownerSlots: [],
      chain: null,
    });
  }

  /** Private step of sealing, by the author: selector and title line as far as the author gives them. */
  async sealPrivate(
    ctx: Context,
    businessId: string,
    recordId: string,
    versionNumber: string,
  ): Promise<{ announced: string }> {
    const act = onOwnPeer(ctx, await authorizeAct(ctx, { roles: ['doctor'], organization: 'hospital' }));
    await act.refuseDone(businessId);
    const { value: seal, json } = act.transient.json('entry', sealArgument);
    if (seal.recordId !== recordId || seal.version !== parseInteger(versionNumber, version, 'version')) {
      refuseArgument('entry', 'must name the recordId and version of the arguments');
    }
    const entry = await requireUnsealed(act, seal);
    await refuseErasedOwner(act, entry.ledgerId);
    if (entry.author !== act.caller.subject)
      throw new ContractError('NOT_ALLOWED', 'only the author seals a record');
    const values = act.transient.privateValues();
    if (await act.own.announce(businessId, json)) {
      await act.own.write(values, [
        { key: privateKeys.selector(seal.recordId, seal.version), mode: 'either', required: false },
        { key: privateKeys.titleLine(seal.recordId, seal.version), mode: 'either', required: false },
      ]);
    }
    return { announced: businessId };
  }

  /** Public step, by the author or the hospital's service: digests, commitments, and a capsule whose proof holds. */
  async seal(ctx: Context, businessId: string, hospitalMsp: string, sealJson: string): Promise<RecordEntry> {
    const act = await authorizeAct(ctx, { roles: ['doctor', 'service'], organization: 'hospital' });
    await act.once(businessId);
    const seal = parseJson(sealJson, sealArgument, 'seal');
    const entry = await requireUnsealed(act, seal);
    if (mspIdArgument(hospitalMsp, 'hospitalMsp') !== entry.hospital) {
      refuseArgument('hospitalMsp', "must be the record's hospital");
    }
    requireAuthorOrService(act, entry);
    await act.hashes.requirePending(entry.hospital, businessId, sealJson);
    const patient = await requireLivingEntry(act, entry.ledgerId);
    requireRecipients(entry, seal.sealed.recipients);
    const scope = scopeOf(entry);
    if (scope !== null) await requireCapsule(act, entry, patient, scope, seal.sealed.sealedDigest);
    return act.world.put(versionKey(entry), {
      ...entry,
      status: 'sealed',
      sealed: seal.sealed,
      ownerSlots: scope === null ? [] : [scope],
    });
  }

  /** Appends the sealed entry to the patient's chain, by the author or the hospital's service. */
  async chain(ctx: Context, recordId: string, versionNumber: string): Promise<RecordEntry> {
    const act = await authorizeAct(ctx, { roles: ['doctor', 'service'], organization: 'hospital' });
    const entry = await requireVersion(act, recordId, versionNumber);
    requireAuthorOrService(act, entry);
    await refuseErasedOwner(act, entry.ledgerId);
    const { sealed } = entry;
    if (entry.status === 'chained' || sealed === null) {
      throw new ContractError('RECORD_STATUS', `the entry is ${entry.status}: only a sealed one is chained`);
    }
    const missing = missingSteps(entry).filter((step) => step !== 'chain');
    if (missing.length > 0) throw new ContractError('STEP_MISSING', `not done yet: ${missing.join(', ')}`);
    const head = await act.world.get(worldKeys.chain(entry.ledgerId));
    const index = head?.count ?? 0;
    const prevHash = head?.contentHash ?? ZERO_HASH;
    const hash = contentHash(act.channel, { ...entry, sealed }, index, prevHash);
    await act.world.put(worldKeys.chain(entry.ledgerId), {
      ledgerId: entry.ledgerId,
      contentHash: hash,
      count: index + 1,
      ...chainedAt(head, entry.hospital, act.at),
    });
    return act.world.put(versionKey(entry), {
      ...entry,
      status: 'chained',
      chain: { contentHash: hash, prevHash, index },
    });
  }

  /**
   * The header now also holds a slot for the owner's current scope key. By the service of the record's hospital, or by
   * the owner for the next epoch of the record's scope.
   */
  async addKeySlot(ctx: Context, businessId: string, keySlotJson: string): Promise<RecordEntry> {
    const act = await authorizeAct(ctx, { roles: ['service', 'patient'], organization: 'hospital' });
    await act.once(businessId);
    const slot = parseJson(keySlotJson, keySlotArgument, 'keySlot');
    const entry = await requireVersion(act, slot.recordId, String(slot.version));
    requireSlotAdder(act, entry, slot.scopeId);
    const { sealed } = entry;
    if (sealed === null)
      throw new ContractError('RECORD_STATUS', 'the entry is not sealed yet: it has no key slots');
    const patient = await requireLivingEntry(act, entry.ledgerId);
    if (patient.status !== 'active')
      throw new ContractError('PATIENT_KEYLESS', 'the patient has no keys yet');
    const lost = sealed.recipients.filter((recipient) => !slot.recipients.includes(recipient));
    if (lost.length > 0 || !slot.recipients.includes(entry.ledgerId)) {
      refuseArgument('keySlot.recipients', 'must keep every recipient and name the owner');
    }
    refuseSanitizer(entry, slot.recipients, 'keySlot.recipients');
    const scope = { scopeId: slot.scopeId, epoch: slot.epoch };
    if (entry.ownerSlots.some((known) => isSameScope(known, scope))) {
      refuseArgument('keySlot', 'must be for a scope and epoch that has no slot yet');
    }
    await requireCapsule(act, entry, patient, scope, sealed.sealedDigest);
    return act.world.put(versionKey(entry), {
      ...entry,
      sealed: {
        ...sealed,
        headerDigest: slot.headerDigest,
        headerBytes: slot.headerBytes,
        recipients: slot.recipients,
      },
      ownerSlots: [...entry.ownerSlots, scope],
    });
  }

  /** The record with all its versions, oldest first; null when there is none. */
  async get(ctx: Context, recordId: string): Promise<{ head: RecordHead; entries: RecordEntry[] } | null> {
    const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
    const head = await world.get(worldKeys.record(id(recordId, 'recordId')));
    if (head === undefined) return null;
    const entries = await world.list<RecordEntry>('recordVersion', [recordId], MAX_RECORDS);
    return { head, entries: entries.map(({ entry }) => entry).sort((a, b) => a.version - b.version) };
  }

  async getVersion(ctx: Context, recordId: string, versionNumber: string): Promise<RecordEntry | null> {
    const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
    const key = worldKeys.recordVersion(
      id(recordId, 'recordId'),
      parseInteger(versionNumber, version, 'version'),
    );
    return (await world.get(key)) ?? null;
  }

  /** Ids of a patient's records, in no order that means anything. */
  async listByPatient(ctx: Context, ledgerId: string): Promise<string[]> {
    const { world } = await authorizeQuery(ctx, { roles: EVERYONE });
    const found = await world.list('patientRecord', [id(ledgerId, 'ledgerId')], MAX_RECORDS);
    return found.map(({ parts }) => parts[1] ?? '');
  }
}

const versionKey = (entry: Pick<RecordEntry, 'recordId' | 'version'>) =>
  worldKeys.recordVersion(entry.recordId, entry.version);

/** Null while only the custodian can have a slot. */
const scopeOf = (entry: RecordEntry): ScopeReference | null =>
  entry.scopeId === ZERO_SCOPE ? null : { scopeId: entry.scopeId, epoch: entry.epoch };

/** A keyless patient's record has scope and epoch zero, every other one a current scope of the patient. */
const requireScopeForCreation = (patient: PatientEntry, wanted: ScopeReference): void => {
  if (patient.status === 'keyless') {
    if (wanted.scopeId !== ZERO_SCOPE || wanted.epoch !== 0) {
      throw new ContractError('SCOPE_NOT_CURRENT', 'the patient has no keys yet: scopeId and epoch are zero');
    }
  } else {
    requireCurrentScope(patient, wanted);
  }
};

/** The encounter under which a record is made: every endorser checks its hash, no block needs to tell its id. */
const encounterOf = ({ transient }: Act): string | null => {
  const encounterId = transient.text('encounter');
  return encounterId === undefined ? null : id(encounterId, 'transient encounter');
};

const requireTreatment = async (
  act: Act,
  patient: PatientEntry,
  encounterId: string | null,
): Promise<void> => {
  const { mspId } = act.caller;
  if (encounterId !== null) return act.hashes.requireOpenEncounter(mspId, patient.ledgerId, encounterId);
  if (patient.homeMsp !== mspId) {
    throw new ContractError('ENCOUNTER_NOT_OPEN', "another hospital's patient needs an open encounter here");
  }
};

/** The record's hospital hands a record over, once; its owner adds to a record of theirs a slot of the same scope. */
const requireSlotAdder = ({ caller }: Act, entry: RecordEntry, scopeId: string): void => {
  const isAllowed =
    caller.role === 'patient' ? entry.ledgerId === caller.subject : entry.hospital === caller.mspId;
  if (!isAllowed) {
    throw new ContractError('NOT_ALLOWED', "only the record's hospital or its owner adds a key slot");
  }
  if (caller.role === 'service' && entry.ownerSlots.length > 0) {
    throw new ContractError('NOT_ALLOWED', 'the record has a slot of its owner, who alone adds further ones');
  }
  if (caller.role === 'patient' && !entry.ownerSlots.some((slot) => slot.scopeId === scopeId))
    refuseArgument('keySlot.scopeId', 'must be the scope in which the record has a slot of its owner');
};

/** The record's head after this creation: new, or the next version by the same author once the last is chained or a verifier gave it back, or a stranded one anew. */
const nextHead = async (
  act: Act,
  wanted: CreateArgument,
  patient: PatientEntry,
): Promise<Omit<RecordHead, 'schema'>> => {
  const known = await act.world.get(worldKeys.record(wanted.recordId));
  const { recordId, ledgerId } = wanted;
  if (known === undefined) {
    if (wanted.version !== 1)
      throw new ContractError('RECORD_NOT_FOUND', 'no record of that recordId: begin with version 1');
    return { recordId, ledgerId, hospital: act.caller.mspId, author: act.caller.subject, version: 1 };
  }
  const last = await act.world.get(worldKeys.recordVersion(recordId, known.version));
  const isAnew = wanted.version === known.version && last !== undefined && isStranded(last, patient);
  if (wanted.version === 1 && !isAnew)
    throw new ContractError('RECORD_EXISTS', 'a record with this recordId exists: draw another');
  if (known.author !== act.caller.subject || known.hospital !== act.caller.mspId) {
    throw new ContractError('NOT_ALLOWED', 'only its author amends a record');
  }
  if (known.ledgerId !== ledgerId) refuseArgument('record.ledgerId', 'must stay the same in every version');
  if (isAnew) return known;
  if (wanted.version !== known.version + 1) {
    throw new ContractError(
      'VERSION_CONFLICT',
      `the next version is ${known.version + 1}: read the record again`,
    );
  }
  if (last?.status !== 'chained' && !(last !== undefined && isReturnedByVerifier(last))) {
    throw new ContractError('RECORD_STATUS', `version ${known.version} is not chained yet: finish it first`);
  }
  return { recordId, ledgerId, hospital: known.hospital, author: known.author, version: wanted.version };
};

/** Created for an epoch that has passed before it was sealed: nothing could seal it any more. */
const isStranded = (entry: RecordEntry, patient: PatientEntry): boolean => {
  const scope = scopeOf(entry);
  return (
    entry.status === 'created' &&
    scope !== null &&
    !patient.scopes.some((current) => isSameScope(current, scope))
  );
};

const requireVersion = async (act: Act, recordId: string, versionNumber: string): Promise<RecordEntry> =>
  act.world.require(
    worldKeys.recordVersion(id(recordId, 'recordId'), parseInteger(versionNumber, version, 'version')),
    'RECORD_NOT_FOUND',
    'no entry of that recordId and version',
  );

/** The created entry that `seal` is about; its author must be the one who created it. */
const requireUnsealed = async (act: Act, seal: SealPublic): Promise<RecordEntry> => {
  const entry = await requireVersion(act, seal.recordId, String(seal.version));
  if (entry.hospital !== act.caller.mspId || entry.author !== seal.author) {
    throw new ContractError(
      'NOT_ALLOWED',
      "a record is sealed by its author's hospital, in the author's name",
    );
  }
  if (entry.status !== 'created') {
    throw new ContractError('RECORD_STATUS', `the entry is ${entry.status} already`);
  }
  return entry;
};

const requireAuthorOrService = (act: Act, entry: RecordEntry): void => {
  const own = entry.hospital === act.caller.mspId;
  if (!own || (act.caller.role !== 'service' && entry.author !== act.caller.subject)) {
    throw new ContractError('NOT_ALLOWED', "only the author or the hospital's service goes on with a record");
  }
};

/**
 * Author always; the owner, or while keyless the writing hospital's custodian; the verifiers, who attest what they open.
 * Never the sanitiser: blinding hides the personal fields from just this person.
 */
const requireRecipients = (entry: RecordEntry, recipients: readonly string[]): void => {
  const custodian = `custodian:${entry.hospital}`;
  const keeper = scopeOf(entry) === null ? custodian : entry.ledgerId;
  for (const [name, recipient] of [
    ['the author', entry.author],
    [keeper === custodian ? "the hospital's custodian" : 'the owner', keeper],
    ...(entry.panel?.verifiers ?? []).map((verifier) => ['every verifier', verifier] as const),
  ] as const) {
    if (!recipients.includes(recipient)) refuseArgument('seal.sealed.recipients', `must include ${name}`);
  }
  refuseSanitizer(entry, recipients, 'seal.sealed.recipients');
};

const refuseSanitizer = ({ panel }: RecordEntry, recipients: readonly string[], path: string): void => {
  if (panel !== undefined && recipients.includes(panel.sanitizer))
    refuseArgument(path, 'must not include the sanitiser, who sees the blinded document only');
};

/** The capsule's proof holds for the context that the ledger's own entries give (cryptography.md T1). */
const requireCapsule = async (
  act: Act,
  entry: RecordEntry,
  patient: PatientEntry,
  scope: ScopeReference,
  sealedDigest: string,
): Promise<void> => {
  const current = requireCurrentScope(patient, scope);
  const capsule = act.transient.capsule();
  if (!(await holdsCapsule(act.channel, entry, sealedDigest, current, capsule))) {
    throw new ContractError('CAPSULE_INVALID', "the capsule's proof does not hold for this entry and key");
  }
};
