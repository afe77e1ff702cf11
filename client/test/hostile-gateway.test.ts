import {
  commit,
  fromHex,
  mclEngine,
  newReaderKeyPair,
  newSalt,
  newSeed,
  type PairingEngine,
  proveReaderKey,
  receivingKeyPair,
  scopeKeyPair,
  sealPrivateValue,
  seedToWords,
  toBase64,
  toHex,
} from '@medseal/crypto';
import type { GrantBody, Keyring } from '../src/api';
import type { ChoicesMade } from '../src/device/choices';
import { wrapKeyring } from '../src/device/keyring';
import { certificateFingerprint } from '../src/device/organization-trust';
import { PatientDevice } from '../src/device/patient-device';
import type { MedsealClient } from '../src/medseal-client';
import { certified, type Party, signature } from './support/certificates';

/**
 * Adversary: the home hospital's gateway, with its authority, a doctor's certificate and registered key, and everything
 * that the ledger shows. It answers the device as it likes.
 */
const CITY = 'CityMSP';
const PASSPHRASE = 'a passphrase of the patient';
const CHEAP = { cost: { kdf: 'argon2id', memoryKiB: 64, passes: 1 } } as const;
const ledgerId = 'ab'.repeat(16);
const scopes = { general: 'cd'.repeat(16), sensitive: 'ef'.repeat(16) };
const swapped = { general: scopes.sensitive, sensitive: scopes.general };
const accomplice = '12'.repeat(16);
const consentId = '77'.repeat(16);
const terms = {
  purpose: 'CAREMGT' as const,
  recordTypes: ['OPConsultation'],
  dateRange: { from: '1900-01-01', to: '2099-12-31' },
  dataEraseAt: '2099-12-31T00:00:00.000Z',
};

const seed = newSeed();
let engine: PairingEngine;
let root: Party;
let organizations: unknown[];
let grantee: Record<string, unknown>;
let keyring: Pick<Keyring, 'seed' | 'facts'>;
let device: PatientDevice;
let sent: unknown[];

beforeAll(async () => {
  engine = await mclEngine();
  root = await certified('root', undefined, { authority: true });
  const ministry = await certified('m', root, { attributes: { 'medseal.role': 'service' } });
  const authorities: Record<string, Party> = {};
  organizations = [];
  for (const mspId of [CITY, 'LakesideMSP', 'ValleyMSP']) {
    const authority = await certified(`ca.${mspId}`, root, { authority: true });
    authorities[mspId] = authority;
    const service = await certified(`s.${mspId}`, authority, { attributes: { 'medseal.role': 'service' } });
    const certifiedFor = { mspId, authorities: [certificateFingerprint(authority.pem)] };
    organizations.push({
      id: mspId,
      mspId,
      name: mspId,
      kind: 'hospital',
      status: 'active',
      caChain: [authority.pem],
      authorities: {
        ...certifiedFor,
        certificate: ministry.pem,
        signature: signature(ministry, certifiedFor),
      },
      keys: ['agent', 'handover'].map((kind) => {
        const key = { mspId, kind, epoch: 1, publicKey: toHex(receivingKeyPair(newSeed()).publicKey) };
        return { ...key, certificate: service.pem, signature: signature(service, key) };
      }),
    });
  }
  const doctor = await certified('d', authorities[CITY], {
    attributes: { 'medseal.role': 'doctor', 'medseal.subject': accomplice },
  });
  const pair = newReaderKeyPair(engine);
  const certificateHash = certificateFingerprint(doctor.pem);
  grantee = {
    kind: 'person',
    id: accomplice,
    mspId: CITY,
    publicKey: toHex(pair.publicKey),
    proof: toHex(proveReaderKey(engine, pair.secretKey, { mspId: CITY, certificateHash }).proof),
    certificateHash,
    certificate: doctor.pem,
    epoch: 1,
  };
  const facts = { root: certificateFingerprint(root.pem), ...scopes };
  keyring = await wrapKeyring(seed, PASSPHRASE, ledgerId, facts, CHEAP);
  device = await PatientDevice.unlock(gateway(), PASSPHRASE);
});

beforeEach(() => {
  sent = [];
});

const gateway = (answers: Record<string, unknown> = {}): MedsealClient => {
  const keep = (body: unknown) => {
    sent.push(body);
    return Promise.resolve({ status: 'committed' });
  };
  return {
    session: { user: { subject: ledgerId, organization: CITY } },
    keyring: () => Promise.resolve({ ...keyring, scopes: { ...scopes, epoch: 1 } }),
    organizations: () => Promise.resolve({ items: organizations, rootCertificate: root.pem }),
    choices: () =>
      Promise.resolve({
        items: ['standingConsent', 'emergencyGrant'].map((choice) => ({ choice, grantee })),
      }),
    grantee: () => Promise.resolve({ channel: 'health', threshold: 2, grantee }),
    choose: keep,
    grantConsent: keep,
    revokeConsent: keep,
    advanceScope: (_scopeId: string, next: unknown) => keep(next),
    scopes: () => Promise.resolve({ items: scopesAt(1) }),
    consents: () => Promise.resolve({ items: [], nextCursor: null }),
    putKeyring: keep,
    ...answers,
  } as unknown as MedsealClient;
};

/** As `GET /scopes` answers for an owner whose general scope has come to this epoch. */
const scopesAt = (general: number, of = seed) =>
  (['general', 'sensitive'] as const).map((label) => {
    const epoch = label === 'general' ? general : 1;
    const { publicKey } = scopeKeyPair(engine, of, scopes[label], epoch);
    return { scopeId: scopes[label], label, epoch, publicKey: toHex(publicKey), lacking: 0 };
  });

test('it would get a consent for its accomplice where the owner makes one to that person', async () => {
  const wish = {
    grantee: { kind: 'person' as const, id: accomplice, mspId: CITY },
    scopes: ['general' as const],
    terms,
    expiresAt: terms.dataEraseAt,
  };
  expect((await device.makeConsent(gateway(), wish)).sealedShares).toHaveLength(2);
});

test('it gets none of the choices for its accomplice', async () => {
  for (const [choice, reason] of [
    ['standingConsent', /care team/],
    ['emergencyGrant', /emergency key/],
  ] as const) {
    await expect(device.choose(gateway(), { [choice]: true } as ChoicesMade)).rejects.toThrow(reason);
  }
  expect(sent).toEqual([]);
});

test('it gets no consent granted again that the owner did not make', async () => {
  const salt = newSalt();
  const invented = {
    consentId,
    grantee,
    scopes: [{ scopeId: scopes.general }, { scopeId: scopes.sensitive }],
    termsCommitment: commit(terms, salt),
    expiresAt: terms.dataEraseAt,
  };
  const text = JSON.stringify({
    grantee,
    scopes: ['general'],
    terms,
    expiresAt: terms.dataEraseAt,
    salt: toHex(salt),
  });
  for (const ownTerms of [
    toBase64(await sealPrivateValue(fromHex('00'.repeat(32)), consentId, text)),
    toBase64(new Uint8Array(64)),
  ]) {
    const consent = () => Promise.resolve({ ...invented, ownTerms });
    await expect(device.grantAgain(gateway({ consent }), consentId)).rejects.toMatchObject({
      code: expect.stringMatching(/OPEN_FAILED|UNSUPPORTED_VERSION/),
    });
  }
  // The owner's copy of another consent.
  const wish = {
    grantee: { kind: 'person' as const, id: accomplice, mspId: CITY },
    scopes: ['general' as const],
    terms,
    expiresAt: terms.dataEraseAt,
  };
  const other = await device.makeConsent(gateway(), wish);
  const consent = () => Promise.resolve({ ...invented, ...other.fields, ownTerms: other.ownTerms });
  await expect(device.grantAgain(gateway({ consent }), consentId)).rejects.toMatchObject({
    code: 'OPEN_FAILED',
  });
  expect(sent).toEqual([]);
  await device.grantAgain(gateway({ consent }), other.fields.consentId);
  expect((sent[0] as GrantBody).fields).toMatchObject({
    grantee: { id: accomplice },
    expiresAt: wish.expiresAt,
  });
});

test('a consent whose renewal stopped before the revocation is not granted twice', async () => {
  const wish = {
    grantee: { kind: 'person' as const, id: accomplice, mspId: CITY },
    scopes: ['general' as const],
    terms,
    expiresAt: terms.dataEraseAt,
  };
  const own = await PatientDevice.unlock(gateway(), PASSPHRASE);
  const former = await own.makeConsent(gateway(), wish);
  const shown = ({ fields, ownTerms }: GrantBody, missing: string[] = []) => ({
    ...fields,
    ledgerId,
    status: 'active',
    ownTerms,
    missing,
  });
  const at = (...consents: object[]) =>
    gateway({
      scopes: () => Promise.resolve({ items: scopesAt(2) }),
      consent: () => Promise.resolve(shown(former)),
      consents: () => Promise.resolve({ items: [shown(former), ...consents], nextCursor: null }),
    });
  expect(await own.outdatedConsents(at())).toMatchObject([{ consentId: former.fields.consentId }]);
  const renewed = await own.makeConsent(gateway(), wish);
  expect(renewed.fields.scopes).toMatchObject([{ epoch: 2 }]);
  // One that is not signed to its end does not count.
  await own.grantAgain(at(shown(renewed, ['grant'])), former.fields.consentId);
  expect(sent).toMatchObject([{ fields: {} }, former.fields.consentId]);
  sent = [];
  expect(await own.grantAgain(at(shown(renewed)), former.fields.consentId)).toEqual({
    consentId: renewed.fields.consentId,
  });
  expect(sent).toEqual([former.fields.consentId]);
});

test('the next epoch follows the ledger, whose keys must be this device’s', async () => {
  const own = await PatientDevice.unlock(gateway(), PASSPHRASE);
  const showing = (items: object[]) => gateway({ scopes: () => Promise.resolve({ items }) });
  const [general, sensitive] = scopesAt(4);
  for (const items of [
    scopesAt(1, newSeed()),
    [{ ...general, scopeId: scopes.sensitive }, sensitive!],
    [{ ...general, epoch: 5 }, sensitive!],
  ])
    await expect(own.advanceScope(showing(items), 'general')).rejects.toThrow('another key of a scope');
  expect(sent).toEqual([]);
  // Another browser of the patient has gone on to the fourth.
  await own.advanceScope(showing(scopesAt(4)), 'general');
  expect(sent).toMatchObject([{ epoch: 5 }]);
});

test('it exchanges neither root nor scopes: not while unlocking, changing the passphrase, or recovering', async () => {
  const lying = (blobs: object = keyring) =>
    gateway({ keyring: () => Promise.resolve({ ...blobs, scopes: { ...swapped, epoch: 1 } }) });
  expect((await PatientDevice.unlock(lying(), PASSPHRASE)).scopes).toMatchObject(scopes);
  await device.changePassphrase(lying(), 'another passphrase', CHEAP);
  const [changed] = sent as [object];
  expect((await PatientDevice.unlock(lying(changed), 'another passphrase')).scopes).toMatchObject(scopes);
  const words = device.recoveryWords();
  expect((await PatientDevice.recover(lying(), words, 'a third passphrase', CHEAP)).scopes).toMatchObject(
    scopes,
  );

  const other = newSeed();
  const theirs = await wrapKeyring(other, PASSPHRASE, ledgerId, { root: '00', ...swapped }, CHEAP);
  const mixed = { seed: keyring.seed, facts: theirs.facts };
  await expect(PatientDevice.unlock(lying(mixed), PASSPHRASE)).rejects.toMatchObject({ code: 'OPEN_FAILED' });
  await expect(PatientDevice.unlock(lying({ seed: keyring.seed }), PASSPHRASE)).rejects.toThrow();
  await expect(PatientDevice.recover(lying(mixed), words, PASSPHRASE)).rejects.toMatchObject({
    code: 'OPEN_FAILED',
  });
  await expect(PatientDevice.recover(lying(), seedToWords(other), PASSPHRASE)).rejects.toMatchObject({
    code: 'OPEN_FAILED',
  });
});

test('another root is refused when a consent is made', async () => {
  const theirs = await certified('root', undefined, { authority: true });
  const organizationsOf = () => Promise.resolve({ items: organizations, rootCertificate: theirs.pem });
  const wish = {
    grantee: { kind: 'person' as const, id: accomplice, mspId: CITY },
    scopes: ['general' as const],
    terms,
    expiresAt: terms.dataEraseAt,
  };
  await expect(device.makeConsent(gateway({ organizations: organizationsOf }), wish)).rejects.toThrow(
    /letter/,
  );
});
