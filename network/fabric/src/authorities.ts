import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { HOST, writeFile, type AuthorityPlace, type Layout, type OrganizationPlace } from './layout.js';
import type { Node, Nodes } from './nodes.js';
import { run } from './steps.js';

const READY_SECONDS = 30;
const ENROLL_SECONDS = 30;
const NODE_EXPIRY = '87600h';

export const REGISTRAR = 'registrar';
/** Of the ordering organisation: may have ordering nodes join channels. */
export const ORDERING_ADMIN = 'ordering-admin';
/** The TLS client that the organisation's chaincode process lets in: its peer. */
export const CHAINCODE_CLIENT = 'chaincode-client';

interface Registered {
  readonly name: string;
  readonly type: 'client' | 'peer' | 'admin' | 'orderer';
  readonly attrs?: Readonly<Record<string, string>>;
}

/** Who can enrol with the identity CA from its first start on. */
const registered = (layout: Layout, organization: OrganizationPlace): Registered[] => [
  {
    name: REGISTRAR,
    type: 'client',
    attrs: {
      'hf.Registrar.Roles': 'client',
      'hf.Registrar.Attributes': 'medseal.*',
      'hf.Revoker': 'true',
      'hf.GenCRL': 'true',
    },
  },
  { name: organization.peerHostname, type: 'peer' },
  { name: 'admin', type: 'admin' },
  ...organization.orderers.map(({ hostname }) => ({ name: hostname, type: 'orderer' as const })),
  ...layout.organizations
    .filter(({ parentCa }) => parentCa === organization.mspId)
    .map(({ ca }) => ({ name: ca.name, type: 'client' as const, attrs: { 'hf.IntermediateCA': 'true' } })),
];

/** TLS certificates by the name of their folder: common name and hosts. */
const tlsCertificates = (
  organization: OrganizationPlace,
): { folder: string; name: string; hosts: string[] }[] => {
  const local = [HOST, 'localhost'];
  return [
    { folder: 'peer', name: organization.peerHostname, hosts: [organization.peerHostname, ...local] },
    { folder: 'ca', name: organization.ca.name, hosts: [organization.ca.name, ...local] },
    ...organization.chaincodes.map(({ identity }) => ({
      folder: identity,
      name: `${identity}.${organization.domain}`,
      hosts: local,
    })),
    { folder: CHAINCODE_CLIENT, name: `${CHAINCODE_CLIENT}.${organization.domain}`, hosts: [] },
    ...organization.orderers.map(({ name, hostname }) => ({
      folder: name,
      name: hostname,
      hosts: [hostname, ...local],
    })),
    ...(organization.orderer
      ? [{ folder: ORDERING_ADMIN, name: `${ORDERING_ADMIN}.${organization.domain}`, hosts: [] }]
      : []),
  ];
};

/** Identity certificates by the name of their folder: enrolment id. */
const identities = (organization: OrganizationPlace): { folder: string; name: string }[] => [
  { folder: 'peer', name: organization.peerHostname },
  { folder: 'admin', name: 'admin' },
  ...organization.orderers.map(({ name, hostname }) => ({ folder: name, name: hostname })),
];

const usage = {
  identity: ['digital signature'],
  ca: ['cert sign', 'crl sign'],
  tls: ['signing', 'key encipherment', 'server auth', 'client auth', 'key agreement'],
};

const CONFIGURATION = 'fabric-ca-server-config.yaml';

/** A server with one CA. YAML reads JSON. */
const configuration = (layout: Layout, authority: AuthorityPlace, clients: readonly Registered[]) => ({
  version: '1.5.0',
  address: HOST,
  port: authority.port,
  tls: { enabled: true },
  ca: { name: authority.name },
  registry: {
    maxenrollments: -1,
    identities: clients.map(({ name, type, attrs = {} }) => ({
      name,
      pass: layout.secret(authority.name, name),
      type,
      affiliation: '',
      attrs,
    })),
  },
  db: { type: 'sqlite3', datasource: 'registry.db' },
  affiliations: {},
  signing: {
    default: { usage: usage.identity, expiry: '8760h' },
    profiles: {
      ca: {
        usage: usage.ca,
        expiry: NODE_EXPIRY,
        caconstraint: { isca: true, maxpathlen: 0, maxpathlenzero: true },
      },
      node: { usage: usage.identity, expiry: NODE_EXPIRY },
      tls: { usage: usage.tls, expiry: NODE_EXPIRY },
    },
  },
  csr: {
    cn: authority.name,
    keyrequest: { algo: 'ecdsa', size: 256 },
    hosts: [authority.name, HOST, 'localhost'],
    ca: { expiry: '131400h', pathlength: 1 },
  },
  cfg: { identities: { passwordattempts: 10 } },
  crl: { expiry: '24h' },
  operations: { listenAddress: `${HOST}:${authority.operationsPort}` },
  metrics: { provider: 'disabled' },
});

const writeTlsCa = (layout: Layout, organization: OrganizationPlace): void => {
  const clients = tlsCertificates(organization).map(({ name }) => ({ name, type: 'client' as const }));
  writeFile(
    join(organization.tlsCa.folder, CONFIGURATION),
    JSON.stringify(configuration(layout, organization.tlsCa, clients)),
  );
};

const writeCa = (layout: Layout, organization: OrganizationPlace): void => {
  const { ca, mspId, parentCa } = organization;
  const own = configuration(layout, ca, registered(layout, organization));
  const { tls } = organization.identity('ca');
  const parent = parentCa === undefined ? undefined : layout.organization(parentCa);
  writeFile(
    join(ca.folder, CONFIGURATION),
    JSON.stringify({
      ...own,
      tls: { enabled: true, certfile: join(tls, 'server.crt'), keyfile: join(tls, 'server.key') },
      ...(parent && {
        // An intermediate CA is named by its enrolment with the parent.
        csr: { ...own.csr, cn: '', ca: { ...own.csr.ca, pathlength: 0 } },
        intermediate: {
          parentserver: {
            url: `https://${ca.name}:${layout.secret(parent.ca.name, ca.name)}@${HOST}:${parent.ca.port}`,
            caname: parent.ca.name,
          },
          enrollment: { profile: 'ca' },
          tls: { certfiles: [parent.tlsCa.certificate] },
        },
      }),
    }),
  );
  writeFile(
    registrarFile(layout, mspId),
    `${JSON.stringify({ enrollmentId: REGISTRAR, enrollmentSecret: layout.secret(ca.name, REGISTRAR) })}\n`,
  );
};

export const registrarFile = (layout: Layout, mspId: string): string =>
  join(layout.directory, 'authorities', mspId, 'registrar.json');

/**
 * Certificates of the nodes' TLS, where some are missing: each organisation's TLS CA runs for as long as it issues them.
 */
export const enrollTls = async (layout: Layout, nodes: Nodes, binaries: Binaries): Promise<void> => {
  await Promise.all(
    layout.organizations.map(async (organization) => {
      const { tlsCa } = organization;
      const missing = tlsCertificates(organization).filter(
        ({ folder }) => !existsSync(join(organization.identity(folder).tls, 'server.crt')),
      );
      if (missing.length === 0) {
        // It still runs where an earlier call was cut short after the last certificate.
        await nodes.stop(tlsCa.node);
        return;
      }
      writeTlsCa(layout, organization);
      await startServer(nodes, tlsCa, organization, binaries);
      for (const { folder, name, hosts } of missing) {
        const { tls } = organization.identity(folder);
        const made = await enroll(layout, organization, binaries, { name, profile: 'tls', hosts });
        writeFile(join(tls, 'server.key'), made.key);
        writeFile(join(tls, 'ca.crt'), readFileSync(tlsCa.certificate));
        writeFile(join(tls, 'server.crt'), made.certificate);
      }
      await nodes.stop(tlsCa.node);
    }),
  );
};

/** Starts each organisation's CA that does not run, a parent's first, and enrols nodes and administrators. */
export const startAuthorities = async (layout: Layout, nodes: Nodes, binaries: Binaries): Promise<void> => {
  const start = async (organization: OrganizationPlace): Promise<void> => {
    writeCa(layout, organization);
    await startServer(nodes, organization.ca, organization, binaries);
    await enrollNodes(layout, organization, binaries);
    const children = layout.organizations.filter(({ parentCa }) => parentCa === organization.mspId);
    await Promise.all(children.map(start));
  };
  await Promise.all(layout.organizations.filter(({ parentCa }) => parentCa === undefined).map(start));
};

/** How to run a certificate authority whose configuration is in its folder. */
export const authorityNode = (authority: AuthorityPlace, binaries: Binaries): Node => ({
  name: authority.node,
  file: binaries['fabric-ca-server'],
  args: ['start', '--home', authority.folder],
  environment: {},
  folder: authority.folder,
  ports: [authority.port, authority.operationsPort],
});

const startServer = async (
  nodes: Nodes,
  authority: AuthorityPlace,
  { tlsCa }: OrganizationPlace,
  binaries: Binaries,
): Promise<void> => {
  await nodes.start(authorityNode(authority, binaries));
  await nodes.ready(authority.node, READY_SECONDS, () => answers(authority, tlsCa));
};

const answers = ({ name, port }: AuthorityPlace, tlsCa: AuthorityPlace): Promise<true | undefined> => {
  if (!existsSync(tlsCa.certificate)) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const options = { ca: readFileSync(tlsCa.certificate), timeout: 2_000, agent: false as const };
    const asked = request(`https://${HOST}:${port}/cainfo?ca=${name}`, options, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve(true);
      else reject(new Error(`it answered ${answer.statusCode}`));
    });
    asked.on('timeout', () => asked.destroy(new Error('it does not answer')));
    asked.on('error', reject);
    asked.end();
  });
};

/** Enrols nodes and administrator where they have no certificate yet, and writes the organisation's MSP folder. */
const enrollNodes = async (
  layout: Layout,
  organization: OrganizationPlace,
  binaries: Binaries,
): Promise<void> => {
  writeMsp(organization.msp, layout, organization);
  for (const { folder, name } of identities(organization)) {
    const { msp } = organization.identity(folder);
    if (existsSync(join(msp, 'signcerts', 'cert.pem'))) continue;
    const made = await enroll(layout, organization, binaries, { name, profile: 'node', hosts: [] });
    writeMsp(msp, layout, organization);
    writeFile(join(msp, 'keystore', 'key.pem'), made.key);
    writeFile(join(msp, 'signcerts', 'cert.pem'), made.certificate);
  }
};

interface Enrolled {
  readonly certificate: string;
  readonly key: string;
}

const enroll = async (
  layout: Layout,
  organization: OrganizationPlace,
  binaries: Binaries,
  { name, profile, hosts }: { name: string; profile: 'node' | 'tls'; hosts: string[] },
): Promise<Enrolled> => {
  const authority = profile === 'tls' ? organization.tlsCa : organization.ca;
  const home = mkdtempSync(join(authority.folder, 'enrolling-'));
  try {
    await run(`enrolling ${name} with ${authority.name}`, {
      file: binaries['fabric-ca-client'],
      args: [
        ...['enroll', '--home', home, '--mspdir', 'msp', '--caname', authority.name],
        ...['--url', `https://${name}:${layout.secret(authority.name, name)}@${HOST}:${authority.port}`],
        ...['--tls.certfiles', organization.tlsCa.certificate, '--enrollment.profile', profile],
        ...[
          '--csr.names',
          `O=${organization.domain}`,
          ...(hosts.length > 0 ? ['--csr.hosts', hosts.join(',')] : []),
        ],
      ],
      seconds: ENROLL_SECONDS,
    });
    const only = (folder: string): string => {
      const [file] = readdirSync(join(home, 'msp', folder));
      return readFileSync(join(home, 'msp', folder, file!), 'utf8');
    };
    return { certificate: only('signcerts'), key: only('keystore') };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

/** Roots, intermediates and node kinds; the same for the channel and for each node of the organisation. */
const writeMsp = (folder: string, layout: Layout, organization: OrganizationPlace): void => {
  const { ca, parentCa, tlsCa } = organization;
  const root = parentCa === undefined ? ca : layout.organization(parentCa).ca;
  writeFile(join(folder, 'cacerts', 'root.pem'), readFileSync(root.certificate));
  if (parentCa !== undefined)
    writeFile(join(folder, 'intermediatecerts', 'ca.pem'), readFileSync(ca.certificate));
  writeFile(join(folder, 'tlscacerts', 'tlsca.pem'), readFileSync(tlsCa.certificate));
  const Certificate = parentCa === undefined ? 'cacerts/root.pem' : 'intermediatecerts/ca.pem';
  const kind = (OrganizationalUnitIdentifier: string) => ({ Certificate, OrganizationalUnitIdentifier });
  writeFile(
    join(folder, 'config.yaml'),
    JSON.stringify({
      NodeOUs: {
        Enable: true,
        ClientOUIdentifier: kind('client'),
        PeerOUIdentifier: kind('peer'),
        AdminOUIdentifier: kind('admin'),
        OrdererOUIdentifier: kind('orderer'),
      },
    }),
  );
};
