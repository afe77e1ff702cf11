import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CaCode, CaError } from './ca-error.js';
import { answer } from './ca-routes.js';
import type { CertificateAuthority } from './certificate-authority.js';

const maximumBody = 1024 * 1024;

export interface CaServerOptions {
  readonly ca: CertificateAuthority;
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** One line for each refused request: no secrets, no bodies. */
  readonly log?: (line: string) => void;
}

export interface CaServer {
  readonly port: number;
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBody) {
      throw CaError.http(
        413,
        CaCode.readingBody,
        `Failed reading request body: it is larger than ${maximumBody} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const send = (response: ServerResponse, status: number, reply: unknown): void => {
  const body = Buffer.from(JSON.stringify(reply), 'utf8');
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
};

/** Fabric CA's REST interface over TLS. @throws Error naming the port when it is taken */
export const startCaServer = async ({
  ca,
  tls,
  host = '127.0.0.1',
  port,
  log = () => undefined,
}: CaServerOptions): Promise<CaServer> => {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '/' } = request;
    try {
      const body = await readBody(request);
      const reply = await answer(ca, {
        method,
        uri: url,
        authorization: request.headers.authorization,
        body,
      });
      send(response, reply.status, { result: reply.result, errors: [], messages: [], success: true });
    } catch (error) {
      const refusal =
        error instanceof CaError
          ? error
          : CaError.http(500, CaCode.unknown, error instanceof Error ? error.message : 'unknown error');
      log(
        `${ca.name} ${method} ${url.split('?')[0]} ${refusal.status} ${refusal.localCode} ${refusal.message}`,
      );
      send(response, refusal.status, {
        result: '',
        errors: [{ code: refusal.code, message: refusal.clientMessage }],
        messages: [],
        success: false,
      });
    }
  };
  const server = createServer(
    { key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2' },
    (request, response) => {
      handle(request, response).catch(() => response.destroy());
    },
  );
  // Fabric CA's server has no idle time-out; with one, a request may meet a connection that is just being closed.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'is in use; choose another one' : `cannot be opened (${error.message})`;
      reject(new Error(`port ${port} for the certificate authority ${ca.name} ${reason}`));
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
