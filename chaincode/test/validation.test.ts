import { canonicalJson } from '@medseal/crypto';
import fc from 'fast-check';
import { parseContractError } from '../src/errors';
import * as args from '../src/model/arguments';
import * as consents from '../src/model/consent-arguments';
import * as integrity from '../src/model/integrity-arguments';
import { businessIdOf, type Check, parseInteger, parseJson, version } from '../src/model/validation';

const id = 'a1'.repeat(16);
const digest = 'b2'.repeat(32);
const commitments = { number: digest, identity: digest, contact: digest, guardian: digest, care: digest };
const sealed = {
  sealedBy: 'hospital',
  sealedDigest: digest,
  sealedBytes: 1000,
  headerDigest: digest,
  headerBytes: 500,
  dekCommitment: digest,
  commitments: { selector: digest, titleLine: digest, document: digest },
  recipients: [id, 'custodian:CityMSP'],
};

const step = { recordId: id, version: 1, round: 1 };
const file = { digest, bytes: 1 };

/** One good value of every JSON argument. */
const good: [string, Check<unknown>, Record<string, unknown>][] = [
  [
    'parameters',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['chain'], consentThreshold: 2, attestThreshold: 1 },
  ],
  [
    'auditParameters',
    integrity.auditParametersArgument,
    {
      version: 1,
      parameters: 'AAAA',
      shares: [
        { mspId: 'CityMSP', publicKey: digest, shareDigest: digest },
        { mspId: 'LakesideMSP', publicKey: digest, shareDigest: digest },
      ],
      certificate: '-----BEGIN CERTIFICATE-----',
      signature: 'AAAA',
    },
  ],
  [
    'blind',
    integrity.blindArgument,
    {
      ...step,
      sanitizer: id,
      tags: { sealed: 'AAAA', sanitized: 'AAAA' },
      packageDigest: digest,
      packageBytes: 1,
      profile: 'minimal',
    },
  ],
  ['sanitize', integrity.sanitizeArgument, { ...step, object: file, signedFile: file }],
  ['return', integrity.returnArgument, { ...step, reasonCode: 'BAD_PACKAGE' }],
  ['upload', integrity.uploadArgument, { ...step, object: file, signedFile: file, sealedSignedFile: file }],
  ['attest', integrity.attestArgument, { ...step, verdict: 'return', reasonCode: 'DOCUMENT_WRONG' }],
  [
    'organization',
    args.organizationArgument,
    { mspId: 'CityMSP', name: 'City', kind: 'hospital', code: '101', status: 'active' },
  ],
  [
    'organizationKey',
    args.organizationKeyArgument,
    {
      mspId: 'CityMSP',
      kind: 'custodian',
      epoch: 1,
      publicKey: digest,
      certificate: '-----BEGIN CERTIFICATE-----',
      signature: 'AAAA',
    },
  ],
  [
    'staff',
    args.staffArgument,
    { staffId: id, mspId: 'CityMSP', role: 'doctor', status: 'active', version: 1 },
  ],
  [
    'details',
    args.staffDetailsArgument,
    { name: 'A', specialization: null, contactNo: '5551234', email: 'a@b.example', address: 'x' },
  ],
  ['patient', args.patientArgument, { ledgerId: id, homeMsp: 'CityMSP', version: 1, commitments }],
  ['patientUpdate', args.patientUpdateArgument, { ledgerId: id, version: 2, commitments, status: 'deleted' }],
  [
    'activation',
    args.activationArgument,
    {
      ledgerId: id,
      receivingKey: digest,
      scopes: [
        { scopeId: id, epoch: 1, publicKey: 'c3'.repeat(48) },
        { scopeId: 'a2'.repeat(16), epoch: 1, publicKey: 'c4'.repeat(48) },
      ],
    },
  ],
  ['create', args.createArgument, { recordId: id, version: 1, ledgerId: id, scopeId: id, epoch: 1 }],
  ['seal', args.sealArgument, { recordId: id, version: 1, author: id, sealed }],
  [
    'keySlot',
    args.keySlotArgument,
    {
      recordId: id,
      version: 1,
      scopeId: id,
      epoch: 1,
      headerDigest: digest,
      headerBytes: 9,
      recipients: [id],
    },
  ],
  ['receipt', args.receiptArgument, { recordIds: [id], basis: 'author' }],
  ['receiptUnderConsent', args.receiptArgument, { recordIds: [id], basis: 'consent', consentId: id }],
  [
    'careTeam',
    consents.careTeamArgument,
    {
      teamId: id,
      kind: 'named',
      publicKey: 'c3'.repeat(96),
      proof: 'c4'.repeat(64),
      epoch: 1,
      members: [id],
    },
  ],
  [
    'consent',
    consents.grantArgument,
    {
      consentId: id,
      requestId: null,
      grantee: {
        kind: 'person',
        id,
        mspId: 'CityMSP',
        publicKey: 'c3'.repeat(96),
        certificateHash: digest,
        epoch: 1,
      },
      scopes: [
        {
          scopeId: id,
          epoch: 1,
          publicKey: 'c3'.repeat(48),
          points: ['c4'.repeat(48), 'c5'.repeat(48)],
          shareDigests: [digest, 'b3'.repeat(32)],
        },
      ],
      agents: [
        { mspId: 'LakesideMSP', publicKey: digest },
        { mspId: 'MinistryMSP', publicKey: digest },
      ],
      threshold: 2,
      expiresAt: '2026-12-31T23:59:59.999Z',
      termsCommitment: digest,
    },
  ],
  ['share', consents.depositedSharesArgument, { scopes: [{ scopeId: id, epoch: 1, sealedShare: 'AAAA' }] }],
  [
    'terms',
    consents.termsArgument,
    {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2026-01-01', to: '2026-02-28' },
      dataEraseAt: '2026-12-31T00:00:00.000Z',
      salt: digest,
    },
  ],
  [
    'selector',
    consents.selectorArgument,
    { date: '2026-02-28', recordType: 'OPConsultation', scope: 'general', salt: digest },
  ],
  ['grantee', consents.granteeArgument, { kind: 'careTeam', id }],
];

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe.each(good)('%s', (name, check, value) => {
  const parse = (candidate: unknown) => parseJson(canonicalJson(candidate), check, name);

  test('is accepted as it is', () => {
    expect(parse(value)).toEqual(value);
  });

  test('an unknown field is refused by its name', () => {
    expect(refusal(() => parse({ ...value, extra: 1 }))).toBe(
      `BAD_ARGUMENT: ${name}.extra is not a known field`,
    );
  });

  test('every missing or wrong field is refused by its name', () => {
    const optional = new Set(['specialization', 'contactNo', 'email', 'address']);
    if (name === 'patientUpdate') optional.add('status');
    if (name === 'parameters') optional.add('consentThreshold').add('attestThreshold');
    for (const field of Object.keys(value)) {
      const { [field]: _gone, ...rest } = value;
      if (!optional.has(field)) {
        expect(refusal(() => parse(rest))).toBe(`BAD_ARGUMENT: ${name}.${field} is missing`);
      }
      expect(refusal(() => parse({ ...value, [field]: { no: 'such' } }))).toContain(
        `BAD_ARGUMENT: ${name}.${field}`,
      );
      expect(refusal(() => parse({ ...value, [field]: -7 }))).toContain(`BAD_ARGUMENT: ${name}.${field}`);
    }
  });

  test('only its canonical text is accepted', () => {
    expect(refusal(() => parseJson(JSON.stringify(value, null, 1), check, name))).toContain(
      'must be canonical JSON',
    );
    const doubled = canonicalJson(value)
      .replace('{', '{"zz":1,')
      .replace('"zz"', `"${Object.keys(value).sort()[0]}"`);
    expect(refusal(() => parseJson(doubled, check, name))).toContain('BAD_ARGUMENT');
  });

  test('no other JSON value is accepted, and none is repeated in the refusal', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (candidate) => {
        const message = refusal(() => parseJson(JSON.stringify(candidate), check, name));
        expect(parseContractError(message)?.code).toBe('BAD_ARGUMENT');
      }),
    );
  });
});

const goodValue = (wanted: string): Record<string, unknown> => good.find(([name]) => name === wanted)![2];
const agent = (mspId: string) => ({ mspId, publicKey: digest });

const cases: [string, Check<unknown>, unknown, string][] = [
  [
    'steps in another order',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['upload', 'blind', 'chain'] },
    'recordSteps',
  ],
  [
    'steps without chain',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['blind'] },
    'recordSteps',
  ],
  [
    'a step twice',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['chain', 'chain'] },
    'recordSteps',
  ],
  [
    'a step after chain',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['chain', 'attest'] },
    'recordSteps',
  ],
  [
    'some of the integrity steps',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['upload', 'attest', 'chain'] },
    'recordSteps',
  ],
  [
    'a threshold of no verifier',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['chain'], attestThreshold: 0 },
    'attestThreshold',
  ],
  [
    'a verifier twice',
    args.createArgument,
    { recordId: id, version: 1, ledgerId: id, scopeId: id, epoch: 1, sanitizer: id, verifiers: [id, id] },
    'verifiers',
  ],
  [
    'an approval with a reason',
    integrity.attestArgument,
    { ...step, verdict: 'approve', reasonCode: 'DOCUMENT_WRONG' },
    'reasonCode',
  ],
  [
    'a return without one',
    integrity.attestArgument,
    { ...step, verdict: 'return', reasonCode: null },
    'reasonCode',
  ],
  [
    'a recipient twice',
    args.sealArgument,
    { recordId: id, version: 1, author: id, sealed: { ...sealed, recipients: [id, id] } },
    'recipients',
  ],
  [
    'a custodian of no MSP',
    args.sealArgument,
    { recordId: id, version: 1, author: id, sealed: { ...sealed, recipients: ['custodian:'] } },
    'recipients',
  ],
  [
    'upper-case hex',
    args.createArgument,
    { recordId: 'A1'.repeat(16), version: 1, ledgerId: id, scopeId: id, epoch: 1 },
    'recordId',
  ],
  [
    'a line feed after hex',
    args.createArgument,
    { recordId: `${id}\n`, version: 1, ledgerId: id, scopeId: id, epoch: 1 },
    'recordId',
  ],
  [
    'an MSP id with a slash',
    args.staffArgument,
    { staffId: id, mspId: 'City/MSP', role: 'doctor', status: 'active', version: 1 },
    'mspId',
  ],
  [
    'an MSP id with a NUL',
    args.staffArgument,
    { staffId: id, mspId: 'City\0MSP', role: 'doctor', status: 'active', version: 1 },
    'mspId',
  ],
  [
    'a patient as staff',
    args.staffArgument,
    { staffId: id, mspId: 'CityMSP', role: 'patient', status: 'active', version: 1 },
    'role',
  ],
  [
    '201 records',
    args.receiptArgument,
    { recordIds: Array.from({ length: 201 }, (_, n) => n.toString(16).padStart(32, '0')), basis: 'author' },
    'recordIds',
  ],
  ['no record', args.receiptArgument, { recordIds: [], basis: 'author' }, 'recordIds'],
  ['a record twice', args.receiptArgument, { recordIds: [id, id], basis: 'author' }, 'recordIds'],
  [
    'a consent basis alone',
    args.receiptArgument,
    { recordIds: [id], basis: 'consent' },
    'consentId is missing',
  ],
  [
    'a consent for another basis',
    args.receiptArgument,
    { recordIds: [id], basis: 'author', consentId: id },
    'consentId is for basis consent',
  ],
  [
    'a threshold of one',
    args.parametersArgument,
    { policyVersion: 1, recordSteps: ['chain'], consentThreshold: 1 },
    'consentThreshold',
  ],
  ...['2026-02-30', '2026-13-01', '2026-2-1', '26-02-01', '2026-02-28T00:00:00.000Z'].map(
    (from): [string, Check<unknown>, unknown, string] => [
      `the day ${from}`,
      consents.termsArgument,
      { ...goodValue('terms'), dateRange: { from, to: '2026-12-31' } },
      'dateRange.from',
    ],
  ),
  ...['2026-02-30T00:00:00.000Z', '2026-02-28T00:00:00Z', '2026-02-28T00:00:00.000+01:00', '2026-02-28'].map(
    (expiresAt): [string, Check<unknown>, unknown, string] => [
      `the instant ${expiresAt}`,
      consents.grantArgument,
      { ...goodValue('consent'), expiresAt },
      'expiresAt',
    ],
  ),
  ...(
    [
      ['agents out of order', { agents: [agent('MinistryMSP'), agent('LakesideMSP')] }, 'ascending'],
      ['an agent twice', { agents: [agent('LakesideMSP'), agent('LakesideMSP')] }, 'twice'],
      ['one agent', { agents: [agent('LakesideMSP')] }, 'agents'],
      ['a threshold of more than the agents', { threshold: 3 }, 'threshold'],
      ['a threshold of one in a consent', { threshold: 1 }, 'threshold'],
      ['no scope', { scopes: [] }, 'scopes'],
    ] as const
  ).map(([what, changed, named]): [string, Check<unknown>, unknown, string] => [
    what,
    consents.grantArgument,
    { ...goodValue('consent'), ...changed },
    named,
  ]),
  [
    'a point too few',
    consents.grantArgument,
    {
      ...goodValue('consent'),
      agents: [agent('CityMSP'), agent('LakesideMSP'), agent('MinistryMSP')],
    },
    'scopes[0]',
  ],
  ['members of a rule', consents.careTeamArgument, { ...goodValue('careTeam'), kind: 'duty' }, 'members'],
  ['a named team of nobody', consents.careTeamArgument, { ...goodValue('careTeam'), members: [] }, 'members'],
  ['an unknown purpose', consents.termsArgument, { ...goodValue('terms'), purpose: 'CARE' }, 'purpose'],
  ['a control character in a name', args.staffDetailsArgument, { name: 'a\u0007b' }, 'name'],
  ['a private value that is not base64', args.privateValuesArgument, [{ key: 'k', value: '*' }], 'value'],
  ['an empty private value', args.privateValuesArgument, [{ key: 'k', value: '' }], 'value'],
  [
    'a private key twice',
    args.privateValuesArgument,
    [
      { key: 'k', value: 'AAAA' },
      { key: 'k', value: 'AAAA' },
    ],
    'must not name anything twice',
  ],
];

test.each(cases)('%s is refused', (_what, check, value, named) => {
  const message = refusal(() => parseJson(canonicalJson(value), check, 'argument'));
  expect(message).toMatch(/^BAD_ARGUMENT: /);
  expect(message).toContain(named);
});

test('inherited names are no fields', () => {
  for (const field of ['__proto__', 'constructor', 'toString']) {
    const json = canonicalJson(JSON.parse(`{"basis":"author","recordIds":["${id}"],"${field}":1}`));
    expect(refusal(() => parseJson(json, args.receiptArgument, 'receipt'))).toContain('is not a known field');
  }
});

test('a field name that could be anything is not repeated', () => {
  const planted = 'Rajini 101000000001';
  const message = refusal(() => parseJson(canonicalJson({ [planted]: 1 }), args.receiptArgument, 'receipt'));
  expect(message).not.toContain('Rajini');
});

test('numbers as arguments are plain decimals', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 0xffff_ffff }),
      (n) => parseInteger(String(n), version, 'version') === n,
    ),
  );
  for (const text of [
    '',
    '0',
    '-1',
    '01',
    '1.0',
    '1e3',
    ' 1',
    '0x1',
    '4294967296',
    '99999999999999999999',
    'NaN',
  ]) {
    expect(refusal(() => parseInteger(text, version, 'version'))).toMatch(/^BAD_ARGUMENT: version /);
  }
});

test('business ids are 64 hexadecimal characters', () => {
  expect(businessIdOf(digest)).toBe(digest);
  for (const text of ['', id, digest.toUpperCase(), `${digest}0`]) {
    expect(refusal(() => businessIdOf(text))).toMatch(/^BAD_ARGUMENT: businessId /);
  }
});

test('an argument of any size is refused before it is parsed', () => {
  expect(refusal(() => parseJson(`"${'x'.repeat(70_000)}"`, args.receiptArgument, 'receipt'))).toContain(
    'longer than',
  );
});
