import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { load } from 'js-yaml';
import { authorityNode, CHAINCODE_CLIENT } from '../src/authorities';
import type { Binaries } from '../src/binaries';
import { Layout } from '../src/layout';
import { chaincodeNode } from '../src/lifecycle';
import { ordererNode, peerNode } from '../src/node-config';
import type { Node } from '../src/nodes';
import type { FabricOptions, FabricOrganization } from '../src/types';

interface Service {
  command: string;
  working_dir: string;
  network_mode: string;
  volumes: string[];
  environment?: Record<string, string>;
  env_file?: string;
}

const ROOT = path.resolve(__dirname, '../../..');
const PROGRAMS: Binaries = {
  peer: '/fabric/peer',
  orderer: '/fabric/orderer',
  osnadmin: '/fabric/osnadmin',
  configtxgen: '/fabric/configtxgen',
  'fabric-ca-server': '/fabric/fabric-ca-server',
  'fabric-ca-client': '/fabric/fabric-ca-client',
};

/** As a container engine replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
const replaced = (text: string, values: NodeJS.ProcessEnv): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, mark: string, rest: string) => {
    const value = values[name] ?? (mark === '-' ? rest : undefined);
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  });

describe('compose.yaml', () => {
  let folder: string;
  let services: Record<string, Service>;
  let nodes: Node[];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-compose-'));
    const organizations = JSON.parse(
      readFileSync(path.join(ROOT, 'scripts/demo/organizations.json'), 'utf8'),
    ) as FabricOrganization[];
    const chaincodes: FabricOptions['chaincodes'] = [
      {
        definition: { name: 'ehr', version: '1', sequence: 1, collections: [] },
        command: [process.execPath, path.join(ROOT, 'chaincode/dist/main.js')],
        environment: { CityMSP: { MEDSEAL_AGENT_KEY_FILE: '/keys/CityMSP/agent.key' } },
      },
      {
        definition: { name: 'custodian', version: '1', sequence: 1, collections: [] },
        command: [process.execPath, path.join(ROOT, 'chaincode/dist/custodian-main.js')],
        environment: { CityMSP: { MEDSEAL_CUSTODIAN_FOLDER: '/custodians/CityMSP' } },
      },
    ];
    const layout = await Layout.open({
      directory: path.join(folder, 'fabric'),
      profileFile: path.join(folder, 'connection.yaml'),
      channel: 'health',
      organizations,
      chaincodes,
    });
    for (const organization of layout.organizations) {
      const { tls } = organization.identity(CHAINCODE_CLIENT);
      for (const file of [
        path.join(tls, 'server.key'),
        path.join(tls, 'server.crt'),
        organization.tlsCa.certificate,
      ]) {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, 'PEM');
      }
    }
    nodes = [
      ...layout.organizations.map(({ ca }) => authorityNode(ca, PROGRAMS)),
      ...layout.orderers.map((orderer) => ordererNode(layout, orderer, PROGRAMS)),
      ...layout.organizations.map((organization) => peerNode(layout, organization, PROGRAMS)),
      ...layout.organizations.flatMap((organization) =>
        chaincodes.map((chaincode) => chaincodeNode(layout, organization, chaincode)),
      ),
    ];
    const text = readFileSync(path.join(__dirname, '../compose.yaml'), 'utf8');
    const values = { ...process.env, MEDSEAL_FABRIC: layout.directory, MEDSEAL_ROOT: ROOT };
    ({ services } = load(replaced(text, values)) as { services: Record<string, Service> });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has the nodes that up starts, and no other', () => {
    expect(Object.keys(services).sort()).toEqual(nodes.map(({ name }) => name).sort());
  });

  test('runs each with the same program, arguments, folder and settings', () => {
    for (const node of nodes) {
      const { command, working_dir, environment = {}, env_file } = services[node.name]!;
      const file =
        env_file === undefined
          ? {}
          : Object.fromEntries(
              readFileSync(env_file, 'utf8')
                .trimEnd()
                .split('\n')
                .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
            );
      expect({ command, working_dir, environment: { ...file, ...environment } }).toEqual({
        command: [path.basename(node.file), ...node.args].join(' '),
        working_dir: node.folder,
        environment: node.environment,
      });
    }
  });

  test('tells a chaincode process what its organisation is told besides, and no other', () => {
    const toldOf = (setting: string): string[] =>
      nodes.filter(({ environment }) => setting in environment).map(({ name }) => name);
    expect(toldOf('MEDSEAL_AGENT_KEY_FILE')).toEqual(['chaincode-CityMSP']);
    expect(toldOf('MEDSEAL_CUSTODIAN_FOLDER')).toEqual(['custodian-CityMSP']);
  });

  test('gives each the folders and the ports of the host', () => {
    for (const { network_mode, volumes } of Object.values(services)) {
      expect(network_mode).toBe('host');
      expect(volumes).toEqual([
        `${path.join(folder, 'fabric')}:${path.join(folder, 'fabric')}`,
        `${ROOT}:${ROOT}:ro`,
      ]);
    }
  });
});
