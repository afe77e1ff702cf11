import {
  blindDocument,
  combineIdentityShares,
  CryptoError,
  extractIdentityShare,
  layOutDocument,
  makeMasterKey,
  mclEngine,
  newReceivingKeyPair,
  openMasterShare,
  type PairingEngine,
} from '@medseal/crypto';
import { type BlindedFiles, fileWork, type ToBlind } from '../src/integrity/file-work.js';
import type { SanitisedFiles, ToSanitise } from '../src/integrity/sanitising-work.js';
import { leftFault, refusalFault } from '../src/integrity/package-fault.js';
import { foldDecimals } from '../src/records/document/decimals.js';
import { toDocumentBundle } from '../src/records/document/fhir-document.js';

/** A sanitiser's and a verifier's work, against authors and sanitisers who do theirs wrong. */
const MSP_IDS = ['CityMSP', 'LakesideMSP'];
const OWNER = 'c'.repeat(32);
const identity = { channel: 'health', mspId: 'CityMSP', userId: 'd'.repeat(32), keyEpoch: 1 };
const record = { channel: 'health', recordId: 'a'.repeat(32), version: 1, owner: OWNER };
const document = foldDecimals(
  toDocumentBundle(
    { progressNotes: [{ text: 'Ottoline Marsh feels better' }], labData: [{ text: 'CRP', value: 1.5 }] },
    {
      ledgerId: OWNER,
      author: identity.userId,
      hospital: 'CityMSP',
      date: '2024-06-07',
      title: 'cough',
      recordType: 'OPConsultation',
    },
  ),
);
const sealed = Buffer.from('the sealed object');

let engine: PairingEngine;
let signer: ToBlind['signer'];
let blinded: BlindedFiles;

const newSigner = async (): Promise<ToBlind['signer']> => {
  const extractors = MSP_IDS.map((mspId) => ({ mspId, ...newReceivingKeyPair() }));
  const { parameters, sealedShares } = await makeMasterKey(engine, { extractors, threshold: 2 });
  const shares = await Promise.all(
    extractors.map(async ({ mspId, secretKey: extractorSecretKey }, at) => {
      const share = { parameters, mspId, extractorSecretKey, sealed: sealedShares[at]!.sealed };
      const masterShare = await openMasterShare(engine, share);
      return { mspId, share: extractIdentityShare(engine, { parameters, mspId, masterShare, identity }) };
    }),
  );
  return { parameters, identity, key: combineIdentityShares(engine, { parameters, identity, shares }) };
};

const toSanitise = (changed: Partial<ToSanitise> = {}): ToSanitise => ({
  signer,
  record,
  profile: 'minimal',
  tag: blinded.tags.sanitized,
  package: blinded.package,
  ...changed,
});

const faultOf = async (asked: ToSanitise): Promise<string> => {
  try {
    return leftFault(await fileWork.sanitise(asked))?.code ?? 'none';
  } catch (error) {
    if (error instanceof CryptoError) return refusalFault(error).code;
    throw error;
  }
};

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

beforeAll(async () => {
  engine = await mclEngine();
  signer = await newSigner();
  blinded = await fileWork.blind({ signer, record, document, layOut: { profile: 'minimal' }, sealed });
});

describe('a package', () => {
  test('of an honest author is sanitised, with nothing left', async () => {
    expect(await faultOf(toSanitise())).toBe('none');
  });

  test('with another authenticator, signer or record than it says is told from one that is no package', async () => {
    // The last bytes are those of the last block's authenticator: exchanged for those of the block before.
    const swapped = Uint8Array.from(blinded.package);
    const end = swapped.length;
    swapped.set(blinded.package.subarray(end - 96, end - 48), end - 48);
    expect(await faultOf(toSanitise({ package: swapped }))).toBe('BAD_AUTHENTICATOR');
    expect(await faultOf(toSanitise({ record: { ...record, version: 2 } }))).toBe('BAD_PACKAGE');
    const kept = Buffer.from(blinded.package).indexOf('Composition');
    expect(await faultOf(toSanitise({ package: flipped(blinded.package, kept) }))).toBe('BAD_PACKAGE');
    expect(await faultOf(toSanitise({ package: blinded.package.subarray(0, 700) }))).toBe('BAD_PACKAGE');
    const other = await fileWork.blind({ signer, record, document, layOut: { profile: 'minimal' }, sealed });
    expect(await faultOf(toSanitise({ tag: other.tags.sanitized }))).toBe('BAD_PACKAGE');
  });

  test('of an author who blinds less than the table says is told', async () => {
    const laidOut = layOutDocument(document, { profile: 'research', researchConsentId: 'c-1' });
    const { bytes: content, personal, organisation } = laidOut;
    const forged = blindDocument(engine, { ...signer, record, content, personal, organisation });
    const asked = toSanitise({ package: forged.package, tag: forged.tag });
    expect(await faultOf(asked)).toBe('PERSONAL_DATA_LEFT');
    const { left } = await fileWork.sanitise(asked);
    expect(left.map(({ path }) => path).join()).not.toContain('Ottoline');
  });
});

describe('what is stored', () => {
  let made: SanitisedFiles;
  const compared = async (stored: object = {}, original: unknown = document) =>
    fileWork.compare({
      signer,
      record,
      tags: blinded.tags,
      stored: {
        sealed,
        sealedSignedFile: blinded.sealedSignedFile,
        object: made.content,
        signedFile: made.signedFile,
        ...stored,
      },
      original,
      layOut: { profile: 'minimal' },
    });

  beforeAll(async () => {
    made = await fileWork.sanitise(toSanitise());
  });

  test('of an honest round has no fault and no difference', async () => {
    expect(await compared()).toMatchObject({ faults: [], differences: [], coverage: made.coverage });
  });

  test('is told where a file does not hold, or is another original’s', async () => {
    const { faults } = await compared({ sealed: Buffer.from('another one of them') });
    expect(faults).toEqual([expect.stringContaining('sealed file does not hold')]);
    const touched = flipped(made.signedFile, made.signedFile.length - 1);
    expect((await compared({ signedFile: touched })).faults).toHaveLength(1);
    const amended = JSON.parse(JSON.stringify(document)) as { entry: { resource: { status?: string } }[] };
    amended.entry[0]!.resource.status = 'amended';
    const { differences } = await compared({}, amended);
    expect(differences).toContainEqual({ kind: 'lost', path: 'entry.resource.status' });
  });
});
