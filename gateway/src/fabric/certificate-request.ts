import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** New P-256 key, PKCS #8 PEM. */
export const newSigningKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

/**
 * PKCS #10 request in PEM, signed by the key it is for. The common name is the enrolment id: a random word, because
 * every block carries the certificate.
 */
export const certificateRequest = async (commonName: string, privateKeyPem: string): Promise<string> => {
  const { subtle } = webcrypto;
  const privateKey = createPrivateKey(privateKeyPem);
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: `CN=${commonName}`,
      keys: {
        privateKey: await subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
        publicKey: await subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
      },
      signingAlgorithm: ALGORITHM,
    },
    webcrypto as never,
  );
  return request.toString('pem');
};
