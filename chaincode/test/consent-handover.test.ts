import { canonicalJson } from '@medseal/crypto';
import { privateKeys } from '../src/ledger/keys';
import type { HandedOver } from '../src/model/consent-entries';
import { Clinic, value } from './support/clinic';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  newId,
  type Person,
  refusalOf,
} from './support/health-network';

let ledger: HealthNetwork;
let clinic: Clinic;
let doctor: Person;
let owner: Person;
let keyless: Person;
let ledgerId: string;

beforeAll(async () => {
  ledger = await HealthNetwork.start();
  clinic = new Clinic(ledger);
  await clinic.found();
  doctor = await clinic.staff(CITY, 'doctor');
  const patient = await clinic.registerPatient(LAKESIDE);
  ledgerId = patient.ledgerId;
  owner = await clinic.activate(patient);
  const other = await clinic.registerPatient(LAKESIDE);
  keyless = await ledger.person(LAKESIDE, 'patient', other.ledgerId);
});

afterAll(async () => {
  await ledger?.stop();
});

interface Page {
  items: ({ id: string } & HandedOver)[];
  next: string | null;
}

const code = async (call: Promise<unknown>) => (await refusalOf(call)).code;
const request = (by: Person, requestId = newId(), at = LAKESIDE, sealed = 'sealed request') =>
  ledger.submit(by, 'consent:request', [requestId], { transient: { request: sealed }, endorsers: [at] });
const waiting = (kind: 'listRequests' | 'listDeliveries', mspId = LAKESIDE, after = '') =>
  ledger.evaluate<Page>(clinic.service(mspId), `consent:${kind}`, [after]);
const take = (
  by: Person,
  requestIds: string[],
  values = requestIds.map((id) => value(privateKeys.held(id))),
) => ledger.submitPrivately(by, 'consent:takeRequests', [requestIds], { private: canonicalJson(values) });
const held = (mspId: string, id: string) =>
  ledger.evaluate<Record<string, string | null>>(clinic.service(mspId), 'registry:getPrivate', [
    [privateKeys.held(id)],
  ]);

describe('requests', () => {
  test('wait at the organisation that is asked, with who asked, until its service takes them', async () => {
    const requestId = newId();
    const before = ledger.network.now();
    expect(await request(doctor, requestId)).toEqual({ requested: requestId });
    const [item, ...others] = (await waiting('listRequests')).items;
    expect(others).toEqual([]);
    expect(item).toEqual({
      id: requestId,
      mspId: CITY,
      role: 'doctor',
      subject: doctor.subject,
      at: expect.any(String) as string,
      sealed: Buffer.from('sealed request').toString('base64'),
    });
    expect(Math.abs(Date.parse(item!.at) - before)).toBeLessThan(60_000);
    expect((await waiting('listRequests', CITY)).items).toEqual([]);
    expect(await code(request(doctor, requestId))).toBe('PRIVATE_VALUE_EXISTS');

    expect(await take(clinic.service(LAKESIDE), [requestId])).toEqual({ taken: [requestId] });
    expect((await waiting('listRequests')).items).toEqual([]);
    expect(Object.values(await held(LAKESIDE, requestId))).not.toContain(null);
    expect(await code(take(clinic.service(LAKESIDE), [requestId]))).toBe('REQUEST_NOT_FOUND');
  });

  test('are taken without a trace when they ask for nobody, and only as what they are', async () => {
    const requestId = newId();
    await request(doctor, requestId);
    const other = [value(privateKeys.held(newId()))];
    expect(await code(take(clinic.service(LAKESIDE), [requestId], other))).toBe('BAD_ARGUMENT');
    await take(clinic.service(LAKESIDE), [requestId], []);
    expect(Object.values(await held(LAKESIDE, requestId))).toEqual([null]);
  });

  test('come in pages', async () => {
    const ids = Array.from({ length: 103 }, newId).sort();
    const askers = await Promise.all(Array.from({ length: 6 }, () => clinic.staff(CITY, 'doctor')));
    await Promise.all(
      askers.map(async (asker, at) => {
        for (const id of ids.filter((_, place) => place % askers.length === at))
          await request(asker, id, CITY);
      }),
    );
    const first = await waiting('listRequests', CITY);
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 100));
    const second = await waiting('listRequests', CITY, first.next!);
    expect(second).toMatchObject({ next: null, items: ids.slice(100).map((id) => ({ id })) });
  });

  test('are twenty of one sender at one organisation in a day', async () => {
    const [busy, colleague] = [await clinic.staff(CITY, 'doctor'), await clinic.staff(CITY, 'doctor')];
    const asked = [];
    for (let at = 0; at < 20; at++) {
      asked.push(newId());
      await request(busy, asked.at(-1));
    }
    expect(await code(request(busy))).toBe('TOO_MANY_DEPOSITS');
    // Answered or not: what was taken counts as well.
    await take(clinic.service(LAKESIDE), asked, []);
    expect(await code(request(busy))).toBe('TOO_MANY_DEPOSITS');
    await request(busy, newId(), CITY);
    await request(colleague);
    ledger.advanceTime(24 * 60 * 60_000);
    await request(busy);
  });

  test('are made by doctors and administrators of hospitals, taken and listed by the service at home', async () => {
    for (const by of [owner, clinic.service(CITY), clinic.manager, await clinic.staff(CITY, 'verifier')])
      expect(await code(request(by))).toBe('NOT_ALLOWED');
    await request(clinic.admin(CITY));
    const elsewhere = { endorsers: [LAKESIDE] };
    const service = clinic.service(CITY);
    expect(await code(ledger.submit(service, 'consent:takeRequests', [[newId()]], elsewhere))).toBe(
      'WRONG_PEER',
    );
    expect(await code(ledger.evaluate(service, 'consent:listRequests', [''], { at: LAKESIDE }))).toBe(
      'WRONG_PEER',
    );
    for (const by of [doctor, owner, clinic.admin(LAKESIDE)]) {
      expect(await code(ledger.evaluate(by, 'consent:listRequests', ['']))).toBe('NOT_ALLOWED');
      expect(await code(ledger.submit(by, 'consent:takeRequests', [[newId()]]))).toBe('NOT_ALLOWED');
    }
  });

  test.each([
    ['no id', 'x', 'sealed'],
    ['nothing', undefined, ''],
    ['too much', undefined, 'x'.repeat(16_385)],
  ])('with %s are refused', async (_, requestId, sealed) => {
    expect(await code(request(doctor, requestId, LAKESIDE, sealed))).toBe('BAD_ARGUMENT');
  });
});

describe('denials', () => {
  const deny = (by: Person, requestId: string) => ledger.submit(by, 'consent:deny', [requestId]);
  const answers = (requestId: string) => ledger.list(doctor, 'consent:getRequestAnswers', [requestId]);

  test('name request and patient, once', async () => {
    const requestId = newId();
    expect(await answers(requestId)).toEqual([]);
    const entry = await deny(owner, requestId);
    expect(entry).toEqual({ schema: 1, requestId, ledgerId, answer: 'denied', consentId: null });
    expect(await answers(requestId)).toEqual([entry]);
    expect(await code(deny(owner, requestId))).toBe('REQUEST_ANSWERED');
  });

  test('one patient cannot use up the answer of another', async () => {
    const requestId = newId();
    const other = await clinic.activate(await clinic.registerPatient(CITY));
    await deny(other, requestId);
    await deny(owner, requestId);
    expect(await answers(requestId)).toHaveLength(2);
  });

  test('are made by patients with keys', async () => {
    expect(await code(deny(keyless, newId()))).toBe('PATIENT_KEYLESS');
    for (const by of [doctor, clinic.service(LAKESIDE), clinic.admin(LAKESIDE)])
      expect(await code(deny(by, newId()))).toBe('NOT_ALLOWED');
    expect(await code(deny(owner, 'x'))).toBe('BAD_ARGUMENT');
  });
});

describe('deliveries', () => {
  const deliver = (by: Person, at: string, deliveryId = newId(), delivery = 'sealed delivery') =>
    ledger.submit(by, 'consent:deliver', [deliveryId], { transient: { delivery }, endorsers: [at] });
  const takeOver = (by: Person, id: string, values = [value(privateKeys.held(id))]) =>
    ledger.submitPrivately(by, 'consent:takeOver', [id], { private: canonicalJson(values) });

  test('go to the organisation whose peer is asked, with who gave them, until it takes them over', async () => {
    const [fromOwner, fromService] = [newId(), newId()];
    await deliver(owner, CITY, fromOwner);
    await deliver(clinic.service(LAKESIDE), CITY, fromService);
    expect(await code(deliver(owner, CITY, fromOwner))).toBe('PRIVATE_VALUE_EXISTS');
    const { items } = await waiting('listDeliveries', CITY);
    expect(items.find(({ id }) => id === fromOwner)).toMatchObject({ role: 'patient', subject: ledgerId });
    expect(items.find(({ id }) => id === fromService)).toMatchObject({ role: 'service', mspId: LAKESIDE });
    expect((await waiting('listDeliveries')).items).toEqual([]);

    const service = clinic.service(CITY);
    expect(await takeOver(service, fromOwner)).toEqual({ takenOver: fromOwner });
    await takeOver(service, fromService, []);
    expect((await waiting('listDeliveries', CITY)).items).toEqual([]);
    expect(Object.values(await held(CITY, fromOwner))).not.toContain(null);
    expect(Object.values(await held(CITY, fromService))).toEqual([null]);
    for (const id of [fromOwner, newId()])
      expect(await code(takeOver(service, id))).toBe('DELIVERY_NOT_FOUND');

    expect(await ledger.submitPrivately(service, 'consent:purgeHeld', [[fromOwner]], {})).toEqual({
      purged: [fromOwner],
    });
    expect(Object.values(await held(CITY, fromOwner))).toEqual([null]);
  });

  test('of one sender wait in bounded number at an organisation; what was taken over makes room', async () => {
    const giver = await clinic.activate(await clinic.registerPatient(LAKESIDE));
    const given = [];
    for (let at = 0; at < 20; at++) {
      given.push(newId());
      await deliver(giver, MINISTRY, given.at(-1));
    }
    expect(await code(deliver(giver, MINISTRY))).toBe('TOO_MANY_DEPOSITS');
    await deliver(giver, CITY);
    await takeOver(clinic.service(MINISTRY), given[7]!, []);
    await deliver(giver, MINISTRY);
    expect(await code(deliver(giver, MINISTRY))).toBe('TOO_MANY_DEPOSITS');
  });

  test('are given by owners and services, taken over and purged by the service at home', async () => {
    for (const by of [doctor, clinic.admin(CITY), clinic.manager])
      expect(await code(deliver(by, LAKESIDE))).toBe('NOT_ALLOWED');
    expect(await code(deliver(keyless, LAKESIDE))).toBe('PATIENT_KEYLESS');
    await deliver(clinic.service(MINISTRY), LAKESIDE);
    expect(await code(deliver(owner, CITY, newId(), ''))).toBe('BAD_ARGUMENT');
    const [id] = [newId()];
    await deliver(owner, CITY, id);
    for (const [fn, argument] of [
      ['consent:takeOver', id],
      ['consent:purgeHeld', [id]],
    ] as const) {
      for (const by of [doctor, owner, clinic.admin(CITY)])
        expect(await code(ledger.submit(by, fn, [argument]))).toBe('NOT_ALLOWED');
      const foreign = ledger.submit(clinic.service(LAKESIDE), fn, [argument], { endorsers: [CITY] });
      expect(await code(foreign)).toBe('WRONG_PEER');
    }
    const list = ledger.evaluate(clinic.service(LAKESIDE), 'consent:listDeliveries', [''], { at: CITY });
    expect(await code(list)).toBe('WRONG_PEER');
  });
});
