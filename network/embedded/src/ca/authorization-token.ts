import { parseCertificatePem, type Certificate } from '../msp/certificate.js';
import { verifyMessage } from '../msp/ecdsa.js';
import { CaCode, CaError } from './ca-error.js';

export interface SignedRequest {
  readonly method: string;
  /** Path with query, as the client sent it. */
  readonly uri: string;
  readonly body: Buffer;
}

const invalid = (reason: string): CaError =>
  CaError.authentication(CaCode.invalidToken, `Invalid token in authorization header: ${reason}`);

/**
 * Certificate whose key signed the request: `base64(PEM).base64(signature)` over
 * `METHOD.base64(uri).base64(body).base64(PEM)` (fabric-ca util/util.go VerifyToken). Whether the certificate may be
 * trusted is not decided here. @throws CaError
 */
export const verifyToken = (token: string, { method, uri, body }: SignedRequest): Certificate => {
  const [certificateText, signatureText, ...rest] = token.split('.');
  if (!certificateText || !signatureText || rest.length > 0)
    throw invalid('it needs two parts separated by a dot');
  let certificate: Certificate;
  try {
    certificate = parseCertificatePem(Buffer.from(certificateText, 'base64').toString('utf8'));
  } catch {
    throw invalid('its certificate cannot be read');
  }
  const signed = `${method}.${Buffer.from(uri).toString('base64')}.${body.toString('base64')}.${certificateText}`;
  if (!verifyMessage(certificate.publicKey, Buffer.from(signed), Buffer.from(signatureText, 'base64'))) {
    throw invalid('Token signature validation failed');
  }
  return certificate;
};
