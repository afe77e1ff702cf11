import {
  auditParametersDigest,
  checkIdentityKey,
  checkIdentityShare,
  combineIdentityShares,
  concat,
  decodeAuditParameters,
  decodeIdentityKey,
  encodeAuditParameters,
  encodeIdentityKey,
  extractIdentityShare,
  makeMasterKey,
  mclEngine,
  newReceivingKeyPair,
  nobleEngine,
  openIdentityShare,
  openMasterShare,
  type PairingEngine,
  sealIdentityShare,
  type SignerIdentity,
  signerIdentityBytes,
} from '../src/index.js';
import { type Extraction, IDENTITY, newExtraction, ORGANISATIONS, sharesOf } from './support/audit.js';
import { bothSay } from './support/both-engines.js';
import { flipBit, refusal } from './support/refusal.js';

const NAMES = ['mcl', 'noble'] as const;
let mcl: PairingEngine;
let extraction: Extraction;
const engineOf = (name: (typeof NAMES)[number]): PairingEngine => (name === 'mcl' ? mcl : nobleEngine());
const of = (
  mspId: string,
): { parameters: Extraction['parameters']; mspId: string; identity: SignerIdentity } => ({
  parameters: extraction.parameters,
  mspId,
  identity: IDENTITY,
});

beforeAll(async () => {
  mcl = await mclEngine();
  extraction = await newExtraction(mcl);
});

describe.each(NAMES)('identity keys in %s', (name) => {
  it('come of any two of three organisations, and are the person’s own', () => {
    const engine = engineOf(name);
    const { parameters } = extraction;
    const keys = [['CityMSP', 'LakeMSP'], ['MinistryMSP', 'CityMSP'], ORGANISATIONS].map((organisations) =>
      combineIdentityShares(engine, {
        parameters,
        identity: IDENTITY,
        shares: sharesOf(engine, extraction, IDENTITY, organisations),
      }),
    );
    for (const key of keys) checkIdentityKey(engine, parameters, IDENTITY, key);
    expect(new Set(keys.map(({ secret }) => secret.join())).size).toBe(3);
  });

  it('are re-randomised, so that the extractors do not know them', () => {
    const engine = engineOf(name);
    const shares = sharesOf(engine, extraction);
    const input = { parameters: extraction.parameters, identity: IDENTITY, shares };
    const [first, second] = [combineIdentityShares(engine, input), combineIdentityShares(engine, input)];
    expect(first.secret).not.toEqual(second.secret);
    expect(first.publicPart).not.toEqual(second.publicPart);
  });

  it('are of one identity and key epoch', async () => {
    const engine = engineOf(name);
    const { parameters } = extraction;
    const shares = sharesOf(engine, extraction);
    const key = combineIdentityShares(engine, { parameters, identity: IDENTITY, shares });
    const stored = encodeIdentityKey(IDENTITY, key);
    expect(decodeIdentityKey(IDENTITY, stored)).toEqual(key);
    for (const change of [{ keyEpoch: 2 }, { userId: 'doctor-2' }, { mspId: 'LakeMSP' }, { channel: 'x' }]) {
      const other = { ...IDENTITY, ...change };
      expect(await refusal(() => checkIdentityKey(engine, parameters, other, key))).toBe('WRONG_CONTEXT');
      expect(await refusal(() => decodeIdentityKey(other, stored))).toBe('WRONG_CONTEXT');
      expect(
        await refusal(() => combineIdentityShares(engine, { parameters, identity: other, shares })),
      ).toBe('BAD_SHARE');
    }
  });
});

describe('a share', () => {
  it('that does not fit names its extractor, and nobody else', async () => {
    const { parameters } = extraction;
    const [city, lake] = sharesOf(mcl, extraction);
    if (city === undefined || lake === undefined) throw new Error('no shares');
    const foreign = (await newExtraction(mcl)).masterShares.get('LakeMSP') ?? new Uint8Array(0);
    const rogue = extractIdentityShare(mcl, { ...of('LakeMSP'), masterShare: foreign });
    const asCity = extractIdentityShare(mcl, {
      ...of('CityMSP'),
      masterShare: extraction.masterShares.get('LakeMSP') ?? foreign,
    });
    const other = sharesOf(mcl, extraction, { ...IDENTITY, keyEpoch: 2 })[1]?.share ?? rogue;
    for (const share of [rogue, asCity, other, city.share, flipBit(lake.share, 60), lake.share.subarray(1)]) {
      expect(
        await bothSay((engine) =>
          combineIdentityShares(engine, {
            parameters,
            identity: IDENTITY,
            shares: [city, { mspId: 'LakeMSP', share }],
          }),
        ),
      ).toEqual(['BAD_SHARE', 'LakeMSP']);
      expect(await bothSay((engine) => checkIdentityShare(engine, of('LakeMSP'), share))).toBe(false);
    }
    expect(await bothSay((engine) => checkIdentityShare(engine, of('LakeMSP'), lake.share))).toBe(true);
  });

  it('with an identity element in it is refused', async () => {
    const [city] = sharesOf(mcl, extraction);
    const infinity = Uint8Array.from(city?.share ?? []);
    infinity.fill(0, infinity.length - 96)[infinity.length - 96] = 0xc0;
    expect(await bothSay((engine) => checkIdentityShare(engine, of('CityMSP'), infinity))).toBe(false);
  });

  it('is no key alone, nor twice', async () => {
    const { parameters } = extraction;
    const [city] = sharesOf(mcl, extraction);
    if (city === undefined) throw new Error('no shares');
    const combine = (shares: (typeof city)[]): Promise<unknown> =>
      bothSay((engine) => combineIdentityShares(engine, { parameters, identity: IDENTITY, shares }));
    expect(await combine([city])).toBe('TOO_FEW_ANSWERS');
    expect(await combine([])).toBe('TOO_FEW_ANSWERS');
    expect(await combine([city, city])).toBe('BAD_ARGUMENT');
    expect(await combine([city, { mspId: 'NobodyMSP', share: city.share }])).toBe('WRONG_CONTEXT');
  });

  it('opens for the person that it is sealed to, and from its extractor only', async () => {
    const [city] = sharesOf(mcl, extraction);
    const share = city?.share ?? new Uint8Array(0);
    const [person, another] = [newReceivingKeyPair(), newReceivingKeyPair()];
    const sealed = await sealIdentityShare(person.publicKey, share, IDENTITY);
    expect(await openIdentityShare(person.secretKey, sealed, of('CityMSP'))).toEqual(share);
    expect(await refusal(() => openIdentityShare(another.secretKey, sealed, of('CityMSP')))).toBe(
      'OPEN_FAILED',
    );
    expect(await refusal(() => openIdentityShare(person.secretKey, sealed, of('LakeMSP')))).toBe(
      'OPEN_FAILED',
    );
    const later = { ...of('CityMSP'), identity: { ...IDENTITY, keyEpoch: 2 } };
    expect(await refusal(() => openIdentityShare(person.secretKey, sealed, later))).toBe('OPEN_FAILED');
  });
});

describe('the master key', () => {
  it('has shares that open for their organisation alone and fit their public share', async () => {
    const extractors = ORGANISATIONS.map((mspId) => ({ mspId, ...newReceivingKeyPair() }));
    const { parameters, sealedShares } = await makeMasterKey(mcl, { extractors, threshold: 2 });
    const [first, second] = extractors;
    if (first === undefined || second === undefined) throw new Error('no extractors');
    const sealed = sealedShares[0]?.sealed ?? new Uint8Array(0);
    const open = (mspId: string, extractorSecretKey: Uint8Array): Promise<unknown> =>
      refusal(() => openMasterShare(mcl, { parameters, mspId, extractorSecretKey, sealed }));
    expect(await open('CityMSP', first.secretKey)).toBeUndefined();
    expect(await open('CityMSP', second.secretKey)).toBe('OPEN_FAILED');
    expect(await open('LakeMSP', first.secretKey)).toBe('OPEN_FAILED');
    const swapped = {
      ...parameters,
      extractors: parameters.extractors.map((one, i) => ({
        ...one,
        publicShare: parameters.extractors[(i + 1) % 3]?.publicShare ?? one.publicShare,
      })),
    };
    expect(
      await refusal(() =>
        openMasterShare(mcl, {
          parameters: swapped,
          mspId: 'CityMSP',
          extractorSecretKey: first.secretKey,
          sealed,
        }),
      ),
    ).toBe('BAD_SHARE');
  });

  it.each([
    ['a threshold of one', 1, ORGANISATIONS],
    ['a threshold beyond the extractors', 4, ORGANISATIONS],
    ['an organisation twice', 2, ['CityMSP', 'CityMSP', 'LakeMSP']],
  ])('is not made with %s', async (_, threshold, organisations) => {
    const extractors = organisations.map((mspId) => ({ mspId, ...newReceivingKeyPair() }));
    expect(await refusal(() => makeMasterKey(mcl, { extractors, threshold }))).toBe('BAD_ARGUMENT');
  });
});

describe('audit parameters', () => {
  it('are read back as they were written, by either engine', async () => {
    const { parameters } = extraction;
    const bytes = encodeAuditParameters(mcl, parameters);
    expect(encodeAuditParameters(nobleEngine(), parameters)).toEqual(bytes);
    expect(await bothSay((engine) => decodeAuditParameters(engine, bytes))).toEqual(parameters);
    expect(auditParametersDigest(mcl, parameters)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are refused when they do not belong together', async () => {
    const { parameters } = extraction;
    const bytes = encodeAuditParameters(mcl, parameters);
    const decode = (changed: Uint8Array): Promise<unknown> =>
      bothSay((engine) => decodeAuditParameters(engine, changed));
    const swapped = {
      ...parameters,
      extractors: parameters.extractors.map((one, i) => ({
        ...one,
        publicShare: parameters.extractors[(i + 1) % 3]?.publicShare ?? one.publicShare,
      })),
    };
    expect(await decode(encodeAuditParameters(mcl, swapped))).toBe('BAD_SHARE');
    const [first] = parameters.extractors;
    const same = parameters.extractors.map(({ mspId }) => ({
      mspId,
      publicShare: parameters.masterPublicKey,
    }));
    expect(await decode(encodeAuditParameters(mcl, { ...parameters, extractors: same }))).toBe('BAD_SHARE');
    expect(await decode(encodeAuditParameters(mcl, { ...parameters, sampleSize: 459 }))).toBe('BAD_ARGUMENT');
    expect(await decode(encodeAuditParameters(mcl, { ...parameters, threshold: 1 }))).toBe('BAD_ARGUMENT');
    expect(
      await decode(
        encodeAuditParameters(mcl, {
          ...parameters,
          extractors: [first, first, first].flatMap((o) => o ?? []),
        }),
      ),
    ).toBe('BAD_ARGUMENT');
    const infinity = new Uint8Array(96);
    infinity[0] = 0xc0;
    const noMaster = { ...parameters, masterPublicKey: infinity };
    expect(await decode(encodeAuditParameters(mcl, noMaster))).toBe('IDENTITY_ELEMENT');
    const noShare = parameters.extractors.map(({ mspId, publicShare }, i) => ({
      mspId,
      publicShare: i === 1 ? infinity : publicShare,
    }));
    expect(await decode(encodeAuditParameters(mcl, { ...parameters, extractors: noShare }))).toBe(
      'IDENTITY_ELEMENT',
    );
    expect(await decode(bytes.subarray(0, bytes.length - 1))).toBe('BAD_LENGTH');
    expect(await decode(concat(bytes, Uint8Array.of(0)))).toBe('TRAILING_DATA');
    // Header: magic, kind, version; then suite, sectors a block, generators.
    expect(await decode(flipBit(bytes, 0))).toBe('BAD_ENCODING');
    expect(await decode(flipBit(bytes, 4))).toBe('BAD_ENCODING');
    expect(await decode(flipBit(bytes, 5))).toBe('UNSUPPORTED_VERSION');
    expect(await decode(flipBit(bytes, 6))).toBe('UNSUPPORTED_VERSION');
    expect(await decode(flipBit(bytes, 8))).toBe('WRONG_CONTEXT');
    expect(await decode(flipBit(bytes, 9))).toBe('WRONG_CONTEXT');
  });
});

describe('an identity', () => {
  it('has bytes of its own, whatever its names are', async () => {
    const bytes = [
      IDENTITY,
      { ...IDENTITY, mspId: 'CityMSPd', userId: 'octor-1' },
      { ...IDENTITY, userId: `${IDENTITY.userId}\0` },
      { ...IDENTITY, keyEpoch: 2 },
    ].map((identity) => signerIdentityBytes(identity).join());
    expect(new Set(bytes).size).toBe(bytes.length);
    expect(await refusal(() => signerIdentityBytes({ ...IDENTITY, userId: '' }))).toBe('BAD_ARGUMENT');
    expect(await refusal(() => signerIdentityBytes({ ...IDENTITY, keyEpoch: -1 }))).toBe('BAD_ARGUMENT');
  });
});
