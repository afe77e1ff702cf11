import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

/** What the gateway takes from Fabric's common connection profile for one organisation. */
export interface ProfileOrganization {
  mspId: string;
  /** `host:port` of the organisation's first peer. */
  peerEndpoint: string;
  peerTlsRoot: string;
  peerHostnameOverride?: string;
  ca: {
    url: string;
    caName: string;
    tlsRoot: string;
    registrar: { enrollmentId: string; enrollmentSecret: string };
  };
}

export interface ConnectionProfile {
  channel: string;
  chaincode: string;
  organization(mspId: string): ProfileOrganization;
}

type Node = Record<string, unknown>;

/**
 * Reads the YAML (or JSON) file: `channel`, `chaincode`, `organizations.<mspId> {peers, certificateAuthorities}`,
 * `peers.<name> {url, tlsCACerts, grpcOptions}`, `certificateAuthorities.<name> {url, caName, tlsCACerts, registrarFile}`.
 * @throws Error naming the missing field
 */
export const readConnectionProfile = (file: string): ConnectionProfile => {
  const profile = load(readFileSync(file, 'utf8')) as Node;
  const at = (node: unknown, ...path: string[]): unknown => {
    let value: unknown = node;
    for (const name of path) value = (value as Node | undefined)?.[name];
    return value;
  };
  const text = (node: unknown, ...path: string[]): string => {
    const value = at(node, ...path);
    if (typeof value !== 'string' || value === '') {
      throw new Error(`${file} has no ${path.join('.')}: write the connection profile again.`);
    }
    return value;
  };
  return {
    channel: text(profile, 'channel'),
    chaincode: text(profile, 'chaincode'),
    organization: (mspId) => {
      const organization = at(profile, 'organizations', mspId) as Node | undefined;
      if (organization === undefined) throw new Error(`${file} has no organization ${mspId}.`);
      const peerName = text(profile, 'organizations', mspId, 'peers', '0');
      const caName = text(profile, 'organizations', mspId, 'certificateAuthorities', '0');
      const peer = at(profile, 'peers', peerName);
      const ca = at(profile, 'certificateAuthorities', caName);
      const override = at(peer, 'grpcOptions', 'ssl-target-name-override');
      return {
        mspId,
        peerEndpoint: text(peer, 'url').replace(/^grpcs?:\/\//, ''),
        peerTlsRoot: pem(text(peer, 'tlsCACerts', 'pem')),
        peerHostnameOverride: typeof override === 'string' ? override : undefined,
        ca: {
          url: text(ca, 'url'),
          caName: text(ca, 'caName'),
          tlsRoot: pem(text(ca, 'tlsCACerts', 'pem')),
          registrar: registrar(text(ca, 'registrarFile')),
        },
      };
    },
  };
};

const pem = (value: string): string => {
  if (!value.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error('tlsCACerts.pem must hold a PEM certificate.');
  return value;
};

const registrar = (file: string): { enrollmentId: string; enrollmentSecret: string } => {
  const { enrollmentId, enrollmentSecret } = JSON.parse(readFileSync(file, 'utf8')) as Record<
    string,
    unknown
  >;
  if (typeof enrollmentId !== 'string' || typeof enrollmentSecret !== 'string') {
    throw new Error(`${file} must hold enrollmentId and enrollmentSecret of the CA's registrar.`);
  }
  return { enrollmentId, enrollmentSecret };
};
