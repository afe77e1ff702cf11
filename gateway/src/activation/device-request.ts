import { createPublicKey, webcrypto, X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';

export interface DeviceRequest {
  pem: string;
  /** SubjectPublicKeyInfo, DER. */
  publicKey: Buffer;
}

/**
 * Checks a device's PKCS #10 request: its only name is the enrolment id, its key P-256, its signature its own.
 *
 * @returns the request, or a sentence fragment saying what is wrong
 */
export async function checkDeviceRequest(pem: string, enrollmentId: string): Promise<DeviceRequest | string> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(pem);
  } catch {
    return 'is no PKCS #10 request in PEM';
  }
  const publicKey = Buffer.from(request.publicKey.rawData);
  if (curveOf(publicKey) !== 'prime256v1') return 'must be for a P-256 key';
  const names = request.subjectName.toJSON().flatMap((part) => Object.entries(part));
  const isExpected =
    names.length === 1 &&
    names[0]?.[0] === 'CN' &&
    names[0][1]?.length === 1 &&
    names[0][1][0] === enrollmentId;
  if (!isExpected) return `must have the subject CN=${enrollmentId} and no other name`;
  try {
    if (await request.verify(webcrypto as never)) return { pem: request.toString('pem'), publicKey };
  } catch {
    // A signature that cannot even be read is a wrong one.
  }
  return 'is not signed by its own key';
}

/** True if the certificate is for this key. */
export const isCertificateOf = (certificatePem: string, publicKey: Buffer): boolean =>
  new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' }).equals(publicKey);

function curveOf(spki: Buffer): string | undefined {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' }).asymmetricKeyDetails?.namedCurve;
  } catch {
    return undefined;
  }
}
