import { createRequire } from 'node:module';
import path from 'node:path';
import { transformFileSync } from '@swc/core';
import { ROOT } from '../lib/prepare.mjs';
import { waiting, waitingLines } from './waiting.mjs';

// CPU of integrity auditing, in one process, for both engines; beside it the paper's algorithms done naively.
// A file signed with one engine is the other's as well, so that the slow one proves and verifies long files without
// signing them; its signing, checking and sanitising are measured on shorter files and given by block.

const require = createRequire(import.meta.url);
const SIZES = [100, 300, 460];
const ENGINE_BLOCKS = { mcl: undefined, noble: 60 };
const NAIVE_BLOCKS = { mcl: 460, noble: 40 };
const REPLACED_EVERY = 20;
const SECTOR_BYTES = 31;

/** What mcl has to reach; printed beside what was measured. */
const TARGETS = { signingTimes: 5, signingKilobytes: 150, checkTimes: 10, verifyMs: 350, proofBytes: 1200 };

/**
 * @returns `rows` `{ variant, engine, s, n, operation, cpuMs, count, bytes }` where `cpuMs` is of `count` blocks or
 *   challenged blocks holding `bytes`; `files` with the bytes of what is stored and sent; `reached` against the targets
 */
export async function auditing({ quick = false, report = () => undefined } = {}) {
  const crypto = require(path.join(ROOT, 'crypto/dist/index.js'));
  const drawn = {
    ...require(path.join(ROOT, 'crypto/dist/audit/proof.js')),
    ...require(path.join(ROOT, 'crypto/dist/audit/verification.js')),
  };
  const engines = [await crypto.mclEngine(), crypto.nobleEngine()];
  const rows = [];
  const files = [];
  let beside;
  const add = (row) => {
    rows.push(row);
    report(rowLine(row));
  };
  for (const engine of engines) measureNaive({ crypto, engine, add, quick });
  const sizes = quick ? [1000] : [1000, 10_000];
  for (const s of [1, 32]) {
    for (const n of sizes) {
      const file = await signedFile({ crypto, engine: engines[0], s, n, add });
      files.push(sizesOf(crypto, file));
      for (const engine of engines) {
        const short = ENGINE_BLOCKS[engine.name];
        const own = short === undefined ? file : await signedFile({ crypto, engine, s, n: short, add });
        measureCheck({ crypto, engine, file: own, add });
        if (s > 1) measureSanitising({ crypto, engine, file: own, add });
        await measureAudits({ crypto, drawn, engine, file, add });
      }
      if (s > 1 && n === sizes.at(-1)) {
        const check = await proofCheck(crypto, engines[0], file);
        beside = await waiting(check, quick ? QUICKLY : AT_LENGTH);
      }
    }
  }
  return { rows, files, reached: reachedOf(rows, files), waiting: beside };
}

const QUICKLY = { proofs: 3, idleMs: 500 };
const AT_LENGTH = { proofs: 30, idleMs: 5_000 };

/** A proof of the rule's own size, as the contract hands it to the thread that verifies. */
async function proofCheck(crypto, engine, file) {
  const { tag, replacedSet, authenticators } = crypto.decodeSignedFile(file.signedFile);
  const { parameters, identity } = file.signer;
  const size = crypto.auditChallengeSize(parameters, file.n);
  const challenge = { auditId: '11'.repeat(32), seed: '22'.repeat(32), size };
  const read = readerOf(file, authenticators);
  const proof = await crypto.proveFile(engine, { parameters, tag: tag.bytes, replacedSet, challenge, read });
  const encoded = crypto.toBase64(crypto.encodeAuditParameters(engine, parameters));
  return { parameters: encoded, identity, tag: crypto.toBase64(tag.bytes), challenge, replacedSet, proof };
}

/** As the prover reads a stored file. */
function readerOf({ content, s }, authenticators) {
  const length = SECTOR_BYTES * s;
  return (block) => ({
    data: content.subarray(block * length, (block + 1) * length),
    authenticator: authenticators[block],
  });
}

export function auditingLines({ rows, files, reached, waiting: beside }) {
  return [
    'Integrity auditing, CPU ms (naive: the paper’s algorithms, one sector a block, no batching, no tables, unmasked):',
    rowLine(),
    ...rows.map(rowLine),
    ...files.map(
      ({ s, n, contentBytes, authenticatorBytes, tagBytes, proofBytes }) =>
        `s = ${s}, n = ${n}: ${contentBytes} bytes of content, ${authenticatorBytes} of authenticators ` +
        `(${((100 * authenticatorBytes) / contentBytes).toFixed(1)} %), ${tagBytes} of tag, ${proofBytes} of proof`,
    ),
    ...reached.map(({ what, measured, target }) => `${what}: ${measured} (to reach: ${target})`),
    ...waitingLines(beside),
  ];
}

const COLUMNS = [
  ['variant', 9, 'padEnd', ({ variant }) => variant],
  ['engine', 7, 'padEnd', ({ engine }) => engine],
  ['s', 3, 'padStart', ({ s }) => s],
  ['n', 6, 'padStart', ({ n }) => n],
  ['operation', 16, 'padEnd', ({ operation }) => operation],
  ['CPU ms', 10, 'padStart', ({ cpuMs }) => cpuMs.toFixed(1)],
  ['ms a block', 11, 'padStart', ({ cpuMs, count }) => (cpuMs / count).toFixed(3)],
  [
    'kB a CPU s',
    11,
    'padStart',
    (row) => (row.bytes === undefined ? '' : kilobytesPerSecond(row).toFixed(1)),
  ],
];

const rowLine = (row) =>
  COLUMNS.map(([title, width, pad, value]) =>
    String(row === undefined ? title : value(row))[pad](width),
  ).join('  ');

const kilobytesPerSecond = ({ bytes, cpuMs }) => bytes / cpuMs;

/** Identity key of one doctor, as two of three organisations extract it. */
async function newSigner(crypto, engine, sectorsPerBlock) {
  const extractors = ['AMSP', 'BMSP', 'CMSP'].map((mspId) => ({ mspId, ...crypto.newReceivingKeyPair() }));
  const { parameters, sealedShares } = await crypto.makeMasterKey(engine, {
    extractors,
    threshold: 2,
    sectorsPerBlock,
  });
  const identity = { channel: 'channel', mspId: 'AMSP', userId: 'doctor', keyEpoch: 1 };
  const shares = [];
  for (const i of [0, 1]) {
    const { mspId, secretKey: extractorSecretKey } = extractors[i];
    const opening = { parameters, mspId, extractorSecretKey, sealed: sealedShares[i].sealed };
    const masterShare = await crypto.openMasterShare(engine, opening);
    const input = { parameters, mspId, masterShare, identity };
    shares.push({ mspId, share: crypto.extractIdentityShare(engine, input) });
  }
  const key = crypto.combineIdentityShares(engine, { parameters, identity, shares });
  const record = { channel: 'channel', recordId: 'record', version: 1, owner: 'owner' };
  return { parameters, identity, key, record };
}

async function signedFile({ crypto, engine, s, n, add }) {
  const signer = await newSigner(crypto, engine, s);
  const content = crypto.randomBytes(SECTOR_BYTES * s * n);
  // Generators and their tables are made once a process.
  crypto.signSealedFile(engine, { ...signer, content: content.subarray(0, 2 * SECTOR_BYTES * s) });
  const { result, cpuMs } = cpuOf(() => crypto.signSealedFile(engine, { ...signer, content }));
  const bytes = content.length;
  add({ variant: 'hardened', engine: engine.name, s, n, operation: 'sign', cpuMs, count: n, bytes });
  return { ...result, signer, content, s, n };
}

function measureCheck({ crypto, engine, file, add }) {
  const { signer, content, signedFile: signed, s, n } = file;
  const input = { ...signer, kind: 'sealed', signedFile: signed, stored: content };
  const { cpuMs } = cpuOf(() => crypto.checkFile(engine, input));
  const bytes = content.length;
  add({ variant: 'hardened', engine: engine.name, s, n, operation: 'check all', cpuMs, count: n, bytes });
}

/**
 * Five in a hundred blocks have one replaced sector, which leaves nothing of a block of one sector: so only with more.
 * `sanitise` includes the check of the package.
 */
function measureSanitising({ crypto, engine, file, add }) {
  const { signer, content, s, n } = file;
  const personal = Array.from({ length: Math.ceil(n / REPLACED_EVERY) }, (_, k) => ({
    block: k * REPLACED_EVERY,
    sector: k % s,
  }));
  const blinding = { ...signer, content, personal, organisation: [] };
  const blinded = cpuOf(() => crypto.blindDocument(engine, blinding));
  const packaged = { ...signer, package: blinded.result.package };
  const opened = cpuOf(() => crypto.openSanitisingPackage(engine, packaged));
  const sanitised = cpuOf(() => crypto.sanitise(engine, packaged));
  const row = { variant: 'hardened', engine: engine.name, s, n };
  const bytes = content.length;
  add({ ...row, operation: 'sign, blinding', cpuMs: blinded.cpuMs, count: n, bytes });
  add({ ...row, operation: 'open package', cpuMs: opened.cpuMs, count: n, bytes });
  add({ ...row, operation: 'open, sanitise', cpuMs: sanitised.cpuMs, count: n, bytes });
}

async function measureAudits({ crypto, drawn, engine, file, add }) {
  const { signer, s, n } = file;
  const { tag, replacedSet, authenticators } = crypto.decodeSignedFile(file.signedFile);
  const read = readerOf(file, authenticators);
  for (const size of SIZES) {
    const challenge = { auditId: '11'.repeat(32), seed: '22'.repeat(32), size };
    const proving = { replacedSet, challenge, read };
    const proved = await cpuOfPromise(() => drawn.proveDrawn(engine, tag, proving));
    const verifying = { ...signer, replacedSet, challenge, proof: proved.result };
    const verified = cpuOf(() => drawn.verifyDrawn(engine, tag, verifying));
    if (verified.result.verdict !== 'intact') throw new Error('an honest proof did not hold');
    const row = { variant: 'hardened', engine: engine.name, s, n, count: size };
    add({ ...row, operation: `prove c = ${size}`, cpuMs: proved.cpuMs });
    add({ ...row, operation: `verify c = ${size}`, cpuMs: verified.cpuMs });
  }
}

function measureNaive({ crypto, engine, add, quick }) {
  const { paperVariant } = compiled(path.join(ROOT, 'crypto/test/support/paper-variant.ts'));
  const order = crypto.GROUP_ORDER;
  const randomScalar = () => (crypto.bytesToBigint(crypto.randomBytes(48)) % (order - 1n)) + 1n;
  const paper = paperVariant({ engine, order, randomScalar, utf8: crypto.utf8 });
  const system = paper.setUp('doctor');
  const n = NAIVE_BLOCKS[engine.name];
  const sectors = Array.from({ length: n }, () => crypto.bytesToBigint(crypto.randomBytes(SECTOR_BYTES)));
  const signed = cpuOf(() => paper.sign(system, 'file', sectors));
  const file = signed.result;
  const row = { variant: 'naive', engine: engine.name, s: 1, n };
  add({ ...row, operation: 'sign', cpuMs: signed.cpuMs, count: n, bytes: SECTOR_BYTES * n });
  const some = Math.min(n, 40);
  const checked = cpuOf(() => {
    for (let i = 0; i < some; i++)
      if (!paper.check(system, file, i, sectors[i])) throw new Error('a naive authenticator did not hold');
  });
  add({ ...row, operation: 'check each', cpuMs: checked.cpuMs, count: some, bytes: SECTOR_BYTES * some });
  const sanitised = cpuOf(() => {
    for (let i = 0; i < some; i++) paper.sanitise(file, i, sectors[i], 7n);
  });
  add({ ...row, operation: 'sanitise', cpuMs: sanitised.cpuMs, count: some, bytes: SECTOR_BYTES * some });
  for (const size of SIZES.filter((c) => c <= n && !(quick && c > 100))) {
    const challenge = crypto.drawAuditChallenge({ seed: '22'.repeat(32), size }, n);
    const proved = cpuOf(() => paper.prove(file.authenticators, sectors, challenge));
    const verified = cpuOf(() => paper.verify(system, file, challenge, proved.result));
    if (!verified.result) throw new Error('an honest naive proof did not hold');
    add({ ...row, operation: `prove c = ${size}`, cpuMs: proved.cpuMs, count: size });
    add({ ...row, operation: `verify c = ${size}`, cpuMs: verified.cpuMs, count: size });
  }
}

/** The paper's variant is a test's and no part of what is built, so it is compiled here. */
function compiled(file) {
  const { code } = transformFileSync(file, {
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  const module = { exports: {} };
  new Function('module', 'exports', code)(module, module.exports);
  return module.exports;
}

const sizesOf = (crypto, { s, n, content, tag }) => ({
  s,
  n,
  contentBytes: content.length,
  authenticatorBytes: 48 * n,
  tagBytes: tag.length,
  proofBytes: crypto.auditProofBytes(s),
});

function reachedOf(rows, files) {
  const find = (variant, operation, s) =>
    rows.filter(
      (row) => row.engine === 'mcl' && row.variant === variant && row.operation === operation && row.s === s,
    );
  const rate = (list) => Math.min(...list.map(kilobytesPerSecond));
  const times = (ours, naive) => `${(ours / naive).toFixed(1)} times`;
  const perBlock = ([row]) => row.cpuMs / row.count;
  const signing = rate(find('hardened', 'sign', 32));
  const naiveSigning = rate(find('naive', 'sign', 1));
  const naiveCheck = find('naive', 'check each', 1);
  const verify = Math.max(...find('hardened', 'verify c = 460', 32).map(({ cpuMs }) => cpuMs));
  const proof = files.find(({ s }) => s === 32).proofBytes;
  return [
    {
      what: 'signing, bytes a CPU second against naive',
      measured: times(signing, naiveSigning),
      target: `${TARGETS.signingTimes} times`,
    },
    {
      what: 'signing',
      measured: `${signing.toFixed(0)} kB a CPU second`,
      target: `${TARGETS.signingKilobytes} kB`,
    },
    {
      what: 'batched check, bytes a CPU second against naive',
      measured: times(rate(find('hardened', 'check all', 32)), rate(naiveCheck)),
      target: `${TARGETS.checkTimes} times`,
    },
    {
      what: 'batched check, authenticators a CPU second against naive',
      measured: times(perBlock(naiveCheck), perBlock(find('hardened', 'check all', 1))),
      target: `${TARGETS.checkTimes} times`,
    },
    {
      what: 'verification of c = 460 by one endorser',
      measured: `${verify.toFixed(0)} CPU ms`,
      target: `${TARGETS.verifyMs} ms`,
    },
    { what: 'proof at s = 32', measured: `${proof} bytes`, target: `${TARGETS.proofBytes} bytes` },
  ];
}

function cpuOf(run) {
  const before = process.cpuUsage();
  const result = run();
  return { result, cpuMs: milliseconds(process.cpuUsage(before)) };
}

async function cpuOfPromise(run) {
  const before = process.cpuUsage();
  const result = await run();
  return { result, cpuMs: milliseconds(process.cpuUsage(before)) };
}

const milliseconds = ({ user, system }) => Number(((user + system) / 1000).toFixed(1));
