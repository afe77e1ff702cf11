import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import {
  DerError,
  Tag,
  bitString,
  bitStringOctets,
  children,
  contextTag,
  decodeOid,
  decodeTime,
  expectTag,
  readOnly,
  sequence,
  type Element,
} from './asn1.js';
import { toLowS } from './ecdsa.js';
import { decodePem } from './pem.js';

export const Oid = {
  commonName: '2.5.4.3',
  organizationalUnit: '2.5.4.11',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  anyExtendedKeyUsage: '2.5.29.37.0',
  ecPublicKey: '1.2.840.10045.2.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  ed25519: '1.3.101.112',
  extensionRequest: '1.2.840.113549.1.9.14',
  /** Attributes that Fabric CA puts into certificates (fabric-ca lib/attrmgr). */
  fabricAttributes: '1.2.3.4.5.6.7.8.1',
} as const;

/** Bits of KeyUsage in RFC 5280's order. */
export const KeyUsage = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  certSign: 0x04,
  crlSign: 0x02,
} as const;

const signatureHashes: Readonly<Record<string, string>> = {
  [Oid.ecdsaWithSha256]: 'sha256',
  [Oid.ecdsaWithSha384]: 'sha384',
  [Oid.ecdsaWithSha512]: 'sha512',
};

export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

export interface Extension {
  readonly critical: boolean;
  readonly value: Buffer;
}

/** What the rules of an MSP need of an X.509 certificate (RFC 5280). */
export interface Certificate {
  readonly raw: Buffer;
  /** Signed part, byte for byte. */
  readonly tbs: Buffer;
  /** Upper-case hexadecimal without leading zeros. */
  readonly serial: string;
  /** DER of the names. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly subjectAttributes: readonly NameAttribute[];
  readonly commonName: string;
  readonly organizationalUnits: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly isCA: boolean;
  readonly pathLength?: number;
  /** First octet of KeyUsage; undefined when the extension is absent. */
  readonly keyUsage?: number;
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectKeyId?: Buffer;
  readonly authorityKeyId?: Buffer;
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
}

/** Attributes of a distinguished name in order. @throws DerError */
export const parseName = (name: Element): NameAttribute[] =>
  children(name).flatMap((relative) =>
    children(expectTag(relative, Tag.set, 'relative name')).map((pair) => {
      const [type, value] = children(pair);
      if (type?.tag !== Tag.oid || !value) throw new DerError('name attribute needs a type and a value');
      return { type: decodeOid(type.content), value: value.content.toString('utf8') };
    }),
  );

/** @throws DerError also for an extension that stands twice. */
export const parseExtensions = (list: Element): Map<string, Extension> => {
  const extensions = new Map<string, Extension>();
  for (const extension of children(list)) {
    const [id, ...rest] = children(extension);
    const type = decodeOid(expectTag(id, Tag.oid, 'extension id').content);
    const critical = rest[0]?.tag === Tag.boolean && rest[0].content[0] === 0xff;
    const value = expectTag(rest.at(-1), Tag.octetString, 'extension value').content;
    if (extensions.has(type)) throw new DerError(`extension ${type} stands twice`);
    extensions.set(type, { critical, value });
  }
  return extensions;
};

export const parsePublicKey = (spki: Buffer): KeyObject => {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw new DerError('public key cannot be read');
  }
};

/** keyIdentifier of an AuthorityKeyIdentifier value. */
export const parseAuthorityKeyId = (value: Buffer): Buffer | undefined =>
  children(readOnly(value, Tag.sequence)).find(({ tag }) => tag === contextTag(0, false))?.content;

/** @throws DerError */
export const parseCertificate = (der: Buffer): Certificate => {
  const raw = Buffer.from(der);
  const [tbs, algorithm, signatureBits] = children(readOnly(raw, Tag.sequence));
  if (tbs?.tag !== Tag.sequence || algorithm?.tag !== Tag.sequence || !signatureBits) {
    throw new DerError('certificate needs three parts');
  }
  const fields = children(tbs);
  const version = fields[0]?.tag === contextTag(0, true) ? fields.shift() : undefined;
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...optional] = fields;
  if (!serial || !innerAlgorithm || !issuer || !validity || !subject || !spki) {
    throw new DerError('certificate field is missing');
  }
  if (!innerAlgorithm.raw.equals(algorithm.raw))
    throw new DerError('signature algorithms inside and outside differ');
  const [notBefore, notAfter] = children(validity);
  if (!notBefore || !notAfter) throw new DerError('validity needs two times');
  const extensionField = optional.find(({ tag }) => tag === contextTag(3, true));
  if (extensionField && !version) throw new DerError('extensions need version 3');
  const extensions = extensionField
    ? parseExtensions(readOnly(extensionField.content, Tag.sequence))
    : new Map<string, Extension>();
  const subjectAttributes = parseName(expectTag(subject, Tag.sequence, 'subject'));

  const valueOf = (id: string): Buffer | undefined => extensions.get(id)?.value;
  const constraints = valueOf(Oid.basicConstraints);
  const constraintFields = constraints ? children(readOnly(constraints, Tag.sequence)) : [];
  const pathField = constraintFields.find(({ tag }) => tag === Tag.integer);
  const usage = valueOf(Oid.keyUsage);
  const extended = valueOf(Oid.extendedKeyUsage);
  const skid = valueOf(Oid.subjectKeyIdentifier);
  const akid = valueOf(Oid.authorityKeyIdentifier);
  const algorithmId = decodeOid(expectTag(children(algorithm)[0], Tag.oid, 'signature algorithm').content);
  const serialContent = expectTag(serial, Tag.integer, 'serial number').content;

  return {
    raw,
    tbs: tbs.raw,
    serial: serialContent
      .toString('hex')
      .replace(/^0+(?=.)/, '')
      .toUpperCase(),
    issuer: issuer.raw,
    subject: subject.raw,
    subjectAttributes,
    commonName: subjectAttributes.findLast(({ type }) => type === Oid.commonName)?.value ?? '',
    organizationalUnits: subjectAttributes
      .filter(({ type }) => type === Oid.organizationalUnit)
      .map(({ value }) => value),
    notBefore: decodeTime(notBefore),
    notAfter: decodeTime(notAfter),
    spki: spki.raw,
    publicKey: parsePublicKey(spki.raw),
    extensions,
    isCA: constraintFields.some(({ tag, content }) => tag === Tag.boolean && content[0] === 0xff),
    pathLength: pathField ? Number(`0x${pathField.content.toString('hex') || '0'}`) : undefined,
    keyUsage: usage ? (readOnly(usage, Tag.bitString).content[1] ?? 0) : undefined,
    extendedKeyUsage: extended
      ? children(readOnly(extended, Tag.sequence)).map(({ content }) => decodeOid(content))
      : undefined,
    subjectKeyId: skid ? readOnly(skid, Tag.octetString).content : undefined,
    authorityKeyId: akid ? parseAuthorityKeyId(akid) : undefined,
    signatureAlgorithm: algorithmId,
    signature: bitStringOctets(expectTag(signatureBits, Tag.bitString, 'signature')),
  };
};

/** First certificate of a PEM text. @throws Error when there is none, DerError when it is malformed. */
export const parseCertificatePem = (pem: string): Certificate => {
  const decoded = decodePem(pem);
  if (!decoded) throw new Error('no PEM block found where a certificate is expected');
  return parseCertificate(decoded.der);
};

/** Verifies X.509 signatures: the hash is the algorithm's, high-S is accepted (unlike message signatures). */
export const verifyX509Signature = (
  algorithm: string,
  publicKey: KeyObject,
  signed: Buffer,
  signature: Buffer,
): boolean => {
  try {
    if (algorithm === Oid.ed25519) {
      return publicKey.asymmetricKeyType === 'ed25519' && verify(null, signed, publicKey, signature);
    }
    const hash = signatureHashes[algorithm];
    if (!hash || publicKey.asymmetricKeyType !== 'ec') return false;
    return verify(hash, signed, publicKey, signature);
  } catch {
    return false;
  }
};

export const isEcdsaSigned = (certificate: Certificate): boolean =>
  certificate.signatureAlgorithm in signatureHashes;

/** Whether `issuer` is a CA entitled to sign certificates and did sign this one (Go x509 CheckSignatureFrom). */
export const isIssuedBy = (certificate: Certificate, issuer: Certificate): boolean =>
  certificate.issuer.equals(issuer.subject) &&
  issuer.isCA &&
  (issuer.keyUsage === undefined || (issuer.keyUsage & KeyUsage.certSign) !== 0) &&
  verifyX509Signature(
    certificate.signatureAlgorithm,
    issuer.publicKey,
    certificate.tbs,
    certificate.signature,
  );

/**
 * Certificate whose own signature is low-S, as Fabric rewrites it before hashing (msp/cert.go sanitizeECDSASignedCert);
 * the same object when it already is.
 */
export const withLowSSignature = (certificate: Certificate, issuer: Certificate): Certificate => {
  if (!isEcdsaSigned(certificate)) return certificate;
  const signature = toLowS(issuer.publicKey, certificate.signature);
  if (signature === certificate.signature) return certificate;
  const [tbs, algorithm] = children(readOnly(certificate.raw));
  if (!tbs || !algorithm) throw new DerError('certificate needs three parts');
  return { ...certificate, raw: sequence(tbs.raw, algorithm.raw, bitString(signature)), signature };
};
