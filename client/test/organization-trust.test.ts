import { generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson, signDigest, toBase64, utf8 } from '@medseal/crypto';
import { acceptOrganizationKey, certificateFingerprint } from '../src/device/organization-trust';

/** Adversary: a gateway that shows the device another custodian key than the organisation's own. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface Party {
  pem: string;
  name: string;
  keys: CryptoKeyPair;
  secret: Uint8Array;
}

async function keyPair(): Promise<{ keys: CryptoKeyPair; secret: Uint8Array }> {
  const { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync(
    'ec',
    { namedCurve: 'P-256' },
  );
  const jwk = privateKey.export({ format: 'jwk' });
  const { subtle } = webcrypto;
  return {
    keys: {
      privateKey: await subtle.importKey('jwk', jwk as webcrypto.JsonWebKey, ALGORITHM, true, ['sign']),
      publicKey: await subtle.importKey(
        'jwk',
        publicKey.export({ format: 'jwk' }) as webcrypto.JsonWebKey,
        ALGORITHM,
        true,
        ['verify'],
      ),
    } as CryptoKeyPair,
    secret: Buffer.from(jwk.d ?? '', 'base64url'),
  };
}

async function certified(name: string, issuer?: Party): Promise<Party> {
  const { keys, secret } = await keyPair();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true)],
  });
  return { pem: certificate.toString('pem'), name, keys, secret };
}

describe("an organisation's key on a device", () => {
  let root: Party, intermediate: Party, service: Party, stranger: Party;
  const statement = { kind: 'custodian', epoch: 1, publicKey: 'ab'.repeat(32) };
  const signedBy = (party: Party, mspId = 'CityMSP', content = statement) => ({
    ...content,
    certificate: party.pem,
    signature: toBase64(signDigest(party.secret, sha256(utf8(canonicalJson({ mspId, ...content }))))),
  });

  beforeAll(async () => {
    root = await certified('root');
    intermediate = await certified('ca.city', root);
    service = await certified('u-1', intermediate);
    stranger = await certified('u-2');
  });

  test('is accepted with a signature that chains to the root of the letter', async () => {
    await acceptOrganizationKey(
      'CityMSP',
      signedBy(service),
      [intermediate.pem],
      root.pem,
      certificateFingerprint(root.pem),
    );
  });

  test.each([
    ['a changed public key', () => ({ ...signedBy(service), publicKey: 'cd'.repeat(32) })],
    ['a key of another kind', () => ({ ...signedBy(service), kind: 'agent' })],
    ["another organisation's key", () => signedBy(service, 'LakesideMSP')],
    ['a certificate of nobody', () => signedBy(stranger)],
    [
      "another's certificate over the same signature",
      () => ({ ...signedBy(service), certificate: intermediate.pem }),
    ],
  ])('is refused: %s', async (_title, key) => {
    await expect(acceptOrganizationKey('CityMSP', key(), [intermediate.pem], root.pem)).rejects.toThrow(
      /not signed/,
    );
  });

  test('is refused when the root is not the one on the letter, or the chain is cut', async () => {
    const fingerprint = certificateFingerprint(stranger.pem);
    await expect(
      acceptOrganizationKey('CityMSP', signedBy(service), [intermediate.pem], root.pem, fingerprint),
    ).rejects.toThrow(/letter/);
    await expect(acceptOrganizationKey('CityMSP', signedBy(service), [], root.pem)).rejects.toThrow(/chain/);
  });
});
