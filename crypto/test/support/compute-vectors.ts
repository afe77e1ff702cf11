import {
  canonicalJson,
  commit,
  commitBytes,
  commitDataKey,
  encapsulate,
  encodeHeader,
  encodeScalar,
  hedgedScalar,
  hkdf256,
  Hr,
  headerDigest,
  type PairingEngine,
  receivingKeyPair,
  scopeKeyPair,
  sealContent,
  sealedDigest,
  sealingContext,
  signDigest,
  signingKeyPair,
  toHex,
  utf8,
  wrapDataKey,
} from '../../src/index.js';

/** Inputs of the vectors: bytes that count up, so that anyone can write them down. */
export const bytesFrom = (start: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (start + i) & 0xff);

export const VECTOR_RECORD = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };
export const VECTOR_SCOPE_ID = toHex(bytesFrom(0xa0, 16));
export const VECTOR_CONTENT = 'Anuradha, 2019-01-05, Typhoid';

/** Everything that is a function of its input alone. Values once released must never change: stored data depends on them. */
export const computeVectors = async (engine: PairingEngine): Promise<Record<string, string>> => {
  const seed = bytesFrom(0, 32);
  const salt = bytesFrom(0x20, 32);
  const dataKey = bytesFrom(0x40, 32);
  const random = bytesFrom(0x60, 32);
  const digest = bytesFrom(0x80, 32);
  const scope = scopeKeyPair(engine, seed, VECTOR_SCOPE_ID, 1);
  const signing = signingKeyPair(seed);
  const receiving = receivingKeyPair(seed);
  const sealed = await sealContent(utf8(VECTOR_CONTENT), dataKey);
  const slot = { scopeId: VECTOR_SCOPE_ID, epoch: 1 };
  const context = sealingContext({ ...VECTOR_RECORD, ...slot, sealedDigest: sealedDigest(sealed) });
  const { capsule, kek } = encapsulate(engine, { ownerPublicKey: scope.publicKey, context, random });
  const wrappedDataKey = await wrapDataKey(kek, dataKey, context);
  const dekCommitment = commitDataKey(dataKey, VECTOR_RECORD.recordId, VECTOR_RECORD.version);
  const header = encodeHeader({
    record: VECTOR_RECORD,
    sealedDigest: sealedDigest(sealed),
    dekCommitment,
    slots: [{ ...slot, capsule, recipients: [], wrappedDataKey }],
  });
  const nonce = bytesFrom(0x10, 32);
  return {
    canonicalJson: canonicalJson({ b: [1, -2, null, true], a: 'é\n', '\u{1f600}': {}, '\uff5e': '' }),
    commitment: commit({ date: '2019-01-05', disease: 'Typhoid' }, salt),
    bytesCommitment: commitBytes(utf8(VECTOR_CONTENT), salt),
    hkdf256: toHex(hkdf256({ ikm: seed, salt, info: 'MS-VECTOR', length: 48 })),
    hr: toHex(encodeScalar(Hr('MS-VECTOR', [seed, salt]))),
    hedgedScalar: toHex(
      encodeScalar(hedgedScalar({ label: 'MS-R', secret: seed, nonce, objectDigest: digest, fresh: random })),
    ),
    scopeSecretKey: toHex(scope.secretKey),
    scopePublicKey: toHex(scope.publicKey),
    signingSecretKey: toHex(signing.secretKey),
    signingPublicKey: toHex(signing.publicKey),
    signature: toHex(signDigest(signing.secretKey, digest)),
    receivingSecretKey: toHex(receiving.secretKey),
    receivingPublicKey: toHex(receiving.publicKey),
    sealedContent: toHex(sealed),
    context: toHex(context),
    sharedElement: toHex(
      engine.encodeGT(engine.powerGT(engine.pair(engine.generatorG1, engine.generatorG2), 7n)),
    ),
    capsule: toHex(capsule),
    kek: toHex(kek),
    wrappedDataKey: toHex(wrappedDataKey),
    dekCommitment,
    headerDigest: headerDigest(header),
  };
};
