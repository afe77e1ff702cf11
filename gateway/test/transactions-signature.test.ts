import 'reflect-metadata';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { certificatePoint, checkSignature } from '../src/transactions/device-signature.js';
import { ledgerIdentity } from '../src/fabric/identity.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

async function newDevice() {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=u-test',
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const pem = certificate.toString('pem');
  return {
    pem,
    identity: ledgerIdentity({ mspId: 'M', certificate: pem, subject: 's', role: 'patient' }, pkcs8),
  };
}

/** The other signature of the same message: (r, n - s). */
function highS(lowS: Uint8Array): Uint8Array {
  const bytes = Buffer.from(lowS);
  const rLength = bytes[3] ?? 0;
  const r = bytes.subarray(2, 4 + rLength);
  const s = BigInt(`0x${bytes.subarray(6 + rLength).toString('hex')}`);
  const digits = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex');
  const high = Buffer.concat([Buffer.of(0x02, digits.length + 1, 0), digits]);
  return Buffer.concat([Buffer.of(0x30, r.length + high.length), r, high]);
}

describe('signature of a device', () => {
  const message = Buffer.from('proposal');

  test('is accepted in its low-S form, named in its high-S form', async () => {
    const { pem, identity } = await newDevice();
    for (let i = 0; i < 20; i++) {
      const signature = identity.sign(message);
      expect(checkSignature(pem, message, signature)).toBe('valid');
      expect(checkSignature(pem, message, highS(signature))).toBe('high-s');
    }
  });

  test('of another key, other bytes, or no signature at all is wrong', async () => {
    const { pem, identity } = await newDevice();
    const other = await newDevice();
    expect(checkSignature(pem, message, other.identity.sign(message))).toBe('wrong');
    expect(checkSignature(pem, Buffer.from('other'), identity.sign(message))).toBe('wrong');
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(72), createHash('sha256').update('x').digest()]) {
      expect(checkSignature(pem, message, bytes)).toBe('wrong');
    }
  });

  test('of another curve is wrong', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=u-test',
      keys,
      signingAlgorithm: algorithm,
    });
    const pem = certificate.toString('pem');
    expect(certificatePoint(pem)).toBeUndefined();
    expect(checkSignature(pem, message, sign('sha256', message, privateKey))).toBe('wrong');
  });
});
