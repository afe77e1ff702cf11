import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Layout } from '../src/layout';
import { Nodes, type Node } from '../src/nodes';
import type { ChaincodeOptions, FabricOptions } from '../src/types';

describe('nodes and their places', () => {
  let folder: string;
  let nodes: Nodes;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-nodes-'));
    nodes = new Nodes(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const node = (script: string, ports: number[] = []): Node => ({
    name: 'one',
    file: process.execPath,
    args: ['-e', script],
    environment: {},
    folder: path.join(folder, 'one'),
    ports,
  });
  const waits = 'setInterval(() => undefined, 1000)';

  test('a node is started once, and again after it was killed', async () => {
    expect(await nodes.start(node(waits))).toBe(true);
    const first = nodes.pid('one');
    expect(first).toBeGreaterThan(0);
    expect(await nodes.start(node(waits))).toBe(false);
    process.kill(first!, 'SIGKILL');
    while (nodes.pid('one') !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await nodes.start(node(waits))).toBe(true);
    expect(nodes.pid('one')).not.toBe(first);
    expect(await nodes.stop('one')).toBe(true);
    expect(nodes.pid('one')).toBeUndefined();
    expect(await nodes.stop('one')).toBe(false);
  });

  test('one that ends is told with its last line, one that hangs with the time', async () => {
    await nodes.start(node('console.error("no space left"); process.exit(1)'));
    await expect(nodes.ready('one', 10, () => Promise.resolve(undefined))).rejects.toThrow(
      /^starting one failed: it ended; no space left/,
    );
    await nodes.start(node(waits));
    await expect(nodes.ready('one', 0, () => Promise.reject(new Error('not yet')))).rejects.toThrow(
      'starting one took longer than 0 s: not yet',
    );
    await nodes.stop('one');
  });

  test('a port that another program has is named', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      await expect(nodes.start(node(waits, [port]))).rejects.toThrow(
        `starting one failed: port ${port} is in use by another program`,
      );
    } finally {
      server.close();
    }
  });

  test('places stay the same, and a folder keeps its organisations', async () => {
    const chaincode = (name: string): ChaincodeOptions => ({
      definition: { name, version: '1', sequence: 1, collections: [] },
      command: ['true'],
    });
    const options: FabricOptions = {
      directory: folder,
      profileFile: path.join(folder, 'connection.yaml'),
      channel: 'health',
      organizations: [
        { mspId: 'AMSP', name: 'A', domain: 'a.example', orderer: true },
        { mspId: 'BMSP', name: 'B', domain: 'b.example', parentCa: 'AMSP' },
      ],
      chaincodes: [chaincode('ehr')],
    };
    const layout = await Layout.open(options);
    const secret = layout.secret('ca.a.example', 'admin');
    const again = await Layout.open(options);
    expect(again.secret('ca.a.example', 'admin')).toBe(secret);
    expect(again.organization('BMSP').peerPort).toBe(layout.organization('BMSP').peerPort);
    expect(layout.orderers).toHaveLength(3);
    // One more is defined on a network that is there.
    const more = await Layout.open({ ...options, chaincodes: [chaincode('ehr'), chaincode('custodian')] });
    const [first, second] = more.organization('BMSP').chaincodes;
    expect(first).toEqual(layout.organization('BMSP').chaincodes[0]);
    expect(second?.name).toBe('custodian-BMSP');
    expect(Layout.existing(folder)?.organization('BMSP').chaincodes).toEqual([first, second]);
    const ports = [
      ...more.orderers.flatMap(({ port, adminPort, operationsPort }) => [port, adminPort, operationsPort]),
      ...more.organizations.flatMap(
        ({ peerPort, peerChaincodePort, peerOperationsPort, chaincodes, ca, tlsCa }) => [
          ...[peerPort, peerChaincodePort, peerOperationsPort, ...chaincodes.map(({ port }) => port)],
          ...[ca.port, ca.operationsPort, tlsCa.port, tlsCa.operationsPort],
        ],
      ),
    ];
    expect(new Set(ports).size).toBe(ports.length);
    await expect(
      Layout.open({ ...options, organizations: options.organizations.slice(0, 1) }),
    ).rejects.toThrow(/is the network of channel health of AMSP, BMSP/);
  });
});
