import { join } from 'node:path';
import type { ConsentKeyEntry } from '@medseal/chaincode';
import { checkReaderKey, fromHex, mclEngine, readerKeyPairFrom, toHex } from '@medseal/crypto';
import { AccountsService } from '../../src/auth/accounts.service';
import { AuthService } from '../../src/auth/auth.service';
import { TeamKeys } from '../../src/care-teams/team-keys';
import { LoginLimits } from '../../src/auth/login-limits';
import { checkPassword } from '../../src/auth/passwords';
import { SessionsService } from '../../src/auth/sessions.service';
import { accountContext, unwrapStaffKeys, wrapStaffKeys } from '../../src/auth/staff-keys';
import { Clock } from '../../src/clock';
import { DeviceActs } from '../../src/transactions/device-acts';
import { StaffSigning } from '../../src/transactions/staff-signing';
import { configOf } from '../../src/config';
import { evaluateJson } from '../../src/fabric/evaluate-json';
import { openOrganizations, type OpenOrganizations } from '../../src/organizations/open-organizations';
import type { Organization } from '../../src/organizations/organization';
import { type Colleague, ORGANIZATIONS, type TestBed } from '../harness';
import { sharedBed } from './shared-bed';

/** Wrapped by the version before reader keys under 32 bytes of 1 for `account/fixture`. */
const FIRST_FORM =
  'AVJRabdG7qvX87MNaf7JBiwbYg6I85d/uRjOrisE3XWzt7xOdBCQq4r6suuib1WnTM+h9JN6djxte1uElwKtF+rq4SKa8ydYAU4NeYgl' +
  'DRidpTGLCIqUsvjdcI1tncTTzsW9p5eDfwhIwk5gDpPBdsHIDJolbJQ63+k+7ULZXSK6s/hTZmloEHH4yaMrnZyIeOMCE1E0GMzknmsf' +
  'MOwJtQnFm1bipQ2KtZa8A3yUmASFiLxjtMP/Zg9avs4T7oryllVbAj1etrLObhtH/a9jlWOKf0js1G8vJwbc4HKsTr1hRFMv1MRBAYrJ' +
  '0CmvSk1QMnyyqup7kY/WMOaG8h6++V2NG8xjvbDKjRNkcY8/uYWLFhYcxHFXK9cfhuLJw4oJggaFFDTDWZn80lyfhtJJ5L7uA2rPIqGS' +
  'f/xJGquQ7MU9uJfhwe2Etr7OXTrRLHzvuwwQkxxJJ6/IDX6VjS251nxpCo3Wrlq1JBOcC6UPQThen3R5A4g=';

test('a bundle of the first form opens, without a reader key', async () => {
  const opened = await unwrapStaffKeys(
    Buffer.from(FIRST_FORM, 'base64'),
    Buffer.alloc(32, 1),
    'account/fixture',
  );
  expect(opened.signingKey).toContain('-----BEGIN PRIVATE KEY-----');
  expect(toHex(opened.receivingKey)).toBe('f08cb92bfea626f162459f9098359be0125215668ed5ff14132058fec42a5648');
  expect(opened.readerKey).toBeNull();
});

/** The gateway's own parts in this process, on the data of a gateway that was stopped. */
describe('reader keys of staff', () => {
  let bed: TestBed;
  let opened: OpenOrganizations;
  let city: Organization;
  let accounts: AccountsService;
  let sessions: SessionsService;
  let auth: AuthService;
  let doctor: Colleague;
  let reset: { subject: string; username: string; password: string };

  beforeAll(async () => {
    bed = await sharedBed();
    doctor = await bed.colleague('city', 'doctor');
    const verifier = await bed.colleague('city', 'verifier');
    await bed.signIn('city', doctor.username, doctor.password);
    const administrator = await bed.administrator('city');
    const answer = await administrator.call('PATCH', `/users/${verifier.username}`, {
      body: { action: 'reset' },
    });
    reset = { ...verifier, password: answer.body['newPassword'] };
    await bed.signIn('city', reset.username, reset.password);
    await bed.stopGateway();
    const config = configOf({
      port: 0,
      dataDirectory: join(bed.folder, 'gateway'),
      objectsDirectory: join(bed.folder, 'objects'),
      connectionProfile: join(bed.folder, 'connection.yaml'),
      organizations: ORGANIZATIONS,
      clockFile: join(bed.folder, 'network/clock'),
    });
    const clock = new Clock(config.clockFile);
    opened = await openOrganizations(config, clock);
    city = opened.registry.get('city')!;
    accounts = new AccountsService(clock);
    const staffSigning = new StaffSigning(new DeviceActs(opened.registry, clock));
    sessions = new SessionsService(opened.registry, clock, staffSigning);
    auth = new AuthService(
      opened.registry,
      accounts,
      sessions,
      new LoginLimits(clock),
      clock,
      new TeamKeys(),
    );
  });
  afterAll(async () => {
    await opened?.close();
    await bed?.startGateway();
  });

  const registered = (subject: string): Promise<ConsentKeyEntry | null> =>
    evaluateJson(city, 'consent:getConsentKey', [subject]);

  const signIn = ({ username, password }: { username: string; password: string }) =>
    auth.signIn({ organization: 'city', username, password }, '127.0.0.1');

  const keyOf = async (token: string): Promise<string> => {
    const user = await sessions.authenticate(token);
    return toHex(readerKeyPairFrom(await mclEngine(), user!.readerSecretKey()).publicKey);
  };

  /** The account's bundle as the version before reader keys left it. */
  const toFirstForm = async (colleague: Colleague): Promise<void> => {
    const account = (await accounts.findBySubject(city, colleague.subject))!;
    const wrappingKey = (await checkPassword(colleague.password, account.password))!;
    const context = accountContext(colleague.subject);
    const keys = await unwrapStaffKeys(account.bundle!, wrappingKey, context);
    const bundle = await wrapStaffKeys({ ...keys, readerKey: null }, wrappingKey, context);
    expect(await accounts.keepBundle(city, account, bundle)).toBe(true);
  };

  test('are on the ledger from the first sign-in, once, with a proof that holds', async () => {
    const entry = (await registered(doctor.subject))!;
    expect(entry).toMatchObject({ mspId: 'CityMSP', epoch: 1 });
    const { mspId, certificateHash } = entry;
    const key = {
      mspId,
      certificateHash,
      publicKey: fromHex(entry.publicKey),
      proof: fromHex(entry.proof),
    };
    expect(checkReaderKey(await mclEngine(), key)).toBe(true);
    expect(await keyOf(doctor.caller.token!)).toBe(entry.publicKey);
    expect(await keyOf((await signIn(doctor)).token)).toBe(entry.publicKey);
    expect(await registered(doctor.subject)).toEqual(entry);
  });

  test('are new, and the next epoch, after a reset', async () => {
    const entry = (await registered(reset.subject))!;
    expect(entry.epoch).toBe(2);
    expect(await keyOf((await signIn(reset)).token)).toBe(entry.publicKey);
  });

  test('are made at the sign-in of somebody whose bundle has none, one for two at once', async () => {
    await toFirstForm(doctor);
    const before = (await registered(doctor.subject))!;
    const signedIn = await Promise.all([signIn(doctor), signIn(doctor)]);
    const entry = (await registered(doctor.subject))!;
    expect(entry.epoch).toBe(before.epoch + 1);
    for (const { token } of signedIn) expect(await keyOf(token)).toBe(entry.publicKey);
    expect(await keyOf((await signIn(doctor)).token)).toBe(entry.publicKey);
  });

  test('are missing in a session from before, which says what to do', async () => {
    const account = (await accounts.findBySubject(city, doctor.subject))!;
    const wrappingKey = (await checkPassword(doctor.password, account.password))!;
    const keys = await unwrapStaffKeys(account.bundle!, wrappingKey, accountContext(doctor.subject));
    const { token } = await sessions.open(city, account, { ...keys, readerKey: null }, false);
    const user = (await sessions.authenticate(token))!;
    expect(() => user.readerSecretKey()).toThrow(
      expect.objectContaining({ status: 409, code: 'READER_KEY_MISSING' }),
    );
    expect(user.receivingSecretKey()).toEqual(keys.receivingKey);
  });

  test('are not registered for the ministry’s people', async () => {
    const [administrator] = await accounts.list(opened.registry.get('ministry')!);
    expect(await registered(administrator!.subject)).toBeNull();
  });
});
