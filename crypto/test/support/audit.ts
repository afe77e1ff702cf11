import {
  type AuditParameters,
  combineIdentityShares,
  extractIdentityShare,
  type FileKind,
  type IdentityKey,
  makeMasterKey,
  newReceivingKeyPair,
  openMasterShare,
  type PairingEngine,
  type RecordReference,
  SECTOR_BYTES,
  type SignedFile,
  type SignerIdentity,
  type StoredBlock,
} from '../../src/index.js';

/** Everything that a doctor signs with, and that others check with. */
export interface Signer {
  parameters: AuditParameters;
  identity: SignerIdentity;
  key: IdentityKey;
  record: RecordReference;
}

export interface Extraction {
  parameters: AuditParameters;
  /** x_i of each organisation. */
  masterShares: Map<string, Uint8Array>;
}

export const ORGANISATIONS = ['CityMSP', 'LakeMSP', 'MinistryMSP'];
export const IDENTITY: SignerIdentity = {
  channel: 'health',
  mspId: 'CityMSP',
  userId: 'doctor-1',
  keyEpoch: 1,
};
export const RECORD: RecordReference = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };

export const newExtraction = async (engine: PairingEngine, sectorsPerBlock = 4): Promise<Extraction> => {
  const extractors = ORGANISATIONS.map((mspId) => ({ mspId, ...newReceivingKeyPair() }));
  const { parameters, sealedShares } = await makeMasterKey(engine, {
    extractors,
    threshold: 2,
    sectorsPerBlock,
  });
  const masterShares = new Map<string, Uint8Array>();
  for (const [i, { mspId, secretKey: extractorSecretKey }] of extractors.entries()) {
    const sealed = sealedShares[i]?.sealed ?? new Uint8Array(0);
    masterShares.set(mspId, await openMasterShare(engine, { parameters, mspId, extractorSecretKey, sealed }));
  }
  return { parameters, masterShares };
};

/** Shares of these organisations for an identity. */
export const sharesOf = (
  engine: PairingEngine,
  { parameters, masterShares }: Extraction,
  identity = IDENTITY,
  organisations = ORGANISATIONS.slice(0, 2),
): { mspId: string; share: Uint8Array }[] =>
  organisations.map((mspId) => {
    const masterShare = masterShares.get(mspId) ?? new Uint8Array(0);
    return { mspId, share: extractIdentityShare(engine, { parameters, mspId, masterShare, identity }) };
  });

export const newSigner = async (engine: PairingEngine, sectorsPerBlock = 4): Promise<Signer> => {
  const extraction = await newExtraction(engine, sectorsPerBlock);
  const { parameters } = extraction;
  const shares = sharesOf(engine, extraction);
  const key = combineIdentityShares(engine, { parameters, identity: IDENTITY, shares });
  return { parameters, identity: IDENTITY, key, record: RECORD };
};

/** What a check expects of a file. */
export const expected = (
  { parameters, identity, record }: Signer,
  kind: FileKind,
): Pick<Signer, 'parameters' | 'identity' | 'record'> & { kind: FileKind } => ({
  parameters,
  identity,
  record,
  kind,
});

/** Blocks as a store has them. */
export const blocksOf =
  (
    stored: Uint8Array,
    { tag, authenticators }: Pick<SignedFile, 'tag' | 'authenticators'>,
  ): ((block: number) => StoredBlock) =>
  (block) => {
    const length = SECTOR_BYTES * tag.sectorsPerBlock;
    return {
      data: stored.subarray(block * length, (block + 1) * length),
      authenticator: authenticators[block] ?? new Uint8Array(0),
    };
  };
