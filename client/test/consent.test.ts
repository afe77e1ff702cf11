import {
  acceptShare,
  canonicalJson,
  commit,
  concat,
  decodeHpke,
  fromHex,
  type GrantValues,
  grantedCapsules,
  hpkeOpen,
  lp,
  mclEngine,
  newReaderKeyPair,
  newSeed,
  type PairingEngine,
  proveReaderKey,
  receivingKeyPair,
  reencrypt,
  scopeKeyPair,
  sha256Hex,
  toBase64,
  toHex,
  utf8Decode,
} from '@medseal/crypto';
import type { GrantBody, OpenedUnderConsent } from '../src/api';
import { actOnOne, actsOfGrant, type GrantInput, makeConsent } from '../src/device/consent-grant';
import { openRecordAsReader } from '../src/device/consent-reading';
import { sealOnDevice } from '../src/device/record-content';

const CHANNEL = 'health';
const CITY = 'CityMSP';
const LAKESIDE = 'LakesideMSP';
const MINISTRY = 'MinistryMSP';
const ledgerId = 'ab'.repeat(16);
const scopeId = 'cd'.repeat(16);
const recordId = 'ef'.repeat(16);
const certificateHash = sha256Hex('certificate');
const seed = newSeed();
const agents = Object.fromEntries(
  [LAKESIDE, MINISTRY, CITY].map((mspId) => [mspId, receivingKeyPair(newSeed())]),
);
const accepted = (mspId: string) => ({ mspId, publicKey: toHex(agents[mspId]!.publicKey) });
const shareOf = (bytes: string) =>
  JSON.parse(Buffer.from(bytes, 'base64').toString()) as { scopes: { sealedShare: string }[] };

let engine: PairingEngine;
let reader: { publicKey: Uint8Array; secretKey: Uint8Array };
let input: GrantInput;
let body: GrantBody;
let grant: GrantValues;
let opened: OpenedUnderConsent;

/** What the agents, each with its own share, answer for the record's capsule. */
async function elements(capsule: Uint8Array, sealedDigest: string) {
  return Promise.all(
    body.sealedShares.map(async ({ mspId, bytes }) => ({
      mspId,
      scopeId,
      epoch: 1,
      element: toBase64(
        await reencrypt(engine, {
          grant,
          mspId,
          agentSecretKey: agents[mspId]!.secretKey,
          sealedShare: Buffer.from(shareOf(bytes).scopes[0]!.sealedShare, 'base64'),
          capsule,
          context: {
            channel: CHANNEL,
            recordId,
            version: 1,
            owner: ledgerId,
            scopeId,
            epoch: 1,
            sealedDigest,
          },
        }),
      ),
    })),
  );
}

beforeAll(async () => {
  engine = await mclEngine();
  reader = newReaderKeyPair(engine);
  const { proof } = proveReaderKey(engine, reader.secretKey, { mspId: CITY, certificateHash });
  const grantee = { kind: 'person' as const, id: '12'.repeat(16), mspId: CITY };
  input = {
    channel: CHANNEL,
    ledgerId,
    wish: {
      grantee,
      scopes: ['general'],
      terms: {
        purpose: 'CAREMGT',
        recordTypes: ['OPConsultation'],
        dateRange: { from: '2026-01-01', to: '2026-12-31' },
        dataEraseAt: '2027-06-01T00:00:00.000Z',
      },
      expiresAt: '2027-01-01T00:00:00.000Z',
    },
    scopeKeys: [scopeKeyPair(engine, seed, scopeId, 1)],
    ownCopy: () => Promise.resolve(''),
    reader: {
      certificate: null,
      ...grantee,
      publicKey: toHex(reader.publicKey),
      proof: toHex(proof),
      certificateHash,
      epoch: 1,
    },
    // Not in the ledger's order, and with the reader's own.
    agents: [MINISTRY, CITY, LAKESIDE].map(accepted),
    threshold: 2,
    receivers: [CITY, LAKESIDE].map(accepted),
  };
  body = await makeConsent(engine, input);
  const [scope] = body.fields.scopes;
  grant = {
    grantId: body.fields.consentId,
    channel: CHANNEL,
    owner: ledgerId,
    scopeId,
    epoch: 1,
    ownerPublicKey: fromHex(scope!.publicKey),
    reader: { mspId: CITY, publicKey: reader.publicKey },
    threshold: 2,
    agents: body.fields.agents.map(({ mspId, publicKey }, at) => ({
      mspId,
      publicKey: fromHex(publicKey),
      check: fromHex(scope!.points[at]!),
      shareDigest: scope!.shareDigests[at]!,
    })),
  };
  const selector = { date: '2026-05-01', recordType: 'OPConsultation', scope: 'general' as const };
  const sealed = (await sealOnDevice(
    {
      recordId,
      version: 1,
      ledgerId,
      channel: CHANNEL,
      scopeId,
      epoch: 1,
      ownerKey: scope!.publicKey,
      recipients: [],
      policyVersion: 1,
    },
    { document: { resourceType: 'Bundle' }, selector, titleLine: { date: '2026-05-01', disease: 'Fever' } },
  )) as { sealed: string; header: string; commitments: OpenedUnderConsent['commitments'] };
  const header = Buffer.from(sealed.header, 'base64');
  const sealedDigest = sha256Hex(Buffer.from(sealed.sealed, 'base64'));
  const { dekCommitment } = JSON.parse(utf8Decode(header)) as { dekCommitment: string };
  const facts = {
    record: { channel: CHANNEL, recordId, version: 1, owner: ledgerId },
    sealedDigest,
    dekCommitment,
    headerDigest: sha256Hex(header),
  };
  const [found] = grantedCapsules({ header, facts }, { scopeId, epoch: 1 });
  const { requestId: _requestId, ...fields } = body.fields;
  opened = {
    receipt: null,
    sealed: sealed.sealed,
    header: sealed.header,
    channel: CHANNEL,
    recordId,
    version: 1,
    ledgerId,
    ...facts,
    commitments: sealed.commitments,
    capsule: toBase64(found!.capsule),
    consent: { ...fields, ledgerId },
    elements: await elements(found!.capsule, sealedDigest),
  };
});

describe('a consent made on the owner’s device', () => {
  test('has a share for each organisation but the reader’s own, in order, that its agent accepts', async () => {
    expect(body.fields.agents.map(({ mspId }) => mspId)).toEqual([LAKESIDE, MINISTRY]);
    for (const { mspId, bytes } of body.sealedShares) {
      const sealedShare = Buffer.from(shareOf(bytes).scopes[0]!.sealedShare, 'base64');
      const agentSecretKey = agents[mspId]!.secretKey;
      await expect(
        acceptShare(engine, { grant, mspId, agentSecretKey, sealedShare }),
      ).resolves.toBeUndefined();
    }
  });

  test('hands its terms to each organisation that must know them, and to no other key', async () => {
    for (const { mspId, deliveryId, bytes } of body.sealedOpenings) {
      const info = concat(lp('MS-DELIVERY'), lp(mspId), lp(deliveryId));
      const sealed = decodeHpke(Buffer.from(bytes, 'base64'));
      const delivery = JSON.parse(utf8Decode(await hpkeOpen(agents[mspId]!.secretKey, sealed, info))) as {
        kind: string;
        consentId: string;
        terms: { salt: string };
      };
      const { salt, ...terms } = delivery.terms;
      expect(delivery).toMatchObject({ kind: 'terms', consentId: body.fields.consentId });
      expect(terms).toEqual(input.wish.terms);
      expect(commit(terms, fromHex(salt))).toBe(body.fields.termsCommitment);
      await expect(hpkeOpen(agents[MINISTRY]!.secretKey, sealed, info)).rejects.toThrow();
    }
    expect(body.sealedOpenings.map(({ mspId }) => mspId)).toEqual([CITY, LAKESIDE]);
  });

  test('is not made for another grantee’s key, a key without its proof, or too few agents', async () => {
    const changed = (change: Partial<GrantInput>) => makeConsent(engine, { ...input, ...change });
    await expect(changed({ reader: { ...input.reader, id: '34'.repeat(16) } })).rejects.toThrow(/grantee/);
    await expect(
      changed({ reader: { ...input.reader, certificateHash: sha256Hex('x') } }),
    ).rejects.toMatchObject({
      code: 'BAD_KEY_PROOF',
    });
    await expect(changed({ agents: [CITY, LAKESIDE].map(accepted) })).rejects.toThrow(/2 agents/);
  });

  test('opens a record for its reader, and names an agent that answered wrongly', async () => {
    const { content, culprits } = await openRecordAsReader(opened, reader.secretKey);
    expect(content).toMatchObject({ document: { resourceType: 'Bundle' }, titleLine: { disease: 'Fever' } });
    expect(culprits).toEqual([]);
  });

  test('opens nothing with one agent’s answer, another reader’s key or another owner’s consent', async () => {
    const alone = { ...opened, elements: opened.elements.slice(1) };
    await expect(openRecordAsReader(alone, reader.secretKey)).rejects.toMatchObject({
      code: 'TOO_FEW_ANSWERS',
    });
    await expect(openRecordAsReader(opened, newReaderKeyPair(engine).secretKey)).rejects.toMatchObject({
      code: 'WRONG_CONTEXT',
    });
    const foreign = { ...opened, consent: { ...opened.consent, ledgerId: '00'.repeat(16) } };
    await expect(openRecordAsReader(foreign, reader.secretKey)).rejects.toThrow(/another owner/);
    const [first] = opened.elements;
    const otherScope = { ...opened, elements: [{ ...first!, scopeId: '00'.repeat(16) }] };
    await expect(openRecordAsReader(otherScope, reader.secretKey)).rejects.toThrow(/no scope/);
  });
});

describe('what the owner’s device signs for a consent', () => {
  const signer = { channel: CHANNEL, mspId: CITY };
  const businessId = 'aa'.repeat(32);

  test('is the consent as it was made, each share and each delivery, under no other arguments', () => {
    const [granting, ...others] = actsOfGrant(body, signer);
    const json = canonicalJson(body.fields);
    const other = canonicalJson({ ...body.fields, expiresAt: '2028-01-01T00:00:00.000Z' });
    expect(others.map(({ functionName }) => functionName)).toEqual([
      'consent:depositShare',
      'consent:depositShare',
      'consent:deliver',
      'consent:deliver',
    ]);
    expect(() => granting!.checkArguments([businessId, json])).not.toThrow();
    expect(() => granting!.checkArguments([businessId, other])).toThrow(/other arguments/);
    expect(() => granting!.checkArguments([businessId])).toThrow(/other arguments/);
    const [deposit, , delivery] = others;
    const { consentId } = body.fields;
    expect(() => deposit!.checkArguments([consentId])).not.toThrow();
    expect(() => deposit!.checkArguments([recordId])).toThrow(/other arguments/);
    expect(() => deposit!.checkArguments([consentId, 'x'])).toThrow(/other arguments/);
    expect(() => delivery!.checkArguments([body.sealedOpenings[0]!.deliveryId])).not.toThrow();
    expect(() => delivery!.checkArguments([body.sealedOpenings[1]!.deliveryId])).toThrow(/other arguments/);
  });

  test('is a denial or a revocation of the id that was decided', () => {
    const revocation = actOnOne('consent:revoke', recordId, signer);
    expect(() => revocation.checkArguments([recordId])).not.toThrow();
    expect(() => revocation.checkArguments([scopeId])).toThrow(/another id/);
    expect(() => revocation.checkArguments([recordId, recordId])).toThrow(/another id/);
  });
});
