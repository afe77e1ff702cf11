import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import FabricCAServices from 'fabric-ca-client';
import { User } from 'fabric-common';
import { ClientIdentity } from 'fabric-shim';
import { createCertificateRequest, generateKey } from '../src/ca/issuance';
import { startCaServer, type CaServer } from '../src/ca/ca-server';
import { channelConfigFromBlock } from '../src/config/channel-config';
import {
  prepareOrganizations,
  type PreparedNetwork,
  type PreparedOrganization,
} from '../src/config/organizations';
import { parseCertificatePem } from '../src/msp/certificate';
import { isLowS } from '../src/msp/ecdsa';
import { splitPem } from '../src/msp/pem';
import { parseRevocationList } from '../src/msp/revocation-list';
import { serializeIdentity } from '../src/msp/serialized-identity';
import { cryptoSuiteOf } from './harness';

jest.setTimeout(60_000);

const organizations = [
  { mspId: 'MinistryMSP', name: 'Ministry', domain: 'ministry.example', orderer: true },
  { mspId: 'CityMSP', name: 'City', domain: 'city.example', parentCa: 'MinistryMSP' },
];

let clockOffset = 0;
const clock = { now: () => Date.now() + clockOffset };

describe('the certificate authority under the unmodified fabric-ca-client', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ca-rest-'));
  let network: PreparedNetwork;
  let city: PreparedOrganization;
  let server: CaServer;
  let client: FabricCAServices;
  let admin: User;

  const start = async (): Promise<void> => {
    network = await prepareOrganizations(directory, organizations, { channelId: 'medseal', clock });
    city = network.organizations[1]!;
    server = await startCaServer({ ca: city.ca, tls: city.tls, port: 0 });
    client = new FabricCAServices(
      `https://localhost:${server.port}`,
      { trustedRoots: [city.tls.ca] as never, verify: true },
      city.ca.name,
    );
  };
  const stop = async (): Promise<void> => {
    await server.close();
    for (const { ca } of network.organizations) await ca.close();
  };
  const asUser = async (id: string, { key, certificate }: { key: unknown; certificate: string }) => {
    const user = new User(id);
    const suite = cryptoSuiteOf(client);
    await user.setEnrollment(
      (typeof key === 'string' ? suite.createKeyFromRaw(key) : key) as never,
      certificate,
      'CityMSP',
    );
    return user;
  };
  /** Enrols with a request made here: the client's own key generation takes a second under Jest. */
  const enrollAs = async (id: string, secret: string, attr_reqs?: { name: string; optional: boolean }[]) => {
    const key = generateKey();
    const csr = createCertificateRequest({ commonName: id }, key);
    const { certificate } = await client.enroll({
      enrollmentID: id,
      enrollmentSecret: secret,
      csr,
      attr_reqs,
    });
    return { key: key.privateKeyPem, certificate };
  };
  const refusal = async (call: Promise<unknown>) =>
    call.then(
      () => {
        throw new Error('was accepted');
      },
      (error: { errors?: unknown; message: string }) => error.errors ?? error.message,
    );
  let counter = 0;
  const newId = (): string => `u-${++counter}`;

  beforeAll(async () => {
    await start();
    const { enrollmentId, enrollmentSecret } = city.caAdmin;
    admin = await asUser(enrollmentId, await enrollAs(enrollmentId, enrollmentSecret));
  });
  afterAll(async () => {
    await stop();
    rmSync(directory, { recursive: true });
  });

  it('tells who it is, with the chain up to the ministry root', async () => {
    const info = await (
      client as unknown as { getCaInfo(user: User): Promise<{ caName: string; caChain: string }> }
    ).getCaInfo(admin);
    expect(info.caName).toBe('ca.city.example');
    const [own, root] = splitPem(info.caChain).map(parseCertificatePem);
    expect(own!.issuer.equals(root!.subject)).toBe(true);
    expect(root!.issuer.equals(root!.subject)).toBe(true);
    expect(root!.commonName).toBe('Ministry CA');
  });

  it('registers, enrols with a key that stays on the device, and shows the attributes to chaincode', async () => {
    const id = newId();
    const secret = await client.register(
      {
        enrollmentID: id,
        affiliation: '',
        role: 'client',
        maxEnrollments: 1,
        attrs: [
          { name: 'medseal.role', value: 'patient', ecert: true },
          { name: 'medseal.subject', value: 'c0ffee', ecert: true },
          { name: 'medseal.hidden', value: 'x' },
        ],
      },
      admin,
    );
    const csr = createCertificateRequest({ commonName: id, organization: 'Jane Doe' }, generateKey());
    const { certificate, rootCertificate, key } = await client.enroll({
      enrollmentID: id,
      enrollmentSecret: secret,
      csr,
    });
    expect(key).toBeUndefined();
    expect(splitPem(rootCertificate)).toHaveLength(2);

    const parsed = parseCertificatePem(certificate);
    expect(parsed.subjectAttributes.map(({ value }) => value)).toEqual(['client', id]);
    expect(isLowS(city.ca.issuer.certificate.publicKey, parsed.signature)).toBe(true);
    expect(parsed.serial.length).toBe(40);
    const seen = new ClientIdentity({
      getChannelID: () => 'medseal',
      getTxID: () => 'tx',
      getCreator: () => ({ mspid: 'CityMSP', idBytes: Buffer.from(certificate) }),
    } as never);
    expect(seen.getAttributeValue('medseal.role')).toBe('patient');
    expect(seen.getAttributeValue('medseal.subject')).toBe('c0ffee');
    expect(seen.getAttributeValue('hf.EnrollmentID')).toBe(id);
    expect(seen.getAttributeValue('medseal.hidden')).toBeNull();

    const config = channelConfigFromBlock(network.genesisBlock);
    const identity = config.deserializeIdentity(serializeIdentity('CityMSP', certificate));
    expect(identity.invalidity()).toBeUndefined();
    expect(() => config.deserializeIdentity(serializeIdentity('MinistryMSP', certificate))).toThrow(
      /unknown authority/,
    );
    expect(await refusal(client.enroll({ enrollmentID: id, enrollmentSecret: secret, csr }))).toEqual([
      { code: 20, message: 'Authentication failure' },
    ]);
  });

  it('gives one certificate for a secret of one enrolment however many ask at once', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: 1 }, admin);
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => enrollAs(id, secret)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('shows only the attributes that were asked for, and refuses required ones that are missing', async () => {
    const id = newId();
    const secret = await client.register(
      { enrollmentID: id, affiliation: '', maxEnrollments: -1, attrs: [{ name: 'a', value: '1' }] },
      admin,
    );
    const { certificate } = await enrollAs(id, secret, [
      { name: 'a', optional: false },
      { name: 'b', optional: true },
    ]);
    const value = parseCertificatePem(certificate).extensions.get('1.2.3.4.5.6.7.8.1')!.value;
    expect(JSON.parse(value.toString())).toEqual({ attrs: { a: '1' } });
    expect(await refusal(enrollAs(id, secret, [{ name: 'b', optional: false }]))).toEqual([
      expect.objectContaining({
        code: 0,
        message: expect.stringContaining('required attributes are missing: [b]'),
      }),
    ]);
  });

  it('enrols and re-enrols with keys that the client makes', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: 1 }, admin);
    const first = await client.enroll({ enrollmentID: id, enrollmentSecret: secret });
    const user = await asUser(id, first);
    const second = await client.reenroll(user, []);
    expect(second.certificate).not.toBe(first.certificate);
    expect(parseCertificatePem(second.certificate).commonName).toBe(id);
  });

  it('locks an identity after ten wrong secrets, and counts from zero after a right one', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: -1 }, admin);
    const wrong = () => refusal(enrollAs(id, 'wrong'));
    for (let attempt = 0; attempt < 9; attempt++) await wrong();
    await enrollAs(id, secret);
    for (let attempt = 0; attempt < 10; attempt++) {
      expect(await wrong()).toEqual([{ code: 20, message: 'Authentication failure' }]);
    }
    expect(await refusal(enrollAs(id, secret))).toEqual([
      {
        code: 73,
        message: 'Incorrect password entered 10 times, max incorrect password limit of 10 reached',
      },
    ]);
  });

  it('refuses with the codes of Fabric CA', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: -1 }, admin);
    expect(await refusal(client.register({ enrollmentID: id, affiliation: '' }, admin))).toEqual([
      { code: 74, message: `Identity '${id}' is already registered` },
    ]);
    const csr = createCertificateRequest({ commonName: 'someone-else' }, generateKey());
    expect(await refusal(client.enroll({ enrollmentID: id, enrollmentSecret: secret, csr }))).toEqual([
      { code: 77, message: 'The CSR subject common name must equal the enrollment ID' },
    ]);
    const bad = createCertificateRequest({ commonName: id }, { ...generateKey(), spki: generateKey().spki });
    expect(await refusal(client.enroll({ enrollmentID: id, enrollmentSecret: secret, csr: bad }))).toEqual([
      expect.objectContaining({ code: 31 }),
    ]);
    expect(await refusal(enrollAs('nobody', 'x'))).toEqual([{ code: 20, message: 'Authentication failure' }]);
    const user = await asUser(id, await enrollAs(id, secret));
    expect(await refusal(client.register({ enrollmentID: newId(), affiliation: '' }, user))).toEqual([
      { code: 71, message: 'Authorization failure' },
    ]);
    expect(await refusal(client.revoke({ enrollmentID: 'admin' }, user))).toEqual([
      { code: 71, message: 'Authorization failure' },
    ]);
    const adminFolder = join(network.organizations[0]!.folder, 'users/Admin@ministry.example/msp');
    const foreign = await asUser('ministry', {
      key: readFileSync(join(adminFolder, 'keystore/priv_sk'), 'utf8'),
      certificate: readFileSync(join(adminFolder, 'signcerts/cert.pem'), 'utf8'),
    });
    expect(await refusal(client.register({ enrollmentID: newId(), affiliation: '' }, foreign))).toEqual([
      { code: 20, message: 'Authentication failure' },
    ]);
    const other = new FabricCAServices(
      `https://localhost:${server.port}`,
      { trustedRoots: [city.tls.ca] as never, verify: true },
      'ca.other',
    );
    expect(await refusal(other.enroll({ enrollmentID: id, enrollmentSecret: secret }))).toEqual([
      { code: 19, message: "CA 'ca.other' does not exist" },
    ]);
    expect(await refusal(client.register({ enrollmentID: newId(), affiliation: 'nowhere' }, admin))).toEqual([
      expect.objectContaining({ code: 16 }),
    ]);
  });

  it('sets no end to an idle connection, as Fabric CA sets none', async () => {
    const agent = new Agent({ keepAlive: true, ca: city.tls.ca });
    try {
      const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
        get(`https://localhost:${server.port}/cainfo`, { agent }, (response) => {
          response.resume();
          resolve(response.headers);
        }).once('error', reject);
      });
      expect(headers).toMatchObject({ connection: 'keep-alive' });
      expect(headers).not.toHaveProperty('keep-alive');
    } finally {
      agent.destroy();
    }
  });

  it('is not trusted without the TLS root of its organisation', async () => {
    const stranger = new FabricCAServices(
      `https://localhost:${server.port}`,
      { trustedRoots: [network.organizations[0]!.tls.ca] as never, verify: true },
      city.ca.name,
    );
    expect(await refusal(stranger.enroll({ enrollmentID: 'admin', enrollmentSecret: 'x' }))).toMatch(
      /certificate/,
    );
  });

  it('revokes identities and certificates and lists them', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: -1 }, admin);
    const enrollment = await enrollAs(id, secret);
    const { serial } = parseCertificatePem(enrollment.certificate);
    const result = (await client.revoke(
      { enrollmentID: id, reason: 'keycompromise', gencrl: true } as never,
      admin,
    )) as {
      result: { RevokedCerts: { Serial: string }[]; CRL: string };
    };
    expect(result.result.RevokedCerts.map((certificate) => certificate.Serial)).toEqual([
      serial.toLowerCase(),
    ]);
    const list = Buffer.from(result.result.CRL, 'base64');
    expect([...parseRevocationList(list).serials]).toContain(serial);
    const crlFile = join(directory, 'crl.pem');
    writeFileSync(crlFile, list);
    const chainFile = join(directory, 'chain.pem');
    writeFileSync(chainFile, city.ca.caChain);
    expect(
      execFileSync('openssl', ['crl', '-in', crlFile, '-noout', '-text', '-CAfile', chainFile], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ).toContain('Key Compromise');
    expect(
      Buffer.from((await client.generateCRL({} as never, admin)) as unknown as string, 'base64').toString(),
    ).toContain('BEGIN X509 CRL');
    expect(await refusal(enrollAs(id, secret))).toEqual([{ code: 20, message: 'Authentication failure' }]);
    const user = await asUser(id, enrollment);
    expect(await refusal(client.reenroll(user, []))).toEqual([
      { code: 20, message: 'Authentication failure' },
    ]);
    const { newCertificateService } = client as unknown as {
      newCertificateService(): {
        getCertificates(query: { id: string }, by: User): Promise<{ result: { certs: { PEM: string }[] } }>;
      };
    };
    const certificates = await newCertificateService.call(client).getCertificates({ id }, admin);
    expect(certificates.result.certs).toEqual([{ PEM: enrollment.certificate }]);
  });

  it('lists, adds and changes identities and affiliations', async () => {
    const affiliations = client.newAffiliationService();
    await affiliations.create({ name: 'cardiology.ward', force: true } as never, admin);
    expect(((await affiliations.getAll(admin)) as { result: unknown }).result).toMatchObject({
      affiliations: [{ name: 'cardiology', affiliations: [{ name: 'cardiology.ward' }] }],
    });
    const identities = client.newIdentityService();
    const id = newId();
    await identities.create(
      {
        enrollmentID: id,
        affiliation: 'cardiology.ward',
        enrollmentSecret: 'chosen',
        maxEnrollments: -1,
      } as never,
      admin,
    );
    const changed = (await identities.update(
      id,
      { attrs: [{ name: 'medseal.role', value: 'doctor', ecert: true }] } as never,
      admin,
    )) as { result: object };
    expect(changed.result).toMatchObject({ id, affiliation: 'cardiology.ward' });
    const { certificate } = await enrollAs(id, 'chosen');
    expect([...parseCertificatePem(certificate).organizationalUnits].sort()).toEqual([
      'cardiology',
      'client',
      'ward',
    ]);
    expect(
      (
        (await identities.getAll(admin)) as { result: { identities: { id: string }[] } }
      ).result.identities.map((one) => one.id),
    ).toContain(id);
    expect(((await identities.getOne(id, admin)) as { result: object }).result).toMatchObject({
      id,
      max_enrollments: -1,
    });
    expect(await refusal(identities.delete(id, admin))).toEqual([
      { code: 56, message: 'Identity removal is disabled' },
    ]);
  });

  it('refuses a certificate that has expired', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: -1 }, admin);
    const user = await asUser(id, await enrollAs(id, secret));
    clockOffset = 366 * 24 * 3_600_000;
    try {
      expect(await refusal(client.reenroll(user, []))).toEqual([
        { code: 20, message: 'Authentication failure' },
      ]);
    } finally {
      clockOffset = 0;
    }
  });

  it('remembers everything over a restart, cuts off what was not acknowledged, and names an altered line', async () => {
    const id = newId();
    const secret = await client.register({ enrollmentID: id, affiliation: '', maxEnrollments: 1 }, admin);
    await enrollAs(id, secret);
    await stop();
    const journal = join(city.folder, 'ca', 'registry.log');
    expect(statSync(journal).mode & 0o777).toBe(0o600);
    const content = readFileSync(journal);
    writeFileSync(journal, Buffer.concat([content, Buffer.from('0123456789abcdef {"half":')]));
    await start();
    expect(readFileSync(journal)).toEqual(content);
    expect(await refusal(enrollAs(id, secret))).toEqual([{ code: 20, message: 'Authentication failure' }]);
    await client.register({ enrollmentID: newId(), affiliation: '' }, admin);
    await stop();
    const altered = Buffer.from(content);
    altered[40]! ^= 1;
    writeFileSync(journal, altered);
    await expect(start()).rejects.toThrow(/registry\.log: line 1 was altered; restore the file from a copy/);
    writeFileSync(journal, content);
    await start();
  });

  it('registers many identities quickly', async () => {
    const began = performance.now();
    await Promise.all(Array.from({ length: 200 }, () => city.ca.register('admin', { id: newId() })));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
