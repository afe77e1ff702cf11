import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MedsealClient, PatientDevice } from '@medseal/client';
import { newSeed, seedToWords } from '@medseal/crypto';
import { type Colleague, type Json, type Slug, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const PASSWORD = 'a password of the patient';
const PASSPHRASE = 'a passphrase of the patient';
const CHEAP = { kdf: 'argon2id', memoryKiB: 64, passes: 1 } as const;

/** Strong revocation as an owner does it: the next epoch, slots of it for earlier records, consents granted again. */
describe('the next epoch', () => {
  let bed: TestBed;
  let author: Colleague;
  let doctor: Colleague;
  let owner: MedsealClient;
  let device: PatientDevice;
  let registrationNo: string;
  let general: string;
  let former: string;
  const records: string[] = [];

  const doctorAt = async (organization: Slug, name: string): Promise<Colleague> => {
    const admin = await bed.administrator(organization);
    const { body } = await admin.post('/doctors', { name, specialization: 'Heart' });
    return bed.colleague(organization, 'doctor', { doctorId: body['id'] });
  };

  const content = (text: string) => ({
    effectiveDate: '2024-06-07',
    disease: 'Fever',
    document: { problems: [{ text }] },
  });
  const write = async (text: string): Promise<string> => {
    const { body } = await author.caller.post('/records', { registrationNo, ...content(text) });
    await author.caller.post(`/records/${body['recordId']}/complete`, {});
    return body['recordId'] as string;
  };

  const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(100);
    }
  };
  const active = (consentId: string) =>
    until(async () => ((await owner.consent(consentId)).status === 'active' ? true : undefined));
  /** As the doctor, once the hospital was handed what it takes. */
  const read = (recordId: string, consentId: string) =>
    until(async () => {
      const path = `/records/${recordId}/open?decrypt=true`;
      const answer = await doctor.caller.post(path, { purpose: 'TREATMENT', consentId });
      return /TERMS_PENDING|SELECTOR_PENDING/.test(String(answer.body['code'])) ? undefined : answer;
    });
  const opened = (text: string) => ({ status: 200, body: { document: { problems: [{ text }] } } });
  const lacking = async () => (await owner.scopes()).items.find(({ scopeId }) => scopeId === general)!;
  const raw = (path: string, body: unknown) =>
    owner.http.request<Record<string, Json>>('POST', path, { body });

  beforeAll(async () => {
    bed = await sharedBed();
    [author, doctor] = [await doctorAt('city', 'Dr. Sundar'), await doctorAt('lakeside', 'Dr. Rajini')];
    const { body } = await (await bed.administrator('city')).post('/patients', { name: 'Geetha' });
    registrationNo = body['registrationNo'] as string;
    owner = new MedsealClient(bed.url);
    ({ device } = await PatientDevice.activate(owner, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username: 'geetha.epochs',
      password: PASSWORD,
      passphrase: PASSPHRASE,
    }));
    await owner.login('city', 'geetha.epochs', PASSWORD);
    general = device.scopes.general;
    records.push(await write('first'), await write('second'));
    const answer = await device.grantConsent(owner, {
      grantee: { kind: 'person', id: doctor.subject, mspId: 'LakesideMSP' },
      scopes: ['general'],
      terms: {
        purpose: 'CAREMGT',
        recordTypes: ['OPConsultation'],
        dateRange: { from: '2020-01-01', to: '2030-12-31' },
        dataEraseAt: '2039-01-01T00:00:00.000Z',
      },
      expiresAt: '2038-01-01T00:00:00.000Z',
    });
    former = answer['consentId'] as string;
    await active(former);
  });

  test('new records have it; a former consent does not open them, nor loses what it opened', async () => {
    expect(await lacking()).toMatchObject({ label: 'general', epoch: 1, lacking: 0 });
    expect(await device.outdatedConsents(owner)).toEqual([]);
    const prepared = await author.caller.post(`/records/${records[1]}/amend`, {
      effectiveDate: '2024-06-07',
    });
    expect(prepared).toMatchObject({ status: 201, body: { version: 2, epoch: 1 } });

    expect(await device.advanceScope(owner, 'general')).toMatchObject({ status: 'committed', epoch: 2 });
    expect(await lacking()).toMatchObject({ epoch: 2, lacking: 2 });
    records.push(await write('third'));
    expect(await lacking()).toMatchObject({ lacking: 2 });
    expect(await read(records[0]!, former)).toMatchObject(opened('first'));
    expect(await read(records[2]!, former)).toMatchObject({
      status: 403,
      body: { code: 'SCOPE_NOT_GRANTED' },
    });

    // What was prepared for the former epoch is begun anew.
    const amended = await author.caller.post(`/records/${records[1]}/amend`, content('second, amended'));
    expect(amended).toMatchObject({ status: 201, body: { version: 2, status: 'sealed' } });
    await author.caller.post(`/records/${records[1]}/complete`, {});
  });

  test('the owner opens records of every epoch, on this device and on one that is unlocked now', async () => {
    for (const one of [device, await PatientDevice.unlock(owner, PASSPHRASE)]) {
      for (const recordId of records) {
        const { titleLine } = await one.openRecord(await owner.openRecord(recordId));
        expect(titleLine).toMatchObject({ disease: 'Fever' });
      }
    }
  });

  test('bad input is refused by name, and nothing is added', async () => {
    const [first] = (await owner.lackingSlots()).items;
    const { publicKey } = await lacking();
    const other = randomBytes(16).toString('hex');
    for (const [path, body, refused] of [
      [`/scopes/${general}/advance`, { epoch: 5, publicKey }, 'epoch'],
      [`/scopes/${general}/advance`, { epoch: 3, publicKey: 'ab'.repeat(48) }, 'publicKey'],
      [`/scopes/${general}/advance`, { epoch: 3, publicKey: 'x' }, 'publicKey'],
      ['/scopes/slots', { slots: [] }, 'slots'],
      ['/scopes/slots', { slots: [{ ...slotOf(first!), header: 'AAAA' }] }, 'slots[0].header'],
      ['/scopes/slots', { slots: [slotOf(first!)] }, 'slots[0].header'],
    ] as const)
      await expect(raw(path, body)).rejects.toMatchObject({
        status: 400,
        body: { errors: [{ field: refused }] },
      });
    const next = { epoch: 2, publicKey };
    await expect(raw(`/scopes/${other}/advance`, next)).rejects.toMatchObject({ status: 404 });
    const unknown = { slots: [{ ...slotOf(first!), recordId: other }] };
    await expect(raw('/scopes/slots', unknown)).rejects.toMatchObject({ status: 404 });
    for (const path of ['/scopes', '/scopes/slots']) expect((await doctor.caller.get(path)).status).toBe(403);
    expect(await lacking()).toMatchObject({ epoch: 2, lacking: 2 });
  });

  test('slots are added to earlier records, stop where the device stops, and go on there', async () => {
    const sign = owner.sign;
    let stages = 0;
    owner.sign = (id, signature) =>
      stages++ < 2 ? sign(id, signature) : Promise.reject(new Error('the device went away'));
    await expect(device.addSlots(owner)).rejects.toThrow('went away');
    owner.sign = sign;
    expect(await lacking()).toMatchObject({ lacking: 1 });
    const told: number[] = [];
    expect(await device.addSlots(owner, ({ added }) => told.push(added))).toEqual({ added: 1, unopened: [] });
    expect(told).toEqual([0, 1]);
    expect(await lacking()).toMatchObject({ lacking: 0 });
    expect(await device.addSlots(owner)).toEqual({ added: 0, unopened: [] });
    // Its author's own slot is still there.
    const path = `/records/${records[0]}/open?decrypt=true`;
    expect(await author.caller.post(path, { purpose: 'TREATMENT' })).toMatchObject(opened('first'));
  });

  test('a hostile gateway makes the device add no other slot and no other key', async () => {
    const honest = owner.advanceScope;
    const [generalKey] = (await owner.scopes()).items;
    owner.advanceScope = (scopeId, next) => honest(scopeId, { ...next, publicKey: generalKey!.publicKey });
    await expect(device.advanceScope(owner, 'sensitive')).rejects.toThrow('another key');
    owner.advanceScope = honest;
    expect((await owner.scopes()).items.map(({ epoch }) => epoch).sort()).toEqual([1, 2]);
  });

  test('a consent granted again opens what has a slot of the new epoch, old or new; the former one is revoked', async () => {
    expect((await device.outdatedConsents(owner)).map(({ consentId }) => consentId)).toEqual([former]);
    const again = (await device.grantAgain(owner, former))['consentId'] as string;
    expect(await owner.consent(former)).toMatchObject({ status: 'revoked' });
    expect(await device.outdatedConsents(owner)).toEqual([]);
    await active(again);
    const texts = ['first', 'second, amended', 'third'];
    for (const [at, recordId] of records.entries())
      expect(await read(recordId, again)).toMatchObject(opened(texts[at]!));
    expect(await read(records[0]!, former)).toMatchObject({ status: 403, body: { code: 'CONSENT_REVOKED' } });
  });

  test('recovery words give the device back under another passphrase; others’ words change nothing', async () => {
    const words = device.recoveryWords();
    const before = await owner.keyring();
    const recover = (said: string) =>
      PatientDevice.recover(owner, said, 'another passphrase', { cost: CHEAP });
    await expect(recover(seedToWords(newSeed()))).rejects.toMatchObject({ code: 'OPEN_FAILED' });
    await expect(recover(words.split(' ').slice(1).join(' '))).rejects.toMatchObject({
      code: 'BAD_ENCODING',
    });
    expect(await owner.keyring()).toEqual(before);
    await recover(words.toUpperCase());
    await expect(PatientDevice.unlock(owner, PASSPHRASE)).rejects.toMatchObject({ code: 'WRONG_PASSPHRASE' });
    const recovered = await PatientDevice.unlock(owner, 'another passphrase');
    for (const recordId of records) await recovered.openRecord(await owner.openRecord(recordId));
  });
});

const slotOf = ({
  recordId,
  version,
  header,
}: {
  recordId: string;
  version: number;
  header: string | null;
}) => ({
  recordId,
  version,
  header,
});
