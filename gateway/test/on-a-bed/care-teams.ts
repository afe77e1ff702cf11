import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsentWish, MedsealClient, PatientDevice } from '@medseal/client';
import { canonicalJson, utf8 } from '@medseal/crypto';
import { Clock } from '../../src/clock';
import { CaClient } from '../../src/fabric/ca-client';
import { newSigningKey } from '../../src/fabric/certificate-request';
import { readConnectionProfile } from '../../src/fabric/connection-profile';
import { ledgerIdentity } from '../../src/fabric/identity';
import { LedgerClient, type LedgerIdentity } from '../../src/fabric/ledger-client';
import { type Caller, type Colleague, type Slug, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

const PASSWORD = 'a password of the patient';
const newId = (): string => randomBytes(16).toString('hex');

/** A patient of City, whose records teams of City read: the treating one, the one on duty, and a named one. */
describe('care teams', () => {
  let bed: TestBed;
  let admin: Caller;
  let owner: MedsealClient;
  let device: PatientDevice;
  let registrationNo: string;
  let author: Colleague;
  let doctor: Colleague;
  let recordId: string;
  let ledger: LedgerClient;

  const doctorAt = async (organization: Slug, name: string): Promise<Colleague> => {
    const { body } = await (
      await bed.administrator(organization)
    ).post('/doctors', {
      name,
      specialization: 'Heart',
    });
    return bed.colleague(organization, 'doctor', { doctorId: body['id'] });
  };

  const visit = async (): Promise<string> => {
    const { body } = await admin.post(`/patients/${registrationNo}/encounters`, {
      class: 'AMB',
      doctorId: author.subject,
      reason: 'Fever',
      period: { start: '2024-06-07T09:00:00Z' },
    });
    return body['id'] as string;
  };

  beforeAll(async () => {
    bed = await sharedBed();
    admin = await bed.administrator('city');
    author = await doctorAt('city', 'Dr. Sundar');
    doctor = await doctorAt('city', 'Dr. Anuradha');
    const { body } = await admin.post('/patients', { name: 'Geetha' });
    registrationNo = body['registrationNo'] as string;
    owner = new MedsealClient(bed.url);
    ({ device } = await PatientDevice.activate(owner, {
      organization: 'city',
      activationCode: body['activationCode'] as string,
      username: 'geetha.team',
      password: PASSWORD,
      passphrase: 'a passphrase of the patient',
    }));
    await owner.login('city', 'geetha.team', PASSWORD);
    const written = await author.caller.post('/records', {
      registrationNo,
      effectiveDate: '2024-06-07',
      disease: 'Fever',
      document: { problems: [{ text: 'Fever of the patient' }] },
      recordType: 'OPConsultation',
    });
    recordId = written.body['recordId'] as string;
    await author.caller.post(`/records/${recordId}/complete`, {});

    const profile = readConnectionProfile(join(bed.folder, 'connection.yaml'));
    const { channel, chaincode } = profile;
    const mspId = 'CityMSP';
    const clock = new Clock(join(bed.folder, 'network/clock'));
    ledger = new LedgerClient({ ...profile.organization(mspId), mspId, channel, chaincode, clock });
    ledger.useService(await certified(doctor.subject));
  });

  afterAll(() => ledger?.close());

  /** A certificate with which a doctor of City asks peers behind the gateway's back. */
  const certified = async (
    subject: string,
    role: 'doctor' | 'verifier' = 'doctor',
  ): Promise<LedgerIdentity> => {
    const mspId = 'CityMSP';
    const profile = readConnectionProfile(join(bed.folder, 'connection.yaml'));
    const key = newSigningKey();
    const ca = new CaClient({ mspId, ...profile.organization(mspId).ca });
    const { certificate } = await ca.issue({ enrollmentId: `u-${newId().slice(12)}`, role, subject }, key);
    return ledgerIdentity({ mspId, certificate, subject, role }, key);
  };

  const code = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };

  const receipt = (by: LedgerIdentity, consentId: string, encounter?: string) =>
    ledger.submit(
      by,
      'access:receipt',
      [
        randomBytes(32).toString('hex'),
        canonicalJson({ recordIds: [recordId], basis: 'consent', consentId }),
      ],
      encounter === undefined ? {} : { transient: { encounter: utf8(encounter) } },
    );

  /** What an agent says; a member gets as far as the terms, which are not given here. */
  const agentsAnswer = (by: LedgerIdentity, receiptId: string, encounter?: string): Promise<string> =>
    code(
      ledger.evaluate(by, 'consent:reencrypt', [receiptId, recordId, '1'], {
        endorsingOrganizations: ['LakesideMSP'],
        transient: { terms: utf8('{}'), ...(encounter === undefined ? {} : { encounter: utf8(encounter) }) },
      }),
    );

  const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(100);
    }
  };

  const teamOf = async (kind: string, mspId = 'CityMSP') => {
    const { items } = await owner.organizations();
    return items.find((one) => one.mspId === mspId)?.careTeams?.find((team) => team.kind === kind);
  };

  const grant = async (teamId: string): Promise<string> => {
    const wish: ConsentWish = {
      grantee: { kind: 'careTeam', id: teamId, mspId: 'CityMSP' },
      scopes: ['general'],
      terms: {
        purpose: 'CAREMGT',
        recordTypes: ['OPConsultation'],
        dateRange: { from: '2020-01-01', to: '2030-12-31' },
        dataEraseAt: '2039-01-01T00:00:00.000Z',
      },
      expiresAt: '2038-01-01T00:00:00.000Z',
    };
    const { consentId } = (await device.grantConsent(owner, wish)) as unknown as { consentId: string };
    await until(async () => ((await owner.consent(consentId)).status === 'active' ? true : undefined));
    return consentId;
  };

  const open = ({ caller }: Colleague, consentId?: string) =>
    until(async () => {
      const answer = await caller.post(`/records/${recordId}/open?decrypt=true`, {
        purpose: 'TREATMENT',
        consentId,
      });
      return /TERMS_PENDING|SELECTOR_PENDING/.test(String(answer.body['code'])) ? undefined : answer;
    });
  const read = { status: 200, body: { document: { problems: [{ text: 'Fever of the patient' }] } } };

  test('every hospital has one that treats and one on duty from its start; the ministry has none', async () => {
    for (const mspId of ['CityMSP', 'LakesideMSP']) {
      for (const kind of ['treating', 'duty']) {
        const team = await teamOf(kind, mspId);
        expect(team).toMatchObject({ kind, epoch: 1 });
        const { grantee } = await owner.grantee({ kind: 'careTeam', id: team!.teamId });
        expect(grantee).toMatchObject({ kind: 'careTeam', mspId, publicKey: team!.publicKey });
      }
    }
    const { items } = await owner.organizations();
    expect(items.find(({ kind }) => kind === 'ministry')?.careTeams).toEqual([]);
    const { body } = await doctor.caller.get('/care-teams');
    expect(body['items'].map(({ kind, isMember }: Record<string, unknown>) => [kind, isMember])).toEqual([
      ['duty', true],
      ['treating', true],
    ]);
  });

  test('the treating team reads while an encounter is open, and neither gateway, contract nor agents serve it else', async () => {
    const consentId = await grant((await teamOf('treating'))!.teamId);
    const hostile = await certified(doctor.subject);
    expect(await open(doctor, consentId)).toMatchObject({ status: 404 });
    expect((await doctor.caller.get(`/consents/${consentId}`)).status).toBe(404);
    expect(await code(receipt(hostile, consentId))).toBe('NOT_GRANTEE');
    expect(await code(receipt(hostile, consentId, newId()))).toBe('ENCOUNTER_NOT_OPEN');

    const encounterId = await visit();
    expect((await doctor.caller.get('/consents')).body['items']).toMatchObject([{ consentId }]);
    expect(await open(doctor, consentId)).toMatchObject(read);
    // Without being told which consent it is.
    expect(await open(doctor)).toMatchObject(read);
    expect((await owner.accessLog(registrationNo)).items[0]).toMatchObject({
      reader: doctor.subject,
      basis: 'consent',
      consentId,
    });
    const stranger = await doctorAt('lakeside', 'Dr. Rajini');
    expect(await open(stranger, consentId)).toMatchObject({ status: 404 });

    const { transactionId } = await receipt(hostile, consentId, encounterId);
    expect(await agentsAnswer(hostile, transactionId, encounterId)).toBe('BAD_ARGUMENT');
    expect(await agentsAnswer(hostile, transactionId)).toBe('NOT_GRANTEE');
    await admin.post(`/patients/${registrationNo}/encounters/${encounterId}/close`, {});
    expect(await agentsAnswer(hostile, transactionId, encounterId)).toBe('ENCOUNTER_NOT_OPEN');
    for (const named of [consentId, undefined])
      expect(await open(doctor, named)).toMatchObject({ status: 404 });
    expect((await doctor.caller.get('/consents')).body['items']).toEqual([]);
    await device.revokeConsent(owner, consentId);
  });

  test('the duty team is the doctors; after one left, new consents are to a key that the leaver never had', async () => {
    const before = (await teamOf('duty'))!;
    const old = await grant(before.teamId);
    const verifier = await bed.colleague('city', 'verifier');
    expect(await open(verifier, old)).toMatchObject({ status: 404 });
    expect(await code(receipt(await certified(verifier.subject, 'verifier'), old))).toBe('NOT_GRANTEE');
    const leaver = await doctorAt('city', 'Dr. Leaver');
    expect(await open(leaver, old)).toMatchObject(read);
    const hostile = await certified(leaver.subject);
    const { transactionId } = await receipt(hostile, old);
    expect(await agentsAnswer(hostile, transactionId)).toBe('BAD_ARGUMENT');

    await admin.call('DELETE', `/users/${leaver.username}`);
    expect(await agentsAnswer(hostile, transactionId)).toBe('STAFF_REVOKED');
    expect(await code(receipt(hostile, old))).toBe('STAFF_REVOKED');
    const now = await until(async () => {
      const team = await teamOf('duty');
      return team?.epoch === 2 ? team : undefined;
    });
    expect(now.teamId).toBe(before.teamId);
    expect(now.publicKey).not.toBe(before.publicKey);
    const renewed = await grant(now.teamId);
    expect(await owner.consent(renewed)).toMatchObject({ grantee: { epoch: 2, publicKey: now.publicKey } });
    for (const consentId of [old, renewed]) expect(await open(doctor, consentId)).toMatchObject(read);

    // Who comes later, or gets new keys, is handed the team's earlier keys too.
    const reset = await admin.call('PATCH', `/users/${doctor.username}`, { body: { action: 'reset' } });
    doctor.caller = await bed.signIn('city', doctor.username, reset.body['newPassword'] as string);
    doctor.password = reset.body['newPassword'] as string;
    const newcomer = await doctorAt('city', 'Dr. Newcomer');
    for (const consentId of [old, renewed]) {
      expect(await open(doctor, consentId)).toMatchObject(read);
      expect(await open(newcomer, consentId)).toMatchObject(read);
      await device.revokeConsent(owner, consentId);
    }
  });

  test('a named team is whom its administrator names, as long as that is so', async () => {
    const verifier = await bed.colleague('city', 'verifier');
    const made = await admin.post('/care-teams', { members: [doctor.subject, verifier.subject] });
    expect(made).toMatchObject({
      status: 201,
      body: { kind: 'named', epoch: 1, members: [doctor.subject, verifier.subject], isMember: false },
    });
    const teamId = made.body['teamId'] as string;
    const consentId = await grant(teamId);
    expect(await open(verifier, consentId)).toMatchObject(read);
    // The administrator holds the key to hand it on, and is no member by that.
    const holder = { caller: admin } as Colleague;
    expect(await open(holder, consentId)).toMatchObject({ status: 404 });

    const changed = await admin.call('PUT', `/care-teams/${teamId}`, { body: { members: [doctor.subject] } });
    expect(changed).toMatchObject({ status: 200, body: { epoch: 2, members: [doctor.subject] } });
    expect(await open(verifier, consentId)).toMatchObject({ status: 404 });
    const hostile = await certified(verifier.subject, 'verifier');
    expect(await code(receipt(hostile, consentId))).toBe('NOT_GRANTEE');
    expect(await open(doctor, consentId)).toMatchObject(read);
    expect(await open(doctor, await grant(teamId))).toMatchObject(read);
  });

  test.each<[string, unknown, string]>([
    ['nobody', [], 'members'],
    ['somebody twice', ['ab'.repeat(16), 'ab'.repeat(16)], 'members'],
    ['a name', ['Dr. Sundar'], 'members'],
    ['somebody unknown', ['ab'.repeat(16)], 'members[0]'],
  ])('a team of %s is refused', async (_what, members, field) => {
    const answer = await admin.post('/care-teams', { members });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  test('a team that is a rule, another hospital’s and none are not changed', async () => {
    const lakesides = (await teamOf('treating', 'LakesideMSP'))!.teamId;
    for (const teamId of [(await teamOf('duty'))!.teamId, lakesides, newId(), 'x']) {
      const body = { members: [doctor.subject] };
      expect((await admin.call('PUT', `/care-teams/${teamId}`, { body })).status).toBe(404);
    }
  });
});
