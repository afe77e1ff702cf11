import 'reflect-metadata';
import { createHash, generateKeyPairSync, sign, webcrypto, X509Certificate } from 'node:crypto';
import { canonicalJson } from '@medseal/crypto';
import { Extension, X509CertificateGenerator } from '@peculiar/x509';
import fc from 'fast-check';
import { organizationKeyStatement, singleCertificate } from '../src/ledger/certificates';
import { subjectKeyDigest, subjectPublicKeyInfo } from '../src/ledger/subject-key';

const block = (base64: string, type = 'CERTIFICATE') =>
  `-----BEGIN ${type}-----\n${base64}\n-----END ${type}-----\n`;
const bytes = (text: string) => new TextEncoder().encode(text);
const body = Buffer.alloc(100, 7).toString('base64');
const lines = `${body.slice(0, 64)}\n${body.slice(64)}`;

test('one PEM block is taken, with either line ending', () => {
  expect(singleCertificate(bytes(block(lines)))).toBe(block(lines));
  expect(singleCertificate(bytes(block(lines).trimEnd()))).toBe(block(lines).trimEnd());
  const windows = block(lines).replaceAll('\n', '\r\n');
  expect(singleCertificate(bytes(windows))).toBe(windows);
});

test.each([
  ['nothing', ''],
  ['two blocks', block(lines) + block(lines)],
  ['a malformed block before the true one', block('!!!!') + block(lines)],
  ['text before the block', `attributes\n${block(lines)}`],
  ['text after the block', `${block(lines)}attributes`],
  ['a header in the block', block(`Proc-Type: 4\n\n${lines}`)],
  ['a lenient letter in the base64', block(`_${lines.slice(1)}`)],
  ['missing padding', block(lines.replace(/=+$/, ''))],
  ['stray bits before the padding', block('AB==')],
  ['a blank line', block(`${body.slice(0, 64)}\n\n${body.slice(64)}`)],
  ['another type', block(lines, 'X509 CERTIFICATE')],
  ['an unended block', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
])('%s is refused', (_what, pem) => {
  expect(() => singleCertificate(bytes(pem))).toThrow(/^NOT_ALLOWED: /);
});

test('bytes that are no text are refused', () => {
  expect(() => singleCertificate(Uint8Array.from([0xff, 0xfe]))).toThrow(/^NOT_ALLOWED: /);
});

test('what a service signs is the canonical JSON of the four fields', () => {
  const key = { mspId: 'CityMSP', kind: 'custodian', epoch: 1, publicKey: 'ab'.repeat(32) } as const;
  const statement = organizationKeyStatement({ ...key, extra: 1 } as typeof key);
  expect(Buffer.from(statement).toString()).toBe(canonicalJson(key));
  // A signer of digests and one of messages make the same signature.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(sign('sha256', statement, privateKey).length).toBeGreaterThan(60);
  expect(createHash('sha256').update(statement).digest()).toHaveLength(32);
});

describe('the key of a certificate', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

  /** Self-signed; more `extensionBytes` make longer lengths. */
  const certificate = async (
    algorithm: { name: 'ECDSA'; namedCurve: string } | { name: 'Ed25519' },
    { serialNumber = '01', extensionBytes = 1 } = {},
  ) => {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair;
    const made = await X509CertificateGenerator.createSelfSigned(
      {
        serialNumber,
        name: 'CN=u-0123456789abcdef, OU=client',
        notBefore: new Date('2020-01-01'),
        notAfter: new Date('2060-01-01'),
        keys: keys as never,
        signingAlgorithm: { ...algorithm, hash: 'SHA-256' } as never,
        extensions: [new Extension('1.2.3.4.5.6.7.8.1', false, Buffer.alloc(extensionBytes, 7))],
      },
      webcrypto as never,
    );
    const der = Buffer.from(made.rawData);
    return { der, pem: new X509Certificate(der).toString(), keys };
  };
  const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

  test.each([
    ['P-256', P256, {}],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384' } as const, {}],
    ['Ed25519', { name: 'Ed25519' } as const, {}],
    ['a long serial number', P256, { serialNumber: '7f'.repeat(20) }],
    ['lengths of two bytes', P256, { extensionBytes: 400 }],
    ['lengths of three bytes', P256, { extensionBytes: 70_000 }],
  ])('is its SubjectPublicKeyInfo byte for byte: %s', async (_what, algorithm, more) => {
    const { der, pem, keys } = await certificate(algorithm, more);
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
    expect(Buffer.from(subjectPublicKeyInfo(der)).equals(spki)).toBe(true);
    expect(subjectKeyDigest(pem)).toBe(sha256(spki));
    expect(subjectKeyDigest(pem.replaceAll('\n', '\r\n'))).toBe(sha256(spki));
  });

  test('is found in a certificate of version 1 too', async () => {
    const { der, keys } = await certificate(P256, { extensionBytes: 400 });
    // After the heads of Certificate and TBSCertificate, four bytes each: [0] { INTEGER 2 }.
    expect(der.subarray(8, 13).toString('hex')).toBe('a003020102');
    const first = Buffer.concat([der.subarray(0, 8), der.subarray(13)]);
    first.writeUInt16BE(der.readUInt16BE(2) - 5, 2);
    first.writeUInt16BE(der.readUInt16BE(6) - 5, 6);
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
    expect(Buffer.from(subjectPublicKeyInfo(first)).equals(spki)).toBe(true);
  });

  test('is not read out of anything cut, longer or otherwise encoded', async () => {
    const { der } = await certificate(P256);
    for (let length = 0; length < der.length; length++) {
      expect(() => subjectPublicKeyInfo(der.subarray(0, length))).toThrow(/^NOT_ALLOWED: /);
    }
    expect(() => subjectPublicKeyInfo(Buffer.concat([der, Buffer.alloc(1)]))).toThrow(/^NOT_ALLOWED: /);
    // The same length in more bytes than it needs, an indefinite one, another tag.
    expect(der[1]).toBe(0x82);
    const body = der.subarray(4);
    for (const head of [
      Buffer.from([0x30, 0x83, 0, der[2]!, der[3]!]),
      Buffer.from([0x30, 0x80]),
      Buffer.from([0x31, 0x82, der[2]!, der[3]!]),
    ]) {
      expect(() => subjectPublicKeyInfo(Buffer.concat([head, body]))).toThrow(/^NOT_ALLOWED: /);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => subjectPublicKeyInfo(bytes)).toThrow(/^NOT_ALLOWED: /);
      }),
    );
  });

  test('of a changed certificate is another one, or none is read', async () => {
    const { der, keys } = await certificate(P256);
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
    const start = der.indexOf(spki);
    fc.assert(
      fc.property(fc.nat(spki.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(der);
        changed[start + at]! ^= change;
        let read: Uint8Array | undefined;
        try {
          read = subjectPublicKeyInfo(changed);
        } catch {
          return;
        }
        expect(Buffer.from(read).equals(spki)).toBe(false);
      }),
    );
  });
});
