import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Where a peer reaches its organisation's chaincode process: connection.json of chaincode as a service. */
export interface ChaincodeConnection {
  /** host:port */
  readonly address: string;
  /** PEM; mutual TLS. */
  readonly clientKey: string;
  readonly clientCertificate: string;
  readonly rootCertificate: string;
}

export interface ChaincodePackage {
  readonly bytes: Buffer;
  /** `<label>:<SHA-256 of the bytes>`, as Fabric counts it. */
  readonly packageId: string;
}

/** A package of type ccaas: the same bytes for the same connection. */
export const chaincodePackage = (label: string, connection: ChaincodeConnection): ChaincodePackage => {
  const code = archive({
    'connection.json': JSON.stringify({
      address: connection.address,
      dial_timeout: '5s',
      tls_required: true,
      client_auth_required: true,
      client_key: connection.clientKey,
      client_cert: connection.clientCertificate,
      root_cert: connection.rootCertificate,
    }),
  });
  const bytes = archive({
    'metadata.json': JSON.stringify({ type: 'ccaas', label }),
    'code.tar.gz': code,
  });
  return { bytes, packageId: `${label}:${createHash('sha256').update(bytes).digest('hex')}` };
};

const BLOCK = 512;

/** tar (POSIX ustar) with gzip; no times or owners. */
const archive = (files: Readonly<Record<string, string | Buffer>>): Buffer => {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content as string);
    return [header(name, bytes.length), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
};

const header = (name: string, size: number): Buffer => {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), at);
  };
  block.write(name, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.fill(' ', 148, 156);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
};
