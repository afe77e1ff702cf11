/** One organisation's entry in the connection profile. */
export interface ProfileOrganization {
  readonly mspId: string;
  readonly name: string;
  readonly domain: string;
  readonly peer: { readonly endpoint: string; readonly hostname: string; readonly tlsCaCert: string };
  readonly ca: {
    readonly url: string;
    readonly name: string;
    readonly tlsCaCert: string;
    /** JSON file `{enrollmentId, enrollmentSecret}` of the CA's first administrator. */
    readonly registrarFile: string;
  };
}

/** Everything that a client needs to use the network. */
export interface ConnectionProfile {
  readonly channel: string;
  /** Chaincodes defined on the channel. */
  readonly chaincodes: readonly string[];
  readonly organizations: readonly ProfileOrganization[];
}

type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml };

/**
 * The profile in the layout of Fabric's common connection profile (fabric-sdk-node network configuration 1.0), as YAML.
 */
export function connectionProfileYaml({ channel, chaincodes, organizations }: ConnectionProfile): string {
  const peers = organizations.map((organization) => organization.peer.hostname);
  const byName = <T extends Yaml>(
    name: (o: ProfileOrganization) => string,
    value: (o: ProfileOrganization) => T,
  ) => Object.fromEntries(organizations.map((organization) => [name(organization), value(organization)]));
  return toYaml({
    name: 'medseal',
    version: '1.0.0',
    channel,
    chaincode: chaincodes[0] ?? '',
    channels: { [channel]: { peers, contracts: chaincodes } },
    organizations: byName(
      ({ mspId }) => mspId,
      ({ ca, domain, mspId, name, peer }) => ({
        mspid: mspId,
        name,
        domain,
        peers: [peer.hostname],
        certificateAuthorities: [ca.name],
      }),
    ),
    peers: byName(
      ({ peer }) => peer.hostname,
      ({ peer }) => ({
        url: `grpcs://${peer.endpoint}`,
        endpoint: peer.endpoint,
        tlsCACerts: { pem: peer.tlsCaCert },
        grpcOptions: { 'ssl-target-name-override': peer.hostname },
      }),
    ),
    certificateAuthorities: byName(
      ({ ca }) => ca.name,
      ({ ca }) => ({
        url: ca.url,
        caName: ca.name,
        tlsCACerts: { pem: ca.tlsCaCert },
        registrarFile: ca.registrarFile,
      }),
    ),
  });
}

/** Scalars are quoted as JSON, which YAML reads alike; text of several lines becomes a block. */
function toYaml(value: { readonly [key: string]: Yaml }, indent = ''): string {
  return Object.entries(value)
    .map(([key, entry]) => {
      const name = `${indent}${/^[\w.-]+$/.test(key) ? key : JSON.stringify(key)}:`;
      if (typeof entry === 'string') {
        if (!entry.includes('\n')) return `${name} ${JSON.stringify(entry)}\n`;
        const lines = entry.replace(/\n$/, '').split('\n');
        return `${name} |\n${lines.map((line) => `${indent}  ${line}\n`).join('')}`;
      }
      if (isList(entry)) {
        if (entry.length === 0) return `${name} []\n`;
        return `${name}\n${entry.map((item) => `${indent}  - ${JSON.stringify(item)}\n`).join('')}`;
      }
      return `${name}\n${toYaml(entry, `${indent}  `)}`;
    })
    .join('');
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}
