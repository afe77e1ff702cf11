import { createHash, X509Certificate } from 'node:crypto';
import {
  CombinedPrincipal,
  MSPPrincipal,
  MSPRole,
  OrganizationUnit,
} from '@hyperledger/fabric-protos/lib/msp/msp_principal_pb';
import {
  createIssuer,
  generateKey,
  issueCertificate,
  issueRevocationList,
  issueSelfSigned,
  type CertificateTemplate,
  type Issuer,
} from '../src/ca/issuance';
import { buildMspConfig } from '../src/config/msp-config';
import { bitString, children, integer, readOnly, sequence } from '../src/msp/asn1';
import { parseCertificatePem } from '../src/msp/certificate';
import { MembershipProvider } from '../src/msp/membership';
import { decodePem, encodePem } from '../src/msp/pem';
import { createSigningIdentity } from '../src/msp/signing-identity';
import { serializeIdentity } from '../src/msp/serialized-identity';
import { rolePrincipal } from '../src/policy/policy-language';

const start = Date.parse('2026-01-01T00:00:00Z');
const day = 86_400_000;
const Role = MSPRole.MSPRoleType;

const authority = (
  commonName: string,
  parent?: Issuer,
  changes: Partial<CertificateTemplate> = {},
): Issuer => {
  const key = generateKey();
  const template: CertificateTemplate = {
    subject: { commonName },
    spki: key.spki,
    notBefore: new Date(start),
    notAfter: new Date(start + 5000 * day),
    kind: 'ca',
    ...changes,
  };
  return createIssuer(
    parent ? issueCertificate(template, parent) : issueSelfSigned(template, key.privateKey),
    key.privateKey,
  );
};

const member = (issuer: Issuer, units: string[], changes: Partial<CertificateTemplate> = {}): string =>
  issueCertificate(
    {
      subject: { commonName: 'u-1', organizationalUnits: units },
      spki: generateKey().spki,
      notBefore: new Date(start),
      notAfter: new Date(start + day),
      kind: 'identity',
      ...changes,
    },
    issuer,
  );

describe('membership rules', () => {
  const root = authority('Root');
  const hospital = authority('Hospital', root, { pathLength: 0 });
  const description = {
    mspId: 'CityMSP',
    rootCerts: [root.certificatePem],
    intermediateCerts: [hospital.certificatePem],
    nodeOuCertifier: hospital.certificatePem,
  };
  const msp = new MembershipProvider(buildMspConfig(description), { ed25519: true });
  const load = (pem: string, provider = msp) =>
    provider.identity(serializeIdentity('CityMSP', pem), Buffer.from(pem));
  const role = (mspId: string, type: number) =>
    Buffer.from(rolePrincipal(mspId, type as never).serializeBinary());

  it('tells roles by organizational unit', () => {
    for (const [unit, own] of [
      ['client', Role.CLIENT],
      ['peer', Role.PEER],
      ['admin', Role.ADMIN],
      ['orderer', Role.ORDERER],
    ] as const) {
      const identity = load(member(hospital, [unit, 'ward']));
      expect(identity.invalidity()).toBeUndefined();
      for (const asked of [Role.CLIENT, Role.PEER, Role.ADMIN, Role.ORDERER]) {
        expect(identity.satisfies(role('CityMSP', asked))).toBe(asked === own);
      }
      expect(identity.satisfies(role('CityMSP', Role.MEMBER))).toBe(true);
      expect(identity.satisfies(role('OtherMSP', Role.MEMBER))).toBe(false);
    }
  });

  it.each([
    [
      [],
      'the identity does not have an OU that resolves to client, peer, orderer, or admin role. OUs: [], MSP: [CityMSP]',
    ],
    [
      ['client', 'peer'],
      'must have a client, a peer, an orderer, or an admin OU role to be valid, not a combination of them',
    ],
  ])('refuses units %j', (units, text) => {
    const identity = load(member(hospital, units));
    expect(identity.invalidity()).toContain(text);
    expect(identity.satisfies(role('CityMSP', Role.MEMBER))).toBe(false);
  });

  it('takes certificates of the hospital CA only: no other CA, not the root above it, no CA as identity', () => {
    expect(() => load(member(authority('Root'), ['client']))).toThrow(/unknown authority/);
    expect(load(member(root, ['client'])).invalidity()).toMatch(/should be a leaf of the certification tree/);
    expect(load(hospital.certificatePem).invalidity()).toMatch(/cannot be used as an identity/);
    const sibling = authority('Sibling', root, { pathLength: 0 });
    expect(() => load(member(sibling, ['client']))).toThrow(/unknown authority/);
    expect(() => load(member({ ...hospital, privateKey: root.privateKey }, ['client']))).toThrow(
      /unknown authority/,
    );
    expect(() => load('no certificate')).toThrow('could not decode the PEM structure');
  });

  it('respects the path length of a CA', () => {
    const below = authority('Below', hospital);
    const intermediateCerts = [hospital.certificatePem, below.certificatePem];
    const provider = new MembershipProvider(
      buildMspConfig({ ...description, intermediateCerts, nodeOuCertifier: undefined }),
    );
    expect(() => load(member(below, ['client']), provider)).toThrow(/unknown authority/);
  });

  it('does not end membership with expiry', () => {
    const identity = load(member(hospital, ['client'], { notAfter: new Date(start + 1000) }));
    expect(identity.invalidity()).toBeUndefined();
    expect(identity.notAfter.getTime()).toBe(start + 1000);
  });

  it('refuses revoked certificates once the list is in the configuration, and lists of strangers never', () => {
    const revoked = member(hospital, ['client']);
    const entry = { serial: parseCertificatePem(revoked).serial, at: new Date(start), reason: 1 };
    const list = (issuer: Issuer): string =>
      issueRevocationList([entry], issuer, new Date(start), new Date(start + day));
    const provider = (crl: string) =>
      new MembershipProvider(buildMspConfig({ ...description, revocationLists: [crl] }));
    expect(load(revoked).invalidity()).toBeUndefined();
    expect(load(revoked, provider(list(hospital))).invalidity()).toMatch(/The certificate has been revoked/);
    expect(load(member(hospital, ['client']), provider(list(hospital))).invalidity()).toBeUndefined();
    expect(
      load(revoked, provider(list({ ...hospital, privateKey: root.privateKey }))).invalidity(),
    ).toBeUndefined();
    expect(load(revoked, provider(list(root))).invalidity()).toBeUndefined();
  });

  it('counts one certificate as one identity, also when its CA signature is written high-S', () => {
    const pem = member(hospital, ['client']);
    const [tbs, algorithm, bits] = children(readOnly(decodePem(pem)!.der));
    const [r, s] = children(readOnly(bits!.content.subarray(1)));
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const high = (order - BigInt(`0x${s!.content.toString('hex')}`)).toString(16).padStart(64, '0');
    const signature = sequence(integer(r!.content), integer(Buffer.from(high, 'hex')));
    const other = encodePem('CERTIFICATE', sequence(tbs!.raw, algorithm!.raw, bitString(signature)));
    expect(other).not.toBe(pem);
    expect(load(other).id).toBe(load(pem).id);
    expect(load(pem.replaceAll('\n', '\r\n')).id).toBe(load(pem).id);
    expect(load(member(hospital, ['client'])).id).not.toBe(load(pem).id);
  });

  it('knows combined, identity, anonymity and unit principals', () => {
    const pem = member(hospital, ['client', 'ward']);
    const identity = load(pem);
    const principal = (classification: number, content: Uint8Array): Buffer => {
      const message = new MSPPrincipal();
      message.setPrincipalClassification(classification as never);
      message.setPrincipal(content);
      return Buffer.from(message.serializeBinary());
    };
    const { COMBINED, IDENTITY, ORGANIZATION_UNIT } = MSPPrincipal.Classification;
    const combined = (...types: number[]) => {
      const message = new CombinedPrincipal();
      message.setPrincipalsList(types.map((type) => rolePrincipal('CityMSP', type as never)));
      return principal(COMBINED, message.serializeBinary());
    };
    expect(identity.satisfies(combined(Role.MEMBER, Role.CLIENT))).toBe(true);
    expect(identity.satisfies(combined(Role.MEMBER, Role.PEER))).toBe(false);
    expect(identity.satisfies(combined())).toBe(false);
    expect(identity.satisfies(principal(IDENTITY, serializeIdentity('CityMSP', pem)))).toBe(true);
    expect(
      identity.satisfies(principal(IDENTITY, serializeIdentity('CityMSP', member(hospital, ['client'])))),
    ).toBe(false);
    const unit = (name: string, certifiers: Buffer) => {
      const message = new OrganizationUnit();
      message.setMspIdentifier('CityMSP');
      message.setOrganizationalUnitIdentifier(name);
      message.setCertifiersIdentifier(certifiers);
      return principal(ORGANIZATION_UNIT, message.serializeBinary());
    };
    const certifiers = createHash('sha256')
      .update(hospital.certificate.raw)
      .update(root.certificate.raw)
      .digest();
    expect(identity.satisfies(unit('ward', certifiers))).toBe(true);
    expect(identity.satisfies(unit('ward', Buffer.alloc(32)))).toBe(false);
    expect(identity.satisfies(unit('theatre', certifiers))).toBe(false);
    expect(identity.satisfies(Buffer.from('nonsense'))).toBe(false);
  });

  it('refuses configurations that Fabric refuses', () => {
    expect(() => new MembershipProvider(buildMspConfig({ ...description, rootCerts: [] }))).toThrow(
      'expected at least one CA certificate',
    );
    expect(
      () =>
        new MembershipProvider(
          buildMspConfig({ ...description, nodeOuCertifier: authority('x').certificatePem }),
        ),
    ).toThrow(/unknown authority|not in root or intermediate/);
    expect(
      () =>
        new MembershipProvider(buildMspConfig({ ...description, rootCerts: [member(hospital, ['client'])] })),
    ).toThrow();
  });

  it('issues certificates that OpenSSL reads the same way', () => {
    const pem = member(hospital, ['client', 'ward'], {
      kind: 'tls',
      hosts: ['localhost', '127.0.0.1', '::1'],
    });
    const seen = new X509Certificate(pem);
    expect(seen.verify(hospital.certificate.publicKey)).toBe(true);
    expect(seen.checkIssued(new X509Certificate(hospital.certificatePem))).toBe(true);
    expect(seen.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(seen.subject.split(/\n| \+ /).sort()).toEqual(['CN=u-1', 'OU=client', 'OU=ward']);
    expect(seen.serialNumber).toBe(parseCertificatePem(pem).serial);
    expect(new X509Certificate(hospital.certificatePem).ca).toBe(true);
    expect(seen.ca).toBe(false);
    expect(new Date(seen.validTo).getTime()).toBe(start + day);
  });

  it('gives a signing identity only to whoever has the key', () => {
    const key = generateKey();
    const pem = member(hospital, ['peer'], { spki: key.spki });
    const identity = createSigningIdentity('CityMSP', pem, key.privateKeyPem);
    expect(load(pem).verify(Buffer.from('m'), identity.sign(Buffer.from('m')))).toBe(true);
    expect(() => createSigningIdentity('CityMSP', pem, generateKey().privateKeyPem)).toThrow(
      /do not belong together/,
    );
  });
});
