import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib/prepare.mjs';

// Imports go one way: console → client → crypto; gateway → crypto, chaincode (types and pure helpers); chaincode → crypto;
// test → client; the networks import nothing of ours.
const MAY_IMPORT = {
  crypto: [],
  'network/embedded': [],
  'network/fabric': [],
  chaincode: ['@medseal/crypto'],
  client: ['@medseal/crypto'],
  gateway: ['@medseal/crypto', '@medseal/chaincode'],
  'gateway/console': ['@medseal/client'],
};
// Fabric's client libraries stay behind one door each.
const ONLY_IN = {
  '@hyperledger/fabric-gateway': ['gateway/src/fabric'],
  'fabric-ca-client': ['gateway/src/fabric'],
  'fabric-contract-api': [
    'chaincode/src/contracts',
    'chaincode/src/ledger',
    'chaincode/src/main.ts',
    'chaincode/src/index.ts',
  ],
  'fabric-shim': [
    'chaincode/src/contracts',
    'chaincode/src/ledger',
    'chaincode/src/main.ts',
    'chaincode/src/index.ts',
  ],
};

function* typescriptFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* typescriptFiles(file);
    else if (/\.tsx?$/.test(entry.name)) yield file;
  }
}

const IMPORT = /(?:from\s+|import\s*\(\s*|require\(\s*|import\s+)['"]([^'"]+)['"]/g;
const faults = [];
for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  const root = path.join(ROOT, folder);
  for (const file of typescriptFiles(path.join(root, 'src'))) {
    const name = path.relative(ROOT, file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (target.startsWith('.')) {
        if (!path.resolve(path.dirname(file), target).startsWith(`${root}${path.sep}`))
          faults.push(`${name} reaches out of its package: ${target}`);
      } else if (
        target.startsWith('@medseal/') &&
        !allowed.some((one) => target === one || target.startsWith(`${one}/`))
      ) {
        faults.push(`${name} may not import ${target}`);
      }
      for (const [library, homes] of Object.entries(ONLY_IN)) {
        const uses = target === library || target.startsWith(`${library}/`);
        if (uses && !homes.some((home) => name === home || name.startsWith(`${home}/`)))
          faults.push(`${name} may not import ${library}; it belongs to ${homes[0]}`);
      }
    }
  }
}
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
