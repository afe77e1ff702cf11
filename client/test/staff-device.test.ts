import { common } from '@hyperledger/fabric-protos';
import {
  canonicalJson,
  newSeed,
  readerKeyPair,
  mclEngine,
  receivingKeyPair,
  signingKeyJwk,
  signingKeyPair,
  toHex,
} from '@medseal/crypto';
import { wrapKeyring } from '../src/device/keyring';
import { certificateFingerprint } from '../src/device/organization-trust';
import { StaffDevice } from '../src/device/staff-device';
import { MedsealClient } from '../src/medseal-client';
import { certified, type Party } from './support/certificates';
import { type Parts, proposalOf, transactionOf } from './support/proposals';

/**
 * Adversary: the own hospital's gateway, which carries what a doctor's device signs and may put anything before it. The
 * device signs what its user asked for and nothing else.
 */
const PASSPHRASE = 'a passphrase of the doctor alone';
const CHEAP = { cost: { kdf: 'argon2id', memoryKiB: 64, passes: 1 } } as const;
const subject = 'ab'.repeat(16);
const [recordId, consentId, emergencyId, other] = ['11', '22', '33', '44'].map((byte) => byte.repeat(16)) as [
  string,
  string,
  string,
  string,
];
const businessId = '55'.repeat(32);
const receiptId = '66'.repeat(32);
const seed = newSeed();

let root: Party;
let own: Party;
let keyring: object;
let device: StaffDevice;
let signed: string[];
/** What the gateway answers to every request of an act, one after the other. */
let answers: object[];

const gateway = (certificate = own.pem): MedsealClient => {
  const client = new MedsealClient('http://gateway.test', (input, init) => {
    const path = new URL(input as URL).pathname.replace('/api/v1', '');
    const fixed: Record<string, object> = {
      '/organizations': {
        items: [{ id: 'city', mspId: 'CityMSP', kind: 'hospital' }],
        rootCertificate: root.pem,
      },
      '/auth/keyring': keyring,
      '/auth/me': { subject, organization: 'city' },
      'GET /staff-keys': { certificate, enrollmentId: 'u-0123456789abcdef0123' },
      '/staff-keys/certificate': { certificate },
    };
    const known = fixed[path] ?? fixed[`${init?.method} ${path}`];
    if (known !== undefined) return Promise.resolve(Response.json(known));
    if (path.endsWith('/sign')) signed.push(path.split('/')[2]!);
    return Promise.resolve(Response.json(answers.shift() ?? { recordId, requestId: other }));
  });
  return client;
};

const parts = (args: string[], more: Partial<Parts> = {}): Parts => ({
  channel: 'health',
  type: common.HeaderType.ENDORSER_TRANSACTION,
  mspId: 'CityMSP',
  certificate: own.pem,
  chaincode: 'ehr',
  args,
  transient: {},
  ...more,
});
const bytes = (raw: Uint8Array): string => Buffer.from(raw).toString('base64');
const proposal = (of: Parts, id = '1') => ({
  signing: { id, stage: 'proposal', bytes: bytes(proposalOf(of)) },
});
const both = (of: Parts): object[] => [
  proposal(of),
  { signing: { id: '1', stage: 'transaction', bytes: bytes(transactionOf({ ...of, transient: {} })) } },
  { ledger: { transactionId: receiptId } },
];
const receipt = (more: object = {}): string[] => [
  'access:receipt',
  businessId,
  canonicalJson({ basis: 'consent', consentId, recordIds: [recordId], ...more }),
];
const question = (args: string[], more: Partial<Parts> = {}) => ({
  questions: [
    { id: 'q', mspId: 'LakesideMSP', stage: 'proposal', bytes: bytes(proposalOf(parts(args, more))) },
  ],
});

beforeAll(async () => {
  root = await certified('root', undefined, { authority: true });
  own = await certified('d', root, { key: signingKeyJwk(signingKeyPair(seed)) });
  keyring = await wrapKeyring(seed, PASSPHRASE, subject, { root: certificateFingerprint(root.pem) }, CHEAP);
  device = await StaffDevice.unlock(gateway(), PASSPHRASE);
});
beforeEach(() => {
  signed = [];
  answers = [];
});

const reading = () => device.readUnderConsent(gateway(), recordId, consentId);

test('what was asked for is signed: a request, and a receipt with its questions', async () => {
  answers = both(parts(['consent:request', other], { transient: { request: 'sealed' } }));
  expect(await device.requestConsent(gateway(), {} as never)).toEqual({ recordId, requestId: other });
  expect(signed).toEqual(['1', '1']);
  answers = [
    ...both(parts(receipt(), { transient: { encounter: other } })),
    question(['consent:reencrypt', receiptId, recordId, '1'], { transient: { capsule: 'x' } }),
    { status: 'answered' },
    { recordId: other },
  ];
  await expect(reading()).rejects.toThrow('another record was answered');
  expect(signed).toEqual(['1', '1', '1', '1', 'q']);
});

const alterations: [string, () => Parts, RegExp][] = [
  ['another function', () => parts(['consent:revoke', consentId]), /it calls consent:revoke/],
  ['another record', () => parts(receipt({ recordIds: [other] })), /another read/],
  ['one record more', () => parts(receipt({ recordIds: [recordId, other] })), /another read/],
  ['another consent', () => parts(receipt({ consentId: other })), /another read/],
  ['another basis', () => parts(receipt({ basis: 'author' })), /another read/],
  ['one argument more', () => parts([...receipt(), 'x']), /another read/],
  ['another chaincode', () => parts(receipt(), { chaincode: 'custodian' }), /for chaincode custodian/],
  ['another channel', () => parts(receipt(), { channel: 'other' }), /channel other/],
  ['another creator', () => parts(receipt(), { mspId: 'LakesideMSP' }), /LakesideMSP/],
  ['another certificate', () => parts(receipt(), { certificate: root.pem }), /another certificate/],
  ['other transient data', () => parts(receipt(), { transient: { share: 'x' } }), /transient data share/],
];

test.each(alterations)('a receipt with %s is not signed', async (_title, altered, reason) => {
  answers = [proposal(altered())];
  await expect(reading()).rejects.toThrow(reason);
  expect(signed).toEqual([]);
});

test.each<[string, string[], Partial<Parts>]>([
  ['another receipt', ['consent:reencrypt', businessId, recordId, '1'], {}],
  ['another record', ['consent:reencrypt', receiptId, other, '1'], {}],
  ['no version', ['consent:reencrypt', receiptId, recordId, '*'], {}],
  ['something else', ['access:getReceipt', receiptId], {}],
  ['the custodian, at the wrong place', ['custodian:answer', receiptId, recordId, '1'], {}],
])('a question about %s is not signed, nor one beside it', async (_title, args, more) => {
  const honest = question(['consent:reencrypt', receiptId, recordId, '1']).questions;
  answers = [...both(parts(receipt())), { questions: [...honest, ...question(args, more).questions] }];
  await expect(reading()).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
  expect(signed).toEqual(['1', '1']);
});

test('a second transaction that was not asked for is not signed, not even the same one again', async () => {
  answers = [...both(parts(receipt())), proposal(parts(receipt()), '2')];
  await expect(reading()).rejects.toThrow('nothing more was to be signed');
  expect(signed).toEqual(['1', '1']);
});

describe('an emergency', () => {
  const card = Buffer.from(JSON.stringify({ number: '1', ledgerId: other })).toString('base64url');
  const input = { registrationNo: '1', card, reasonCode: 'URGENT' as const, reason: 'r', hours: 2 };
  const wanted = {
    emergencyId,
    ledgerId: other,
    consentId,
    reasonCode: 'URGENT',
    until: new Date(Date.now() + 2 * 3_600_000).toISOString(),
  };
  const deposit = () =>
    both(parts(['access:depositReason', emergencyId], { transient: { reason: 'sealed' } }));
  const opening = (more: object) =>
    parts(['access:openEmergency', businessId, canonicalJson({ ...wanted, ...more })]);
  const open = () => device.openEmergency(gateway(), input);

  test('is signed as decided', async () => {
    answers = [...deposit(), ...both(opening({}))];
    await open();
    expect(signed).toHaveLength(4);
  });

  test.each<[string, object]>([
    ['another case than the reason', { emergencyId: other }],
    ['another patient than the card', { ledgerId: recordId }],
    ['another reason', { reasonCode: 'UNRESPONSIVE' }],
    ['a longer window', { until: new Date(Date.now() + 120 * 3_600_000).toISOString() }],
    ['one member more', { readers: [] }],
  ])('%s is not signed', async (_title, more) => {
    answers = [...deposit(), proposal(opening(more))];
    await expect(open()).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    expect(signed).toHaveLength(2);
  });

  test('a review is for the case and with the verdict chosen', async () => {
    const close = () => device.closeEmergency(gateway(), emergencyId, 'justified');
    answers = both(parts(['access:closeEmergency', emergencyId, 'justified']));
    await close();
    answers = [proposal(parts(['access:closeEmergency', emergencyId, 'unjustified']))];
    await expect(close()).rejects.toThrow('another than decided');
  });
});

test.each<[string, string[]]>([
  ['another record', [other, '1', 'sealed', 'ab'.repeat(32)]],
  ['another version', [recordId, '2', 'sealed', 'ab'.repeat(32)]],
  ['another kind', [recordId, '1', 'sanitized', 'ab'.repeat(32)]],
  ['no commitment', [recordId, '1', 'sealed', '']],
  ['one argument more', [recordId, '1', 'sealed', 'ab'.repeat(32), '1']],
])('an audit is opened of the file chosen: %s is not signed', async (_title, args) => {
  const open = () => device.openAudit(gateway(), { recordId, kind: 'sealed', version: 1 });
  answers = both(parts(['integrity:openAudit', businessId, recordId, '1', 'sealed', 'ab'.repeat(32)]));
  await open();
  expect(signed).toHaveLength(2);
  answers = [proposal(parts(['integrity:openAudit', businessId, ...args]))];
  await expect(open()).rejects.toThrow('another file than decided');
  expect(signed).toHaveLength(2);
});

describe('a new record', () => {
  const record = {
    document: { resourceType: 'Bundle' },
    selector: { date: '2024-06-08', recordType: 'OPConsultation', scope: 'general' as const },
    titleLine: { date: '2024-06-08', disease: 'Murmur' },
  };
  const creation = (id = recordId) =>
    both(
      parts([
        'records:create',
        businessId,
        canonicalJson({ recordId: id, version: 1, ledgerId: other, scopeId: other, epoch: 0 }),
      ]),
    );
  const prepared = (recipient = toHex(receivingKeyPair(seed).publicKey), id = recordId) => ({
    recordId: id,
    version: 1,
    ledgerId: other,
    channel: 'health',
    scopeId: '00'.repeat(16),
    epoch: 0,
    custodianKey: toHex(receivingKeyPair(newSeed()).publicKey),
    custodian: 'CityMSP',
    recipients: [{ kind: 'author' as const, subject, publicKey: recipient }],
  });
  const write = () => device.writeRecord(gateway(), '1', record);

  test('is sealed to its author alone, and announced as it was sealed', async () => {
    answers = [...creation(), prepared(toHex(receivingKeyPair(newSeed()).publicKey))];
    await expect(write()).rejects.toThrow('to others than its author');
    answers = [...creation(), prepared(undefined, other)];
    await expect(write()).rejects.toThrow('another record was prepared');
    const entry = canonicalJson({ recordId, version: 1, author: subject, sealed: {} });
    const sealing = parts(['records:sealPrivate', businessId, recordId, '1'], {
      transient: { entry, private: 'x' },
    });
    answers = [...creation(), prepared(), proposal(sealing, '2')];
    await expect(write()).rejects.toThrow('transient data entry is not what this device made');
    expect(signed).not.toContain('2');
  });
});

describe('the keys', () => {
  test('are made by the device, whose certificate must be for them and nameless', async () => {
    const enrol = (client: MedsealClient) =>
      StaffDevice.enrol(client, { passphrase: PASSPHRASE, wrap: CHEAP });
    await expect(enrol(gateway())).rejects.toThrow('not for the key of this device');
    const naming = gateway();
    naming.staffKeys = () => Promise.resolve({ enrollmentId: 'dr-meena' } as never);
    await expect(enrol(naming)).rejects.toThrow('not a random one');
    await expect(StaffDevice.unlock(gateway(root.pem), PASSPHRASE)).rejects.toThrow('not for the key');
  });

  test('go to the ledger as they are', async () => {
    const receivingKey = toHex(receivingKeyPair(seed).publicKey);
    const readerKey = toHex(readerKeyPair(await mclEngine(), seed, 1).publicKey);
    answers = [proposal(parts(['registry:registerReceivingKey', readerKey.slice(0, 64), '1']))];
    await expect(device.register(gateway())).rejects.toThrow('another key');
    answers = [
      ...both(parts(['registry:registerReceivingKey', receivingKey, '1'])),
      proposal(parts(['consent:registerKey', readerKey, '00'.repeat(64), '1']), '2'),
    ];
    await expect(device.register(gateway())).rejects.toThrow('another key');
    expect(signed).toEqual(['1', '1']);
  });
});
