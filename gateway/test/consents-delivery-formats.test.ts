import { canonicalJson } from '@medseal/crypto';
import {
  openDelivery,
  parseDelivery,
  sealDelivery,
  type Delivery,
  type RequestDelivery,
} from '../src/consents/delivery-formats';
import { newX25519SecretKey, x25519PublicKey } from '../src/keystore/x25519';

const id = (digit: string): string => digit.repeat(32);
const salt = 'a'.repeat(64);

const request: RequestDelivery = {
  kind: 'request',
  registrationNo: '1010000000019',
  grantee: { kind: 'person', id: id('1') },
  purpose: 'CAREMGT',
  recordTypes: ['OPConsultation'],
  dateRange: { from: '2026-01-01', to: '2026-12-31' },
  expiresAt: '2026-12-31T00:00:00.000Z',
  dataEraseAt: '2027-01-31T00:00:00.000Z',
};

const deliveries: Delivery[] = [
  request,
  {
    kind: 'terms',
    consentId: id('2'),
    terms: {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2026-01-01', to: '2026-12-31' },
      dataEraseAt: '2027-01-31T00:00:00.000Z',
      salt,
    },
  },
  {
    kind: 'selector',
    consentId: id('2'),
    recordId: id('3'),
    version: 1,
    selector: { date: '2026-05-01', recordType: 'OPConsultation', scope: 'general', salt },
  },
  {
    kind: 'demographics',
    consentId: id('2'),
    group: 'identity',
    fields: canonicalJson({ name: 'Zoë Ω', birthDate: null, gender: null }),
    salt,
  },
];

describe('deliveries between organisations', () => {
  const secretKey = newX25519SecretKey();
  const receiver = { mspId: 'CityMSP', publicKey: x25519PublicKey(secretKey) };

  test.each(deliveries)('of $kind open at the receiver as they were sealed', async (delivery) => {
    const sealed = Buffer.from(await sealDelivery(receiver, id('4'), delivery)).toString('base64');
    expect(await openDelivery(secretKey, 'CityMSP', { id: id('4'), sealed })).toEqual(delivery);
    await expect(openDelivery(secretKey, 'CityMSP', { id: id('5'), sealed })).rejects.toMatchObject({
      code: 'OPEN_FAILED',
    });
    await expect(openDelivery(secretKey, 'LakesideMSP', { id: id('4'), sealed })).rejects.toMatchObject({
      code: 'OPEN_FAILED',
    });
    await expect(
      openDelivery(newX25519SecretKey(), 'CityMSP', { id: id('4'), sealed }),
    ).rejects.toMatchObject({ code: 'OPEN_FAILED' });
  });

  test.each([
    ['kind', { ...request, kind: 'letter' }],
    ['more', { ...request, more: 1 }],
    ['expiresAt', { ...request, expiresAt: '2026-12-31' }],
    ['purpose', { ...request, purpose: 'FUN' }],
    ['version', { ...deliveries[2], version: 0 }],
    ['group', { ...deliveries[3], group: 'everything' }],
  ])('of another form are refused by the field: %s', (field, delivery) => {
    expect(() => parseDelivery(canonicalJson(delivery))).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', message: expect.stringContaining(field) }),
    );
  });
});
