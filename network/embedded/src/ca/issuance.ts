import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import {
  bitString,
  bitStringOctets,
  boolean,
  children,
  context,
  contextTag,
  decodeOid,
  DerError,
  encode,
  expectTag,
  integer,
  octetString,
  oid,
  readOnly,
  sequence,
  setOf,
  Tag,
  time,
  utf8String,
  type Element,
} from '../msp/asn1.js';
import {
  KeyUsage,
  Oid,
  parseCertificatePem,
  parseExtensions,
  parseName,
  parsePublicKey,
  verifyX509Signature,
  type Certificate,
  type Extension,
  type NameAttribute,
} from '../msp/certificate.js';
import { signMessage } from '../msp/ecdsa.js';
import { decodePem, encodePem } from '../msp/pem.js';

export interface KeyMaterial {
  readonly privateKey: KeyObject;
  /** PKCS#8. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
}

/** A CA's certificate with its key. */
export interface Issuer {
  readonly certificate: Certificate;
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
}

export interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  /** One relative name with several values, as Go writes them. */
  readonly organizationalUnits?: readonly string[];
}

export interface CertificateRequest {
  readonly subject: readonly NameAttribute[];
  readonly commonName: string;
  readonly spki: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly Buffer[];
}

export interface CertificateTemplate {
  readonly subject: Subject;
  readonly spki: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly kind: 'identity' | 'tls' | 'ca';
  /** Host names and addresses of a TLS server. */
  readonly hosts?: readonly string[];
  /** Fabric attributes; undefined leaves the extension out. */
  readonly attributes?: ReadonlyMap<string, string>;
  /** For a CA: how many CAs may follow below it. */
  readonly pathLength?: number;
}

export const generateKey = (): KeyMaterial => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKey,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
  };
};

const encodeName = ({ commonName, organization, organizationalUnits = [] }: Subject): Buffer => {
  const attribute = (type: string, value: string): Buffer => sequence(oid(type), utf8String(value));
  return sequence(
    ...(organization ? [setOf(attribute(Oid.organization, organization))] : []),
    ...(organizationalUnits.length > 0
      ? [setOf(...organizationalUnits.map((unit) => attribute(Oid.organizationalUnit, unit)))]
      : []),
    setOf(attribute(Oid.commonName, commonName)),
  );
};

/** SHA-256 of the public key's bits, as Fabric's cryptogen has it. */
const keyIdentifier = (spki: Buffer): Buffer =>
  createHash('sha256')
    .update(bitStringOctets(expectTag(children(readOnly(spki))[1], Tag.bitString, 'public key')))
    .digest();

const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));

const keyUsageBits = (bits: number): Buffer => {
  const unused = 31 - Math.clz32(bits & -bits);
  return bitString(Buffer.from([bits]), unused);
};

const ipBytes = (address: string): Buffer | undefined => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) return undefined;
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const before = groups(head);
  const after = groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
};

const altNames = (hosts: readonly string[]): Buffer =>
  sequence(
    ...hosts.map((host) => {
      const ip = ipBytes(host);
      return ip ? context(7, ip, false) : context(2, Buffer.from(host, 'latin1'), false);
    }),
  );

/** `{"attrs":{…}}` with sorted names, as Go's encoding/json writes a map. */
export const encodeAttributes = (attributes: ReadonlyMap<string, string>): Buffer =>
  Buffer.from(
    JSON.stringify({ attrs: Object.fromEntries([...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) }),
    'utf8',
  );

const usageOf: Readonly<Record<CertificateTemplate['kind'], number>> = {
  identity: KeyUsage.digitalSignature,
  tls: KeyUsage.digitalSignature | KeyUsage.keyEncipherment,
  ca: KeyUsage.certSign | KeyUsage.crlSign,
};

const templateExtensions = (template: CertificateTemplate, issuerKeyId: Buffer): Buffer[] => {
  const isCA = template.kind === 'ca';
  const extensions = [
    extension(Oid.keyUsage, keyUsageBits(usageOf[template.kind]), true),
    extension(
      Oid.basicConstraints,
      isCA
        ? sequence(
            boolean(true),
            ...(template.pathLength === undefined ? [] : [integer(template.pathLength)]),
          )
        : sequence(),
      true,
    ),
    extension(Oid.subjectKeyIdentifier, octetString(keyIdentifier(template.spki))),
    extension(Oid.authorityKeyIdentifier, sequence(context(0, issuerKeyId, false))),
  ];
  if (template.kind === 'tls') {
    extensions.push(extension(Oid.extendedKeyUsage, sequence(oid(Oid.serverAuth), oid(Oid.clientAuth))));
  }
  if (template.hosts?.length) extensions.push(extension(Oid.subjectAltName, altNames(template.hosts)));
  if (template.attributes)
    extensions.push(extension(Oid.fabricAttributes, encodeAttributes(template.attributes)));
  return extensions;
};

/** 20 random octets, positive and never zero (RFC 5280 4.1.2.2). */
const randomSerial = (): Buffer => {
  const serial = randomBytes(20);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
};

const algorithmFor = (key: KeyObject): Buffer =>
  sequence(oid(key.asymmetricKeyType === 'ed25519' ? Oid.ed25519 : Oid.ecdsaWithSha256));

const signStructure = (tbs: Buffer, key: KeyObject): Buffer =>
  sequence(tbs, algorithmFor(key), bitString(signMessage(key, tbs)));

const issueDer = (
  template: CertificateTemplate,
  issuerName: Buffer,
  issuerKeyId: Buffer,
  issuerKey: KeyObject,
): Buffer =>
  signStructure(
    sequence(
      context(0, integer(2)),
      integer(randomSerial()),
      algorithmFor(issuerKey),
      issuerName,
      sequence(time(template.notBefore), time(template.notAfter)),
      encodeName(template.subject),
      template.spki,
      context(3, sequence(...templateExtensions(template, issuerKeyId))),
    ),
    issuerKey,
  );

/** PEM certificate with a random serial number and a low-S signature of `issuer`. */
export const issueCertificate = (template: CertificateTemplate, issuer: Issuer): string => {
  const { subjectKeyId } = issuer.certificate;
  if (!subjectKeyId) throw new Error('the issuing CA certificate has no subject key identifier');
  return encodePem(
    'CERTIFICATE',
    issueDer(template, issuer.certificate.subject, subjectKeyId, issuer.privateKey),
  );
};

/** PEM certificate of a new root CA. */
export const issueSelfSigned = (template: CertificateTemplate, key: KeyObject): string =>
  encodePem(
    'CERTIFICATE',
    issueDer(template, encodeName(template.subject), keyIdentifier(template.spki), key),
  );

export const createIssuer = (certificatePem: string, privateKey: KeyObject): Issuer => ({
  certificate: parseCertificatePem(certificatePem),
  certificatePem,
  privateKey,
});

const requestedExtensions = (attributes: Element | undefined): Map<string, Extension> => {
  for (const attribute of attributes ? children(attributes) : []) {
    const [id, values] = children(attribute);
    if (id?.tag !== Tag.oid || decodeOid(id.content) !== Oid.extensionRequest || !values) continue;
    const list = children(values)[0];
    if (list) return parseExtensions(list);
  }
  return new Map();
};

/**
 * A PKCS#10 request (RFC 2986) whose signature shows that the sender has the key.
 * @throws Error when it is malformed, its key is neither P-256, P-384 nor Ed25519, or its signature does not hold
 */
export const parseCertificateRequest = (pem: string): CertificateRequest => {
  const block = decodePem(pem);
  if (block?.label !== 'CERTIFICATE REQUEST' && block?.label !== 'NEW CERTIFICATE REQUEST') {
    throw new Error('CSR Decode failed');
  }
  const [info, algorithm, signature] = children(readOnly(block.der, Tag.sequence));
  const [version, subject, spki, attributes] = children(expectTag(info, Tag.sequence, 'request'));
  if (!info || version?.tag !== Tag.integer || !subject || !spki)
    throw new DerError('request field is missing');
  const publicKey = parsePublicKey(spki.raw);
  const curve = publicKey.asymmetricKeyDetails?.namedCurve ?? publicKey.asymmetricKeyType;
  if (curve !== 'prime256v1' && curve !== 'secp384r1' && curve !== 'ed25519') {
    throw new Error(`keys of type ${curve ?? 'unknown'} are not accepted; use P-256, P-384 or Ed25519`);
  }
  const algorithmId = decodeOid(
    expectTag(children(expectTag(algorithm, Tag.sequence, 'algorithm'))[0], Tag.oid, 'algorithm').content,
  );
  const bits = bitStringOctets(expectTag(signature, Tag.bitString, 'signature'));
  if (!verifyX509Signature(algorithmId, publicKey, info.raw, bits)) {
    throw new Error('the signature of the certificate request does not match its key');
  }
  const names = parseName(expectTag(subject, Tag.sequence, 'subject'));
  const extensions = requestedExtensions(attributes?.tag === contextTag(0, true) ? attributes : undefined);
  const alternatives = extensions.get(Oid.subjectAltName);
  const altElements = alternatives ? children(readOnly(alternatives.value, Tag.sequence)) : [];
  return {
    subject: names,
    commonName: names.findLast(({ type }) => type === Oid.commonName)?.value ?? '',
    spki: spki.raw,
    publicKey,
    extensions,
    dnsNames: altElements
      .filter(({ tag }) => tag === contextTag(2, false))
      .map(({ content }) => content.toString('latin1')),
    ipAddresses: altElements.filter(({ tag }) => tag === contextTag(7, false)).map(({ content }) => content),
  };
};

/** PEM request of `subject`, signed with its key. */
export const createCertificateRequest = (subject: Subject, key: KeyMaterial): string =>
  encodePem(
    'CERTIFICATE REQUEST',
    signStructure(
      sequence(integer(0), encodeName(subject), key.spki, context(0, Buffer.alloc(0))),
      key.privateKey,
    ),
  );

export interface RevokedEntry {
  /** Hexadecimal. */
  readonly serial: string;
  readonly at: Date;
  /** RFC 5280 5.3.1; 0 (unspecified) leaves the extension out. */
  readonly reason?: number;
}

/** PEM revocation list (RFC 5280 section 5). */
export const issueRevocationList = (
  entries: readonly RevokedEntry[],
  issuer: Issuer,
  thisUpdate: Date,
  nextUpdate: Date,
): string => {
  const { subjectKeyId, subject } = issuer.certificate;
  if (!subjectKeyId) throw new Error('the issuing CA certificate has no subject key identifier');
  const revoked = entries.map(({ serial, at, reason = 0 }) =>
    sequence(
      integer(Buffer.from(serial.padStart(serial.length + (serial.length % 2), '0'), 'hex')),
      time(at),
      ...(reason > 0 ? [sequence(extension(Oid.crlReason, encode(0x0a, Buffer.from([reason]))))] : []),
    ),
  );
  const tbs = sequence(
    integer(1),
    algorithmFor(issuer.privateKey),
    subject,
    time(thisUpdate),
    time(nextUpdate),
    ...(revoked.length > 0 ? [sequence(...revoked)] : []),
    context(
      0,
      sequence(
        extension(Oid.authorityKeyIdentifier, sequence(context(0, subjectKeyId, false))),
        extension(Oid.crlNumber, integer(Math.floor(thisUpdate.getTime() / 1000))),
      ),
    ),
  );
  return encodePem('X509 CRL', signStructure(tbs, issuer.privateKey));
};
