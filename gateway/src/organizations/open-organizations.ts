import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CaClient } from '../fabric/ca-client.js';
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
import { Keystore, type ServiceCredentials } from '../keystore/keystore.js';
import { FileObjectStore } from '../storage/file-object-store.js';
import type { ObjectStore } from '../storage/object-store.js';
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
}

/** Databases, keystores, connections and service identities of all organisations of the configuration. */
export const openOrganizations = async (config: GatewayConfig, clock: Clock): Promise<OpenOrganizations> => {
  // First what costs nothing to find wrong.
  const profile = readConnectionProfile(config.connectionProfile);
  const connections = await openConnections(config.databaseUrl, join(config.dataDirectory, 'database'));
  const organizations: Organization[] = [];
  const close = async (): Promise<void> => {
    for (const { ledger } of organizations) ledger.close();
    await connections.close();
  };
  try {
    const objects = new FileObjectStore(config.objectsDirectory);
    for (const one of config.organizations) {
      const database = new Database(connections.pool, one.slug);
      await migrate(database);
      organizations.push(await openOrganization(one, { config, clock, profile, database, objects }));
    }
    return { registry: new OrganizationRegistry(organizations), close };
  } catch (error) {
    await close();
    throw error;
  }
};

const openOrganization = async (
  organization: OrganizationProfile,
  {
    config,
    clock,
    profile,
    database,
    objects,
  }: {
    config: GatewayConfig;
    clock: Clock;
    profile: ConnectionProfile;
    database: Database;
    objects: ObjectStore;
  },
): Promise<Organization> => {
  const { mspId } = organization;
  const connection = profile.organization(mspId);
  const keystore = await Keystore.open(join(config.dataDirectory, mspId, 'keystore'), mspId);
  const ca = new CaClient({ mspId, ...connection.ca });
  const credentials = keystore.service() ?? (await enrollService(ca, keystore));
  const service = ledgerIdentity(
    { mspId, certificate: credentials.certificate, subject: '', role: 'service' },
    credentials.privateKey,
  );
  const ledger = new LedgerClient({
    ...connection,
    channel: profile.channel,
    chaincode: profile.chaincode,
    clock,
    onCommitted: ({ blockNumber }) => {
      noteCommit(mspId, blockNumber);
      countTransaction(organization.slug);
    },
  });
  ledger.useService(service);
  const authority = authorityOf(credentials.chain);
  return new Organization(organization, { ledger, database, keystore, objects, service, ca, authority });
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
