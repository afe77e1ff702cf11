import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// The asset chaincode as a service; settings come from the environment, under the names of Fabric's external builders.

const OPTIONS = {
  CHAINCODE_SERVER_ADDRESS: 'chaincode-address',
  CHAINCODE_ID: 'chaincode-id',
  CHAINCODE_TLS_KEY_FILE: 'chaincode-tls-key-file',
  CHAINCODE_TLS_CERT_FILE: 'chaincode-tls-cert-file',
  CHAINCODE_TLS_CLIENT_CA_FILE: 'chaincode-tls-client-cacert-file',
};

const require = createRequire(import.meta.url);
const settings = Object.entries(OPTIONS).filter(([name]) => process.env[name]);
process.env.CORE_CHAINCODE_LOGGING_LEVEL ??= 'CRITICAL';
process.argv.splice(
  2,
  Infinity,
  'server',
  ...['--module-path', path.join(path.dirname(fileURLToPath(import.meta.url)), 'chaincode')],
  ...settings.flatMap(([name, option]) => [`--${option}`, process.env[name]]),
);
require('fabric-shim/cli.js');
