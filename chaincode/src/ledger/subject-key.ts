import { sha256Hex } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { certificateBytes } from './certificates.js';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** The explicit version, absent from certificates of version 1. */
const VERSION = 0xa0;
/** serialNumber, signature, issuer, validity, subject: what stands before the key (RFC 5280, 4.1). */
const BEFORE_THE_KEY = [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE];
const MAX_LENGTH_BYTES = 3;

/**
 * SHA-256 (hex) of the certificate's SubjectPublicKeyInfo, as it stands in the certificate. Two certificates for one
 * key have the same, whoever issued them and for however long.
 */
export const subjectKeyDigest = (pem: string): string =>
  sha256Hex(subjectPublicKeyInfo(certificateBytes(pem)));

/**
 * The bytes of SubjectPublicKeyInfo in a certificate's DER. Cut out rather than parsed and written anew: what a
 * cryptographic library writes could differ between the versions that endorsers run.
 */
export const subjectPublicKeyInfo = (der: Uint8Array): Uint8Array => {
  const certificate = element(der, 0, der.length, SEQUENCE);
  if (certificate.end !== der.length) return unreadable();
  const { contents, end } = element(der, certificate.contents, certificate.end, SEQUENCE);
  let at = der[contents] === VERSION ? element(der, contents, end, VERSION).end : contents;
  for (const tag of BEFORE_THE_KEY) at = element(der, at, end, tag).end;
  return der.subarray(at, element(der, at, end, SEQUENCE).end);
};

/** Where the contents of the DER element at `at` begin and end; it must end by `limit`. */
const element = (
  der: Uint8Array,
  at: number,
  limit: number,
  tag: number,
): { contents: number; end: number } => {
  const first = der[at + 1];
  if (at + 2 > limit || der[at] !== tag || first === undefined) return unreadable();
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const contents = at + 2 + lengthBytes;
  if (first === 0x80 || lengthBytes > MAX_LENGTH_BYTES || contents > limit) return unreadable();
  const length =
    lengthBytes === 0 ? first : der.subarray(at + 2, contents).reduce((n, byte) => n * 256 + byte, 0);
  // DER: a length takes as few bytes as it can.
  if (lengthBytes > 0 && (length < 0x80 || length < 256 ** (lengthBytes - 1))) return unreadable();
  return contents + length > limit ? unreadable() : { contents, end: contents + length };
};

const unreadable = (): never => {
  throw new ContractError('NOT_ALLOWED', "the key of the caller's certificate cannot be read: enrol anew");
};
