import { Clinic } from './support/clinic';
import {
  Consents,
  type MadeConsent,
  MINUTE,
  type Owner,
  type Reader,
  type SealedRecord,
} from './support/consents';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  type Person,
  refusalOf,
  VALLEY,
} from './support/health-network';
import { randomFrom } from './support/random';

/**
 * Who gets an answer from an agent: role, organisation, purpose, type, date, status, expiry and epoch against an oracle
 * that knows the rules and nothing of the product. A drill takes more cells (`MEDSEAL_CELLS`).
 */

const CELLS = Number(process.env['MEDSEAL_CELLS'] ?? 500);
const SEED = Number(process.env['MEDSEAL_SEED'] ?? 20_260_501);
const IN_FLIGHT = 8;
const ALL = [CITY, LAKESIDE, MINISTRY, VALLEY];

interface Somebody {
  name: string;
  person: Person;
  isSuspended?: boolean;
}

interface Given {
  name: string;
  owner: string;
  purpose: string;
  types: string[];
  from: string;
  to: string;
  scopes: number[];
  agents: string[];
  expiresAt: number;
  eraseAt: number;
  isRevoked?: boolean;
  isComplained?: boolean;
  /** Agents that have their share. */
  deposited: string[];
  team?: 'named' | 'treating' | 'duty';
  made: MadeConsent;
}

interface Written {
  name: string;
  owner: string;
  recordId: string;
  type: string;
  date: string;
  scope: number;
  sealed: SealedRecord;
  /** Its capsule as it would be in the next epoch. */
  nextEpoch: Uint8Array;
}

interface Receipted {
  name: string;
  reader: string;
  at: number;
  records: string[];
  given: Given | undefined;
  receiptId: string;
}

interface Cell {
  reader: Somebody;
  receipt: Receipted;
  record: Written;
  agent: string;
  terms: Given;
  selector: Written;
  capsule: 'own' | 'copied' | 'nextEpoch';
  copied: Written;
  encounter: 'open' | 'closed' | 'none';
  age: number;
}

/** Guardians are patients. */
const READER_ROLES = [
  'patient',
  'doctor',
  'verifier',
  'researcher',
  'auditor',
  'hospital-admin',
  'system-manager',
  'sanitizer',
];
/** Members of the named team since its last change. */
const MEMBERS_NOW = ['colleague'];

/** The rules, in the order in which an agent applies them; the first word is the code. */
const expected = (cell: Cell, now: number): string => {
  const { reader, receipt, record, agent, terms, selector, capsule, encounter, age } = cell;
  const { given } = receipt;
  if (age > 5 * MINUTE) return 'PROPOSAL_STALE';
  if (!READER_ROLES.includes(reader.person.role)) return 'NOT_ALLOWED role';
  if (reader.isSuspended === true) return 'STAFF_SUSPENDED';
  if (receipt.reader !== reader.name) return 'RECEIPT_DIFFERS reader';
  if (given === undefined) return 'RECEIPT_DIFFERS basis';
  if (!receipt.records.includes(record.recordId)) return 'RECEIPT_DIFFERS record';
  if (now - receipt.at > 15 * MINUTE) return 'RECEIPT_TOO_OLD';
  if (!given.agents.includes(agent)) return 'NOT_AN_AGENT';
  if (given.isRevoked === true) return 'CONSENT_REVOKED';
  if (now >= given.expiresAt) return 'CONSENT_EXPIRED';
  if (given.isComplained === true) return 'CONSENT_NOT_ACTIVE';
  if (given.team === 'named' && !MEMBERS_NOW.includes(reader.name)) return 'NOT_GRANTEE left';
  if (given.team === 'treating' && encounter === 'none') return 'NOT_GRANTEE encounter';
  if (given.team === 'treating' && encounter === 'closed') return 'ENCOUNTER_NOT_OPEN';
  if (terms !== given) return 'TERMS_DIFFER';
  if (now >= given.eraseAt) return 'TERMS_ENDED';
  if (selector !== record) return 'SELECTOR_DIFFERS';
  if (given.purpose === 'BTG') return 'NOT_IN_TERMS purpose';
  if (!given.types.includes(record.type)) return 'NOT_IN_TERMS type';
  if (record.date < given.from) return 'NOT_IN_TERMS before';
  if (record.date > given.to) return 'NOT_IN_TERMS after';
  if (!given.scopes.includes(record.scope)) return 'SCOPE_NOT_GRANTED';
  if (capsule !== 'own') return `CAPSULE_INVALID ${capsule}`;
  if (!given.deposited.includes(agent)) return 'SHARE_MISSING';
  return 'ok';
};

let ledger: HealthNetwork;
let consents: Consents;
const people: Somebody[] = [];
const givens: Given[] = [];
const written: Written[] = [];
const receipts: Receipted[] = [];
const encounters = { open: '', closed: '' };

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  const clinic = new Clinic(ledger);
  await clinic.found();
  consents = new Consents(ledger, clinic);
  await consents.registerAgents();
  const [owner, other] = await Promise.all([consents.owner(LAKESIDE), consents.owner(CITY)]);
  const add = async (name: string, mspId: string, role: 'doctor' | 'verifier' | 'researcher' | 'auditor') => {
    const person = await clinic.staff(mspId, role);
    people.push({ name, person });
    return person;
  };
  const [doctor, colleague, verifier, researcher, leaving, author] = await Promise.all([
    add('doctor', CITY, 'doctor'),
    add('colleague', CITY, 'doctor'),
    add('verifier', CITY, 'verifier'),
    add('researcher', CITY, 'researcher'),
    add('suspended', CITY, 'doctor'),
    add('author', LAKESIDE, 'doctor'),
    add('ministry-auditor', MINISTRY, 'auditor'),
  ]);
  people.push({ name: 'service', person: clinic.service(CITY) }, { name: 'patient', person: owner.person });

  await Promise.all(
    ['OPConsultation', 'Prescription'].flatMap((type) =>
      ['2025-06-15', '2026-03-01', '2026-09-01'].flatMap((date) =>
        [0, 1].map((scope) => writeRecord(author, 'owner', owner, { type, date, scope })),
      ),
    ),
  );
  const first = await writeRecord(author, 'owner', owner, {
    ...{ type: 'OPConsultation', date: '2026-04-01', scope: 1 },
    isChained: true,
  });
  await writeRecord(author, 'owner', owner, {
    type: 'OPConsultation',
    date: '2026-04-01',
    scope: 0,
    of: first,
  });
  await writeRecord(doctor, 'other', other, { type: 'OPConsultation', date: '2026-03-01', scope: 0 });

  const key = (person: Person) => consents.registerKey(person);
  const admin = clinic.admin(CITY);
  const members = [verifier.subject, colleague.subject];
  const [toDoctor, toResearcher, toLeaving, toAuthor, named, treating, duty] = await Promise.all([
    key(doctor),
    key(researcher),
    key(leaving),
    key(author),
    consents.team(admin, 'named', members),
    consents.team(admin, 'treating'),
    consents.team(admin, 'duty'),
  ]);
  const both = ['OPConsultation', 'Prescription'];
  await Promise.all([
    give('visits of 2026', owner, toDoctor, { types: ['OPConsultation'] }),
    give('both scopes, until June', owner, toDoctor, {
      types: both,
      from: '2025-01-01',
      to: '2026-06-30',
      scopes: [0, 1],
    }),
    give('emergency', owner, toDoctor, { types: both, from: '2025-01-01', purpose: 'BTG', scopes: [0, 1] }),
    give('prescriptions, sensitive', owner, toDoctor, {
      types: ['Prescription'],
      scopes: [1],
      purpose: 'PUBHLTH',
    }),
    give('two agents', owner, toDoctor, { types: both, agents: [LAKESIDE, MINISTRY] }),
    give('a share too few', owner, toDoctor, { types: both, deposited: [LAKESIDE, MINISTRY] }),
    give('short', owner, toDoctor, { types: both, lasts: 14 * MINUTE }),
    give('erased soon', owner, toDoctor, { types: both, erasedIn: 14 * MINUTE }),
    give('revoked', owner, toDoctor, { types: both, isRevoked: true }),
    give('complained of', owner, toDoctor, { types: both, isComplained: true }),
    give('to a named team', owner, named, { types: both, team: 'named' }),
    give('to the ward', owner, treating, { types: both, team: 'treating' }),
    give('to the duty', owner, duty, { types: both, team: 'duty' }),
    give('to Lakeside', owner, toAuthor, { types: both, agents: [CITY, MINISTRY, VALLEY] }),
    give('research', owner, toResearcher, { types: both, purpose: 'DSRCH' }),
    give('to a leaver', owner, toLeaving, { types: both }),
    give("another owner's", other, toDoctor, { types: both }),
  ]);

  encounters.open = await clinic.openEncounter(colleague, owner.patient.ledgerId);
  encounters.closed = await clinic.openEncounter(doctor, owner.patient.ledgerId);
  const readersOf: Record<string, string[]> = {
    'to a named team': ['verifier', 'colleague'],
    'to the ward': ['colleague', 'doctor'],
    'to the duty': ['doctor', 'colleague'],
    'to Lakeside': ['author'],
    research: ['researcher'],
    'to a leaver': ['suspended'],
  };
  const receiptAll = async () => {
    await Promise.all(
      givens.flatMap((given) =>
        (readersOf[given.name] ?? ['doctor']).map((name) => takeReceipt(given, name)),
      ),
    );
  };
  await receiptAll();
  ledger.advanceTime(8 * MINUTE);
  await receiptAll();
  const own = written.filter(({ owner: whose }) => whose === 'owner').map(({ recordId }) => recordId);
  const { receiptId } = await ledger.submit<{ receiptId: string }>(author, 'access:receipt', [
    newDigest(),
    { basis: 'author', recordIds: [...new Set(own)] },
  ]);
  receipts.push({
    name: 'as author',
    reader: 'author',
    at: ledger.network.now(),
    records: own,
    given: undefined,
    receiptId,
  });

  // What changes after the receipts: only the agents can know.
  await Promise.all([
    ...givens
      .filter(({ isRevoked }) => isRevoked === true)
      .map(({ made }) => ledger.submit(owner.person, 'consent:revoke', [made.argument.consentId])),
    ...givens
      .filter(({ isComplained }) => isComplained === true)
      .map(({ made }) =>
        consents.answer(VALLEY, made.argument.consentId, { answer: 'complained', code: 'doesNotFit' }),
      ),
    consents.team(admin, 'named', [colleague.subject], named.grantee.id, 2),
    ledger.submit(admin, 'registry:setStaffStatus', [leaving.subject, 'suspended']),
    clinic.closeEncounter(doctor, owner.patient.ledgerId, encounters.closed),
  ]);
  people.find(({ name }) => name === 'suspended')!.isSuspended = true;
}, 300_000);

afterAll(async () => {
  await ledger?.stop();
});

interface RecordTraits {
  type: string;
  date: string;
  scope: number;
  of?: SealedRecord;
  isChained?: boolean;
}

const writeRecord = async (
  author: Person,
  whose: string,
  owner: Owner,
  { type, date, scope, of, isChained = false }: RecordTraits,
): Promise<SealedRecord> => {
  const sealed = await consents.record(author, owner, {
    ...{ recordType: type, date, scope, isChained },
    of: of?.entry,
  });
  const { entry } = sealed;
  const nextEpoch = await consents.clinic.capsule(owner.patient, entry, entry.sealed!.sealedDigest, {
    scopeId: entry.scopeId,
    epoch: entry.epoch + 1,
  });
  const name = `${whose}'s ${type} of ${date} scope ${scope} version ${entry.version}`;
  written.push({ name, owner: whose, recordId: entry.recordId, type, date, scope, sealed, nextEpoch });
  return sealed;
};

interface Wish {
  types: string[];
  purpose?: 'CAREMGT' | 'BTG' | 'PUBHLTH' | 'DSRCH';
  from?: string;
  to?: string;
  scopes?: number[];
  agents?: string[];
  deposited?: string[];
  lasts?: number;
  erasedIn?: number;
  isRevoked?: boolean;
  isComplained?: boolean;
  team?: Given['team'];
}

const give = async (name: string, owner: Owner, reader: Reader, wish: Wish): Promise<void> => {
  const { types, purpose = 'CAREMGT', from = '2026-01-01', to = '2026-12-31', scopes = [0] } = wish;
  const { agents = [LAKESIDE, MINISTRY, VALLEY], isComplained = false, lasts = 24 * 60 * MINUTE } = wish;
  const { deposited = agents, erasedIn = 24 * 60 * MINUTE } = wish;
  const dataEraseAt = consents.at(erasedIn);
  const terms = { purpose, recordTypes: types, dateRange: { from, to }, dataEraseAt };
  const made = await consents.make({ owner, reader, agents, scopes, lasts, terms });
  await consents.grant(owner, made);
  await Promise.all(deposited.map((agent) => consents.deposit(owner, made, agent)));
  const accepting = isComplained ? deposited.slice(0, 2) : deposited;
  await Promise.all(
    accepting.map((agent) =>
      consents.answer(agent, made.argument.consentId, { answer: 'accepted', code: null }),
    ),
  );
  givens.push({
    ...{ name, purpose, types, from, to, scopes, agents, deposited, made, isComplained },
    owner: name === "another owner's" ? 'other' : 'owner',
    expiresAt: Date.parse(made.argument.expiresAt),
    eraseAt: Date.parse(dataEraseAt),
    isRevoked: wish.isRevoked,
    team: wish.team,
  });
};

const takeReceipt = async (given: Given, reader: string): Promise<void> => {
  const { person } = people.find(({ name }) => name === reader)!;
  const records = written
    .filter(({ owner, scope }) => owner === given.owner && given.scopes.includes(scope))
    .map(({ recordId }) => recordId);
  const encounter = reader === 'colleague' ? encounters.open : encounters.closed;
  const { receiptId, at } = await consents.receipt(
    person,
    given.made.argument.consentId,
    [...new Set(records)],
    given.team === 'treating' ? { encounter } : {},
  );
  const name = `${reader} "${given.name}" of ${at}`;
  receipts.push({ name, reader, at: Date.parse(at!), records, given, receiptId });
};

const { oneOf, mostly } = randomFrom(SEED);

const drawCell = (): Cell => {
  const receipt = oneOf(receipts);
  const named = written.filter(({ recordId }) => receipt.records.includes(recordId));
  const record = mostly(oneOf(named), written);
  const { given } = receipt;
  const holder = people.find(({ name }) => name === receipt.reader)!;
  return {
    receipt,
    record,
    reader: mostly(holder, people),
    agent: mostly(oneOf(given?.agents ?? ALL), ALL),
    terms: mostly(given ?? oneOf(givens), givens),
    selector: mostly(record, written),
    capsule: mostly<Cell['capsule']>('own', ['copied', 'nextEpoch']),
    copied: oneOf(written.filter((another) => another !== record)),
    encounter: mostly<Cell['encounter']>(holder.name === 'colleague' ? 'open' : 'closed', [
      'open',
      'closed',
      'none',
    ]),
    age: mostly(0, [4 * MINUTE, 6 * MINUTE]),
  };
};

/** A third of the cells is to be answered, the others are spread over every reason to refuse. */
const drawCells = (count: number, reasons: readonly string[], now: number): Cell[] => {
  const refusals = Math.ceil((2 * count) / 3 / (reasons.length - 1));
  const left = new Map(reasons.map((reason) => [reason, refusals]));
  left.set('ok', count - refusals * (reasons.length - 1));
  const cells: Cell[] = [];
  for (let tries = 0; cells.length < count && tries < 1_000 * count; tries++) {
    const cell = drawCell();
    const reason = expected(cell, now - cell.age);
    const wanted = left.get(reason) ?? 0;
    if (wanted === 0) continue;
    left.set(reason, wanted - 1);
    cells.push(cell);
  }
  return cells;
};

const nameOf = ({ reader, receipt, record, agent, terms, selector, capsule, encounter, age }: Cell): string =>
  [
    `${reader.name} asks ${agent} for ${record.name}`,
    `receipt ${receipt.name}`,
    `terms "${terms.name}"`,
    ...(selector === record ? [] : [`selector ${selector.name}`]),
    ...(capsule === 'own' ? [] : [`capsule ${capsule}`]),
    ...(receipt.given?.team === 'treating' ? [`encounter ${encounter}`] : []),
    ...(age === 0 ? [] : [`proposal ${age / MINUTE} minutes old`]),
  ].join(', ');

const ask = async (cell: Cell): Promise<string> => {
  const { reader, receipt, record, agent, terms, selector, capsule, copied, encounter, age } = cell;
  const answer = consents.ask(reader.person, agent, {
    receiptId: receipt.receiptId,
    record: record.sealed,
    terms: terms.made.terms,
    selector: selector.sealed.selector,
    capsule:
      capsule === 'copied' ? copied.sealed.capsule : capsule === 'nextEpoch' ? record.nextEpoch : undefined,
    encounter: encounter === 'none' ? undefined : encounters[encounter],
    age,
  });
  let isAnswered = false;
  try {
    return (await refusalOf(answer.then(() => (isAnswered = true)))).code;
  } catch (error) {
    if (isAnswered) return 'ok';
    throw error;
  }
};

const wrongCells = async (cells: readonly Cell[]): Promise<string[]> => {
  const left = [...cells];
  const wrong: string[] = [];
  const next = async (): Promise<void> => {
    for (let cell = left.pop(); cell !== undefined; cell = left.pop()) {
      const reason = expected(cell, ledger.network.now() - cell.age);
      const given = await ask(cell);
      if (given !== reason.split(' ')[0]) wrong.push(`${nameOf(cell)}: ${reason} expected, ${given} given`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, next));
  return wrong;
};

const ALWAYS = [
  'ok',
  'PROPOSAL_STALE',
  'NOT_ALLOWED role',
  'STAFF_SUSPENDED',
  'RECEIPT_DIFFERS reader',
  'RECEIPT_DIFFERS basis',
  'RECEIPT_DIFFERS record',
  'NOT_AN_AGENT',
  'CONSENT_REVOKED',
  'CONSENT_NOT_ACTIVE',
  'NOT_GRANTEE left',
  'NOT_GRANTEE encounter',
  'ENCOUNTER_NOT_OPEN',
  'TERMS_DIFFER',
  'SELECTOR_DIFFERS',
  'NOT_IN_TERMS purpose',
  'NOT_IN_TERMS type',
  'NOT_IN_TERMS before',
  'NOT_IN_TERMS after',
  'SCOPE_NOT_GRANTED',
  'CAPSULE_INVALID copied',
  'CAPSULE_INVALID nextEpoch',
  'SHARE_MISSING',
];
const LATER = [...ALWAYS, 'RECEIPT_TOO_OLD', 'CONSENT_EXPIRED', 'TERMS_ENDED'];

test.each([
  ['while nothing has expired', ALWAYS, 0],
  ['eight minutes later', LATER, 8 * MINUTE],
] as const)(
  `agents answer and refuse exactly, %s (seed ${SEED})`,
  async (_, reasons, later) => {
    ledger.advanceTime(later);
    const cells = drawCells(Math.ceil(CELLS / 2), reasons, ledger.network.now());
    const drawn = new Set(cells.map((cell) => expected(cell, ledger.network.now() - cell.age)));
    expect([...drawn].sort()).toEqual([...reasons].sort());
    expect(await wrongCells(cells)).toEqual([]);
  },
  1_800_000,
);
