import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type ActivationBegin,
  MedsealClient,
  PatientDevice,
  sealOnDevice,
  unwrapKeyring,
} from '@medseal/client';
import {
  canonicalJson,
  encapsulate,
  fromHex,
  mclEngine,
  newSeed,
  sealingContext,
  sha256Hex,
  signingKeyPair,
  toBase64,
  toHex,
} from '@medseal/crypto';
import type { Product, SignIn } from '../support/product';
import { Authority, type Identity, Peers } from './peers';

/** Somebody of the matrix: a role and a relation to the patient whose things are asked for. */
export interface Actor {
  name: string;
  mspId: string;
  role: string;
  /** Staff id or ledgerId; '' for a service. */
  subject: string;
  /** Enrolled with the organisation's certificate authority, for proposals to peers. */
  identity: Identity;
  /** How they sign in; nobody and services do not. */
  signIn?: { organization: string; username: string; password: string };
  /** Of a session of their own. */
  token?: string;
}

/** What is asked for: a patient of City with records by the actor `author`. */
export interface Target {
  registrationNo: string;
  ledgerId: string;
  /** By `author`, chained. */
  recordId: string;
  /** Open at City. */
  cityEncounterId: string;
}

export interface Announced<Entry> {
  businessId: string;
  entry: Entry;
}

export interface World {
  actors: Record<string, Actor>;
  /** Whom only City knows. */
  unshared: Target;
  /** With an open encounter at Lakeside too: the target of the actors `treating-…`. */
  shared: Target & { lakesideEncounterId: string; card: string };
  /** Nobody activated it. */
  keyless: {
    registrationNo: string;
    ledgerId: string;
    activationCode: string;
    scopes: ActivationBegin['scopes'];
    /** A certificate of its own, as at the end of an activation. */
    identity: Identity;
  };
  doctor: { id: string; username: string };
  /** A certificate of City's authority: an administrator's, in the name of the unshared patient. */
  falseAdministrator: Identity;
  /** A patient's user name at City. */
  patientUsername: string;
  /** Who is deleted. */
  leaver: string;
  /** Of `author`, each in the state that its name tells. */
  records: Record<'toChain' | 'toComplete' | 'toAmend' | 'created' | 'announced' | 'sealed', string>;
  /** Of `author`, with all five steps, and blinded: it waits for City's sanitiser. */
  blinded: string;
  /** `POST /records` of what the author's device sealed for each target. */
  deviceSealed: Record<'unshared' | 'shared', Record<string, unknown>>;
  pendingAct: string;
  /** Of a reading by `author`. */
  receipt: { receiptId: string; businessId: string };
  /** Ids of the actors' usual sessions. */
  sessions: Record<string, string>;
  sessionOfSomebody: string;
  staffAnnounced: Record<string, Announced<Record<string, unknown>>>;
  patientAnnounced: Record<string, Announced<PatientPublic>>;
  updateAnnounced: Announced<Record<string, unknown>>;
  sealAnnounced: Announced<Record<string, unknown>>;
  parametersVersion: number;
  keyEpochs: Record<string, number>;
  receivingEpochs: Record<string, number>;
  patientEntry: { version: number; commitments: Record<string, string> };
  organizations: Record<string, unknown>[];
  visits: Record<string, { key: string; replaces: string }>;
  keySlot: { argument: string; capsule: string };
  transactionId: string;
}

export interface PatientPublic {
  ledgerId: string;
  homeMsp: string;
  version: number;
  commitments: Record<string, string>;
}

const CITY = 'CityMSP';
const LAKESIDE = 'LakesideMSP';
const MINISTRY = 'MinistryMSP';
export const MSP_OF = { city: CITY, lakeside: LAKESIDE, ministry: MINISTRY } as Readonly<
  Record<string, string>
>;
const NEXT: Readonly<Record<string, string>> = { [CITY]: LAKESIDE, [LAKESIDE]: MINISTRY, [MINISTRY]: CITY };
export const otherThan = (mspId: string): string => NEXT[mspId] ?? CITY;

/** Demo users behind the actors; `ministry-auditor` and `ministry-researcher` are made here. */
const SIGN_INS: Readonly<Record<string, [organization: string, username: string]>> = {
  owner: ['city', 'geetha'],
  'city-patient': ['city', 'arul'],
  'lakeside-patient': ['lakeside', 'siva'],
  author: ['city', 'sundar'],
  'city-admin': ['city', 'administrator'],
  'city-doctor': ['city', 'anuradha'],
  'city-verifier': ['city', 'verifier1'],
  'city-sanitizer': ['city', 'sanitizer'],
  'city-auditor': ['city', 'auditor'],
  'city-researcher': ['city', 'researcher'],
  'lakeside-admin': ['lakeside', 'administrator'],
  'lakeside-doctor': ['lakeside', 'rajini'],
  'lakeside-verifier': ['lakeside', 'verifier1'],
  'lakeside-sanitizer': ['lakeside', 'sanitizer'],
  'lakeside-auditor': ['lakeside', 'auditor'],
  'lakeside-researcher': ['lakeside', 'researcher'],
  'treating-admin': ['lakeside', 'administrator'],
  'treating-doctor': ['lakeside', 'meena'],
  'ministry-manager': ['ministry', 'administrator'],
  'ministry-auditor': ['ministry', 'auditor'],
  'ministry-researcher': ['ministry', 'researcher'],
  suspended: ['city', 'suspended'],
  revoked: ['city', 'revoked'],
};
/** Certificates of an authority that names roles and subjects at will. */
const FORGED: Readonly<Record<string, { slug: string; role: string; subjectOf?: string; subject?: string }>> =
  {
    'city-false-manager': { slug: 'city', role: 'system-manager' },
    'city-false-doctor': { slug: 'city', role: 'doctor', subjectOf: 'city-auditor' },
    'lakeside-false-author': { slug: 'lakeside', role: 'doctor', subjectOf: 'author' },
    'lakeside-false-owner': { slug: 'lakeside', role: 'patient', subjectOf: 'owner' },
    'city-nameless-admin': { slug: 'city', role: 'hospital-admin', subject: 'whoever' },
    'ministry-false-admin': { slug: 'ministry', role: 'hospital-admin' },
  };
const PEER_ONLY = [
  'other-key',
  'city-service',
  'lakeside-service',
  'ministry-service',
  ...Object.keys(FORGED),
];

export const REST_ACTORS = [...Object.keys(SIGN_INS), 'nobody'];
export const PEER_ACTORS = [...REST_ACTORS, ...PEER_ONLY];

export const random = (bytes: number): string =>
  toHex(globalThis.crypto.getRandomValues(new Uint8Array(bytes)));

export const commitments = (): Record<string, string> =>
  Object.fromEntries(
    ['number', 'identity', 'contact', 'guardian', 'care'].map((group) => [group, random(32)]),
  );

/** A ciphertext as far as contracts can see. */
const value = (key: string): { key: string; value: string } => ({
  key,
  value: toBase64(fromHex(random(40))),
});

export const registrationValues = (ledgerId: string) => [
  value(`number/${random(32)}`),
  value(`scopes/${ledgerId}`),
  ...['identity', 'contact', 'guardian', 'care'].map((group) => value(`demographics/${ledgerId}/${group}`)),
];

export const encounterValues = (ledgerId: string, encounterId: string) => [
  value(`encounter/${ledgerId}/${encounterId}`),
  value(`visit/${ledgerId}/${encounterId}`),
];

export const staffEntry = (mspId: string): Record<string, unknown> => ({
  staffId: random(16),
  mspId,
  role: 'auditor',
  status: 'active',
  version: 1,
});

export const patientEntry = (homeMsp: string): PatientPublic => ({
  ledgerId: random(16),
  homeMsp,
  version: 1,
  commitments: commitments(),
});

export const sealEntry = (recordId: string, author: string): Record<string, unknown> => ({
  recordId,
  version: 1,
  author,
  sealed: {
    sealedBy: 'hospital',
    sealedDigest: random(32),
    sealedBytes: 1234,
    headerDigest: random(32),
    headerBytes: 345,
    dekCommitment: random(32),
    commitments: { selector: random(32), titleLine: random(32), document: random(32) },
    recipients: [author, `custodian:${CITY}`],
  },
});

const FILE = 'matrix-world.json';

/** Everybody and everything that the matrix asks about, made through the API and kept in the product's folder. */
export async function openWorld(product: Product): Promise<World> {
  const file = path.join(product.folder, FILE);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await new Founding(product).found()));
  return JSON.parse(readFileSync(file, 'utf8')) as World;
}

class Founding {
  private readonly peers: Peers;
  private readonly authorities: Record<string, Authority>;
  private readonly clients = new Map<string, MedsealClient>();
  private readonly actors: Record<string, Actor> = {};
  private readonly sessions: Record<string, string> = {};

  constructor(private readonly product: Product) {
    const profile = path.join(product.folder, 'connection.yaml');
    this.peers = new Peers(profile);
    this.authorities = Object.fromEntries(
      [CITY, LAKESIDE, MINISTRY].map((mspId) => [mspId, new Authority(profile, mspId)]),
    );
  }

  async found(): Promise<World> {
    try {
      await this.people();
      const blinded = await this.record(this.product.user('geetha').registrationNo ?? '');
      await this.withoutIntegritySteps();
      const [unshared, shared, keyless] = [await this.unshared(), await this.shared(), await this.keyless()];
      return {
        actors: this.actors,
        unshared,
        shared,
        keyless,
        doctor: { id: this.actor('author').subject, username: 'sundar' },
        falseAdministrator: await this.authorities[CITY]!.enroll(signingKeyPair(newSeed()), {
          role: 'hospital-admin',
          subject: unshared.ledgerId,
        }),
        patientUsername: 'geetha',
        leaver: 'leaver',
        ...(await this.authorsWork(unshared, shared)),
        pendingAct: await this.pendingAct(),
        blinded,
        sessions: this.sessions,
        sessionOfSomebody: this.sessions['city-doctor'] ?? '',
        ...(await this.announcements(unshared)),
        ...(await this.ledgerState(unshared, shared)),
      };
    } finally {
      this.peers.close();
    }
  }

  private actor(name: string): Actor {
    const found = this.actors[name];
    if (found === undefined) throw new Error(`there is no actor ${name}`);
    return found;
  }

  private client(name: string): MedsealClient {
    const found = this.clients.get(name);
    if (found === undefined) throw new Error(`${name} is not signed in`);
    return found;
  }

  private async people(): Promise<void> {
    const made = await this.newColleagues();
    for (const [name, [organization, username]] of Object.entries(SIGN_INS)) {
      const user =
        made.find((one) => one.organization === organization && one.username === username) ??
        this.product.user(username, organization);
      await this.signIn(name, user);
    }
    for (const slug of ['city', 'lakeside', 'ministry'])
      await this.certified(`${slug}-service`, slug, 'service');
    await this.certified('nobody', 'city', undefined);
    await this.certified('other-key', 'city', 'patient', this.actor('owner').subject);
    for (const [name, { slug, role, subjectOf, subject = random(16) }] of Object.entries(FORGED)) {
      const named = subjectOf === undefined ? subject : this.actor(subjectOf).subject;
      await this.certified(name, slug, role, named);
    }
    await this.client('city-admin').http.request('PATCH', '/users/suspended', {
      body: { action: 'suspend' },
    });
    // As another gateway of the same hospital would: this one hears of it from the ledger alone.
    await this.peers.submit(
      this.actor('city-admin').identity,
      { fn: 'registry:setStaffStatus', args: [this.actor('revoked').subject, 'revoked'] },
      [],
    );
  }

  /** From here on a record is the author's alone, so that every state of it is a step away. */
  private async withoutIntegritySteps(): Promise<void> {
    await this.client('ministry-manager').http.request('PUT', '/parameters', {
      body: { recordSteps: ['chain'] },
    });
  }

  private async newColleagues(): Promise<SignIn[]> {
    const made: SignIn[] = [];
    for (const [organization, username, role] of [
      ['ministry', 'auditor', 'auditor'],
      ['ministry', 'researcher', 'researcher'],
      ['city', 'suspended', 'doctor'],
      ['city', 'revoked', 'doctor'],
      ['city', 'leaver', 'verifier'],
    ] as const) {
      const administrator = await this.product.as('administrator', organization);
      const { subject, initialPassword } = await administrator.createUser({
        username,
        role,
        displayName: username,
      });
      made.push({ organization, username, role, subject, password: initialPassword });
    }
    return made;
  }

  private async signIn(name: string, user: SignIn): Promise<void> {
    const { organization, username, password, role, subject } = user;
    const client = new MedsealClient(this.product.url);
    const session = await client.login(organization, username, password, true);
    this.clients.set(name, client);
    const me = await client.http.request<{ sessionId: string }>('GET', '/auth/me');
    this.sessions[name] = me.body.sessionId;
    const seed = role === 'patient' ? await seedOf(client, user) : newSeed();
    const mspId = MSP_OF[organization] ?? '';
    const identity = await this.authorities[mspId]!.enroll(
      signingKeyPair(seed),
      { role, subject },
      `u-${random(16)}`,
    );
    this.actors[name] = {
      name,
      mspId,
      role,
      subject,
      identity,
      signIn: { organization, username, password },
      token: session.token,
    };
  }

  private async certified(name: string, slug: string, role?: string, subject?: string): Promise<void> {
    const mspId = MSP_OF[slug] ?? '';
    const identity = await this.authorities[mspId]!.enroll(signingKeyPair(newSeed()), { role, subject });
    this.actors[name] = { name, mspId, role: role ?? '', subject: subject ?? '', identity };
  }

  private async unshared(): Promise<Target> {
    const { registrationNo = '', subject } = this.product.user('geetha');
    const { rows } = await this.client('author').report();
    const row = rows.find(({ patient, doctor }) => patient === 'Geetha' && doctor === 'Dr. Sundar');
    const recordId = row?.recordId ?? '';
    return {
      registrationNo,
      ledgerId: subject,
      recordId,
      cityEncounterId: await this.visit('author', registrationNo),
    };
  }

  private async visit(by: string, registrationNo: string, card?: string): Promise<string> {
    const { id } = await this.client(by).openEncounter(registrationNo, {
      class: 'AMB',
      doctorId: this.actor(by).subject,
      reason: 'check',
      period: { start: '2024-05-06T09:00:00Z' },
      ...(card === undefined ? {} : { card }),
    });
    return id;
  }

  private async register(name: string) {
    const made = await this.client('city-admin').createPatient({ name });
    const { card, activationCode = '' } = made as typeof made & { card: { code: string } };
    return { ...made, activationCode, card: card.code };
  }

  private async shared(): Promise<World['shared']> {
    const { registrationNo, ledgerId, card } = await this.register('Shared Patient');
    const lakesideEncounterId = await this.visit('treating-doctor', registrationNo, card);
    const recordId = await this.record(registrationNo);
    await this.client('author').completeRecord(recordId);
    const cityEncounterId = await this.visit('author', registrationNo);
    return { registrationNo, ledgerId, card, recordId, cityEncounterId, lakesideEncounterId };
  }

  private async keyless(): Promise<World['keyless']> {
    const { registrationNo, ledgerId, activationCode } = await this.register('Keyless Patient');
    const begun = await new MedsealClient(this.product.url).beginActivation('city', activationCode);
    const identity = await this.authorities[CITY]!.enroll(signingKeyPair(newSeed()), {
      role: 'patient',
      subject: ledgerId,
    });
    return { registrationNo, ledgerId, activationCode, scopes: begun.scopes, identity };
  }

  private async record(registrationNo: string): Promise<string> {
    const { recordId } = await this.client('author').writeRecord({
      registrationNo,
      effectiveDate: '2024-05-06',
      disease: 'cough',
      document: { progressNotes: [{ text: 'Cough.' }] },
    });
    return recordId;
  }

  private prepare(registrationNo: string) {
    return this.client('author').prepareRecord({
      registrationNo,
      scope: 'general',
      recordType: 'OPConsultation',
      effectiveDate: '2024-05-06',
    });
  }

  private async authorsWork(
    unshared: Target,
    shared: Target,
  ): Promise<Pick<World, 'records' | 'deviceSealed' | 'sealAnnounced' | 'receipt' | 'transactionId'>> {
    const author = this.actor('author');
    const toAmend = await this.record(unshared.registrationNo);
    await this.client('author').completeRecord(toAmend);
    const announced = await this.prepare(shared.registrationNo);
    const sealAnnounced = { businessId: random(32), entry: sealEntry(announced.recordId, author.subject) };
    await this.announce(author, 'records:sealPrivate', sealAnnounced, [announced.recordId, '1']);
    const businessId = random(32);
    const receiptId = await this.peers.submit(
      author.identity,
      {
        fn: 'access:receipt',
        args: [businessId, canonicalJson({ recordIds: [unshared.recordId], basis: 'author' })],
      },
      [],
    );
    return {
      records: {
        toChain: await this.record(unshared.registrationNo),
        toComplete: await this.record(unshared.registrationNo),
        toAmend,
        sealed: await this.record(unshared.registrationNo),
        created: (await this.prepare(shared.registrationNo)).recordId,
        announced: announced.recordId,
      },
      deviceSealed: {
        unshared: await this.deviceSealed(unshared.registrationNo),
        shared: await this.deviceSealed(shared.registrationNo),
      },
      sealAnnounced,
      receipt: { receiptId, businessId },
      transactionId: receiptId,
    };
  }

  private async deviceSealed(registrationNo: string): Promise<Record<string, unknown>> {
    return sealOnDevice(await this.prepare(registrationNo), {
      document: { resourceType: 'Bundle', type: 'document' },
      selector: { date: '2024-05-06', recordType: 'OPConsultation', scope: 'general' },
      titleLine: { date: '2024-05-06', disease: 'cough' },
    });
  }

  /** An activation that waits for its device's signature. */
  private async pendingAct(): Promise<string> {
    const { activationCode } = await this.register('Pending Patient');
    const client = new MedsealClient(this.product.url);
    let pending = '';
    client.sign = async (id) => {
      pending = id;
      throw new Error('the device was switched off');
    };
    const password = `pass-${random(8)}`;
    const activating = PatientDevice.activate(client, {
      organization: 'city',
      activationCode,
      username: 'pending',
      password,
      passphrase: `${password} and more`,
    });
    await activating.catch((error: unknown) => {
      if (pending === '') throw error;
    });
    return pending;
  }

  private async announce(
    by: Actor,
    fn: string,
    { businessId, entry }: Announced<unknown>,
    more: string[] = [],
    values?: unknown[],
  ): Promise<void> {
    const transient = {
      entry: canonicalJson(entry),
      ...(values === undefined ? {} : { private: canonicalJson(values) }),
    };
    await this.peers.submit(by.identity, { fn, args: [businessId, ...more], transient }, [by.mspId]);
  }

  private async announcements(
    unshared: Target,
  ): Promise<Pick<World, 'staffAnnounced' | 'patientAnnounced' | 'updateAnnounced' | 'patientEntry'>> {
    const staffAnnounced: World['staffAnnounced'] = {};
    const patientAnnounced: World['patientAnnounced'] = {};
    for (const name of ['city-admin', 'lakeside-admin', 'ministry-manager']) {
      const by = this.actor(name);
      const staff = { businessId: random(32), entry: staffEntry(by.mspId) };
      await this.announce(by, 'registry:putStaffPrivate', staff);
      staffAnnounced[by.mspId] = staff;
      const patient = { businessId: random(32), entry: patientEntry(by.mspId) };
      patientAnnounced[by.mspId] = patient;
      if (by.mspId === MINISTRY) continue;
      const values = registrationValues(patient.entry.ledgerId);
      await this.announce(by, 'registry:registerPatientPrivate', patient, [], values);
    }
    const admin = this.actor('city-admin');
    const patient = await this.read<World['patientEntry']>('city-admin', 'registry:getPatient', [
      unshared.ledgerId,
    ]);
    const updateAnnounced = {
      businessId: random(32),
      entry: {
        ledgerId: unshared.ledgerId,
        version: patient.version + 1,
        commitments: patient.commitments,
      },
    };
    await this.announce(admin, 'registry:updatePatientPrivate', updateAnnounced, [], []);
    return { staffAnnounced, patientAnnounced, updateAnnounced, patientEntry: patient };
  }

  private async read<Value>(name: string, fn: string, args: string[]): Promise<Value> {
    const { identity } = this.actor(name);
    const answer = await this.peers.evaluate(identity, identity.mspId, { fn, args });
    if (!answer.ok) throw new Error(`${fn}: ${answer.code}`);
    return answer.value as Value;
  }

  private async ledgerState(
    unshared: Target,
    shared: World['shared'],
  ): Promise<
    Pick<
      World,
      'parametersVersion' | 'keyEpochs' | 'receivingEpochs' | 'organizations' | 'visits' | 'keySlot'
    >
  > {
    const { policyVersion } = await this.read<{ policyVersion: number }>(
      'city-admin',
      'registry:getParameters',
      [],
    );
    const organizations = await this.read<Record<string, unknown>[]>(
      'city-admin',
      'registry:getOrganizations',
      [],
    );
    const keyEpochs: Record<string, number> = {};
    for (const mspId of [CITY, LAKESIDE, MINISTRY]) {
      const keys = await this.read<{ kind: string; epoch: number }[]>(
        'city-admin',
        'registry:getOrganizationKeys',
        [mspId],
      );
      keyEpochs[mspId] = Math.max(
        0,
        ...keys.filter(({ kind }) => kind === 'agent').map(({ epoch }) => epoch),
      );
    }
    const receivingEpochs: Record<string, number> = {};
    for (const { subject } of Object.values(this.actors).filter((actor) =>
      /^[0-9a-f]{16,64}$/.test(actor.subject),
    )) {
      const key = await this.read<{ epoch: number } | null>('city-admin', 'registry:getReceivingKey', [
        subject,
      ]);
      receivingEpochs[subject] = key?.epoch ?? 0;
    }
    return {
      parametersVersion: policyVersion,
      organizations: organizations.map(({ schema: _, ...entry }) => entry),
      keyEpochs,
      receivingEpochs,
      visits: {
        [CITY]: await this.openVisit('city-service', unshared.ledgerId, unshared.cityEncounterId),
        [LAKESIDE]: await this.openVisit('lakeside-service', shared.ledgerId, shared.lakesideEncounterId),
      },
      keySlot: await this.keySlot(unshared),
    };
  }

  private async openVisit(name: string, ledgerId: string, encounterId: string) {
    const key = `visit/${ledgerId}/${encounterId}`;
    const held = await this.read<Record<string, string>>(name, 'registry:getPrivate', [canonicalJson([key])]);
    return { key, replaces: sha256Hex(Buffer.from(held[key] ?? '', 'base64')) };
  }

  /** A slot for the scope that the record was not written under. */
  private async keySlot({ recordId, ledgerId }: Target): Promise<World['keySlot']> {
    const patient = await this.read<{ scopes: { scopeId: string; epoch: number; publicKey: string }[] }>(
      'city-admin',
      'registry:getPatient',
      [ledgerId],
    );
    const { entries } = await this.read<{
      entries: { scopeId: string; sealed: { sealedDigest: string; recipients: string[] } }[];
    }>('city-admin', 'records:get', [recordId]);
    const [entry] = entries;
    const scope = patient.scopes.find(({ scopeId }) => scopeId !== entry?.scopeId);
    if (entry === undefined || scope === undefined) throw new Error('the target has no second scope');
    const context = sealingContext({
      channel: 'health',
      recordId,
      version: 1,
      owner: ledgerId,
      scopeId: scope.scopeId,
      epoch: scope.epoch,
      sealedDigest: entry.sealed.sealedDigest,
    });
    const { capsule } = encapsulate(await mclEngine(), { ownerPublicKey: fromHex(scope.publicKey), context });
    return {
      argument: canonicalJson({
        recordId,
        version: 1,
        scopeId: scope.scopeId,
        epoch: scope.epoch,
        headerDigest: random(32),
        headerBytes: 400,
        recipients: entry.sealed.recipients,
      }),
      capsule: toBase64(capsule),
    };
  }
}

async function seedOf(client: MedsealClient, user: SignIn): Promise<Uint8Array> {
  return (await unwrapKeyring(await client.keyring(), user.passphrase ?? '', user.subject)).seed;
}
