import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CaClient } from '../fabric/ca-client.js';
import { needsRenewal } from '../fabric/certificate-renewal.js';
import { newSigningKey } from '../fabric/certificate-request.js';
import { readConnectionProfile, type ConnectionProfile } from '../fabric/connection-profile.js';
import { ledgerIdentity } from '../fabric/identity.js';
import { LedgerClient } from '../fabric/ledger-client.js';
import type { Clock } from '../clock.js';
import type { GatewayConfig } from '../config.js';
import { openConnections } from '../database/connections.js';
import { Database } from '../database/database.js';
import { migrate } from '../database/migrations.js';
import { countTransaction } from '../health/metrics.js';
import { noteCommit } from '../http/request-context.js';
import { StepSpool } from '../integrity/step-spool.js';
import { Keystore, type ServiceCredentials } from '../keystore/keystore.js';
import type { RestorableObjectStore } from '../storage/object-store.js';
import { openObjectStore } from '../storage/open-object-store.js';
import { newEnrollmentId } from './enrollment-id.js';
import {
  Organization,
  OrganizationRegistry,
  type AuthorityCertificates,
  type OrganizationProfile,
} from './organization.js';

export interface OpenOrganizations {
  registry: OrganizationRegistry;
  close(): Promise<void>;
  /** Resolves when something that this process cannot do without ended by itself. */
  readonly lost: Promise<Error>;
}

/** Databases, keystores, connections and service identities of all organisations of the configuration. */
export const openOrganizations = async (config: GatewayConfig, clock: Clock): Promise<OpenOrganizations> => {
  // First what costs nothing to find wrong.
  const profile = readConnectionProfile(config.connectionProfile);
  const objects = await openObjectStore(config.storage, config.copies, config.dataDirectory);
  const organizations: Organization[] = [];
  // The database's very first start takes seconds; keys and certificates are made meanwhile.
  const { databaseTemplates, databaseUrl, dataDirectory } = config;
  const opening = openConnections(databaseUrl, join(dataDirectory, 'database'), databaseTemplates);
  const close = async (): Promise<void> => {
    for (const { ledger } of organizations) ledger.close();
    await (await opening).close();
  };
  try {
    const [connections, ...credentials] = await Promise.all([
      opening,
      ...config.organizations.map((one) => openCredentials(one, config, profile, clock)),
    ]);
    for (const [at, one] of config.organizations.entries()) {
      const database = new Database(connections.pool, one.slug);
      await migrate(database);
      organizations.push(openOrganization(one, credentials[at]!, { clock, profile, database, objects }));
    }
    return { registry: new OrganizationRegistry(organizations), close, lost: connections.lost };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
};

interface Credentials {
  keystore: Keystore;
  spool: StepSpool;
  ca: CaClient;
  service: ServiceCredentials;
}

const openCredentials = async (
  { mspId }: OrganizationProfile,
  config: GatewayConfig,
  profile: ConnectionProfile,
  clock: Clock,
): Promise<Credentials> => {
  const directory = join(config.dataDirectory, mspId);
  const keystore = await Keystore.open(join(directory, 'keystore'), mspId);
  const spool = await StepSpool.open(join(directory, 'spool'), clock);
  const ca = new CaClient({ mspId, ...profile.organization(mspId).ca });
  const held = keystore.service();
  const usable = held !== undefined && !needsRenewal(held.certificate, clock.now());
  return { keystore, spool, ca, service: usable ? held : await enrollService(ca, keystore) };
};

const openOrganization = (
  organization: OrganizationProfile,
  { keystore, spool, ca, service: credentials }: Credentials,
  parts: { clock: Clock; profile: ConnectionProfile; database: Database; objects: RestorableObjectStore },
): Organization => {
  const { mspId, slug } = organization;
  const { clock, profile, database, objects } = parts;
  const { certificate, privateKey, chain } = credentials;
  const service = ledgerIdentity({ mspId, certificate, subject: '', role: 'service' }, privateKey);
  const ledger = new LedgerClient({
    ...profile.organization(mspId),
    channel: profile.channel,
    chaincode: profile.chaincode,
    clock,
    onCommitted: ({ blockNumber }) => {
      noteCommit(mspId, blockNumber);
      countTransaction(slug);
    },
  });
  ledger.useService(service);
  const authority = authorityOf(chain);
  return new Organization(organization, {
    ledger,
    database,
    keystore,
    objects,
    spool,
    service,
    ca,
    authority,
  });
};

const enrollService = async (ca: CaClient, keystore: Keystore): Promise<ServiceCredentials> => {
  const privateKey = newSigningKey();
  // A service acts for the organisation itself and has no subject of its own.
  const enrollment = await ca.issue({ enrollmentId: newEnrollmentId(), role: 'service' }, privateKey);
  const credentials = { privateKey, ...enrollment };
  await keystore.keepService(credentials);
  return credentials;
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

const authorityOf = (chain: string): AuthorityCertificates => {
  const certificates = chain.match(CERTIFICATE) ?? [];
  const isRoot = (pem: string): boolean => {
    const certificate = new X509Certificate(pem);
    return certificate.subject === certificate.issuer;
  };
  const root = certificates.find(isRoot);
  if (root === undefined) throw new Error('The CA gave no root certificate in its chain: check the CA.');
  return { root, intermediates: certificates.filter((pem) => !isRoot(pem)) };
};
