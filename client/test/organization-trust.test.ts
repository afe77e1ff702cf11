import type { GranteeKey, OrganizationAnswer } from '../src/api';
import {
  acceptMinistryKey,
  acceptOrganizationKey,
  acceptReaderKey,
  certificateFingerprint,
  type Trust,
} from '../src/device/organization-trust';

import { certified, type Party, signature } from './support/certificates';

/** Adversary: a gateway with its hospital's authority, which shows the device other keys than the organisations' own. */
const CITY = 'CityMSP';
const LAKESIDE = 'LakesideMSP';
const service = { attributes: { 'medseal.role': 'service' } };

let root: Party,
  city: Party,
  lakeside: Party,
  ministryService: Party,
  cityService: Party,
  lakesideService: Party;

/** An organisation as the gateway shows it, with what the ministry certified. */
const organization = (
  mspId: string,
  authority: Party,
  by = ministryService,
  certifiedFor = mspId,
): OrganizationAnswer => {
  const authorities = [certificateFingerprint(authority.pem)];
  return {
    id: mspId,
    mspId,
    name: mspId,
    kind: 'hospital',
    keys: [],
    caChain: [authority.pem],
    authorities: {
      authorities,
      certificate: by.pem,
      signature: signature(by, { mspId: certifiedFor, authorities }),
    },
  };
};
const trust = (organizations = [organization(CITY, city), organization(LAKESIDE, lakeside)]): Trust => ({
  rootCertificate: root.pem,
  organizations,
});

beforeAll(async () => {
  root = await certified('root', undefined, { authority: true });
  city = await certified('ca.city', root, { authority: true });
  lakeside = await certified('ca.lakeside', root, { authority: true });
  ministryService = await certified('u-0', root, service);
  cityService = await certified('u-1', city, service);
  lakesideService = await certified('u-2', lakeside, service);
});

describe("an organisation's key on a device", () => {
  const statement = { kind: 'agent', epoch: 1, publicKey: 'ab'.repeat(32) };
  const signedBy = (party: Party, mspId = CITY, content = statement) => ({
    ...content,
    certificate: party.pem,
    signature: signature(party, { mspId, ...content }),
  });

  test('is accepted with a signature from its own authority under the root of the letter', async () => {
    const fingerprint = certificateFingerprint(root.pem);
    await acceptOrganizationKey({ ...trust(), fingerprint }, CITY, signedBy(cityService));
    await acceptOrganizationKey(trust(), LAKESIDE, signedBy(lakesideService, LAKESIDE));
  });

  test.each([
    ['a changed public key', () => ({ ...signedBy(cityService), publicKey: 'cd'.repeat(32) })],
    ['a key of another kind', () => ({ ...signedBy(cityService), kind: 'custodian' })],
    ["another organisation's key", () => signedBy(lakesideService, LAKESIDE)],
    [
      "another's certificate over the same signature",
      () => ({ ...signedBy(cityService), certificate: city.pem }),
    ],
  ])('is refused: %s', async (_title, key) => {
    await expect(acceptOrganizationKey(trust(), CITY, key())).rejects.toThrow(
      /not signed: .*wrong signature/,
    );
  });

  test('is refused from a certificate of nobody, or one that a mere person issued', async () => {
    const stranger = await certified('u-3');
    await expect(acceptOrganizationKey(trust(), CITY, signedBy(stranger))).rejects.toThrow(/chain/);
    const doctor = await certified('u-4', city);
    const minted = await certified('u-5', doctor, service);
    const shown = trust([{ ...organization(CITY, city), caChain: [city.pem, doctor.pem] }]);
    await expect(acceptOrganizationKey(shown, CITY, signedBy(minted))).rejects.toThrow(/chain/);
  });

  test('is refused from others of the organisation than its service', async () => {
    for (const role of ['patient', 'doctor', 'hospital-admin']) {
      const person = await certified('u-8', city, { attributes: { 'medseal.role': role } });
      await expect(acceptOrganizationKey(trust(), CITY, signedBy(person))).rejects.toThrow(
        /service of CityMSP/,
      );
    }
  });

  test('of one hospital signed by another hospital’s authority is refused', async () => {
    // Everything that City's gateway and authority can make and show.
    const minted = await certified('u-6', city, service);
    const key = signedBy(minted, LAKESIDE);
    const own = organization(CITY, city);
    for (const shown of [
      organization(LAKESIDE, lakeside),
      { ...organization(LAKESIDE, lakeside), caChain: [city.pem] },
      { ...own, mspId: LAKESIDE },
      organization(LAKESIDE, city, minted),
      { ...organization(LAKESIDE, city), authorities: null },
    ]) {
      await expect(acceptOrganizationKey(trust([own, shown]), LAKESIDE, key)).rejects.toThrow(/not signed/);
    }
    // The same authority, had the ministry certified it for Lakeside.
    await acceptOrganizationKey(trust([own, organization(LAKESIDE, city)]), LAKESIDE, key);
  });

  test('is refused when others of the ministry than its service certified the authority', async () => {
    const auditor = await certified('u-7', root, { attributes: { 'medseal.role': 'auditor' } });
    await expect(
      acceptOrganizationKey(trust([organization(CITY, city, auditor)]), CITY, signedBy(cityService)),
    ).rejects.toThrow(/not from the ministry's service/);
  });

  test('is refused when the root is not the one on the letter, or the chain is cut', async () => {
    const fingerprint = certificateFingerprint(city.pem);
    await expect(
      acceptOrganizationKey({ ...trust(), fingerprint }, CITY, signedBy(cityService)),
    ).rejects.toThrow(/letter/);
    const cut = trust([{ ...organization(CITY, city), caChain: [] }]);
    await expect(acceptOrganizationKey(cut, CITY, signedBy(cityService))).rejects.toThrow(/chain/);
  });
});

describe('a key of the ministry on a device', () => {
  const key = (party: Party, mspId: string) => {
    const statement = { kind: 'emergency', epoch: 1, publicKey: 'ab'.repeat(32) };
    return { ...statement, certificate: party.pem, signature: signature(party, { mspId, ...statement }) };
  };

  test('is accepted from its service alone, whatever a gateway calls a ministry', async () => {
    await acceptMinistryKey(trust(), 'MinistryMSP', key(ministryService, 'MinistryMSP'));
    const posing = { ...organization(CITY, city), kind: 'ministry' as const };
    await expect(acceptMinistryKey(trust([posing]), CITY, key(cityService, CITY))).rejects.toThrow(
      /not from the ministry's service/,
    );
  });
});

describe("a reader's key on a device", () => {
  const ID = '12'.repeat(16);
  const key = (party: Party, fields: Partial<GranteeKey> = {}): GranteeKey => ({
    kind: 'person',
    id: ID,
    mspId: LAKESIDE,
    publicKey: '',
    proof: '',
    certificateHash: certificateFingerprint(party.pem),
    certificate: party.pem,
    epoch: 1,
    ...fields,
  });
  const doctorOf = (authority: Party, subject = ID) =>
    certified('u-8', authority, { attributes: { 'medseal.role': 'doctor', 'medseal.subject': subject } });

  test("is accepted with the holder's certificate from the hospital's authority", async () => {
    await acceptReaderKey(trust(), key(await doctorOf(lakeside)));
    await acceptReaderKey(trust(), key(lakesideService, { kind: 'careTeam' }));
  });

  test('is refused: somebody else’s, another hospital’s, another certificate’s, or without one', async () => {
    const doctor = await doctorOf(lakeside);
    for (const [wrong, reason] of [
      [key(await doctorOf(lakeside, '34'.repeat(16))), /not that of the person/],
      [key(await doctorOf(city)), /does not chain/],
      [key(doctor, { kind: 'careTeam' }), /not of those who decide/],
      [key(doctor, { certificateHash: certificateFingerprint(city.pem) }), /another certificate/],
      [key(doctor, { certificate: null }), /sign in once/],
    ] as const) {
      await expect(acceptReaderKey(trust(), wrong)).rejects.toThrow(reason);
    }
  });
});
