import { readFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { registrarFile } from './authorities.js';
import { HOST, type Layout } from './layout.js';

/** The network in the layout of Fabric's common connection profile, as YAML. */
export const connectionProfile = (layout: Layout, chaincodes: readonly string[]): string => {
  const { channel, organizations } = layout;
  const pem = (file: string): { pem: string } => ({ pem: readFileSync(file, 'utf8') });
  return dump(
    {
      name: 'medseal',
      version: '1.0.0',
      channel,
      chaincode: chaincodes[0],
      channels: {
        [channel]: { peers: organizations.map(({ peerHostname }) => peerHostname), contracts: chaincodes },
      },
      organizations: Object.fromEntries(
        organizations.map(({ mspId, name, domain, peerHostname, ca }) => [
          mspId,
          { mspid: mspId, name, domain, peers: [peerHostname], certificateAuthorities: [ca.name] },
        ]),
      ),
      peers: Object.fromEntries(
        organizations.map(({ peerHostname, peerPort, tlsCa }) => [
          peerHostname,
          {
            url: `grpcs://${HOST}:${peerPort}`,
            endpoint: `${HOST}:${peerPort}`,
            tlsCACerts: pem(tlsCa.certificate),
            grpcOptions: { 'ssl-target-name-override': peerHostname },
          },
        ]),
      ),
      certificateAuthorities: Object.fromEntries(
        organizations.map(({ mspId, ca, tlsCa }) => [
          ca.name,
          {
            url: `https://${HOST}:${ca.port}`,
            caName: ca.name,
            tlsCACerts: pem(tlsCa.certificate),
            registrarFile: registrarFile(layout, mspId),
          },
        ]),
      ),
    },
    { lineWidth: -1 },
  );
};
