import {
  type AuditChallenge,
  auditParametersDigest,
  blindDocument,
  checkFile,
  checkIdentityKey,
  checkTag,
  combineIdentityShares,
  concat,
  decodeAuditChallenge,
  decodeAuditParameters,
  decodeIdentityKey,
  decodeSignedFile,
  drawAuditChallenge,
  encodeAuditChallenge,
  encodeAuditParameters,
  encodeIdentityKey,
  encodeScalar,
  extractIdentityShare,
  type FileKind,
  fromHex,
  makeAuditChallenge,
  makeMasterKey,
  openMasterShare,
  type PairingEngine,
  proveFile,
  receivingKeyPair,
  type RecordReference,
  sanitise,
  SECTOR_BYTES,
  type SignerIdentity,
  signSealedFile,
  tagHash,
  toHex,
  u32,
  utf8,
  verifyProof,
} from '../../src/index.js';
import { bytesFrom } from './compute-vectors.js';

/** Known answers of integrity auditing, bytes as lower-case hex. Nothing here needs Node: the same file runs in a browser. */
export type AuditVectors = Record<string, string>;

const SECTORS = 4;
const BLOCK_BYTES = SECTOR_BYTES * SECTORS;
const IDENTITY: SignerIdentity = { channel: 'health', mspId: 'CityMSP', userId: 'doctor-1', keyEpoch: 1 };
const RECORD: RecordReference = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };
const EXTRACTORS = ['CityMSP', 'LakeMSP', 'MinistryMSP'].map((mspId, i) => ({
  mspId,
  ...receivingKeyPair(bytesFrom(i, 32)),
}));
/** Three blocks, the last of them short. */
const CONTENT = concat(utf8('{"name":"Anuradha","note":"'), bytesFrom(0, 2 * BLOCK_BYTES + 40), utf8('"}'));
const PERSONAL = [{ block: 0, sector: 0 }];
const ORGANISATION = [{ block: 1, sector: 2 }];

const randomOf = (start: number): Record<'nonce' | 'salt' | 'r' | 'q' | 'k1', Uint8Array> => ({
  nonce: bytesFrom(start, 32),
  salt: bytesFrom(start + 1, 32),
  r: bytesFrom(start + 2, 32),
  q: bytesFrom(start + 3, 32),
  k1: bytesFrom(start + 4, 32),
});

/** Everything as a function of fixed inputs: keys, a sealed and a sanitised file, a challenge and proofs. */
export const computeAuditVectors = async (engine: PairingEngine): Promise<AuditVectors> => {
  const { parameters, sealedShares } = await makeMasterKey(engine, {
    extractors: EXTRACTORS,
    threshold: 2,
    sectorsPerBlock: SECTORS,
    random: bytesFrom(0x10, 32),
  });
  const shares = await Promise.all(
    [0, 2].map(async (i) => {
      const { mspId = '', secretKey: extractorSecretKey = new Uint8Array(0) } = EXTRACTORS[i] ?? {};
      const sealed = sealedShares[i]?.sealed ?? new Uint8Array(0);
      const masterShare = await openMasterShare(engine, { parameters, mspId, extractorSecretKey, sealed });
      const random = { nonce: bytesFrom(0x20 + i, 32), fresh: bytesFrom(0x30 + i, 32) };
      const input = { parameters, mspId, masterShare, identity: IDENTITY, random };
      return { mspId, masterShare, share: extractIdentityShare(engine, input) };
    }),
  );
  const random = { nonce: bytesFrom(0x40, 32), fresh: bytesFrom(0x50, 32) };
  const key = combineIdentityShares(engine, { parameters, identity: IDENTITY, shares, random });
  const signer = { parameters, identity: IDENTITY, key, record: RECORD };
  const sealed = signSealedFile(engine, { ...signer, content: CONTENT, random: randomOf(0x60) });
  const document = { ...signer, content: CONTENT, personal: PERSONAL, organisation: ORGANISATION };
  const blinded = blindDocument(engine, { ...document, random: randomOf(0x70) });
  const sanitised = sanitise(engine, { ...signer, package: blinded.package });
  const values: Record<string, Uint8Array> = {
    parameters: encodeAuditParameters(engine, parameters),
    parametersDigest: fromHex(auditParametersDigest(engine, parameters)),
    identityKey: encodeIdentityKey(IDENTITY, key),
    sealedTag: sealed.tag,
    sealedFile: sealed.signedFile,
    sealedContent: CONTENT,
    sanitisedTag: blinded.tag,
    package: blinded.package,
    sanitisedFile: sanitised.signedFile,
    sanitisedContent: sanitised.content,
    sanitisedTagHash: fromHex(tagHash(blinded.tag)),
  };
  for (const { mspId, masterShare, share } of shares) {
    values[`masterShare${mspId}`] = masterShare;
    values[`identityShare${mspId}`] = share;
  }
  for (const [name, tag, file, stored] of [
    ['sealed', sealed.tag, sealed.signedFile, CONTENT],
    ['sanitised', blinded.tag, sanitised.signedFile, sanitised.content],
  ] as const) {
    const challenge = challengeFor(parameters, tag);
    const { replacedSet, authenticators } = decodeSignedFile(file);
    values[`${name}Challenge`] = encodeAuditChallenge(challenge);
    values[`${name}Drawn`] = drawnBytes(challenge);
    values[`${name}Proof`] = await proveFile(engine, {
      parameters,
      tag,
      replacedSet,
      challenge,
      read: (block) => ({
        data: stored.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES),
        authenticator: authenticators[block] ?? new Uint8Array(0),
      }),
      random: bytesFrom(0x80, 32),
    });
  }
  values.sampleDrawn = drawnBytes({ seed: toHex(bytesFrom(0x90, 32)), size: 5 }, 1000);
  return Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, toHex(bytes)]));
};

/**
 * Goes the whole way from recorded values alone.
 *
 * @returns a word for everything that was checked, `intact` for each proof
 */
export const checkAuditVectors = (engine: PairingEngine, vectors: AuditVectors): string[] => {
  const given = (name: string): Uint8Array => fromHex(vectors[name] ?? '', undefined, name);
  const parameters = decodeAuditParameters(engine, given('parameters'));
  checkIdentityKey(engine, parameters, IDENTITY, decodeIdentityKey(IDENTITY, given('identityKey')));
  const context = { parameters, identity: IDENTITY, record: RECORD };
  const cleaned = sanitise(engine, { ...context, package: given('package') });
  const said = [toHex(cleaned.signedFile) === vectors.sanitisedFile ? 'sanitised' : 'sanitised otherwise'];
  for (const kind of ['sealed', 'sanitised'] satisfies FileKind[]) {
    const tag = checkTag(engine, given(`${kind}Tag`), { ...context, kind });
    const stored = given(`${kind}Content`);
    const { replacedSet } = checkFile(engine, { ...context, kind, signedFile: given(`${kind}File`), stored });
    const challenge = decodeAuditChallenge(given(`${kind}Challenge`));
    const proof = given(`${kind}Proof`);
    const input = { parameters, identity: IDENTITY, tag: tag.bytes, challenge, replacedSet, proof };
    said.push(verifyProof(engine, input).verdict);
    const otherAudit = { ...challenge, auditId: toHex(bytesFrom(0xa0, 32)) };
    said.push(verifyProof(engine, { ...input, challenge: otherAudit }).verdict);
  }
  return said;
};

/** What `checkAuditVectors` says of good vectors. */
export const CHECKED = ['sanitised', 'intact', 'failed', 'intact', 'failed'];

const challengeFor = (
  parameters: Parameters<typeof makeAuditChallenge>[0]['parameters'],
  tag: Uint8Array,
): AuditChallenge =>
  makeAuditChallenge({
    parameters,
    tag,
    auditId: toHex(bytesFrom(0xb0, 32)),
    nonceA: bytesFrom(0xc0, 32),
    nonceB: bytesFrom(0xd0, 32),
  });

const drawnBytes = (challenge: Pick<AuditChallenge, 'seed' | 'size'>, blocks = 3): Uint8Array =>
  concat(
    ...drawAuditChallenge(challenge, blocks).map(({ block, coefficient }) =>
      concat(u32(block), encodeScalar(coefficient).subarray(16)),
    ),
  );
