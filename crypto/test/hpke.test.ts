import {
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  createHmac,
} from 'node:crypto';
import {
  decodeHpke,
  encodeHpke,
  hpkeOpen,
  hpkeSeal,
  newReceivingKeyPair,
  newSeed,
  randomBytes,
  receivingKeyPair,
  toBase64Url,
  toHex,
  unwrapKek,
  utf8,
  wrapKek,
} from '../src/index.js';
import { flipBit, refusal } from './support/refusal.js';

const context = utf8('context');

describe('direct recipients', () => {
  it('get the KEK with their key and context, and nobody else does', async () => {
    const recipient = receivingKeyPair(newSeed());
    const kek = randomBytes(32);
    const wrapped = await wrapKek(recipient.publicKey, kek, context);
    expect(wrapped.enc.length + wrapped.ct.length).toBe(80);
    expect(await unwrapKek(recipient.secretKey, wrapped, context)).toEqual(kek);
    expect(await refusal(() => unwrapKek(newReceivingKeyPair().secretKey, wrapped, context))).toBe(
      'OPEN_FAILED',
    );
    expect(await refusal(() => unwrapKek(recipient.secretKey, wrapped, utf8('context\0')))).toBe(
      'OPEN_FAILED',
    );
    expect(await refusal(() => wrapKek(recipient.publicKey, randomBytes(16), context))).toBe('BAD_LENGTH');
  });

  it('never get the same bytes twice', async () => {
    const { publicKey } = newReceivingKeyPair();
    const kek = randomBytes(32);
    const [one, two] = [await wrapKek(publicKey, kek, context), await wrapKek(publicKey, kek, context)];
    expect(one.enc).not.toEqual(two.enc);
    expect(one.ct).not.toEqual(two.ct);
  });

  it('refuse every flipped bit', async () => {
    const { publicKey, secretKey } = newReceivingKeyPair();
    const { enc, ct } = await wrapKek(publicKey, randomBytes(32), context);
    for (let i = 0; i < enc.length; i++) {
      expect(
        await refusal(() =>
          unwrapKek(secretKey, { enc: flipBit(enc, i, i === 31 ? 7 : i % 8), ct }, context),
        ),
      ).toBe('OPEN_FAILED');
    }
    for (let i = 0; i < ct.length; i++) {
      expect(await refusal(() => unwrapKek(secretKey, { enc, ct: flipBit(ct, i, i % 8) }, context))).toBe(
        'OPEN_FAILED',
      );
    }
  });

  it.each([
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  ])('refuse a public key of small order: %s', async (hex) => {
    const publicKey = Buffer.from(hex, 'hex');
    expect(await refusal(() => wrapKek(publicKey, randomBytes(32), context))).toBe('IDENTITY_ELEMENT');
    const wrapped = { enc: publicKey, ct: randomBytes(48) };
    expect(await refusal(() => unwrapKek(newReceivingKeyPair().secretKey, wrapped, context))).toBe(
      'OPEN_FAILED',
    );
  });

  it('refuse keys and messages of another length', async () => {
    const { publicKey, secretKey } = newReceivingKeyPair();
    const sealed = await hpkeSeal(publicKey, utf8('message'), context);
    expect(await refusal(() => hpkeSeal(publicKey.subarray(1), utf8('message'), context))).toBe('BAD_LENGTH');
    expect(await refusal(() => hpkeOpen(secretKey.subarray(1), sealed, context))).toBe('BAD_LENGTH');
    expect(
      await refusal(() => hpkeOpen(secretKey, { ...sealed, enc: sealed.enc.subarray(1) }, context)),
    ).toBe('BAD_LENGTH');
    expect(
      await refusal(() => hpkeOpen(secretKey, { ...sealed, ct: sealed.ct.subarray(0, 15) }, context)),
    ).toBe('BAD_LENGTH');
    expect(await refusal(() => decodeHpke(randomBytes(47)))).toBe('BAD_LENGTH');
  });

  it('take messages of any length, as one string of bytes', async () => {
    const { publicKey, secretKey } = newReceivingKeyPair();
    for (const message of [utf8(''), utf8('a share'), randomBytes(100_000)]) {
      const stored = encodeHpke(await hpkeSeal(publicKey, message, context));
      expect(Buffer.compare(await hpkeOpen(secretKey, decodeHpke(stored), context), message)).toBe(0);
    }
  });
});

/** RFC 9180 once more, with Node's own primitives: base mode, DHKEM(X25519, HKDF-SHA256). */
const keySchedule = (
  dh: Buffer,
  enc: Uint8Array,
  publicKey: Uint8Array,
  info: Uint8Array,
  aeadId: number,
  keyBytes: number,
) => {
  const kem = Buffer.concat([Buffer.from('KEM'), Buffer.of(0, 0x20)]);
  const hpke = Buffer.concat([Buffer.from('HPKE'), Buffer.of(0, 0x20, 0, 1, 0, aeadId)]);
  const extract = (suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer =>
    createHmac('sha256', salt)
      .update(Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), ikm]))
      .digest();
  const expand = (suite: Buffer, prk: Buffer, label: string, context: Uint8Array, length: number): Buffer => {
    const labelled = Buffer.concat([
      Buffer.of(0, length),
      Buffer.from('HPKE-v1'),
      suite,
      Buffer.from(label),
      context,
    ]);
    return createHmac('sha256', prk)
      .update(Buffer.concat([labelled, Buffer.of(1)]))
      .digest()
      .subarray(0, length);
  };
  const none = Buffer.alloc(0);
  const eaePrk = extract(kem, none, 'eae_prk', dh);
  const shared = expand(kem, eaePrk, 'shared_secret', Buffer.concat([enc, publicKey]), 32);
  const hashes = [extract(hpke, none, 'psk_id_hash', none), extract(hpke, none, 'info_hash', info)];
  const scheduleContext = Buffer.concat([Buffer.of(0), ...hashes]);
  const secret = extract(hpke, shared, 'secret', none);
  return {
    key: expand(hpke, secret, 'key', scheduleContext, keyBytes),
    nonce: expand(hpke, secret, 'base_nonce', scheduleContext, 12),
  };
};

const x25519 = (secretKey: Uint8Array, publicKey: Uint8Array): Buffer => {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secretKey]);
  return diffieHellman({
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({
      key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(publicKey) },
      format: 'jwk',
    }),
  });
};

describe('RFC 9180', () => {
  it('A.1.1 is what the key schedule of this test computes', () => {
    const secretKey = Buffer.from('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8', 'hex');
    const publicKey = Buffer.from('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d', 'hex');
    const enc = Buffer.from('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431', 'hex');
    const info = Buffer.from('4f6465206f6e2061204772656369616e2055726e', 'hex');
    const { key, nonce } = keySchedule(x25519(secretKey, enc), enc, publicKey, info, 1, 16);
    expect(toHex(key)).toBe('4531685d41d65f03dc48f6b8302c05b0');
    expect(toHex(nonce)).toBe('56d890e5accaaf011cff4b7d');
  });

  it('is what a wrapped KEK follows, with AES-256-GCM', async () => {
    const { publicKey, secretKey } = newReceivingKeyPair();
    const kek = randomBytes(32);
    const { enc, ct } = await wrapKek(publicKey, kek, context);
    const { key, nonce } = keySchedule(x25519(secretKey, enc), enc, publicKey, context, 2, 32);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const expected = Buffer.concat([cipher.update(kek), cipher.final(), cipher.getAuthTag()]);
    expect(toHex(ct)).toBe(expected.toString('hex'));
  });

  it('labels keep the receiving key apart from every other use of the seed', () => {
    const seed = newSeed();
    const expected = hkdfSync('sha256', seed, '', Buffer.from('\0\0\0\u0010MS-KEY-RECEIVING'), 32);
    expect(toHex(receivingKeyPair(seed).secretKey)).toBe(Buffer.from(expected).toString('hex'));
  });
});
