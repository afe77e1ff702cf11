import { connect } from 'node:net';
import { enrollTls, startAuthorities } from './authorities.js';
import { checkVersion, findBinaries, type Binaries } from './binaries.js';
import { joinOrderer, joinPeer, writeGenesisBlock } from './channel.js';
import { HOST, Layout, writeFile, type OrganizationPlace } from './layout.js';
import { chaincodeNode, defineChaincode } from './lifecycle.js';
import { ordererNode, peerNode } from './node-config.js';
import { Nodes, type Node } from './nodes.js';
import { connectionProfile } from './profile.js';
import { until } from './steps.js';
import type { ChaincodeOptions, FabricOptions } from './types.js';

const READY_SECONDS = 30;
const MEMBERSHIP_SECONDS = 60;

export interface FabricNetwork {
  readonly profileFile: string;
  /** Fabric's version as its peer tells it. */
  readonly version: string;
  readonly startMs: number;
}

export interface NodeStatus {
  readonly name: string;
  readonly pid: number | undefined;
}

/**
 * Brings the network up as far as it is not: folder, certificates, nodes, channel, chaincode, connection profile. Nodes
 * that run are left alone; what was done by an earlier call, also one cut short, is not done again.
 * @throws FabricMissingError, or StepError naming the step that failed and why
 */
export const up = async (options: FabricOptions): Promise<FabricNetwork> => {
  const began = performance.now();
  const report = options.report ?? (() => undefined);
  const binaries = findBinaries();
  const version = await checkVersion(binaries);
  const layout = await Layout.open(options);
  const nodes = new Nodes(options.directory, options.signal);

  report('Certifying nodes …');
  await enrollTls(layout, nodes, binaries);
  await startAuthorities(layout, nodes, binaries);
  await writeGenesisBlock(layout, binaries, options.batch);

  report('Starting orderers, peers and chaincode …');
  await Promise.all([
    ...layout.orderers.map(async (orderer) => {
      await startHealthy(nodes, ordererNode(layout, orderer, binaries), orderer);
      await joinOrderer(layout, orderer, binaries);
    }),
    ...layout.organizations.map((organization) => startPeer(layout, nodes, organization, binaries)),
    ...layout.organizations.flatMap((organization) =>
      options.chaincodes.map((chaincode) => startChaincode(layout, nodes, organization, chaincode)),
    ),
  ]);
  for (const { definition } of options.chaincodes)
    await defineChaincode(layout, definition, binaries, report);
  report('Waiting until the peers know one another and the orderers have a leader …');
  await Promise.all([leaderElected(layout), ...layout.organizations.map((one) => knowsOthers(layout, one))]);
  writeFile(
    options.profileFile,
    connectionProfile(
      layout,
      options.chaincodes.map(({ definition }) => definition.name),
    ),
  );
  return { profileFile: options.profileFile, version, startMs: performance.now() - began };
};

const startPeer = async (
  layout: Layout,
  nodes: Nodes,
  organization: OrganizationPlace,
  binaries: Binaries,
): Promise<void> => {
  const { peerPort: port, peerOperationsPort: operationsPort } = organization;
  await startHealthy(nodes, peerNode(layout, organization, binaries), { port, operationsPort });
  await joinPeer(layout, organization, binaries);
};

/** A node says that it is well before it listens for its clients. */
const startHealthy = async (
  nodes: Nodes,
  node: Node,
  { port, operationsPort }: { readonly port: number; readonly operationsPort: number },
): Promise<void> => {
  await nodes.start(node);
  await nodes.ready(node.name, READY_SECONDS, async () => {
    const answer = await fetch(`http://${HOST}:${operationsPort}/healthz`);
    if (!answer.ok) throw new Error(`it says ${(await answer.text()).slice(0, 300)}`);
    return (await accepts(port)) || undefined;
  });
};

const startChaincode = async (
  layout: Layout,
  nodes: Nodes,
  organization: OrganizationPlace,
  chaincode: ChaincodeOptions,
): Promise<void> => {
  const node = chaincodeNode(layout, organization, chaincode);
  await nodes.start(node);
  await nodes.ready(node.name, READY_SECONDS, async () => (await accepts(node.ports[0]!)) || undefined);
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** Value of a gauge of the channel. @returns undefined while the node does not tell it */
const gauge = async (operationsPort: number, name: string, channel: string): Promise<number | undefined> => {
  const text = await (await fetch(`http://${HOST}:${operationsPort}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{channel="${channel}"}`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

const leaderElected = (layout: Layout): Promise<true> =>
  until('electing a leader of the orderers', MEMBERSHIP_SECONDS, async () => {
    const leads = await Promise.all(
      layout.orderers.map(({ operationsPort }) =>
        gauge(operationsPort, 'consensus_etcdraft_is_leader', layout.channel).catch(() => undefined),
      ),
    );
    return leads.includes(1) || undefined;
  });

/** Without knowing the others a peer finds nobody to endorse beside itself. */
const knowsOthers = (layout: Layout, { peerName, peerOperationsPort }: OrganizationPlace): Promise<true> =>
  until(`having ${peerName} meet the other peers`, MEMBERSHIP_SECONDS, async () => {
    const known = await gauge(peerOperationsPort, 'gossip_membership_total_peers_known', layout.channel);
    return (known ?? 0) >= layout.organizations.length - 1 || undefined;
  });

const nodeNames = (layout: Layout): string[] => [
  ...layout.organizations.map(({ ca }) => ca.node),
  ...layout.orderers.map(({ name }) => name),
  ...layout.organizations.map(({ peerName }) => peerName),
  ...layout.organizations.flatMap(({ chaincodes }) => chaincodes.map(({ name }) => name)),
];

/** Every node of the folder's network and its process; empty when there is none. */
export const status = (directory: string): NodeStatus[] => {
  const layout = Layout.existing(directory);
  const nodes = new Nodes(directory);
  return layout === undefined ? [] : nodeNames(layout).map((name) => ({ name, pid: nodes.pid(name) }));
};

/** Path of a node's log. */
export const logFile = (directory: string, name: string): string => new Nodes(directory).log(name);

/** Stops the nodes, whoever started them; the data stays. @returns how many ran */
export const down = async (directory: string): Promise<number> => {
  const layout = Layout.existing(directory);
  if (layout === undefined) return 0;
  const nodes = new Nodes(directory);
  const stopped: boolean[] = [];
  const stopAll = async (names: readonly string[]): Promise<void> => {
    stopped.push(...(await Promise.all(names.map((name) => nodes.stop(name)))));
  };
  // Peers first: they have time to write what the orderers sent.
  await stopAll(layout.organizations.map(({ peerName }) => peerName));
  const peers = new Set(layout.organizations.map(({ peerName }) => peerName));
  await stopAll(nodeNames(layout).filter((name) => !peers.has(name)));
  // One runs after a bring-up that was cut short.
  await stopAll(layout.organizations.map(({ tlsCa }) => tlsCa.node));
  return stopped.filter(Boolean).length;
};
