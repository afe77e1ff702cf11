import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ConsentWish,
  MedsealClient,
  type Notice,
  type NoticeEvent,
  PatientDevice,
  ProblemError,
} from '@medseal/client';
import { canonicalJson, sha256Hex } from '@medseal/crypto';
import { type Caller, type Colleague, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const PASSWORD = 'a password of the patient';

/** Reads a stream of notices into a list. */
class Listener {
  readonly events: NoticeEvent[] = [];
  readonly ended: Promise<'ended' | ProblemError>;
  readonly #left = new AbortController();

  constructor(client: MedsealClient, lastEventId?: string) {
    this.ended = this.#read(client, lastEventId);
  }

  async #read(client: MedsealClient, lastEventId?: string): Promise<'ended' | ProblemError> {
    try {
      for await (const event of client.notices({ lastEventId, signal: this.#left.signal }))
        this.events.push(event);
    } catch (error) {
      if (error instanceof ProblemError) return error;
    }
    return 'ended';
  }

  get notices(): Notice[] {
    return this.events.flatMap((event) => (event.kind === 'notice' ? [event.notice] : []));
  }

  get types(): string[] {
    return this.notices.map(({ type }) => type);
  }

  /** The event of this type, once it is there. */
  async saw(type: Notice['type'], count = 1): Promise<NoticeEvent> {
    for (;;) {
      const found = this.events.filter((event) => event.kind === 'notice' && event.notice.type === type);
      if (found.length >= count) return found[count - 1]!;
      await sleep(20);
    }
  }

  async ready(): Promise<this> {
    while (!this.events.some(({ kind }) => kind !== 'notice')) {
      const refused = await Promise.race([this.ended, sleep(20)]);
      if (refused instanceof ProblemError) throw refused;
    }
    return this;
  }

  leave(): void {
    this.#left.abort();
  }
}

describe('GET /events', () => {
  let bed: TestBed;
  let city: Caller;
  let doctor: Colleague;
  let stranger: Colleague;
  let recordId: string;
  let geetha: { client: MedsealClient; device: PatientDevice; registrationNo: string };
  let muthu: typeof geetha;
  const open: Listener[] = [];

  const listen = async (client: MedsealClient, lastEventId?: string): Promise<Listener> => {
    const listener = new Listener(client, lastEventId);
    open.push(listener);
    return listener.ready();
  };
  const clientOf = async (organization: string, username: string, password: string) => {
    const client = new MedsealClient(bed.url);
    await client.login(organization, username, password);
    return client;
  };
  const patient = async (username: string): Promise<typeof geetha> => {
    const { body } = await city.post('/patients', { name: `Patient ${username}` });
    const client = new MedsealClient(bed.url);
    const { device } = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username,
      password: PASSWORD,
      passphrase: 'a passphrase of the patient',
    });
    await client.login('city', username, PASSWORD);
    return { client, device, registrationNo: body['registrationNo'] as string };
  };
  const staff = async (organization: 'city' | 'lakeside', name: string): Promise<Colleague> => {
    const admin = await bed.administrator(organization);
    const made = await admin.post('/doctors', { name, specialization: 'Heart' });
    return bed.colleague(organization, 'doctor', { doctorId: made.body['id'] });
  };
  const wish = (requestId?: string): ConsentWish => ({
    requestId,
    grantee: { kind: 'person', id: doctor.subject, mspId: 'LakesideMSP' },
    scopes: ['general'],
    terms: {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
      dataEraseAt: '2039-01-01T00:00:00.000Z',
    },
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const ask = async (): Promise<string> => {
    const { terms, expiresAt } = wish();
    const { registrationNo } = geetha;
    const answer = await doctor.caller.post('/consents/requests', { registrationNo, ...terms, expiresAt });
    expect(answer.status).toBe(202);
    return answer.body['requestId'] as string;
  };

  beforeAll(async () => {
    bed = await sharedBed();
    city = await bed.administrator('city');
    [doctor, stranger] = [await staff('lakeside', 'Dr. Rajini'), await staff('lakeside', 'Dr. Velan')];
    [geetha, muthu] = [await patient('geetha.notified'), await patient('muthu.notified')];
    const author = await staff('city', 'Dr. Sundar');
    const { registrationNo } = geetha;
    await city.post(`/patients/${registrationNo}/encounters`, {
      class: 'AMB',
      doctorId: author.subject,
      reason: 'Fever',
      period: { start: '2024-06-07T09:00:00Z' },
    });
    const written = await author.caller.post('/records', {
      registrationNo,
      effectiveDate: '2024-06-07',
      disease: 'Fever',
      document: { problems: [{ text: 'Fever of the patient' }] },
      recordType: 'OPConsultation',
    });
    recordId = written.body['recordId'] as string;
    await author.caller.post(`/records/${recordId}/complete`, {});
  }, 240_000);

  // A session has four streams at most.
  afterEach(async () => {
    const left = open.splice(0);
    for (const listener of left) listener.leave();
    await Promise.all(left.map(({ ended }) => ended));
  });

  test('tells owner and reader of a consent from the question to the end, in the order of the ledger, and nobody else', async () => {
    const reader = await clientOf('lakeside', doctor.username, doctor.password);
    const [owner, grantee, other, otherStaff] = [
      await listen(geetha.client),
      await listen(reader),
      await listen(muthu.client),
      await listen(await clientOf('lakeside', stranger.username, stranger.password)),
    ];
    const deniedId = await ask();
    await owner.saw('consent.requested');
    await geetha.device.denyRequest(geetha.client, deniedId);
    await grantee.saw('consent.denied');

    const requestId = await ask();
    await owner.saw('consent.requested', 2);
    const { consentId } = await geetha.device.grantConsent(geetha.client, wish(requestId));
    await owner.saw('consent.active');
    await grantee.saw('consent.active');
    for (;;) {
      const read = await doctor.caller.post(`/records/${recordId}/open?decrypt=true`, { consentId });
      if (read.status === 200) break;
      await sleep(100);
    }
    await owner.saw('record.read');
    await geetha.device.revokeConsent(geetha.client, String(consentId));
    await owner.saw('consent.revoked');
    await grantee.saw('consent.revoked');

    const person = {
      subject: doctor.subject,
      name: 'Dr. Rajini',
      mspId: 'LakesideMSP',
      organizationName: 'Lakeside Hospital',
    };
    const at = expect.any(String);
    // A read that came before the terms were there left its receipt all the same.
    const [reads, rest] = [
      owner.notices.filter(({ type }) => type === 'record.read'),
      owner.notices.filter(({ type }) => type !== 'record.read'),
    ];
    expect(reads[0]).toEqual({
      type: 'record.read',
      at,
      receiptId: expect.any(String),
      ledgerId: geetha.device.ledgerId,
      reader: person,
      byGuardian: false,
      basis: 'consent',
      consentId,
      recordIds: [recordId],
    });
    expect(rest).toEqual([
      { type: 'consent.requested', at, requestId: deniedId, from: person },
      { type: 'consent.requested', at, requestId, from: person },
      { type: 'consent.active', at, consentId, grantee: { ...person, kind: 'person' } },
      { type: 'consent.revoked', at, consentId, grantee: { ...person, kind: 'person' } },
    ]);
    expect(owner.types.indexOf('record.read')).toBe(3);
    expect(owner.types.at(-1)).toBe('consent.revoked');
    expect(grantee.notices).toEqual([
      { type: 'consent.denied', at, requestId: deniedId },
      { type: 'consent.granted', at, consentId, requestId },
      { type: 'consent.active', at, consentId, grantee: { ...person, kind: 'person' } },
      { type: 'consent.revoked', at, consentId, grantee: { ...person, kind: 'person' } },
    ]);
    expect([...other.events, ...otherStaff.events].map(({ kind }) => kind)).toEqual(['ready', 'ready']);

    // Whoever comes back has the rest, from the ledger alone: also from a gateway that was started meanwhile.
    const [, second] = owner.events.filter(({ kind }) => kind === 'notice');
    const resumed = await listen(geetha.client, second!.id);
    expect(resumed.notices).toEqual(owner.notices.slice(2));
    await bed.restartGateway();
    doctor.caller = await bed.signIn('lakeside', doctor.username, doctor.password);
    geetha.client = await clientOf('city', 'geetha.notified', PASSWORD);
    const again = await listen(geetha.client, second!.id);
    expect(again.notices).toEqual(owner.notices.slice(2));
    expect(again.events.at(-1)!.kind).toBe('ready');
    const late = await listen(await clientOf('city', 'muthu.notified', PASSWORD), second!.id);
    expect(late.notices).toEqual([]);
    expect(bed.log).not.toMatch(/Rajini|Patient geetha|problem/);
  });

  test('a consent that expires is told once, to owner and reader', async () => {
    const reader = await clientOf('lakeside', doctor.username, doctor.password);
    const { consentId } = await geetha.device.grantConsent(geetha.client, {
      ...wish(),
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    });
    const [owner, grantee] = [await listen(geetha.client), await listen(reader)];
    await bed.advance(61_000);
    await Promise.all(
      [owner, grantee].map(async (listener) => {
        const client = listener === owner ? geetha.client : reader;
        const seen = await listener.saw('consent.expired');
        expect(seen).toMatchObject({ notice: { consentId, grantee: { subject: doctor.subject } } });
        const before = await listen(client, listener.events[0]!.id);
        await before.saw('consent.expired');
        const after = await listen(client, seen.id);
        // Longer than the gateway takes between two looks at the clock.
        await sleep(1_500);
        expect(
          [listener.types, after.types].map((types) => types.filter((one) => one === 'consent.expired')),
        ).toEqual([['consent.expired'], []]);
      }),
    );
  });

  test('an agent that cannot use its share is told to the owner, and the consent is not active', async () => {
    const body = await geetha.device.makeConsent(geetha.client, wish());
    const [share] = body.sealedShares;
    const deposited = JSON.parse(Buffer.from(share!.bytes, 'base64').toString()) as {
      scopes: { sealedShare: string }[];
    };
    const spoilt = randomBytes(Buffer.from(deposited.scopes[0]!.sealedShare, 'base64').length);
    deposited.scopes[0]!.sealedShare = spoilt.toString('base64');
    share!.bytes = Buffer.from(canonicalJson(deposited)).toString('base64');
    body.fields.scopes[0]!.shareDigests[0] = sha256Hex(spoilt);
    const owner = await listen(geetha.client);
    await geetha.device.signConsent(geetha.client, body);
    const { consentId } = body.fields;
    expect(await owner.saw('consent.complained')).toMatchObject({
      notice: { consentId, mspId: 'CityMSP', organizationName: 'City Hospital', code: 'doesNotOpen' },
    });
    for (;;) {
      const { agents, status } = await geetha.client.consent(consentId);
      if (agents.every(({ answer }) => answer !== null)) {
        expect(status).toBe('granted');
        break;
      }
      await sleep(100);
    }
    expect(owner.types).toEqual(['consent.complained']);
  });

  test('an emergency is told to the patient at once, its closing is not, and nobody else hears of it', async () => {
    const keyed = async (): Promise<boolean> =>
      (await geetha.client.choices()).items.some(
        ({ choice, grantee }) => choice === 'emergencyGrant' && grantee !== null,
      );
    while (!(await keyed())) await sleep(200);
    await geetha.device.choose(geetha.client, { emergencyGrant: true });
    const [owner, other] = [
      await listen(geetha.client),
      await listen(await clientOf('city', 'muthu.notified', PASSWORD)),
    ];
    const { caller } = await staff('city', 'Dr. Anuradha');
    const { registrationNo } = geetha;
    const opened = async () => {
      const answer = await caller.post('/emergency-access', {
        registrationNo,
        reasonCode: 'UNRESPONSIVE',
        reason: 'Found in the waiting room',
      });
      if (answer.status >= 300) expect(answer.body['code']).toBe('NO_EMERGENCY_GRANT');
      return answer.status < 300 ? answer.body : undefined;
    };
    let found = await opened();
    // The grant is active when its agents have accepted it.
    while (found === undefined) {
      await sleep(200);
      found = await opened();
    }
    const { emergencyId, until } = found;
    await owner.saw('emergency.opened');
    const { caller: auditor } = await bed.colleague('lakeside', 'auditor');
    expect(
      await auditor.post(`/emergency-access/${emergencyId}/close`, { verdict: 'justified' }),
    ).toMatchObject({
      status: 200,
    });
    await ask();
    await owner.saw('consent.requested');
    expect(owner.notices.filter(({ type }) => type.startsWith('emergency'))).toEqual([
      {
        type: 'emergency.opened',
        at: expect.any(String),
        emergencyId,
        reader: {
          subject: expect.any(String),
          name: 'Dr. Anuradha',
          mspId: 'CityMSP',
          organizationName: 'City Hospital',
        },
        until,
      },
    ]);
    expect(other.types).toEqual([]);
  });

  test('members of a care team and guardians are told what concerns them, as long as they are that', async () => {
    const member = await staff('city', 'Dr. Velu');
    muthu.client = await clientOf('city', 'muthu.notified', PASSWORD);
    await muthu.device.registerReaderKey(muthu.client);
    const [owner, team, guardian, elsewhere] = [
      await listen(geetha.client),
      await listen(await clientOf('city', member.username, member.password)),
      await listen(muthu.client),
      await listen(await clientOf('lakeside', stranger.username, stranger.password)),
    ];
    const read = async (): Promise<void> => {
      const { consentId } = await geetha.device.grantConsent(geetha.client, wish());
      for (;;) {
        const answer = await doctor.caller.post(`/records/${recordId}/open?decrypt=true`, { consentId });
        if (answer.status === 200) return;
        await sleep(100);
      }
    };

    await geetha.device.choose(geetha.client, { standingConsent: true });
    expect(await team.saw('consent.active')).toMatchObject({
      notice: { grantee: { kind: 'careTeam', mspId: 'CityMSP', name: null } },
    });
    expect(team.types).toEqual(['consent.granted', 'consent.active']);

    const guardianship = wish();
    const { consentId } = await geetha.device.grantConsent(geetha.client, {
      ...guardianship,
      grantee: { kind: 'guardian', id: muthu.device.ledgerId, mspId: 'CityMSP' },
    });
    await guardian.saw('consent.active');
    await read();
    await owner.saw('record.read');
    expect(await guardian.saw('record.read')).toMatchObject({
      notice: { ledgerId: geetha.device.ledgerId, byGuardian: false, recordIds: [recordId] },
    });
    await geetha.device.revokeConsent(geetha.client, String(consentId));
    await guardian.saw('consent.revoked');
    const told = guardian.types;
    await read();
    // Both would be told of it at once.
    const count = (of: Listener): number => of.types.filter((type) => type === 'record.read').length;
    while (count(owner) === count(guardian)) await sleep(20);
    expect(guardian.types).toEqual(told);
    expect(told).toEqual(
      expect.arrayContaining(['consent.granted', 'consent.active', 'record.read', 'consent.revoked']),
    );
    expect(elsewhere.types).toEqual([]);
    // Nothing of what the record is about.
    expect(JSON.stringify(guardian.events)).not.toMatch(/Fever|OPConsultation|CAREMGT/);
  });

  test('ends with the session, and with the account’s good standing', async () => {
    const client = await clientOf('city', 'muthu.notified', PASSWORD);
    const patientsStream = await listen(client);
    await client.logout();
    expect(await patientsStream.ended).toBe('ended');
    const refused = new Listener(client);
    expect(await refused.ended).toMatchObject({ status: 401, code: 'NOT_SIGNED_IN' });

    const staffStream = await listen(await clientOf('lakeside', stranger.username, stranger.password));
    const lakeside = await bed.administrator('lakeside');
    await lakeside.call('PATCH', `/users/${stranger.username}`, { body: { action: 'suspend' } });
    expect(await staffStream.ended).toBe('ended');
  });

  test('a session has four streams at most, and another when one was closed', async () => {
    const client = await clientOf('city', 'muthu.notified', PASSWORD);
    const [first] = await Promise.all([1, 2, 3, 4].map(() => listen(client)));
    const fifth = new Listener(client);
    expect(await fifth.ended).toMatchObject({ status: 429, code: 'TOO_MANY_STREAMS', retryAfter: 15 });
    first!.leave();
    await first!.ended;
    for (;;) {
      const next = new Listener(client);
      open.push(next);
      const answer = await Promise.race([next.ended, next.ready().catch((error: unknown) => error)]);
      if (answer instanceof Listener) break;
      await sleep(50);
    }
  });

  test.each(['x', '1.2.3', '-1.0.0.0', '1.2.3.4.5'])(
    'an id that no stream gave is refused: %s',
    async (id) => {
      const refused = new Listener(await clientOf('city', 'muthu.notified', PASSWORD), id);
      expect(await refused.ended).toMatchObject({
        status: 400,
        errors: [{ field: 'Last-Event-ID' }],
      });
    },
  );
});
