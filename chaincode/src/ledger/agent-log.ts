import { createServer, type Server } from 'node:http';
import type { Context } from 'fabric-contract-api';
import { ContractError } from '../errors.js';

/** What an agent, or a custodian service, tells its operator: one line a refusal, and counts. No clinical data passes here. */

const refusals = new Map<string, number>();
let answers = 0;
let extractions = 0;

export const countAnswer = (): void => {
  answers++;
};

export const countExtraction = (): void => {
  extractions++;
};

export const countRefusal = (
  { clientIdentity, stub }: Context,
  error: unknown,
  refused = 'consent:reencrypt',
): void => {
  const code = error instanceof ContractError ? error.code : 'INTERNAL';
  refusals.set(code, (refusals.get(code) ?? 0) + 1);
  const line = {
    level: 'warn',
    refused,
    code,
    reader: clientIdentity.getAttributeValue('medseal.subject') ?? '',
    mspId: clientIdentity.getMSPID(),
    transactionId: stub.getTxID(),
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
};

/** Prometheus text format. */
export const metricsText = (): string =>
  [
    '# HELP medseal_reencryptions_total Capsules that this agent re-encrypted.',
    '# TYPE medseal_reencryptions_total counter',
    `medseal_reencryptions_total ${answers}`,
    '# HELP medseal_extractions_total Shares of identity keys that this agent extracted.',
    '# TYPE medseal_extractions_total counter',
    `medseal_extractions_total ${extractions}`,
    '# HELP medseal_reencryption_refusals_total Re-encryptions and extractions that this agent refused, by code.',
    '# TYPE medseal_reencryption_refusals_total counter',
    ...[...refusals].map(([code, count]) => `medseal_reencryption_refusals_total{code="${code}"} ${count}`),
    '',
  ].join('\n');

/** Serves `GET /metrics` on host:port; resolves when it listens. */
export const serveMetrics = async (address: string): Promise<Server> => {
  const at = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))];
  if (host === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`MEDSEAL_METRICS_ADDRESS must be host:port; it is "${address}"`);
  }
  const server = createServer((request, response) => {
    const isMetrics = request.method === 'GET' && request.url === '/metrics';
    response.writeHead(isMetrics ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(isMetrics ? metricsText() : '');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
};
