import { createRequire } from 'node:module';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ROOT } from '../lib/prepare.mjs';

// The part of a chaincode process that proofs pass: the same queue and thread, with a main thread that answers whoever
// asks. Forked by waiting.mjs.

const require = createRequire(import.meta.url);
const { verdictOn } = require(path.join(ROOT, 'chaincode/dist/ledger/audit-checks.js'));
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

process.on('message', async ({ id, check }) => {
  if (check === undefined) return process.send({ id });
  const { verdict } = await verdictOn(check);
  process.send({ id, verdict, longestBlockMs: delay.max / 1e6 });
  delay.reset();
});
