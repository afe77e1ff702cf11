import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, type Contract, hash } from '@hyperledger/fabric-gateway';
import { load } from 'js-yaml';
import { reservePorts } from '../src/free-ports';
import { createSigningIdentity } from '../src/msp/signing-identity';
import {
  CHANNEL,
  type ChaincodeProcess,
  CITY,
  LAKESIDE,
  ORGANIZATIONS,
  startChaincodes,
  temporaryDirectory,
} from './harness';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const CITY_COLLECTION = `_implicit_org_${CITY}`;

interface Profile {
  channel: string;
  chaincode: string;
  organizations: Record<string, { mspid: string; peers: string[] }>;
  peers: Record<
    string,
    { endpoint: string; tlsCACerts: { pem: string }; grpcOptions: Record<string, string> }
  >;
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the process entry from its sources. */
function start(...args: string[]): ChildProcess {
  const main = join(__dirname, '../src/main.ts');
  return spawn(process.execPath, ['-r', join(__dirname, 'fixtures/typescript.cjs'), main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function finish(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function ready(
  child: ChildProcess,
): Promise<{ ready: boolean; height: number; damage: unknown[]; profile: string }> {
  child.stderr?.pipe(process.stderr);
  for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line) as never;
  throw new Error('the process ended before it was ready');
}

describe('the network as a process', () => {
  const directory = temporaryDirectory();
  const data = join(directory, 'data');
  const configuration = join(directory, 'network.json');
  let chaincodes: Map<string, ChaincodeProcess>;
  let running: ChildProcess | undefined;
  const clients: { close(): void }[] = [];

  const configure = (more: object = {}) => {
    const addresses = Object.fromEntries([...chaincodes].map(([mspId, { address }]) => [mspId, address]));
    const definition = { name: 'asset', version: '1', sequence: 1 };
    const options = {
      directory: data,
      channel: CHANNEL,
      organizations: ORGANIZATIONS,
      chaincodes: [{ definition, addresses }],
    };
    writeFileSync(configuration, JSON.stringify({ ...options, ...more }));
  };
  const launch = async () => {
    running = start(configuration);
    return ready(running);
  };
  const kill = async (signal: NodeJS.Signals) => {
    const child = running;
    running = undefined;
    if (!child) return undefined;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  /** A client with the profile and files alone, as any other process would connect. */
  const contractOf = (mspId: string): Contract => {
    const profile = load(readFileSync(join(data, 'connection.yaml'), 'utf8')) as Profile;
    const peer = profile.peers[profile.organizations[mspId]?.peers[0] ?? '']!;
    const domain = ORGANIZATIONS.find((organization) => organization.mspId === mspId)!.domain;
    const msp = join(data, 'organizations', mspId, 'users', `Admin@${domain}`, 'msp');
    const certificate = readFileSync(join(msp, 'signcerts/cert.pem'), 'utf8');
    const admin = createSigningIdentity(
      mspId,
      certificate,
      readFileSync(join(msp, 'keystore/priv_sk'), 'utf8'),
    );
    const grpc = new Client(peer.endpoint, credentials.createSsl(Buffer.from(peer.tlsCACerts.pem)), {
      'grpc.ssl_target_name_override': peer.grpcOptions['ssl-target-name-override'],
      'grpc.use_local_subchannel_pool': 1,
    });
    const gateway = connect({
      client: grpc,
      identity: { mspId, credentials: Buffer.from(certificate) },
      signer: (message) => Promise.resolve(admin.sign(Buffer.from(message))),
      hash: hash.none,
    });
    clients.push(gateway, grpc);
    return gateway.getNetwork(profile.channel).getContract(profile.chaincode);
  };

  beforeAll(async () => {
    chaincodes = await startChaincodes([CITY, LAKESIDE]);
    configure();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await kill('SIGKILL');
    await Promise.all([...chaincodes.values()].map((chaincode) => chaincode.kill()));
    rmSync(directory, { recursive: true, force: true });
  });

  it('keeps every transaction that it called valid when it is killed', async () => {
    expect(await launch()).toMatchObject({ ready: true, damage: [] });
    const contract = contractOf(CITY);
    const valid: string[] = [];
    let stop = false;
    const write = async (worker: number) => {
      for (let i = 0; !stop; i++) {
        const key = `k-${worker}-${i}`;
        const isPrivate = i % 2 === 1;
        const commit = await contract
          .submitAsync(isPrivate ? 'PutPrivate' : 'Put', {
            arguments: isPrivate ? [CITY_COLLECTION, key] : [key, key],
            ...(isPrivate && { transientData: { asset: key }, endorsingOrganizations: [CITY] }),
          })
          .then((submitted) => submitted.getStatus({ deadline: Date.now() + 3_000 }))
          .catch(() => undefined);
        if (commit?.successful) valid.push(key);
        else if (stop) return;
      }
    };
    const workers = Array.from({ length: 8 }, (_, worker) => write(worker));
    const deadline = Date.now() + 30_000;
    while (valid.length < 40 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const killed = kill('SIGKILL');
    stop = true;
    await killed;
    await Promise.all(workers);
    expect(valid.length).toBeGreaterThanOrEqual(40);

    expect(await launch()).toMatchObject({ ready: true, damage: [] });
    const again = contractOf(CITY);
    for (const key of valid) {
      const isPrivate = Number(key.split('-')[2]) % 2 === 1;
      const value = isPrivate
        ? await again.evaluateTransaction('ReadPrivate', CITY_COLLECTION, key)
        : await again.evaluateTransaction('Read', key);
      expect(text(value)).toBe(key);
    }
    await again.submitTransaction('Put', 'after', 'restart');
    expect(text(await contractOf(LAKESIDE).evaluateTransaction('Read', 'after'))).toBe('restart');
  });

  it('refuses a second process in the same folder, in one line', async () => {
    const { code, stderr, stdout } = await finish(start(configuration));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^embedded network: the ledger in .* is in use by another process; stop that one first\n$/,
    );
  });

  it('keeps its ports over a clean stop', async () => {
    const before = readFileSync(join(data, 'ports.json'), 'utf8');
    expect(await kill('SIGTERM')).toBe(0);
    await launch();
    expect(readFileSync(join(data, 'ports.json'), 'utf8')).toBe(before);
    expect(text(await contractOf(CITY).evaluateTransaction('Read', 'after'))).toBe('restart');
    expect(await kill('SIGINT')).toBe(0);
  });

  it('scrubs and rebuilds a stopped network', async () => {
    const scrubbed = await finish(start('scrub', data));
    expect(scrubbed).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(scrubbed.stdout)).toMatchObject({ damage: [] });
    const rebuilt = await finish(start('rebuild', data));
    expect(rebuilt).toMatchObject({ code: 0, stderr: '' });
    await launch();
    expect(text(await contractOf(CITY).evaluateTransaction('Read', 'after'))).toBe('restart');
    await kill('SIGTERM');
    const nothing = await finish(start('scrub', directory));
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toContain('holds no network');
  });

  it('names a port in use', async () => {
    const port = (await reservePorts(1))[0]!;
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    configure({ ports: { [CITY]: { peer: port } } });
    const { code, stderr } = await finish(start(configuration));
    other.close();
    configure();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `embedded network: port ${port} for ${CITY} peer is in use; stop the process that has it or choose another port\n`,
    );
  });

  it.each([
    ['a missing folder name', { directory: '' }, 'directory must be a text'],
    ['no organisations', { organizations: [] }, 'organizations must name at least one organisation'],
    [
      'another channel in the same folder',
      { channel: 'other' },
      `holds channel ${CHANNEL}; ask for that channel or use another folder`,
    ],
    [
      'a definition out of sequence',
      { chaincodes: [{ definition: { name: 'asset', version: '2', sequence: 5 }, addresses: {} }] },
      'chaincode asset: requested sequence is 5, but the new definition must be sequence 2',
    ],
    [
      'an address of nobody',
      {
        chaincodes: [
          { definition: { name: 'asset', version: '1', sequence: 1 }, addresses: { NopeMSP: 'x:1' } },
        ],
      },
      'addresses names NopeMSP, which is no organisation here',
    ],
  ])('refuses %s in one line', async (_, more, message) => {
    configure(more);
    const { code, stderr, stdout } = await finish(start(configuration));
    configure();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses an unreadable configuration and shows its usage', async () => {
    const missing = await finish(start(join(directory, 'none.json')));
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('none.json cannot be read');
    expect(await finish(start())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('usage:') as string,
    });
  });

  it('captures what each peer receives', async () => {
    const captureFile = join(directory, 'captured.jsonl');
    configure({ captureFile });
    await launch();
    await contractOf(CITY).submit('PutPrivate', {
      arguments: [CITY_COLLECTION, 'captured'],
      transientData: { asset: 'only for City' },
      endorsingOrganizations: [CITY],
    });
    await contractOf(CITY).submitTransaction('Put', 'public', 'for all');
    await kill('SIGTERM');
    configure();
    const captured = readFileSync(captureFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { mspId: string; peer: string; role: string; bytes: string });
    const holding = (words: string) =>
      captured
        .filter(({ bytes }) => Buffer.from(bytes, 'base64').includes(words))
        .map(({ mspId, role }) => `${mspId} ${role}`);
    expect(holding('only for City')).toEqual([`${CITY} gateway`, `${CITY} endorser`]);
    expect(holding('for all')).toEqual([`${CITY} gateway`, `${CITY} endorser`, `${LAKESIDE} endorser`]);
    expect(existsSync(captureFile)).toBe(true);
  });

  it('follows the clock file', async () => {
    await launch();
    const contract = contractOf(CITY);
    await contract.evaluateTransaction('Null');
    const tenYears = 10 * 365 * 24 * 3600 * 1000;
    writeFileSync(join(data, 'clock'), String(tenYears));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const refused = await contract.evaluateTransaction('Null').catch((error: Error) => error.message);
    expect(refused).toContain('failed to evaluate transaction');
    await kill('SIGTERM');
  });
});
