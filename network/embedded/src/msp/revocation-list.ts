import { Tag, bitStringOctets, children, contextTag, decodeOid, expectTag, readOnly } from './asn1.js';
import {
  KeyUsage,
  Oid,
  parseAuthorityKeyId,
  parseExtensions,
  verifyX509Signature,
  type Certificate,
} from './certificate.js';
import { decodePem } from './pem.js';

/** An X.509 revocation list (RFC 5280 section 5). */
export interface RevocationList {
  readonly authorityKeyId: Buffer;
  /** Upper-case hexadecimal, as in {@link Certificate.serial}. */
  readonly serials: ReadonlySet<string>;
  readonly tbs: Buffer;
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
}

/** @param bytes PEM or DER. @throws Error when malformed or without an authority key identifier. */
export const parseRevocationList = (bytes: Buffer): RevocationList => {
  const der = decodePem(bytes.toString('latin1'))?.der ?? bytes;
  const [tbs, algorithm, signature] = children(readOnly(der, Tag.sequence));
  const fields = children(expectTag(tbs, Tag.sequence, 'revocation list'));
  const extensionField = fields.find(({ tag }) => tag === contextTag(0, true));
  const extensions = extensionField
    ? parseExtensions(readOnly(extensionField.content, Tag.sequence))
    : new Map<string, { value: Buffer }>();
  const authorityKey = extensions.get(Oid.authorityKeyIdentifier)?.value;
  const authorityKeyId = authorityKey && parseAuthorityKeyId(authorityKey);
  if (!tbs || !authorityKeyId)
    throw new Error('authorityKeyIdentifier not found in certificate revocation list');
  // version?, algorithm, issuer, thisUpdate, nextUpdate?, revoked?, extensions?: revoked follows the last time.
  const lastTime = fields.findLastIndex(({ tag }) => tag === Tag.utcTime || tag === Tag.generalizedTime);
  const revoked = fields[lastTime + 1];
  const entries = revoked?.tag === Tag.sequence ? children(revoked) : [];
  return {
    authorityKeyId,
    serials: new Set(
      entries.map((entry) =>
        expectTag(children(entry)[0], Tag.integer, 'revoked serial')
          .content.toString('hex')
          .replace(/^0+(?=.)/, '')
          .toUpperCase(),
      ),
    ),
    tbs: tbs.raw,
    signatureAlgorithm: decodeOid(
      expectTag(children(expectTag(algorithm, Tag.sequence, 'algorithm'))[0], Tag.oid, 'algorithm').content,
    ),
    signature: bitStringOctets(expectTag(signature, Tag.bitString, 'signature')),
  };
};

export const isListSignedBy = (list: RevocationList, issuer: Certificate): boolean =>
  (issuer.keyUsage === undefined || (issuer.keyUsage & KeyUsage.crlSign) !== 0) &&
  verifyX509Signature(list.signatureAlgorithm, issuer.publicKey, list.tbs, list.signature);
