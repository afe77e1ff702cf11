import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator, X509CertificateGenerator } from '@peculiar/x509';
import { checkDeviceRequest, isCertificateOf } from '../src/activation/device-request.js';

const NAME = 'u-0123456789';
const algorithm = (namedCurve: string) => ({ name: 'ECDSA', namedCurve, hash: 'SHA-256' });

async function request(name: unknown, namedCurve = 'P-256') {
  const keys = await crypto.subtle.generateKey(algorithm(namedCurve), true, ['sign', 'verify']);
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: name as string,
    keys,
    signingAlgorithm: algorithm(namedCurve),
  });
  return { made, keys, pem: made.toString('pem') };
}

describe("a device's certificate request", () => {
  test('is accepted with the enrolment id as its only name', async () => {
    const { pem, keys } = await request(`CN=${NAME}`);
    const checked = await checkDeviceRequest(pem, NAME);
    if (typeof checked === 'string') throw new Error(checked);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${NAME}`,
      keys,
      signingAlgorithm: algorithm('P-256'),
    });
    expect(isCertificateOf(certificate.toString('pem'), checked.publicKey)).toBe(true);
    const other = await checkDeviceRequest((await request(`CN=${NAME}`)).pem, NAME);
    expect(typeof other !== 'string' && isCertificateOf(certificate.toString('pem'), other.publicKey)).toBe(
      false,
    );
  });

  test.each([
    ['another name', 'CN=u-somebody'],
    ['a second name', `CN=${NAME}, O=City`],
    ['two common names', `CN=${NAME}, CN=x`],
    ['a person', `CN=${NAME}, E=geetha@example.org`],
    ['no name', ''],
  ])('with %s is refused', async (_title, name) => {
    expect(await checkDeviceRequest((await request(name)).pem, NAME)).toMatch(/subject CN=/);
  });

  test('of another curve is refused', async () => {
    expect(await checkDeviceRequest((await request(`CN=${NAME}`, 'P-384')).pem, NAME)).toMatch(/P-256/);
  });

  test('with a changed byte is refused', async () => {
    const { made } = await request(`CN=${NAME}`);
    const der = Buffer.from(made.rawData);
    for (const at of [der.length - 1, der.length - 20]) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
      expect(typeof (await checkDeviceRequest(pem, NAME))).toBe('string');
    }
  });

  test.each(['', 'x', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----'])(
    '%j is none',
    async (pem) => {
      expect(await checkDeviceRequest(pem, NAME)).toMatch(/PKCS #10/);
    },
  );
});
