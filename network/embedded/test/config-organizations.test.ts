import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { channelConfigFromBlock } from '../src/config/channel-config';
import { parseGoDuration } from '../src/config/go-duration';
import { prepareOrganizations, type PreparedNetwork } from '../src/config/organizations';
import { createSigningIdentity } from '../src/msp/signing-identity';

const organizations = [
  { mspId: 'CityMSP', name: 'City', domain: 'city.example', parentCa: 'MinistryMSP' },
  { mspId: 'MinistryMSP', name: 'Ministry', domain: 'ministry.example', orderer: true },
  { mspId: 'LakesideMSP', name: 'Lakeside', domain: 'lakeside.example', parentCa: 'MinistryMSP' },
];

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('organisations on disk', () => {
  const directory = mkdtempSync(join(tmpdir(), 'organisations-'));
  const close = (network: PreparedNetwork) => Promise.all(network.organizations.map(({ ca }) => ca.close()));
  const prepare = (folder = directory, list = organizations, channelId = 'medseal') =>
    prepareOrganizations(folder, list, { channelId });
  let first: PreparedNetwork;

  beforeAll(async () => {
    first = await prepare();
  });
  afterAll(async () => {
    await close(first);
    rmSync(directory, { recursive: true });
  });

  it('makes identities that the first block admits, each with its role', () => {
    const config = channelConfigFromBlock(first.genesisBlock);
    expect([...config.applicationMspIds].sort()).toEqual(['CityMSP', 'LakesideMSP', 'MinistryMSP']);
    expect(config.ordererMspIds).toEqual(['MinistryMSP']);
    expect(config.batch).toEqual({
      maxMessageCount: 500,
      absoluteMaxBytes: 103809024,
      preferredMaxBytes: 2097152,
      timeoutMs: 100,
    });
    const data = Buffer.from('bytes');
    const signed = (identity: { serialized: Buffer; sign(message: Buffer): Buffer }) => [
      { data, identity: identity.serialized, signature: identity.sign(data) },
    ];
    for (const { mspId, peer, admin } of first.organizations) {
      expect(
        config.policy(`/Channel/Application/${mspId}/Endorsement`).refusal(signed(peer)),
      ).toBeUndefined();
      expect(config.policy(`/Channel/Application/${mspId}/Endorsement`).refusal(signed(admin))).toBeDefined();
      expect(config.policy(`/Channel/Application/${mspId}/Admins`).refusal(signed(admin))).toBeUndefined();
      expect(config.policy('/Channel/Application/Writers').refusal(signed(admin))).toBeUndefined();
    }
    expect(config.policy('/Channel/Orderer/BlockValidation').refusal(signed(first.orderer))).toBeUndefined();
  });

  it('finds the same material again', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'organisations-copy-'));
    cpSync(directory, copy, { recursive: true });
    const second = await prepare(copy);
    expect(second.genesisBlock).toEqual(first.genesisBlock);
    second.organizations.forEach((organization, index) => {
      const before = first.organizations[index]!;
      expect(organization.peer.serialized).toEqual(before.peer.serialized);
      expect(organization.caAdmin).toEqual(before.caAdmin);
      expect(organization.tls).toEqual(before.tls);
      expect(organization.mspConfig).toEqual(before.mspConfig);
    });
    await close(second);
    rmSync(copy, { recursive: true });
  });

  it('keeps keys and secrets from other users of the machine', () => {
    const files = filesBelow(directory);
    const secret = files.filter((file) =>
      /PRIVATE KEY|enrollmentSecret|"secret"/.test(readFileSync(file, 'utf8')),
    );
    // Two CAs, TLS server, peer, administrator, CA administrator, journal an organisation; one orderer.
    expect(secret).toHaveLength(3 * 7 + 1);
    for (const file of secret) expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('goes on after a start that was cut off', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'organisations-cut-'));
    mkdirSync(join(folder, 'organizations', '.incomplete-1', 'ca'), { recursive: true });
    writeFileSync(join(folder, 'organizations', '.incomplete-1', 'ca', 'ca-key.pem'), 'half');
    cpSync(join(directory, 'organizations', 'MinistryMSP'), join(folder, 'organizations', 'MinistryMSP'), {
      recursive: true,
    });
    const network = await prepare(folder);
    expect(network.orderer.serialized).toEqual(first.orderer.serialized);
    expect(readdirSync(join(folder, 'organizations')).sort()).toEqual([
      'CityMSP',
      'LakesideMSP',
      'MinistryMSP',
      'medseal.block',
    ]);
    expect(
      channelConfigFromBlock(network.genesisBlock)
        .deserializeIdentity(network.organizations[0]!.peer.serialized)
        .invalidity(),
    ).toBeUndefined();
    await close(network);
    rmSync(folder, { recursive: true });
  });

  it('says what does not fit', async () => {
    await expect(prepare(directory, organizations.slice(0, 2))).rejects.toThrow(
      /first block of channel medseal of CityMSP, LakesideMSP, MinistryMSP/,
    );
    const folder = mkdtempSync(join(tmpdir(), 'organisations-bad-'));
    const [city, ministry] = [organizations[0]!, organizations[1]!];
    await expect(prepare(folder, [city])).rejects.toThrow(
      'parentCa MinistryMSP of organisation CityMSP is not among the organisations',
    );
    await expect(prepare(folder, [city, { ...ministry, parentCa: 'CityMSP' } as never])).rejects.toThrow(
      /is its own parent CA/,
    );
    await expect(prepare(folder, [ministry, ministry])).rejects.toThrow(
      'two organisations have the same mspId',
    );
    await expect(prepare(folder, [{ ...ministry, domain: '../x' }])).rejects.toThrow(
      /is no lower-case DNS name/,
    );
    await expect(prepare(folder, [{ ...ministry, mspId: 'a/b' }])).rejects.toThrow(/letters, digits/);
    await expect(prepare(folder, [])).rejects.toThrow('at least one organisation');
    rmSync(folder, { recursive: true });
    const { peer } = first.organizations[0]!;
    expect(() =>
      createSigningIdentity('CityMSP', peer.certificatePem, first.organizations[0]!.tls.key),
    ).toThrow(/restore both files/);
  });

  it('has TLS certificates for the local machine', async () => {
    const { tls } = first.organizations[0]!;
    const server = createServer({ key: tls.key, cert: tls.cert }, (socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const greeting = (servername: string, ca: string) =>
      new Promise<string>((resolve, reject) => {
        const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername, ca });
        socket.on('data', (bytes) => resolve(bytes.toString()));
        socket.on('error', reject);
      });
    expect(await greeting('localhost', tls.ca)).toBe('hello');
    expect(await greeting('peer0.city.example', tls.ca)).toBe('hello');
    await expect(greeting('localhost', first.organizations[1]!.tls.ca)).rejects.toThrow();
    await expect(greeting('elsewhere.example', tls.ca)).rejects.toThrow();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['2s', 2000],
    ['100ms', 100],
    ['1m30s', 90_000],
    ['1.5s', 1500],
  ])('reads the duration %s', (text, milliseconds) => {
    expect(parseGoDuration(text)).toBe(milliseconds);
  });

  it.each(['', '2', 's', '2s x'])('refuses the duration "%s"', (text) => {
    expect(() => parseGoDuration(text)).toThrow(/is no duration/);
  });
});
