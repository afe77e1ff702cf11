import { join } from 'node:path';
import type { Binaries } from './binaries.js';
import { HOST, writeFile, type Layout, type OrdererPlace, type OrganizationPlace } from './layout.js';
import type { Node } from './nodes.js';

const MESSAGE_BYTES_MAX = 100 * 1024 * 1024;
/** Our external builder: chaincode as a service. */
const BUILDER = join(__dirname, '..', 'builder');

const logging = (): Record<string, string> => ({
  FABRIC_LOGGING_SPEC: process.env['FABRIC_LOGGING_SPEC'] ?? 'warn:grpc=error',
});

/** Writes a peer's core.yaml (JSON is YAML) and tells how to run it. */
export const peerNode = (layout: Layout, organization: OrganizationPlace, binaries: Binaries): Node => {
  const { mspId, peerName, peerHostname, peerPort, peerChaincodePort, peerOperationsPort } = organization;
  const folder = layout.node(peerName);
  const { msp, tls } = organization.identity('peer');
  const address = `${HOST}:${peerPort}`;
  const core = {
    peer: {
      id: peerHostname,
      networkId: layout.channel,
      listenAddress: address,
      address,
      chaincodeListenAddress: `${HOST}:${peerChaincodePort}`,
      localMspId: mspId,
      localMspType: 'bccsp',
      mspConfigPath: msp,
      fileSystemPath: join(folder, 'data'),
      BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
      gateway: { enabled: true, endorsementTimeout: '30s', broadcastTimeout: '30s', dialTimeout: '10s' },
      keepalive: {
        minInterval: '30s',
        client: { interval: '60s', timeout: '20s' },
        deliveryClient: { interval: '60s', timeout: '20s' },
      },
      gossip: gossip(address),
      tls: {
        enabled: true,
        clientAuthRequired: false,
        cert: { file: join(tls, 'server.crt') },
        key: { file: join(tls, 'server.key') },
        rootcert: { file: join(tls, 'ca.crt') },
      },
      authentication: { timewindow: '15m' },
      client: { connTimeout: '3s' },
      // One peer an organisation gets its blocks from the ordering service; waits stay short after a restart.
      deliveryclient: {
        blockGossipEnabled: false,
        reconnectTotalTimeThreshold: '3600s',
        connTimeout: '3s',
        reConnectBackoffThreshold: '2s',
        minimalReconnectInterval: '100ms',
        policy: 'cluster',
      },
      handlers: {
        authFilters: [{ name: 'DefaultAuth' }, { name: 'ExpirationCheck' }, { name: 'TimeWindowCheck' }],
        decorators: [{ name: 'DefaultDecorator' }],
        endorsers: { escc: { name: 'DefaultEndorsement' } },
        validators: { vscc: { name: 'DefaultValidation' } },
      },
      discovery: {
        enabled: true,
        authCacheEnabled: true,
        authCacheMaxSize: 1000,
        authCachePurgeRetentionRatio: 0.75,
      },
      limits: { concurrency: { endorserService: 2500, deliverService: 2500, gatewayService: 500 } },
      maxRecvMsgSize: MESSAGE_BYTES_MAX,
      maxSendMsgSize: MESSAGE_BYTES_MAX,
    },
    // Empty: no container engine.
    vm: { endpoint: '' },
    chaincode: {
      mode: 'net',
      externalBuilders: [{ name: 'ccaas', path: BUILDER }],
      installTimeout: '60s',
      startuptimeout: '30s',
      executetimeout: '30s',
      keepalive: 0,
      system: { _lifecycle: 'enable', cscc: 'enable', lscc: 'enable', qscc: 'enable' },
      logging: { level: 'warn', shim: 'warn' },
      runtimeParams: {
        useWriteBatch: true,
        maxSizeWriteBatch: 1000,
        useGetMultipleKeys: true,
        maxSizeGetMultipleKeys: 1000,
      },
    },
    ledger: {
      state: { stateDatabase: 'goleveldb', totalQueryLimit: 100_000 },
      history: { enableHistoryDatabase: false },
      pvtdataStore: {
        collElgProcMaxDbBatchSize: 5000,
        collElgProcDbBatchesInterval: 1000,
        deprioritizedDataReconcilerInterval: '60m',
        purgeInterval: 100,
      },
      snapshots: { rootDir: join(folder, 'data', 'snapshots') },
    },
    operations: { listenAddress: `${HOST}:${peerOperationsPort}`, tls: { enabled: false } },
    metrics: { provider: 'prometheus' },
  };
  writeFile(join(folder, 'core.yaml'), JSON.stringify(core, null, 2));
  return {
    name: peerName,
    file: binaries.peer,
    args: ['node', 'start'],
    environment: { FABRIC_CFG_PATH: folder, ...logging() },
    folder,
    ports: [peerPort, peerChaincodePort, peerOperationsPort],
  };
};

/**
 * Fabric's own timers make a third of the cold starts wait 25 s for a second attempt at a neighbour, and a block wait a
 * minute for private data whose sender has gone.
 */
const gossip = (address: string) => ({
  bootstrap: address,
  externalEndpoint: address,
  useLeaderElection: false,
  orgLeader: true,
  membershipTrackerInterval: '1s',
  maxBlockCountToStore: 10,
  maxPropagationBurstLatency: '10ms',
  maxPropagationBurstSize: 10,
  propagateIterations: 1,
  propagatePeerNum: 3,
  pullInterval: '4s',
  pullPeerNum: 3,
  requestStateInfoInterval: '1s',
  publishStateInfoInterval: '1s',
  publishCertPeriod: '10s',
  skipBlockVerification: false,
  dialTimeout: '3s',
  connTimeout: '2s',
  recvBuffSize: 20,
  sendBuffSize: 200,
  digestWaitTime: '1s',
  requestWaitTime: '1500ms',
  responseWaitTime: '2s',
  aliveTimeInterval: '1s',
  aliveExpirationTimeout: '5s',
  reconnectInterval: '1s',
  maxConnectionAttempts: 120,
  msgExpirationFactor: 20,
  pvtData: {
    pullRetryThreshold: '3s',
    transientstoreMaxBlockRetention: 20_000,
    pushAckTimeout: '3s',
    btlPullMargin: 10,
    reconcileBatchSize: 10,
    reconcileSleepInterval: '5s',
    reconciliationEnabled: true,
    skipPullingInvalidTransactionsDuringCommit: true,
    implicitCollectionDisseminationPolicy: { requiredPeerCount: 0, maxPeerCount: 1 },
  },
  state: {
    enabled: false,
    checkInterval: '10s',
    responseTimeout: '3s',
    batchSize: 10,
    blockBufferSize: 20,
    maxRetries: 3,
  },
});

/** Writes an ordering node's orderer.yaml and tells how to run it. */
export const ordererNode = (layout: Layout, orderer: OrdererPlace, binaries: Binaries): Node => {
  const { ordering } = layout;
  const folder = layout.node(orderer.name);
  const { msp } = ordering.identity(orderer.name);
  const { tls } = ordering.identity(orderer.name);
  const files = { PrivateKey: join(tls, 'server.key'), Certificate: join(tls, 'server.crt') };
  const roots = [join(tls, 'ca.crt')];
  const data = join(folder, 'data');
  writeFile(
    join(folder, 'orderer.yaml'),
    JSON.stringify(
      {
        General: {
          ListenAddress: HOST,
          ListenPort: orderer.port,
          TLS: { Enabled: true, ...files, RootCAs: roots, ClientAuthRequired: false },
          Keepalive: { ServerMinInterval: '30s', ServerInterval: '7200s', ServerTimeout: '20s' },
          MaxRecvMsgSize: MESSAGE_BYTES_MAX,
          MaxSendMsgSize: MESSAGE_BYTES_MAX,
          Cluster: {
            SendBufferSize: 100,
            ClientCertificate: files.Certificate,
            ClientPrivateKey: files.PrivateKey,
            RootCAs: roots,
          },
          LocalMSPDir: msp,
          LocalMSPID: ordering.mspId,
          BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
          Authentication: { TimeWindow: '15m' },
        },
        FileLedger: { Location: data },
        Operations: { ListenAddress: `${HOST}:${orderer.operationsPort}`, TLS: { Enabled: false } },
        Metrics: { Provider: 'prometheus' },
        Admin: {
          ListenAddress: `${HOST}:${orderer.adminPort}`,
          TLS: { Enabled: true, ...files, RootCAs: roots, ClientAuthRequired: true, ClientRootCAs: roots },
        },
        ChannelParticipation: { Enabled: true, MaxRequestBodySize: '1 MB' },
        Consensus: { WALDir: join(data, 'etcdraft', 'wal'), SnapDir: join(data, 'etcdraft', 'snapshot') },
      },
      null,
      2,
    ),
  );
  return {
    name: orderer.name,
    file: binaries.orderer,
    args: [],
    environment: { FABRIC_CFG_PATH: folder, ...logging() },
    folder,
    ports: [orderer.port, orderer.adminPort, orderer.operationsPort],
  };
};
