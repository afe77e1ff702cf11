import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHAINCODE_CLIENT } from './authorities.js';
import type { Binaries } from './binaries.js';
import { chaincodePackage, type ChaincodePackage } from './chaincode-package.js';
import { type ChaincodePlace, HOST, writeFile, type Layout, type OrganizationPlace } from './layout.js';
import type { Node } from './nodes.js';
import { asAdministrator } from './peer-command.js';
import { StepError, until } from './steps.js';
import type { ChaincodeDefinition, ChaincodeOptions } from './types.js';

const SECONDS = 60;

/** What a peer answers to the same approval again, after a bring-up that was cut short (Fabric's core/chaincode/lifecycle). */
const APPROVED_ALREADY = /attempted to redefine uncommitted sequence .* with unchanged content/;

const chaincodePlace = ({ mspId, chaincodes }: OrganizationPlace, name: string): ChaincodePlace => {
  const place = chaincodes.find(({ chaincode }) => chaincode === name);
  if (place === undefined) throw new Error(`${mspId} has no place for chaincode ${name}`);
  return place;
};

/** An organisation's package: its connection to its own chaincode process. */
export const packageOf = (
  organization: OrganizationPlace,
  { name, version }: ChaincodeDefinition,
): ChaincodePackage => {
  const { tls } = organization.identity(CHAINCODE_CLIENT);
  return chaincodePackage(`${name}_${version}`, {
    address: `${HOST}:${chaincodePlace(organization, name).port}`,
    clientKey: readFileSync(join(tls, 'server.key'), 'utf8'),
    clientCertificate: readFileSync(join(tls, 'server.crt'), 'utf8'),
    rootCertificate: readFileSync(organization.tlsCa.certificate, 'utf8'),
  });
};

/** The organisation's chaincode process: settings come from the environment, under the names Fabric's builders use. */
export const chaincodeNode = (
  layout: Layout,
  organization: OrganizationPlace,
  { definition, command, environment: more }: ChaincodeOptions,
): Node => {
  const { identity, name, port } = chaincodePlace(organization, definition.name);
  const { tls } = organization.identity(identity);
  const [file, ...args] = command;
  const folder = layout.node(name);
  const environment = {
    CORE_PEER_LOCALMSPID: organization.mspId,
    CHAINCODE_SERVER_ADDRESS: `${HOST}:${port}`,
    CHAINCODE_ID: packageOf(organization, definition).packageId,
    CHAINCODE_TLS_KEY_FILE: join(tls, 'server.key'),
    CHAINCODE_TLS_CERT_FILE: join(tls, 'server.crt'),
    CHAINCODE_TLS_CLIENT_CA_FILE: join(tls, 'ca.crt'),
    ...more?.[organization.mspId],
  };
  // For those who run it by other means.
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
  writeFile(join(folder, 'environment'), lines.join(''));
  return {
    name,
    file,
    args,
    environment,
    folder,
    ports: [port],
  };
};

/**
 * Installs, approves and commits the definition where the channel has an earlier one or none.
 * @throws StepError when the channel has a later one
 */
export const defineChaincode = async (
  layout: Layout,
  definition: ChaincodeDefinition,
  binaries: Binaries,
  report: (text: string) => void,
): Promise<void> => {
  await Promise.all(
    layout.organizations.map((organization) => install(layout, organization, definition, binaries)),
  );
  const [first] = layout.organizations;
  const committed = await committedSequence(layout, first!, definition.name, binaries);
  if (committed === definition.sequence) return;
  if (committed > definition.sequence) {
    throw new StepError(
      `defining chaincode ${definition.name} failed: the channel has sequence ${committed}, the definition ` +
        `${definition.sequence}; give it the next one`,
    );
  }
  report(`Approving chaincode ${definition.name}, sequence ${definition.sequence} …`);
  const collections = join(layout.directory, 'packages', `${definition.name}.collections.json`);
  writeFile(collections, JSON.stringify(definition.collections));
  const { name, version, sequence } = definition;
  const common = [
    ...['--channelID', layout.channel, '--name', name, '--version', version, '--sequence', String(sequence)],
    ...(definition.collections.length > 0 ? ['--collections-config', collections] : []),
    ...['--tls', '--cafile', layout.ordering.tlsCa.certificate],
  ];
  // The ordering service elects its first leader meanwhile, and refuses until then.
  const retried = (what: string, act: (orderer: string) => Promise<unknown>): Promise<true> => {
    let attempt = 0;
    return until(what, SECONDS, async () => {
      const { port } = layout.orderers[attempt++ % layout.orderers.length]!;
      try {
        await act(`${HOST}:${port}`);
      } catch (error) {
        throw new Error((error as Error).message, { cause: error });
      }
      return true as const;
    });
  };
  await Promise.all(
    layout.organizations.map((organization) => {
      const what = `approving ${name} for ${organization.mspId}`;
      const as = asAdministrator(layout, organization, binaries);
      const { packageId } = packageOf(organization, definition);
      return retried(what, async (orderer) => {
        try {
          await as(what, SECONDS, [
            ...['lifecycle', 'chaincode', 'approveformyorg', '-o', orderer, '--package-id', packageId],
            ...common,
          ]);
        } catch (error) {
          if (!APPROVED_ALREADY.test((error as Error).message)) throw error;
        }
      });
    }),
  );
  report(`Committing chaincode ${name} …`);
  const endorsers = layout.organizations.flatMap(({ peerPort, tlsCa }) => [
    ...['--peerAddresses', `${HOST}:${peerPort}`, '--tlsRootCertFiles', tlsCa.certificate],
  ]);
  const what = `committing ${name}`;
  await retried(what, (orderer) =>
    asAdministrator(layout, first!, binaries)(what, SECONDS, [
      ...['lifecycle', 'chaincode', 'commit', '-o', orderer],
      ...common,
      ...endorsers,
    ]),
  );
};

const install = async (
  layout: Layout,
  organization: OrganizationPlace,
  definition: ChaincodeDefinition,
  binaries: Binaries,
): Promise<void> => {
  const as = asAdministrator(layout, organization, binaries);
  const { bytes, packageId } = packageOf(organization, definition);
  const found = await as(`asking ${organization.peerName} for installed chaincode`, SECONDS, [
    ...['lifecycle', 'chaincode', 'queryinstalled', '-O', 'json'],
  ]);
  const { installed_chaincodes: installed } = JSON.parse(found) as {
    installed_chaincodes?: { package_id: string }[];
  };
  if (installed?.some((one) => one.package_id === packageId)) return;
  const file = join(layout.directory, 'packages', `${definition.name}-${organization.mspId}.tar.gz`);
  writeFile(file, bytes);
  await as(`installing ${definition.name} on ${organization.peerName}`, SECONDS, [
    ...['lifecycle', 'chaincode', 'install', file],
  ]);
};

/** 0 when the channel has no such chaincode. */
const committedSequence = async (
  layout: Layout,
  organization: OrganizationPlace,
  name: string,
  binaries: Binaries,
): Promise<number> => {
  const answer = await asAdministrator(layout, organization, binaries)(
    'asking for the committed chaincode',
    SECONDS,
    [...['lifecycle', 'chaincode', 'querycommitted', '--channelID', layout.channel, '-O', 'json']],
  );
  const { chaincode_definitions: found } = JSON.parse(answer) as {
    chaincode_definitions?: { name: string; sequence: number }[];
  };
  return Number(found?.find((one) => one.name === name)?.sequence ?? 0);
};
