import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// An ordinary client of a Fabric network, from its connection profile alone; the same for every network measured.

const require = createRequire(import.meta.url);
const { Client, credentials } = require('@grpc/grpc-js');
const { connect, hash } = require('@hyperledger/fabric-gateway');
const FabricCAServices = require('fabric-ca-client');
const yaml = require('js-yaml');

const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

export const readProfile = (file) => yaml.load(readFileSync(file, 'utf8'));

/** Signs natively with S in the lower half, as peers demand; the library's own signer is JavaScript and ten times slower. */
export function nativeSigner(key) {
  return async (message) => {
    const signature = sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
    const s = BigInt(`0x${signature.toString('hex', 32)}`);
    const low = s > ORDER / 2n ? ORDER - s : s;
    const lowBytes = Buffer.from(low.toString(16).padStart(64, '0'), 'hex');
    const body = Buffer.concat([derInteger(signature.subarray(0, 32)), derInteger(lowBytes)]);
    return Buffer.concat([Buffer.from([0x30, body.length]), body]);
  };
}

function derInteger(bytes) {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const value = bytes.subarray(start);
  const padding = value[0] >= 0x80 ? [0] : [];
  return Buffer.concat([Buffer.from([0x02, value.length + padding.length, ...padding]), value]);
}

/** Enrols the organisation's registrar, a client of the channel like any other. */
async function enrol(profile, mspId) {
  const organization = Object.values(profile.organizations).find(({ mspid }) => mspid === mspId);
  const authority = profile.certificateAuthorities[organization.certificateAuthorities[0]];
  const { enrollmentId, enrollmentSecret } = JSON.parse(readFileSync(authority.registrarFile, 'utf8'));
  const service = new FabricCAServices(
    authority.url,
    { trustedRoots: [authority.tlsCACerts.pem], verify: true },
    authority.caName,
  );
  const { certificate, key } = await service.enroll({ enrollmentID: enrollmentId, enrollmentSecret });
  return { certificate, key: createPrivateKey(key.toBytes()), peer: profile.peers[organization.peers[0]] };
}

/** A contract through one organisation's peer, over TLS. `close` ends the connection. */
export async function openContract(profile, mspId, chaincode) {
  const { certificate, key, peer } = await enrol(profile, mspId);
  const hostname = peer.grpcOptions['ssl-target-name-override'];
  const client = new Client(
    peer.endpoint ?? new URL(peer.url).host,
    credentials.createSsl(Buffer.from(peer.tlsCACerts.pem)),
    { 'grpc.ssl_target_name_override': hostname, 'grpc.default_authority': hostname },
  );
  const gateway = connect({
    client,
    identity: { mspId, credentials: Buffer.from(certificate) },
    signer: nativeSigner(key),
    hash: hash.none,
  });
  return {
    contract: gateway.getNetwork(profile.channel).getContract(chaincode),
    close: () => {
      gateway.close();
      client.close();
    },
  };
}
