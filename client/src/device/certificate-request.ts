import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { type KeyPair, signingKeyJwk } from '@medseal/crypto';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** PEM of a PKCS#10 request with subject `CN=<enrolment id>`, signed by the device's own key (RFC 2986). */
export async function certificateRequest(enrollmentId: string, pair: KeyPair): Promise<string> {
  const { subtle } = globalThis.crypto;
  const jwk = signingKeyJwk(pair);
  const privateKey = await subtle.importKey('jwk', jwk, ALGORITHM, false, ['sign']);
  const publicKey = await subtle.importKey('jwk', { ...jwk, d: undefined }, ALGORITHM, true, ['verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [enrollmentId] }],
    keys: { privateKey, publicKey },
    signingAlgorithm: ALGORITHM,
  });
  return request.toString('pem');
}
