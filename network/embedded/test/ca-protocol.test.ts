import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkRegistrableAttributes, type Attribute } from '../src/ca/attributes';
import { answer } from '../src/ca/ca-routes';
import type { CertificateAuthority } from '../src/ca/certificate-authority';
import {
  generateSecret,
  hashChosenSecret,
  hashGeneratedSecret,
  matchesSecret,
} from '../src/ca/enrollment-secret';
import { createCertificateRequest, generateKey, parseCertificateRequest } from '../src/ca/issuance';
import { Journal } from '../src/ca/journal';
import { prepareOrganizations, type PreparedNetwork } from '../src/config/organizations';
import { parseCertificatePem } from '../src/msp/certificate';
import { signMessage } from '../src/msp/ecdsa';
import { decodePem, encodePem } from '../src/msp/pem';

describe("Fabric CA's protocol", () => {
  const directory = mkdtempSync(join(tmpdir(), 'ca-protocol-'));
  let network: PreparedNetwork;
  let ca: CertificateAuthority;
  const key = generateKey();
  let adminCertificate: string;

  const call = (method: string, uri: string, body: unknown = undefined, authorization?: string) =>
    answer(ca, {
      method,
      uri,
      authorization,
      body: Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    });
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => 'accepted',
      ({ status, localCode, code }: { status: number; localCode: number; code: number }) => [
        status,
        localCode,
        code,
      ],
    );
  const tokenFor = (method: string, uri: string, body: unknown, signer = key.privateKey): string => {
    const certificate = Buffer.from(adminCertificate).toString('base64');
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body));
    const signed = `${method}.${Buffer.from(uri).toString('base64')}.${bytes.toString('base64')}.${certificate}`;
    return `${certificate}.${signMessage(signer, Buffer.from(signed)).toString('base64')}`;
  };
  const basic = (id: string, secret: string): string =>
    `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

  beforeAll(async () => {
    network = await prepareOrganizations(
      directory,
      [{ mspId: 'CityMSP', name: 'City', domain: 'city.example' }],
      {
        channelId: 'c',
      },
    );
    const [city] = network.organizations;
    ca = city!.ca;
    const { enrollmentId, enrollmentSecret } = city!.caAdmin;
    const request = { certificateRequest: createCertificateRequest({ commonName: enrollmentId }, key) };
    adminCertificate = (await ca.enroll(enrollmentId, enrollmentSecret, request)).certificate;
  });
  afterAll(async () => {
    await ca.close();
    rmSync(directory, { recursive: true });
  });

  it('answers cainfo to anybody, with and without the prefix', async () => {
    for (const uri of ['/api/v1/cainfo', '/cainfo', '/api/v1/cainfo?ca=ca.city.example']) {
      expect(await call('GET', uri)).toMatchObject({ status: 200, result: { CAName: 'ca.city.example' } });
    }
  });

  it.each([
    ['GET', '/api/v1/nothing', undefined, [404, 0, 0]],
    ['GET', '/api/v1/constructor', undefined, [404, 0, 0]],
    ['GET', '/api/v1/identities/%E0%A4%A', undefined, [404, 0, 0]],
    ['PATCH', '/api/v1/enroll', undefined, [405, 1, 1]],
    ['POST', '/api/v1/enroll', {}, [401, 2, 2]],
    ['POST', '/api/v1/register', { id: 'x' }, [401, 2, 2]],
    ['POST', '/api/v1/register', undefined, [400, 4, 4]],
    ['POST', '/api/v1/register', Buffer.from('{'), [400, 5, 5]],
    ['POST', '/api/v1/register', [], [400, 5, 5]],
    ['GET', '/api/v1/cainfo?ca=other', undefined, [404, 19, 19]],
    ['POST', '/api/v1/cainfo', { caname: 'other' }, [404, 19, 19]],
  ])('%s %s %j is refused with %j', async (method, uri, body, expected) => {
    expect(await refusal(call(method, uri, body))).toEqual(expected);
  });

  it('binds a token to method, path with query, and body', async () => {
    const body = { id: 'u-token' };
    const uri = '/api/v1/register';
    const token = tokenFor('POST', uri, body);
    expect(await call('POST', uri, body, token)).toMatchObject({ status: 201 });
    const masked = [401, 25, 20];
    expect(await refusal(call('POST', uri, { id: 'u-other' }, token))).toEqual(masked);
    expect(await refusal(call('POST', `${uri}?ca=ca.city.example`, body, token))).toEqual(masked);
    expect(await refusal(call('POST', '/api/v1/identities', body, token))).toEqual(masked);
    const listing = tokenFor('GET', '/identities', undefined);
    expect(await refusal(call('GET', '/identities', undefined, listing))).toBe('accepted');
    expect(await refusal(call('POST', '/identities', undefined, listing))).toEqual(masked);
    expect(
      await refusal(call('POST', uri, body, tokenFor('POST', uri, body, generateKey().privateKey))),
    ).toEqual(masked);
    expect(await refusal(call('POST', uri, body, 'a.b.c'))).toEqual(masked);
    expect(await refusal(call('POST', uri, body, 'YQ==.YQ=='))).toEqual(masked);
  });

  it('trusts no certificate that it has not issued itself, not even of its own key', async () => {
    const folder = join(network.organizations[0]!.folder, 'users/Admin@city.example/msp');
    const own = adminCertificate;
    adminCertificate = readFileSync(join(folder, 'signcerts/cert.pem'), 'utf8');
    const signer = createPrivateKey(readFileSync(join(folder, 'keystore/priv_sk')));
    const body = { id: 'x' };
    expect(
      await refusal(call('POST', '/register', body, tokenFor('POST', '/register', body, signer))),
    ).toEqual([401, 26, 20]);
    adminCertificate = own;
  });

  it('refuses fields of the wrong type by name', async () => {
    for (const [body, field] of [
      [{ id: 7 }, 'id'],
      [{ id: 'x', max_enrollments: 'many' }, 'max_enrollments'],
      [{ id: 'x', attrs: {} }, 'attrs'],
      [{ id: 'x', attrs: [{ value: 'v' }] }, 'name'],
    ] as const) {
      const promise = call('POST', '/register', body, tokenFor('POST', '/register', body));
      await expect(promise).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(`'${field}'`),
      });
    }
    const body = { id: ' ' };
    expect(await refusal(call('POST', '/register', body, tokenFor('POST', '/register', body)))).toEqual([
      400, 5, 5,
    ]);
  });

  it('never keeps more of a request than its key', async () => {
    const secret = await ca.register('admin', { id: 'u-plain' });
    const body = {
      certificate_request: createCertificateRequest(
        { commonName: 'u-plain', organization: 'Jane Doe' },
        generateKey(),
      ),
    };
    const reply = await call('POST', '/enroll', body, basic('u-plain', secret));
    expect(reply.status).toBe(201);
    const pem = Buffer.from((reply.result as { Cert: string }).Cert, 'base64').toString();
    const certificate = parseCertificatePem(pem);
    expect(certificate.raw.includes('Jane')).toBe(false);
    expect(certificate.extensions.has('2.5.29.17')).toBe(false);
    expect(certificate.notAfter.getTime() - certificate.notBefore.getTime()).toBeGreaterThan(
      364 * 86_400_000,
    );
    expect(certificate.notBefore.getTime()).toBeGreaterThanOrEqual(ca.issuer.certificate.notBefore.getTime());
  });

  it('issues TLS certificates, and CA certificates to those who may have them', async () => {
    const secret = await ca.register('admin', { id: 'u-node', type: 'peer' });
    const request = (profile: string) => ({
      certificateRequest: createCertificateRequest({ commonName: 'u-node' }, generateKey()),
      profile,
    });
    const tls = parseCertificatePem((await ca.enroll('u-node', secret, request('tls'))).certificate);
    expect(tls.extendedKeyUsage).toContain('1.3.6.1.5.5.7.3.1');
    expect(tls.organizationalUnits).toEqual(['peer']);
    expect(await refusal(ca.enroll('u-node', secret, request('ca')))).toEqual([403, 78, 71]);
    expect(await refusal(ca.enroll('u-node', secret, request('other')))).toEqual([500, 0, 0]);
    const attributes = [{ name: 'hf.IntermediateCA', value: 'true' }];
    const caSecret = await ca.register('admin', { id: 'u-ca', attributes });
    const csr = createCertificateRequest({ commonName: 'u-ca' }, generateKey());
    const issued = parseCertificatePem(
      (await ca.enroll('u-ca', caSecret, { certificateRequest: csr, profile: 'ca' })).certificate,
    );
    expect(issued).toMatchObject({ isCA: true, pathLength: 0 });
  });

  it('takes no damaged request for a good one', () => {
    const der = decodePem(createCertificateRequest({ commonName: 'x' }, generateKey()))!.der;
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (offset, flip) => {
        const damaged = Buffer.from(der);
        damaged[offset]! ^= flip;
        expect(() => parseCertificateRequest(encodePem('CERTIFICATE REQUEST', damaged))).toThrow();
      }),
      { numRuns: 500 },
    );
  });

  it('lets registrars hand out only what they have', () => {
    const registrar: Attribute[] = [
      {
        name: 'hf.Registrar.Attributes',
        value: 'medseal.*, hf.Revoker, hf.Registrar.Roles,hf.Registrar.DelegateRoles,hf.GenCRL',
      },
      { name: 'hf.Registrar.Roles', value: 'client,peer' },
      { name: 'hf.Registrar.DelegateRoles', value: 'client' },
      { name: 'hf.Revoker', value: 'true' },
      { name: 'hf.GenCRL', value: 'false' },
    ];
    const may = (...attributes: [string, string][]): boolean => {
      try {
        checkRegistrableAttributes(
          attributes.map(([name, value]) => ({ name, value })),
          [],
          registrar,
        );
        return true;
      } catch {
        return false;
      }
    };
    expect(may(['medseal.role', 'doctor'])).toBe(true);
    expect(may(['other', 'x'])).toBe(false);
    expect(may(['hf.Revoker', 'true'])).toBe(true);
    expect(may(['hf.Revoker', 'perhaps'])).toBe(false);
    expect(may(['hf.GenCRL', 'true'])).toBe(false);
    expect(may(['hf.IntermediateCA', 'true'])).toBe(false);
    expect(may(['hf.Type', 'client'])).toBe(false);
    expect(may(['hf.Registrar.Roles', 'client'])).toBe(true);
    expect(may(['hf.Registrar.Roles', 'client,orderer'])).toBe(false);
    expect(may(['hf.Registrar.DelegateRoles', 'client'])).toBe(false);
    expect(may(['hf.Registrar.DelegateRoles', 'client'], ['hf.Registrar.Roles', 'client'])).toBe(true);
  });

  it('keeps registrars within their types and affiliation', async () => {
    await ca.addAffiliation('admin', 'ward.a', true);
    await ca.register('admin', {
      id: 'u-registrar',
      affiliation: 'ward',
      attributes: [{ name: 'hf.Registrar.Roles', value: 'client' }],
    });
    expect(await refusal(ca.register('u-registrar', { id: 'u-a', affiliation: 'ward.a' }))).toBe('accepted');
    expect(ca.identity('u-a')).toMatchObject({ affiliation: 'ward.a', type: 'client', maxEnrollments: -1 });
    expect(await refusal(ca.register('u-registrar', { id: 'u-b', affiliation: '.' }))).toEqual([403, 76, 71]);
    expect(await refusal(ca.register('u-registrar', { id: 'u-b', type: 'admin' }))).toEqual([403, 76, 71]);
    expect(
      ca
        .managedIdentities('u-registrar')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['u-a', 'u-registrar']);
    expect(() => ca.managedIdentity('u-registrar', 'admin')).toThrow();
  });

  it('stores secrets in a form that does not give them back', async () => {
    const generated = generateSecret();
    for (const [secret, stored] of [
      [generated, hashGeneratedSecret(generated)],
      ['chosen', await hashChosenSecret('chosen')],
    ] as const) {
      expect(stored).not.toContain(secret);
      expect(await matchesSecret(secret, stored)).toBe(true);
      expect(await matchesSecret(`${secret}x`, stored)).toBe(false);
      expect(await matchesSecret('', stored)).toBe(false);
    }
  });
});

describe('the journal of a certificate authority', () => {
  it('has every acknowledged record after any cut, and finds every altered byte of a whole line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'journal-'));
    const path = join(folder, 'registry.log');
    const journal = Journal.open<number>(path, () => undefined);
    await Promise.all(Array.from({ length: 20 }, (_, index) => journal.append(index)));
    await journal.close();
    const content = readFileSync(path);
    const read = async (bytes: Buffer): Promise<number[]> => {
      const copy = join(folder, 'copy.log');
      rmSync(copy, { force: true });
      writeFileSync(copy, bytes);
      const found: number[] = [];
      await Journal.open<number>(copy, (entry) => found.push(entry)).close();
      return found;
    };
    expect(await read(content)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length), async (length) => {
        const lines = content.subarray(0, length).toString().split('\n').length - 1;
        expect(await read(content.subarray(0, length))).toHaveLength(lines);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (offset, flip) => {
        const altered = Buffer.from(content);
        altered[offset]! ^= flip;
        await expect(read(altered)).rejects.toThrow(/line \d+ was altered; restore the file from a copy/);
      }),
    );
    rmSync(folder, { recursive: true });
  });
});
