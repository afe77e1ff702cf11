import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keystore } from '../src/keystore/keystore';
import { Projection, ReadModelBehindError } from '../src/projection/projection';
import { projectionMigrations, PROJECTION_TABLES } from '../src/projection/projection.migrations';
import { migrate } from '../src/database/migrations';
import { chainedEntry, SignedLedger } from './blockchain-signed-ledger';
import { openTestDatabase, type TestDatabase } from './projection-database';

const CITY = 'CityMSP';
const OWN = `_implicit_org_${CITY}`;
const LEDGER_ID = '1'.repeat(32);
const RECORD = '2'.repeat(32);
const STAFF = 'ab'.repeat(16);

let database: TestDatabase;
let folder: string;
let keystore: Keystore;
let ledger: SignedLedger;
const started: Projection[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  await migrate(database.database, projectionMigrations);
}, 60_000);
afterAll(() => database.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'projection-'));
  keystore = await Keystore.open(folder, CITY);
  await keystore.createErasureKey(LEDGER_ID);
  ledger = await SignedLedger.create([CITY, 'LakesideMSP']);
  for (const table of PROJECTION_TABLES) await database.database.query(`DELETE FROM ${table}`);
});
afterEach(async () => {
  for (const projection of started.splice(0)) await projection.stop();
  await rm(folder, { recursive: true, force: true });
});

async function follow(mspId = CITY, kind: 'hospital' | 'ministry' = 'hospital'): Promise<Projection> {
  const projection = new Projection({
    mspId,
    kind,
    ledger: ledger.peerOf(mspId),
    database: database.database,
    keystore,
  });
  started.push(projection);
  await projection.start();
  return projection;
}

const seal = async (key: string, value: object): Promise<Buffer> =>
  Buffer.from(await keystore.sealValue(LEDGER_ID, key, value), 'base64');

async function registerPatient(): Promise<number> {
  const identity = `demographics/${LEDGER_ID}/identity`;
  const number = `number/${keystore.indexHmac('number', '1010000000017')}`;
  ledger.submit(CITY, 'registry:registerPatientPrivate', {
    private: {
      [OWN]: {
        [identity]: await seal(identity, { fields: { name: 'Geetha Árul' }, salt: '0'.repeat(64) }),
        [number]: await seal(number, { number: '1010000000017', ledgerId: LEDGER_ID, salt: '0'.repeat(64) }),
        [`pending/${'9'.repeat(64)}`]: Buffer.from('{}'),
      },
    },
  });
  return ledger.submit(CITY, 'registry:registerPatient', {
    world: [
      [
        ['patient', LEDGER_ID],
        {
          schema: 1,
          ledgerId: LEDGER_ID,
          homeMsp: CITY,
          status: 'keyless',
          version: 1,
          commitments: {},
          scopes: [],
        },
      ],
      [['business', CITY, '9'.repeat(64)], { schema: 1, transactionId: '$tx' }],
    ],
  }).blockNumber;
}

test('a registered patient is in the tables as ciphertext and in memory by name and number', async () => {
  const projection = await follow();
  await projection.reached(await registerPatient());
  const [patient] = await database.database.query('SELECT home_msp, status, version FROM patients');
  expect(patient).toEqual({ home_msp: CITY, status: 'keyless', version: 1 });
  const values = await database.database.query<{ kind: string; ledger_id: string | null; value: Buffer }>(
    'SELECT kind, ledger_id, value FROM private_values ORDER BY kind',
  );
  expect(values.map(({ kind, ledger_id }) => [kind, ledger_id])).toEqual([
    ['demographics', LEDGER_ID],
    ['number', LEDGER_ID],
    ['pending', null],
  ]);
  expect(Buffer.concat(values.map(({ value }) => value)).includes('Geetha')).toBe(false);
  expect(projection.personal.patientByNumber('1010000000017')).toEqual({
    ledgerId: LEDGER_ID,
    name: 'Geetha Árul',
    registrationNo: '1010000000017',
  });
  expect(await database.database.query('SELECT transaction_id FROM business_acts')).toHaveLength(1);
});

test('a restart goes on at the checkpoint and finds the same names', async () => {
  const first = await follow();
  await first.reached(await registerPatient());
  await first.stop();
  await expect(first.reached(99)).rejects.toBeInstanceOf(ReadModelBehindError);
  const updated = ledger.submit(CITY, 'registry:updatePatient', {
    world: [
      [
        ['patient', LEDGER_ID],
        {
          schema: 1,
          ledgerId: LEDGER_ID,
          homeMsp: CITY,
          status: 'active',
          version: 2,
          commitments: {},
          scopes: [],
        },
      ],
    ],
  });
  const second = await follow();
  expect(second.height).toBe(first.height);
  expect(second.personal.patient(LEDGER_ID)?.name).toBe('Geetha Árul');
  await second.reached(updated.blockNumber);
  expect(await database.database.query('SELECT status, version FROM patients')).toEqual([
    { status: 'active', version: 2 },
  ]);
});

test('a rebuild gives the same tables', async () => {
  const projection = await follow();
  await projection.reached(await registerPatient());
  const dump = async (): Promise<string> => {
    const tables = await Promise.all(
      PROJECTION_TABLES.map((table) => database.database.query(`SELECT * FROM ${table} ORDER BY 1, 2`)),
    );
    return JSON.stringify(tables);
  };
  const before = await dump();
  await database.database.query(`UPDATE patients SET status = 'altered'`);
  await projection.reset();
  await projection.reached(ledger.blocks.length - 1);
  expect(await dump()).toBe(before);
});

test('what is not VALID changes nothing but the list of transactions', async () => {
  const projection = await follow();
  const { blockNumber } = ledger.submit(CITY, 'registry:putStaff', {
    validationCode: 11,
    world: [
      [
        ['staff', STAFF],
        { schema: 1, staffId: STAFF, mspId: CITY, role: 'doctor', status: 'active', version: 1 },
      ],
    ],
    private: {
      hospitals: { [`staff/${CITY}/${STAFF}`]: Buffer.from(JSON.stringify({ name: 'Dr. Nobody' })) },
    },
  });
  await projection.reached(blockNumber);
  expect(await database.database.query('SELECT * FROM staff')).toEqual([]);
  expect(projection.personal.allStaff()).toEqual([]);
  const rows = await database.database.query(
    'SELECT fn, validation_code, endorsers FROM ledger_transactions WHERE block_number = 1',
  );
  expect(rows).toEqual([{ fn: 'registry:putStaff', validation_code: 11, endorsers: [CITY, 'LakesideMSP'] }]);
});

test.each([
  ['a function with a NUL', 'records:\0create', {}],
  ['a function of 60,000 characters', 'x'.repeat(60_000), {}],
  ['half a surrogate pair at the cut', `${'x'.repeat(199)}\u{1F512}`, {}],
  ['an id with a NUL', 'x', { transactionId: 'a\0b' }],
  ['an id too long for an index', 'x', { transactionId: randomBytes(4_000).toString('hex') }],
  ['a time beyond every calendar', 'x', { seconds: 1e15 }],
  ['a time of a five-digit year', 'x', { seconds: 1e12 }],
  ['a time before the era', 'x', { seconds: -1e11 }],
  ['a kind that nobody knows', 'x', { type: 77 }],
])('an envelope that is not valid cannot stop the read model: %s', async (_what, functionName, claimed) => {
  const projection = await follow();
  ledger.submit('LakesideMSP', functionName, { validationCode: 10, claimed });
  await projection.reached(await registerPatient());
  expect(projection.failure).toBeUndefined();
  const rows = await database.database.query<{ fn: string; transaction_id: string }>(
    'SELECT fn, transaction_id FROM ledger_transactions WHERE block_number = 1',
  );
  for (const { fn, transaction_id } of rows) {
    expect([...fn, ...transaction_id].length).toBeLessThanOrEqual(400);
    expect(`${fn}${transaction_id}`).not.toMatch(/\p{Cc}/u);
  }
});

test('staff names come from the hospitals’ collection, and leave with it', async () => {
  const projection = await follow();
  const key = `staff/${CITY}/${STAFF}`;
  const details = Buffer.from(JSON.stringify({ name: 'Dr. Sundar', specialization: 'Ortho' }));
  await projection.reached(
    ledger.submit(CITY, 'registry:putStaffPrivate', { private: { hospitals: { [key]: details } } })
      .blockNumber,
  );
  expect(projection.personal.staff(STAFF)).toMatchObject({
    mspId: CITY,
    name: 'Dr. Sundar',
    specialization: 'Ortho',
    email: null,
  });
  expect(projection.personal.searchStaff('SÚN ort')).toHaveLength(1);
  expect(projection.personal.searchStaff('undar')).toHaveLength(0);
  await projection.reached(ledger.submit(CITY, 'x', { private: { hospitals: { [key]: null } } }).blockNumber);
  expect(projection.personal.staff(STAFF)).toBeUndefined();
  expect(await database.database.query('SELECT * FROM private_values')).toEqual([]);
});

test('another organisation’s values and a lost value leave no plaintext, the lost one is marked', async () => {
  const projection = await follow();
  const key = `visit/${LEDGER_ID}/${'3'.repeat(32)}`;
  ledger.submit(CITY, 'registry:openEncounter', { private: { [OWN]: { [key]: Buffer.from('ciphertext') } } });
  ledger.privateData.get(CITY)?.delete(1);
  const { blockNumber } = ledger.submit('LakesideMSP', 'x', {
    private: { _implicit_org_LakesideMSP: { [key]: Buffer.from('other') } },
  });
  await projection.reached(blockNumber);
  expect(await database.database.query('SELECT collection, key, value FROM private_values')).toEqual([
    { collection: OWN, key: null, value: null },
  ]);
});

test('record versions keep when they were created and chained, with every block that wrote them', async () => {
  const projection = await follow();
  const objects = { sealedDigest: 'e'.repeat(64), headerDigest: 'f'.repeat(64) };
  const chained = chainedEntry(
    { recordId: RECORD, ledgerId: LEDGER_ID, hospital: CITY, author: STAFF },
    objects,
    {
      contentHash: '0'.repeat(64),
      count: 0,
    },
  );
  const write = (entry: object): number =>
    ledger.submit(CITY, 'records:x', {
      world: [
        [
          ['record', RECORD],
          { schema: 1, recordId: RECORD, ledgerId: LEDGER_ID, hospital: CITY, author: STAFF, version: 1 },
        ],
        [['recordVersion', RECORD, '1'], entry],
      ],
    }).blockNumber;
  write({ ...chained, status: 'created', sealed: null, chain: null });
  write({ ...chained, status: 'sealed', chain: null });
  write(chained);
  const title = `titleLine/${RECORD}/1`;
  const { blockNumber } = ledger.submit(CITY, 'records:sealPrivate', {
    private: { [OWN]: { [title]: await seal(title, { date: '2020-02-29', disease: 'fever', salt: '0' }) } },
  });
  await projection.reached(blockNumber);
  const later = write({ ...chained, sealed: { ...chained.sealed, headerDigest: 'a'.repeat(64) } });
  await projection.reached(later);
  const [row] = await database.database.query(
    'SELECT status, created_block, chained_block, last_block, chain_index, content_hash FROM record_versions',
  );
  expect(row).toEqual({
    status: 'chained',
    created_block: 1,
    chained_block: 3,
    last_block: 5,
    chain_index: 0,
    content_hash: chained.chain.contentHash,
  });
  const writes = await database.database.query<{ block_number: number }>(
    'SELECT block_number FROM record_writes ORDER BY 1',
  );
  expect(writes.map(({ block_number }) => block_number)).toEqual([1, 2, 3, 5]);
  expect(projection.personal.titleLine(RECORD, 1)).toEqual({ date: '2020-02-29', disease: 'fever' });
});

test('a ledger that does not continue the one seen is refused and named', async () => {
  const projection = await follow();
  await projection.reached(await registerPatient());
  const other = await SignedLedger.create([CITY, 'LakesideMSP']);
  for (let count = 0; count < 3; count += 1) other.submit(CITY, 'x', {});
  ledger.blocks = other.blocks;
  ledger.submit(CITY, 'x', {});
  await expect(projection.reached(3, 500)).rejects.toBeInstanceOf(ReadModelBehindError);
  expect(projection.failure?.message).toContain('does not continue the chain');
  expect(await database.database.query('SELECT height FROM projection_checkpoint')).toEqual([{ height: 3 }]);
});

test('an unreadable block stops the read model without losing its place', async () => {
  const projection = await follow();
  await projection.reached(await registerPatient());
  const lost = ledger.blocks.length;
  ledger.submit(CITY, 'x', {});
  const bytes = ledger.blocks[lost];
  await projection.stop();
  ledger.blocks[lost] = undefined;
  await database.database.query('UPDATE projection_checkpoint SET height = $1', [lost]);
  const again = await follow();
  await expect(again.reached(lost, 300)).rejects.toBeInstanceOf(ReadModelBehindError);
  ledger.blocks[lost] = bytes;
  await again.reached(lost, 10_000);
});

test('three hundred blocks are followed in batches', async () => {
  for (let count = 0; count < 300; count += 1) {
    ledger.submit(CITY, 'x', {
      world: [[['chain', LEDGER_ID], { schema: 1, ledgerId: LEDGER_ID, contentHash: 'a', count }]],
    });
  }
  const projection = await follow();
  await projection.reached(300, 30_000);
  expect(await database.database.query('SELECT count FROM chain_heads')).toEqual([{ count: 299 }]);
});

test('a read model from before there were consents is read again from block 0, consents among it', async () => {
  const last = await registerPatient();
  const earlier = await follow();
  await earlier.reached(last);
  await earlier.stop();
  const { database: before } = database;
  const later = [
    'consents',
    'share_answers',
    'consent_answers',
    'consent_keys',
    'care_teams',
    'erasures',
    'erasure_attestations',
    'data_erasure_attestations',
    'audits',
  ];
  for (const table of later) await before.query(`DROP TABLE ${table}`);
  await before.query('DROP INDEX business_acts_transaction');
  await before.query(
    `DELETE FROM migrations WHERE name LIKE 'projection-%' AND name NOT LIKE 'projection-1-%'`,
  );
  await migrate(before, projectionMigrations);
  expect(await before.query('SELECT * FROM projection_checkpoint')).toEqual([]);
  expect(await before.query('SELECT * FROM patients')).toEqual([]);
  const again = await follow();
  await again.reached(last);
  expect(await before.query('SELECT ledger_id FROM patients')).toEqual([{ ledger_id: LEDGER_ID }]);
  expect(await before.query('SELECT * FROM consents')).toEqual([]);
});
