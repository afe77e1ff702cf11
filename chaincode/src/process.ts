import { readFileSync } from 'node:fs';
import type { ServedContracts, ServerSettings } from './contracts/server.js';
import { serveMetrics } from './ledger/agent-log.js';

/** Settings come from the environment, under the names that Fabric's external builders use. */
const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
};

const fileIn = (name: string): Buffer => readFileSync(required(name));

const settings = (): ServerSettings => ({
  address: required('CHAINCODE_SERVER_ADDRESS'),
  packageId: required('CHAINCODE_ID'),
  tls:
    process.env.CHAINCODE_TLS_KEY_FILE === undefined
      ? undefined
      : {
          key: fileIn('CHAINCODE_TLS_KEY_FILE'),
          cert: fileIn('CHAINCODE_TLS_CERT_FILE'),
          clientCACerts:
            process.env.CHAINCODE_TLS_CLIENT_CA_FILE === undefined
              ? null
              : fileIn('CHAINCODE_TLS_CLIENT_CA_FILE'),
        },
});

const run = async (load: () => Promise<ServedContracts>): Promise<void> => {
  const served = settings();
  const mspId = required('CORE_PEER_LOCALMSPID');
  // The shim logs every refusal, at debug level with its arguments; ours go through the contracts' own log.
  process.env.CORE_CHAINCODE_LOGGING_LEVEL ??= 'CRITICAL';
  process.env.GRPC_VERBOSITY ??= 'NONE';
  // It also calls a function of grpc-js that has become unnecessary.
  process.noDeprecation = true;
  const { serve } = await import('./contracts/server.js');
  await serve(await load(), served).catch((error: unknown) => {
    const inUse = String(error).includes('EADDRINUSE');
    throw inUse ? new Error(`${served.address} is in use: choose another CHAINCODE_SERVER_ADDRESS`) : error;
  });
  const metricsAddress = process.env.MEDSEAL_METRICS_ADDRESS;
  if (metricsAddress !== undefined && metricsAddress !== '') await serveMetrics(metricsAddress);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
  process.stdout.write(
    `${JSON.stringify({ ready: true, chaincode: served.packageId, mspId, address: served.address })}\n`,
  );
};

/** Runs a chaincode process until it is told to end; what prevents its start is one line, and exit code 1. */
export const runChaincode = (load: () => Promise<ServedContracts>): void => {
  run(load).catch((error: unknown) => {
    process.stderr.write(
      `chaincode cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  });
};
