import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../lib/prepare.mjs';

// CPU of the cryptography of consent, single calls in one process, for both engines; no network.

const require = createRequire(import.meta.url);
const THRESHOLD = 2;
const AGENTS = 3;
const CONTENT_BYTES = 64 * 2 ** 20;
const PIECE_BYTES = 2 ** 20;

/**
 * @returns rows `{ engine, operation, cpuMs, count }` and `throughput` rows `{ operation, mbPerSecond, mbPerCpuSecond }`
 */
export async function consentCryptography({ seconds }) {
  const crypto = require(path.join(ROOT, 'crypto/dist/index.js'));
  const rows = [];
  for (const engine of [await crypto.mclEngine(), crypto.nobleEngine()]) {
    for (const [operation, run] of await operationsOf(crypto, engine))
      rows.push({ engine: engine.name, operation, ...(await cpuOf(run, seconds)) });
  }
  return { rows, throughput: await throughputOf(crypto) };
}

export function consentCryptographyLines({ rows, throughput }) {
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const operations = [...new Set(rows.map(({ operation }) => operation))];
  const cell = (engine, operation) =>
    rows.find((row) => row.engine === engine && row.operation === operation)?.cpuMs.toFixed(2) ?? '';
  return [
    'Cryptography of consent, CPU ms a call:',
    ['operation'.padEnd(46), ...engines.map((engine) => engine.padStart(8))].join('  '),
    ...operations.map((operation) =>
      [operation.padEnd(46), ...engines.map((engine) => cell(engine, operation).padStart(8))].join('  '),
    ),
    ...throughput.map(
      ({ operation, mbPerSecond, mbPerCpuSecond }) =>
        `${operation}: ${mbPerSecond} MB/s, ${mbPerCpuSecond} MB a CPU second`,
    ),
  ];
}

async function operationsOf(crypto, engine) {
  const owner = crypto.scopeKeyPair(engine, crypto.newSeed(), crypto.newScopeId(), 1);
  const { secretKey: readerSecretKey } = crypto.newReaderKeyPair(engine);
  const holder = { mspId: 'ReaderMSP', certificateHash: crypto.sha256Hex('certificate') };
  const reader = crypto.proveReaderKey(engine, readerSecretKey, holder);
  const agents = Array.from({ length: AGENTS }, (_, i) => ({
    mspId: `Agent${i + 1}MSP`,
    ...crypto.newReceivingKeyPair(),
  }));
  const toGrant = {
    grantId: 'grant',
    channel: 'channel',
    owner: 'owner',
    scopeKey: owner,
    reader,
    agents,
    threshold: THRESHOLD,
  };
  const { grant, sealedShares } = await crypto.makeGrant(engine, toGrant);
  const record = { channel: 'channel', recordId: 'record', version: 1, owner: 'owner' };
  const plaintext = crypto.randomBytes(10_000);
  const made = await crypto.sealRecord(engine, { plaintext, record, to: { owner }, recipients: [] });
  const { sealed, header, sealedDigest, dekCommitment, headerDigest } = made;
  const facts = { record, sealedDigest, dekCommitment, headerDigest };
  const [{ capsule, context }] = crypto.grantedCapsules({ header, facts }, grant);
  const contextBytes = crypto.sealingContext(context);
  const agentInput = (i) => ({
    grant,
    mspId: agents[i].mspId,
    agentSecretKey: agents[i].secretKey,
    sealedShare: sealedShares[i].sealed,
    capsule,
    context,
  });
  const answers = await Promise.all(
    [0, 1].map(async (i) => ({
      mspId: agents[i].mspId,
      answer: await crypto.reencrypt(engine, agentInput(i)),
    })),
  );
  const proven = await crypto.reencrypt(engine, { ...agentInput(0), withProof: true });
  const combining = { grant, readerSecretKey, capsule, context, answers };
  const reading = { sealed, header, facts, grant, readerSecretKey, capsule, answers };
  return [
    [
      'writer: encapsulate',
      () => crypto.encapsulate(engine, { ownerPublicKey: owner.publicKey, context: contextBytes }),
    ],
    ['chaincode: check capsule', () => crypto.checkCapsule(engine, capsule, owner.publicKey, contextBytes)],
    ['owner: open capsule', () => crypto.openCapsule(engine, owner.secretKey, capsule, contextBytes)],
    ['chaincode: check reader key', () => crypto.checkReaderKey(engine, reader)],
    [`owner: share (grant ${THRESHOLD} of ${AGENTS})`, () => crypto.makeGrant(engine, toGrant)],
    ['chaincode: check grant', () => crypto.checkGrant(engine, grant)],
    ['agent: accept share', () => crypto.acceptShare(engine, agentInput(0))],
    ['agent: re-encrypt', () => crypto.reencrypt(engine, agentInput(0))],
    ['agent: re-encrypt with proof', () => crypto.reencrypt(engine, { ...agentInput(0), withProof: true })],
    ['anyone: check proven answer', () => crypto.checkAnswer(engine, proven, agentInput(0))],
    [`reader: combine ${THRESHOLD} answers`, () => crypto.openReencrypted(engine, combining)],
    ['reader: open record of 10 kB from answers', () => crypto.openAsReader(engine, reading)],
  ];
}

async function cpuOf(run, seconds) {
  await run();
  await run();
  const before = process.cpuUsage();
  const began = performance.now();
  let count = 0;
  do {
    await run();
    count += 1;
  } while (performance.now() - began < 1000 * seconds || count < 3);
  const { user, system } = process.cpuUsage(before);
  return { count, cpuMs: Number(((user + system) / 1000 / count).toFixed(2)) };
}

async function throughputOf(crypto) {
  const piece = crypto.randomBytes(PIECE_BYTES);
  const source = function* () {
    for (let sent = 0; sent < CONTENT_BYTES; sent += PIECE_BYTES) yield piece;
  };
  const dataKey = crypto.newDataKey();
  const sealed = [];
  let sealing;
  const seal = await rateOf('seal a stream', async () => {
    sealing = await crypto.sealStream(source(), dataKey);
    for await (const chunk of sealing.chunks) sealed.push(chunk);
  });
  const open = await rateOf('open a stream', async () => {
    let opened = 0;
    for await (const part of crypto.openStream(sealed, dataKey, sealing.sealedDigest()))
      opened += part.length;
    if (opened !== CONTENT_BYTES) throw new Error(`${opened} bytes opened of ${CONTENT_BYTES}`);
  });
  return [seal, open];
}

async function rateOf(operation, run) {
  const before = process.cpuUsage();
  const began = performance.now();
  await run();
  const elapsed = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  const megabytes = CONTENT_BYTES / 1e6;
  return {
    operation,
    mbPerSecond: Math.round(megabytes / elapsed),
    mbPerCpuSecond: Math.round((megabytes * 1e6) / (user + system)),
  };
}
