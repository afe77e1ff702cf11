import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkAnswer, StatisticsAnswer } from '@medseal/client';
import { Device, type Begun } from '../device';
import { type Answer, type Caller, type Colleague, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

type Json = Answer['body'];
type Row = Record<
  'recordId' | 'hospital' | 'ehrDate' | 'patient' | 'doctor' | 'disease' | 'hash' | 'prevHash',
  string | null
> & { prevHashValid: boolean; sealed?: object };

describe('the blockchain report on a running network', () => {
  let bed: TestBed;
  let admin: Caller;
  let sundar: Colleague;
  let anuradha: Colleague;
  let rajini: Colleague;
  let auditor: Colleague;
  let owner: Caller;
  let geetha: Json;
  let siva: Json;
  const device = new Device();

  const write = async (doctor: Colleague, patient: Json, effectiveDate: string, disease: string) => {
    const body = {
      registrationNo: patient['registrationNo'],
      effectiveDate,
      disease,
      document: { problems: [{ text: disease }] },
    };
    const written = await doctor.caller.post('/records', body);
    expect([written.status, written.body['status']]).toEqual([201, 'sealed']);
    const done = await doctor.caller.post(`/records/${written.body['recordId']}/complete`, {});
    expect(done.body).toMatchObject({ status: 'chained', next: null });
    return written.body['recordId'] as string;
  };

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    const lakeside = await bed.administrator('lakeside');
    const doctorOf = async (by: Caller, slug: 'city' | 'lakeside', name: string): Promise<Colleague> => {
      const made = await by.post('/doctors', { name, specialization: 'Ortho' });
      return bed.colleague(slug, 'doctor', { doctorId: made.body['id'] });
    };
    sundar = await doctorOf(admin, 'city', 'Dr. Sundar');
    anuradha = await doctorOf(admin, 'city', 'Dr. Anuradha');
    rajini = await doctorOf(lakeside, 'lakeside', 'Dr. Rajini');
    auditor = await bed.colleague('lakeside', 'auditor');
    geetha = (await admin.post('/patients', { name: 'Geetha', doctorId: sundar.subject })).body;
    siva = (await lakeside.post('/patients', { name: 'Siva', doctorId: rajini.subject })).body;
    await write(sundar, geetha, '2020-03-03', 'leg pain');
    await write(anuradha, geetha, '2020-02-29', 'fever');
    await write(rajini, siva, '2020-01-05', 'arrhythmia');

    const nobody = bed.nobody();
    const code = { organization: 'city', activationCode: geetha['activationCode'] };
    const begun = (await nobody.post('/auth/activate/begin', code)).body as Begun;
    const activation = await device.activation('city', code.activationCode, begun, 'geetha.owner');
    const done = await device.signAct(
      nobody,
      (await nobody.post('/auth/activate', activation)).body as never,
    );
    expect(done.body).toMatchObject({ ledger: { validationCode: 'VALID' } });
    owner = await bed.signIn('city', 'geetha.owner', activation.password);

    const visit = {
      class: 'AMB',
      doctorId: rajini.subject,
      reason: 'heart',
      period: { start: '2020-03-05' },
    };
    const opened = await rajini.caller.post(`/patients/${geetha['registrationNo']}/encounters`, {
      ...visit,
      card: geetha['card'].code,
    });
    expect(opened.status).toBe(201);
    await write(rajini, geetha, '2020-03-05', 'murmur');
  }, 180_000);

  const report = async (caller: Caller, query = ''): Promise<Json & { rows: Row[] }> => {
    const answer = await caller.get(`/blockchain/report${query}`);
    expect(answer.status).toBe(200);
    return answer.body as never;
  };
  const logOf = async (): Promise<Json[]> =>
    (await owner.get(`/patients/${geetha['registrationNo']}/access-log`)).body['items'];

  test('a doctor sees the hospital’s rows by date; who reads others’ title lines leaves one receipt', async () => {
    const before = (await logOf()).length;
    const answer = await report(sundar.caller);
    expect(answer).toMatchObject({ chainValid: true, firstInvalid: null, total: 4, nextCursor: null });
    expect(
      answer.rows.map(({ ehrDate, patient, doctor, disease }) => [ehrDate, patient, doctor, disease]),
    ).toEqual([
      ['2020-02-29', 'Geetha', 'Dr. Anuradha', 'fever'],
      ['2020-03-03', 'Geetha', 'Dr. Sundar', 'leg pain'],
      [null, null, null, null],
      [null, 'Geetha', null, null],
    ]);
    expect(answer.rows.every(({ prevHashValid }) => prevHashValid)).toBe(true);
    const log = await logOf();
    expect(log).toHaveLength(before + 1);
    expect(log[0]).toMatchObject({
      receiptId: answer['ledger'].transactionId,
      reader: sundar.subject,
      readerName: 'Dr. Sundar',
      organization: 'CityMSP',
      organizationName: 'City Hospital',
      basis: 'titleLine',
      ledger: answer['ledger'],
    });
    expect(log[0]!['recordIds']).toHaveLength(2);
    const own = await report(sundar.caller, '?limit=1&q=leg');
    expect(own.rows).toHaveLength(1);
    expect(own['ledger']).toBeUndefined();
    expect(await logOf()).toHaveLength(before + 1);
  });

  test('the chain of a patient links over hospitals', async () => {
    const { rows } = await report(sundar.caller, `?registrationNo=${geetha['registrationNo']}`);
    const byHash = new Map(rows.map((row) => [row.hash, row]));
    expect(rows).toHaveLength(3);
    expect(rows.filter(({ prevHash }) => prevHash === '0'.repeat(64))).toHaveLength(1);
    expect(rows.filter(({ prevHash }) => byHash.has(prevHash!))).toHaveLength(2);
    expect((await report(rajini.caller, `?registrationNo=${siva['registrationNo']}`)).rows).toHaveLength(1);
    expect((await report(sundar.caller, `?registrationNo=${siva['registrationNo']}`)).rows).toEqual([]);
  });

  test('pages follow one another; a bad cursor or sort is named', async () => {
    const first = await report(admin, '?limit=2');
    const second = await report(admin, `?limit=2&cursor=${first['nextCursor']}`);
    const all = await report(admin);
    expect([...first.rows, ...second.rows]).toEqual(all.rows);
    expect(second['nextCursor']).toBeNull();
    expect((await report(admin, '?sort=-ehrDate')).rows.map(({ ehrDate }) => ehrDate).slice(0, 2)).toEqual([
      '2020-03-03',
      '2020-02-29',
    ]);
    expect((await admin.get('/blockchain/report?cursor=xxxx')).status).toBe(400);
    expect((await admin.get('/blockchain/report?sort=name')).status).toBe(400);
  });

  test('the owner sees own rows, without a receipt; another hospital’s title line stays sealed', async () => {
    const before = (await logOf()).length;
    const { rows } = await report(owner);
    expect(rows.map(({ ehrDate, doctor, disease }) => [ehrDate, doctor, disease])).toEqual([
      ['2020-02-29', 'Dr. Anuradha', 'fever'],
      ['2020-03-03', 'Dr. Sundar', 'leg pain'],
      [null, 'Dr. Rajini', null],
    ]);
    expect(rows[2]).toMatchObject({ sealed: { recordId: rows[2]!.recordId }, hospital: 'LakesideMSP' });
    expect(rows[0]!.sealed).toBeUndefined();
    expect(await logOf()).toHaveLength(before);
  });

  test('auditor, verifier and ministry see hashes only', async () => {
    const verifier = await bed.colleague('city', 'verifier');
    for (const caller of [auditor.caller, verifier.caller, await bed.administrator('ministry')]) {
      const answer = await report(caller, '?q=');
      expect(answer.rows).toHaveLength(4);
      expect(answer['chainValid']).toBe(true);
      for (const row of answer.rows) {
        expect([row.ehrDate, row.patient, row.doctor, row.disease]).toEqual([null, null, null, null]);
        expect(row.hash).toMatch(/^[0-9a-f]{64}$/);
      }
      expect((await report(caller, '?q=fever')).rows).toEqual([]);
      expect((await report(caller, `?registrationNo=${geetha['registrationNo']}`)).rows).toEqual([]);
    }
  });

  test('the access log is the owner’s, and its public part an auditor’s', async () => {
    const path = `/access-log?ledgerId=${geetha['ledgerId']}`;
    const items = (await auditor.caller.get(path)).body['items'] as Json[];
    expect(items.length).toBe((await logOf()).length);
    expect(items.every(({ readerName }) => readerName === null)).toBe(true);
    const page = await auditor.caller.get(`${path}&limit=1`);
    const next = await auditor.caller.get(`${path}&limit=1&cursor=${page.body['nextCursor']}`);
    expect([page.body['items'][0], next.body['items'][0]]).toEqual(items.slice(0, 2));
    expect((await sundar.caller.get(path)).status).toBe(403);
    expect((await owner.get(`/patients/${siva['registrationNo']}/access-log`)).status).toBe(404);
    expect((await sundar.caller.get(`/patients/${geetha['registrationNo']}/access-log`)).status).toBe(403);
    expect((await auditor.caller.get('/access-log?ledgerId=1')).status).toBe(400);
  });

  test('type and confidentiality of a record are told with its title line, to owner and author alone', async () => {
    const seenBy = async (caller: Caller) => {
      const items = (await caller.get('/records')).body['items'] as Json[];
      const own = items.filter(({ ledgerId }) => ledgerId === geetha['ledgerId']);
      return [...new Set(own.map(({ disease, recordType, scope }) => `${disease} ${recordType} ${scope}`))];
    };
    const elsewhere = 'null null null';
    const [fever, legPain] = ['fever OPConsultation general', 'leg pain OPConsultation general'];
    expect((await seenBy(owner)).sort()).toEqual([fever, legPain, elsewhere].sort());
    expect((await seenBy(sundar.caller)).sort()).toEqual([legPain, elsewhere].sort());
  });

  test('the access log answers for a person, an organisation, a reason, a record and days', async () => {
    const all = await logOf();
    const path = `/patients/${geetha['registrationNo']}/access-log`;
    const newest = all[0]!;
    const asked = async (filter: Record<string, string>) =>
      (await owner.get(`${path}?${new URLSearchParams({ ...filter, limit: '200' }).toString()}`)).body;
    const filters: [Record<string, string>, (item: Json) => boolean][] = [
      [{ reader: newest['reader'] }, ({ reader }) => reader === newest['reader']],
      [{ organization: newest['organization'] }, (item) => item['organization'] === newest['organization']],
      [{ basis: 'titleLine' }, ({ basis }) => basis === 'titleLine'],
      [{ basis: 'author' }, ({ basis }) => basis === 'author'],
      [{ consentId: '0'.repeat(32) }, ({ consentId }) => consentId === '0'.repeat(32)],
      [
        { recordId: newest['recordIds'][0] },
        ({ recordIds }) => (recordIds as string[]).includes(newest['recordIds'][0] as string),
      ],
      [{ from: newest['at'] }, ({ at }) => at >= newest['at']],
      [{ to: newest['at'] }, ({ at }) => at < newest['at']],
      [{ reader: newest['reader'], basis: 'nothing' }, () => false],
    ];
    for (const [filter, fits] of filters) {
      const expected = all.filter(fits);
      const { items, total } = await asked(filter);
      expect({ filter, items }).toEqual({ filter, items: expected });
      expect(total).toBe(expected.length);
    }
    const choices = (await owner.get(`${path}/choices`)).body;
    const different = (values: (string | null)[]): string[] =>
      [...new Set(values.filter((value) => value !== null))].sort();
    const readers = choices['readers'] as Json[];
    expect(
      readers.map(({ reader, readerName, organizationName, reads }) => [
        reader,
        readerName,
        organizationName,
        reads,
      ]),
    ).toEqual(
      readers.map(({ reader }) => {
        const ofReader = all.filter((item) => item['reader'] === reader);
        return [reader, ofReader[0]!['readerName'], ofReader[0]!['organizationName'], ofReader.length];
      }),
    );
    expect({ ...choices, readers: different(readers.map(({ reader }) => reader)) }).toEqual({
      readers: different(all.map(({ reader }) => reader)),
      bases: different(all.map(({ basis }) => basis)),
      consentIds: different(all.map(({ consentId }) => consentId)),
      recordIds: different(all.flatMap(({ recordIds }) => recordIds as string[])),
    });
    const ofAuditor = (await auditor.caller.get(`/access-log/choices?ledgerId=${geetha['ledgerId']}`)).body;
    expect((ofAuditor['readers'] as Json[]).map(({ readerName }) => readerName)).toEqual(
      readers.map(() => null),
    );
    const wrong = await owner.get(`${path}?from=yesterday`);
    expect([wrong.status, wrong.body['errors'][0].field]).toEqual([400, 'from']);
  });

  test('a doctor sees the own visits of a day, by name where the patient is of the own hospital', async () => {
    const start = '2031-05-06T23:30:00-05:00';
    const arrange = async (by: Colleague, body: object): Promise<string> => {
      const path = `/patients/${geetha['registrationNo']}/encounters`;
      const visit = { class: 'AMB', doctorId: by.subject, reason: 'check', ...body };
      return (await by.caller.post(path, visit)).body['id'] as string;
    };
    const late = await arrange(sundar, { period: { start } });
    const day = await arrange(sundar, { period: { start: '2031-05-06' } });
    const next = await arrange(sundar, { period: { start: '2031-05-07T08:00:00Z' } });
    const own = async (by: Colleague, query: Record<string, string>): Promise<Json[]> =>
      (await by.caller.get(`/encounters?${new URLSearchParams(query).toString()}`)).body['items'] as Json[];
    const ofDay = (zone: string) => ({
      from: `2031-05-06T00:00:00${zone}`,
      to: `2031-05-07T00:00:00${zone}`,
    });
    const ids = async (zone: string): Promise<string[]> =>
      (await own(sundar, ofDay(zone))).map(({ id }) => id as string);
    expect(await ids('-05:00')).toEqual([late, day]);
    expect(await ids('+05:30')).toEqual([day]);
    const from = { from: '2031-05-07T00:00:00Z' };
    expect((await own(sundar, from)).map(({ id }) => id)).toEqual([next, late]);
    expect(await own(sundar, { ...from, limit: '1' })).toEqual([
      expect.objectContaining({ id: next, patientName: 'Geetha', registrationNo: geetha['registrationNo'] }),
    ]);
    expect(await own(anuradha, from)).toEqual([]);
    expect((await own(rajini, {})).map(({ reason, patientName }) => [reason, patientName])).toEqual([
      ['heart', null],
    ]);
    expect((await admin.get('/encounters')).status).toBe(403);
    for (const wrong of ['2031-05-06', 'today']) {
      const refused = await sundar.caller.get(`/encounters?from=${wrong}`);
      expect([refused.status, refused.body['errors'][0].field]).toEqual([400, 'from']);
    }
  });

  test('statistics count what the role may see, and name no disease that few patients have', async () => {
    const visit = { class: 'IMP', doctorId: sundar.subject, reason: 'leg', period: { start: '2020-04-01' } };
    const opened = await sundar.caller.post(`/patients/${geetha['registrationNo']}/encounters`, visit);
    expect(opened.status).toBe(201);
    const statistics = async (caller: Caller): Promise<StatisticsAnswer> =>
      (await caller.get('/statistics?months=600')).body as never;

    const ofAdmin = await statistics(admin);
    expect(ofAdmin.months).toHaveLength(600);
    expect(ofAdmin.visits?.filter(({ outpatient, admissions }) => outpatient + admissions > 0)).toEqual([
      { month: '2020-04', outpatient: 0, admissions: 1 },
    ]);
    expect(ofAdmin).toMatchObject({
      diseases: { items: [], least: 5, suppressed: 2 },
      consents: [],
      accesses: { of: 'organization' },
      audits: [],
    });
    const ofDoctor = await statistics(sundar.caller);
    expect(ofDoctor).toMatchObject({
      visits: null,
      diseases: { items: [{ disease: 'leg pain', patients: 1 }], least: 1, suppressed: 0 },
      consents: [],
      accesses: { of: 'own' },
      audits: null,
    });
    const reads = ({ accesses: { items } }: StatisticsAnswer): number =>
      items.reduce((sum, one) => sum + one.reads, 0);
    const ofOwner = await statistics(owner);
    expect(ofOwner).toMatchObject({ visits: null, diseases: null, accesses: { of: 'own-records' } });
    expect(reads(ofOwner)).toBe((await logOf()).length);
    const ofAuditor = await statistics(auditor.caller);
    expect(ofAuditor).toMatchObject({ visits: null, diseases: null, consents: null, audits: [] });
    expect(ofAuditor.accesses.of).toBe('network');
    expect(reads(ofAuditor)).toBeGreaterThan(reads(ofDoctor));

    for (const months of ['0', '601', '1.5', 'x']) {
      const refused = await admin.get(`/statistics?months=${months}`);
      expect([refused.status, refused.body['errors']]).toEqual([
        400,
        [expect.objectContaining({ field: 'months' })],
      ]);
    }
    // Behind the last record of theirs.
    expect((await admin.get('/statistics')).body).toMatchObject({ diseases: { items: [], suppressed: 0 } });
  });

  test('the network’s state is told to those who watch over it', async () => {
    const { body } = await admin.get('/network');
    const { organizations, blocks, audits } = body as unknown as NetworkAnswer;
    expect(organizations.map(({ mspId, kind }) => [mspId, kind])).toEqual([
      ['MinistryMSP', 'ministry'],
      ['CityMSP', 'hospital'],
      ['LakesideMSP', 'hospital'],
    ]);
    for (const { height, isServedHere, isAgent, status } of organizations)
      expect({ isBehind: (height ?? 0) < blocks.height, isServedHere, isAgent, status }).toEqual({
        isBehind: false,
        isServedHere: true,
        isAgent: true,
        status: 'active',
      });
    expect(organizations[1]).toMatchObject({ patients: 1, records: 2 });
    expect(blocks.hours).toHaveLength(24);
    const counted = blocks.hours.reduce((sum, { transactions }) => sum + transactions, 0);
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThanOrEqual(blocks.transactions);
    // Chained without the integrity steps: nothing of them can be audited.
    expect(audits).toEqual({
      everyDays: 30,
      files: 0,
      covered: 0,
      failing: 0,
      neverAudited: 0,
      open: 0,
      oldestUnproven: null,
    });
    expect((await sundar.caller.get('/network')).status).toBe(403);
  });

  test('blocks and transactions tell hashes, verdict and endorsers', async () => {
    const list = (await auditor.caller.get('/blockchain/blocks?limit=3')).body;
    expect(list['items']).toHaveLength(3);
    expect(list['items'].every(({ valid }: { valid: boolean }) => valid)).toBe(true);
    const [newest, before] = list['items'];
    expect(newest.number).toBe(list['total'] - 1);
    expect(newest.header.previousHash).toBe(before.recomputed.headerHash);
    const older = (await auditor.caller.get(`/blockchain/blocks?limit=3&cursor=${list['nextCursor']}`)).body;
    expect(older['items'][0].number).toBe(newest.number - 3);
    const block = (await auditor.caller.get(`/blockchain/blocks/${newest.number}`)).body;
    expect(block).toMatchObject({ number: newest.number, valid: true, reason: null });
    const { transactionId } = block['transactions'][0];
    const transaction = (await auditor.caller.get(`/blockchain/transactions/${transactionId}`)).body;
    expect(transaction).toMatchObject({
      transactionId,
      blockNumber: newest.number,
      validationCode: 'VALID',
      blockValid: true,
    });
    expect(transaction['endorsers'].length).toBeGreaterThan(0);
    for (const path of ['blocks/99999', 'blocks/x', `transactions/${'0'.repeat(64)}`, 'transactions/x']) {
      expect((await auditor.caller.get(`/blockchain/${path}`)).status).toBe(404);
    }
    expect((await bed.nobody().get('/blockchain/blocks')).status).toBe(401);
  });

  test('the walk streams its progress, and without asking for it answers once', async () => {
    const plain = (await owner.get('/blockchain/verify')).body;
    expect(plain).toMatchObject({
      chainValid: true,
      firstInvalid: null,
      invalidCount: 0,
      checked: { entries: 4 },
    });
    const streamed = await fetch(`${bed.url}/api/v1/blockchain/verify`, {
      headers: { accept: 'application/x-ndjson', authorization: `Bearer ${owner.token}` },
    });
    expect(streamed.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await streamed.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json);
    expect(lines.at(-1)).toMatchObject({ chainValid: true, checked: plain['checked'] });
    expect(lines[0]).toHaveProperty('progress');
    expect(lines.at(-2)).toEqual({ progress: { phase: 'objects', done: 4, total: 4 } });
  });

  test('changed bytes of block files and objects are named, and the restored folder is valid', async () => {
    const files = (readdirSync(bed.folder, { recursive: true }) as string[]).map((file) =>
      join(bed.folder, file),
    );
    const blockFile = files.find((file) => file.endsWith('blocks-000000.dat'))!;
    const objects = files.filter((file) => /[0-9a-f]{64}$/.test(file) && statSync(file).isFile());
    expect(objects.length).toBeGreaterThanOrEqual(8);
    for (let round = 0; round < 16; round += 1) {
      const file = round % 2 === 0 ? blockFile : objects[Math.floor(Math.random() * objects.length)]!;
      const offset = Math.floor(Math.random() * statSync(file).size);
      const where = { file, offset };
      // Each report that leaves a receipt adds a block.
      const frames = framesOf(readFileSync(blockFile));
      flip(file, offset);
      try {
        const { body } = await owner.get('/blockchain/verify');
        const number = frames.findIndex(({ start, end }) => offset >= start && offset < end);
        const expected =
          round % 2 === 0 ? { kind: 'block', id: String(number) } : { kind: 'object', id: file.slice(-64) };
        expect({ where, ...body }).toMatchObject({ where, chainValid: false, firstInvalid: expected });
        const page = await report(sundar.caller);
        expect(page.rows).toHaveLength(4);
        if (round % 2 === 1)
          expect({ where, ...page }).toMatchObject({ where, chainValid: false, firstInvalid: expected });
      } finally {
        flip(file, offset);
      }
    }
    expect((await owner.get('/blockchain/verify')).body).toMatchObject({ chainValid: true });
    expect(await report(sundar.caller)).toMatchObject({ chainValid: true });
  }, 120_000);

  test('a closed file shows no name any more but to the author', async () => {
    const mani = (await admin.post('/patients', { name: 'Mani', doctorId: sundar.subject })).body;
    const recordId = await write(sundar, mani, '2020-04-01', 'cough');
    const nameIn = async (caller: Caller): Promise<unknown> =>
      (await report(caller)).rows.find((row) => row.recordId === recordId)?.patient;
    expect(await nameIn(anuradha.caller)).toBe('Mani');
    expect((await admin.call('DELETE', `/patients/${mani['registrationNo']}`)).status).toBe(200);
    expect(await nameIn(anuradha.caller)).toBeNull();
    expect(await nameIn(sundar.caller)).toBe('Mani');
  });

  test('after a restart the report is the same', async () => {
    const before = await report(sundar.caller);
    const counted = await admin.get('/statistics?months=600');
    await bed.restartGateway('SIGKILL');
    const again = await bed.signIn('city', sundar.username, sundar.password);
    expect((await report(again)).rows).toEqual(before.rows);
    const { visits } = (await (await bed.administrator('city')).get('/statistics?months=600')).body;
    expect(visits).toEqual(counted.body['visits']);
  }, 60_000);
});

/** Frames of a block file, in order: 32 bytes of head with the length at 4, the block, 32 bytes of digest. */
function framesOf(bytes: Buffer): { start: number; end: number }[] {
  const frames: { start: number; end: number }[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 64 + bytes.readUInt32BE(start + 4);
    frames.push({ start, end });
    start = end;
  }
  return frames;
}

function flip(file: string, offset: number): void {
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, offset);
  byte[0]! ^= 0x11;
  writeSync(handle, byte, 0, 1, offset);
  closeSync(handle);
}
