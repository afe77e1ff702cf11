import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { dirname, join } from 'node:path';
import { ORDERING_ADMIN } from './authorities.js';
import type { Binaries } from './binaries.js';
import { HOST, writeFile, type Layout, type OrdererPlace, type OrganizationPlace } from './layout.js';
import { asAdministrator } from './peer-command.js';
import { run, until } from './steps.js';
import type { FabricOptions } from './types.js';

const JOIN_SECONDS = 30;

const implicit = (rule: string) => ({ Type: 'ImplicitMeta', Rule: rule });
const groupPolicies = {
  Readers: implicit('ANY Readers'),
  Writers: implicit('ANY Writers'),
  Admins: implicit('MAJORITY Admins'),
};

const signedBy = (mspId: string, ...roles: string[]) => ({
  Type: 'Signature',
  Rule: `OR(${roles.map((role) => `'${mspId}.${role}'`).join(', ')})`,
});

const member = ({ mspId, msp }: OrganizationPlace) => ({
  Name: mspId,
  ID: mspId,
  MSPDir: msp,
});

const applicationMember = (organization: OrganizationPlace) => ({
  ...member(organization),
  Policies: {
    Readers: signedBy(organization.mspId, 'admin', 'peer', 'client'),
    Writers: signedBy(organization.mspId, 'admin', 'client'),
    Admins: signedBy(organization.mspId, 'admin'),
    Endorsement: signedBy(organization.mspId, 'peer'),
  },
  AnchorPeers: [{ Host: HOST, Port: organization.peerPort }],
});

const orderingMember = (organization: OrganizationPlace) => ({
  ...member(organization),
  Policies: {
    Readers: signedBy(organization.mspId, 'member'),
    Writers: signedBy(organization.mspId, 'member'),
    Admins: signedBy(organization.mspId, 'admin'),
  },
  OrdererEndpoints: organization.orderers.map(({ port }) => `${HOST}:${port}`),
});

/** Profile of the channel for configtxgen. Raft ticks of 100 ms: elections end within two seconds. */
const profile = (
  layout: Layout,
  { timeoutMs = 100, maxMessageCount = 100 }: NonNullable<FabricOptions['batch']>,
) => ({
  Policies: groupPolicies,
  Capabilities: { V3_0: true },
  Orderer: {
    OrdererType: 'etcdraft',
    BatchTimeout: `${timeoutMs}ms`,
    BatchSize: { MaxMessageCount: maxMessageCount, AbsoluteMaxBytes: '99 MB', PreferredMaxBytes: '2 MB' },
    EtcdRaft: {
      Consenters: layout.orderers.map(({ name, port }) => {
        const certificate = join(layout.ordering.identity(name).tls, 'server.crt');
        return { Host: HOST, Port: port, ClientTLSCert: certificate, ServerTLSCert: certificate };
      }),
      Options: {
        TickInterval: '100ms',
        ElectionTick: 10,
        HeartbeatTick: 1,
        MaxInflightBlocks: 5,
        SnapshotIntervalSize: '16 MB',
      },
    },
    Organizations: [orderingMember(layout.ordering)],
    Policies: { ...groupPolicies, BlockValidation: implicit('ANY Writers') },
    Capabilities: { V2_0: true },
  },
  Application: {
    Organizations: layout.organizations.map(applicationMember),
    Policies: {
      ...groupPolicies,
      Endorsement: implicit('MAJORITY Endorsement'),
      LifecycleEndorsement: implicit('MAJORITY Endorsement'),
    },
    Capabilities: { V2_5: true },
  },
});

/** Makes the channel's first block with configtxgen, once. */
export const writeGenesisBlock = async (
  layout: Layout,
  binaries: Binaries,
  batch: FabricOptions['batch'] = {},
): Promise<void> => {
  const block = layout.genesis;
  if (existsSync(block)) return;
  const folder = dirname(block);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFile(
    join(folder, 'configtx.yaml'),
    JSON.stringify({ Profiles: { Channel: profile(layout, batch) } }, null, 2),
  );
  await run(`making the first block of channel ${layout.channel}`, {
    file: binaries.configtxgen,
    args: [
      '-profile',
      'Channel',
      '-channelID',
      layout.channel,
      '-outputBlock',
      `${block}.new`,
      '-configPath',
      folder,
    ],
    environment: { FABRIC_CFG_PATH: folder },
    seconds: JOIN_SECONDS,
  });
  renameSync(`${block}.new`, block);
};

/** Has an ordering node join the channel through osnadmin, unless it has. */
export const joinOrderer = async (
  layout: Layout,
  orderer: OrdererPlace,
  binaries: Binaries,
): Promise<void> => {
  const channels = await until(`asking ${orderer.name} for its channels`, JOIN_SECONDS, () =>
    channelsOf(layout, orderer),
  );
  if (channels.includes(layout.channel)) return;
  const { tls } = layout.ordering.identity(ORDERING_ADMIN);
  await run(`having ${orderer.name} join channel ${layout.channel}`, {
    file: binaries.osnadmin,
    args: [
      ...['channel', 'join', '--channelID', layout.channel, '--config-block', layout.genesis],
      ...['-o', `${HOST}:${orderer.adminPort}`, '--ca-file', layout.ordering.tlsCa.certificate],
      ...['--client-cert', join(tls, 'server.crt'), '--client-key', join(tls, 'server.key')],
    ],
    seconds: JOIN_SECONDS,
  });
};

/** As osnadmin asks for them; without starting a program each time. */
const channelsOf = (layout: Layout, orderer: OrdererPlace): Promise<string[]> => {
  const { tls } = layout.ordering.identity(ORDERING_ADMIN);
  const agent = new Agent({
    ca: readFileSync(layout.ordering.tlsCa.certificate),
    cert: readFileSync(join(tls, 'server.crt')),
    key: readFileSync(join(tls, 'server.key')),
  });
  return new Promise((resolve, reject) => {
    const url = `https://${HOST}:${orderer.adminPort}/participation/v1/channels`;
    const asked = request(url, { agent, timeout: 5_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => {
        agent.destroy();
        if (answer.statusCode !== 200) return reject(new Error(`it answered ${answer.statusCode}`));
        const { channels } = JSON.parse(text) as { channels: { name: string }[] | null };
        resolve((channels ?? []).map(({ name }) => name));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('it does not answer')));
    asked.on('error', reject);
    asked.end();
  });
};

/** Has an organisation's peer join the channel, unless it has. */
export const joinPeer = async (
  layout: Layout,
  organization: OrganizationPlace,
  binaries: Binaries,
): Promise<void> => {
  const as = asAdministrator(layout, organization, binaries);
  const joined = await as(`asking ${organization.peerName} for its channels`, JOIN_SECONDS, [
    'channel',
    'list',
  ]);
  if (joined.split('\n').some((line) => line.trim() === layout.channel)) return;
  await as(`having ${organization.peerName} join channel ${layout.channel}`, JOIN_SECONDS, [
    ...['channel', 'join', '-b', layout.genesis],
  ]);
};
