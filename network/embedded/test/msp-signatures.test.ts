import { createSign, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { children, DerError, integer, readOnly, sequence } from '../src/msp/asn1';
import { isLowS, signMessage, toLowS, verifyMessage, verifyMessageAsync } from '../src/msp/ecdsa';

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const highS = (signature: Buffer): Buffer => {
  const [r, s] = children(readOnly(signature));
  const flipped = (order - BigInt(`0x${s!.content.toString('hex')}`)).toString(16).padStart(64, '0');
  return sequence(integer(r!.content), integer(Buffer.from(flipped, 'hex')));
};

describe('ECDSA signatures as Fabric takes them', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const ed25519 = generateKeyPairSync('ed25519');

  it('signs low-S, which OpenSSL accepts too, and verifies its own', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(p256, p384, ed25519),
        (bytes, { privateKey, publicKey }) => {
          const message = Buffer.from(bytes);
          const signature = signMessage(privateKey, message);
          if (publicKey.asymmetricKeyType === 'ec') expect(isLowS(publicKey, signature)).toBe(true);
          expect(verifyMessage(publicKey, message, signature)).toBe(true);
          expect(verifyMessage(publicKey, Buffer.concat([message, Buffer.from('x')]), signature)).toBe(false);
        },
      ),
    );
  });

  it('refuses high-S signatures that OpenSSL accepts, and makes them low', async () => {
    const message = Buffer.from('record');
    let seenHigh = 0;
    for (let i = 0; i < 40; i++) {
      const raw = sign('sha256', message, p256.privateKey);
      const low = isLowS(p256.publicKey, raw);
      if (!low) seenHigh++;
      expect(verifyMessage(p256.publicKey, message, raw)).toBe(low);
      expect(await verifyMessageAsync(p256.publicKey, message, raw)).toBe(low);
      expect(verifyMessage(p256.publicKey, message, toLowS(p256.publicKey, raw))).toBe(true);
      expect(verifyMessage(p256.publicKey, message, highS(toLowS(p256.publicKey, raw)))).toBe(false);
    }
    expect(seenHigh).toBeGreaterThan(0);
  });

  it('hashes with SHA-256 for P-384 keys as well', () => {
    const message = Buffer.from('m');
    const other = createSign('sha384').update(message).sign(p384.privateKey);
    expect(verifyMessage(p384.publicKey, message, toLowS(p384.publicKey, other))).toBe(false);
  });

  it('answers false, never throws, for bytes that are no signature', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(verifyMessage(p256.publicKey, Buffer.from('m'), Buffer.from(bytes))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('reads no malformed DER as an element', () => {
    for (const hex of ['', '30', '3080', '308101ff', '30820001ff', '3002', '1f0100', '300100ff']) {
      expect(() => readOnly(Buffer.from(hex, 'hex'))).toThrow(DerError);
    }
  });
});
