import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { authorizationChecks, isContractCheck, switched } from './lib/authorization-checks.mjs';
import { fail } from './lib/fail.mjs';
import { MatrixRun } from './lib/matrix-run.mjs';
import { MutatedTree } from './lib/mutated-tree.mjs';
import { MutationResults } from './lib/mutation-results.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm run mutate [-- <part of a name> …]`: removes each authorisation check in turn, in a private copy of the tree, and
// asks the authorisation matrix until a cell turns red. A check whose removal no cell shows is a survivor and needs its
// reason in scripts/authorization-survivors.json. Results are in docs/results/authorization-mutations.json; a run that
// was cut short goes on where it was, unless MEDSEAL_AFRESH is set. MEDSEAL_WORLD names a folder in which the people and
// things that the matrix asks about are kept for the next run.

const REASONS = JSON.parse(readFileSync(path.join(ROOT, 'scripts/authorization-survivors.json'), 'utf8'));

const wanted = process.argv.slice(2);
await prepare();
const checks = authorizationChecks(ROOT).map((check, number) => ({ ...check, number }));
for (const name of Object.keys(REASONS)) {
  if (!checks.some((check) => check.name === name))
    fail(`scripts/authorization-survivors.json names "${name}", which is no check any more: remove it.`);
}
const results = new MutationResults(checks, REASONS, process.env.MEDSEAL_AFRESH !== undefined);
const open = checks.filter((check) =>
  wanted.length === 0 ? !results.has(check) : wanted.some((part) => check.name.includes(part)),
);
console.log(`${checks.length} checks, ${open.length} to remove.`);

const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-mutate-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
/** Which check the running product does without. */
const choice = path.join(folder, 'removed');
const remove = (check) => writeFileSync(choice, check === undefined ? '' : String(check.number));
/** Of blocks: whether they are green when asked again in the same product. */
const repeatable = new Map();
let matrix;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => void Promise.resolve(matrix?.stop()).finally(() => process.exit(130)));

if (open.length > 0) {
  const tree = new MutatedTree(path.join(folder, 'tree'));
  matrix = new MatrixRun(tree, folder);
  remove(undefined);
  try {
    await matrix.found(process.env.MEDSEAL_WORLD ?? path.join(folder, 'world'));
    for (const file of new Set(checks.map((check) => check.file))) {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      const inFile = checks.filter((check) => check.file === file);
      tree.replace(file, switched(text, inFile, choice));
    }
    await removeFromContracts(open.filter(isContractCheck));
    const inGateway = open.filter((check) => !isContractCheck(check));
    // Sign-in and activation last: their blocks take the longest.
    const isLate = (check) => check.first.some((part) => part.startsWith('/auth'));
    await removeFromGateway([...inGateway.filter((one) => !isLate(one)), ...inGateway.filter(isLate)]);
    await matrix.stop();
  } catch (error) {
    await matrix.stop();
    fail(error.stack);
  }
}
results.write();
console.log(results.summary);
for (const { name } of results.unexplained) console.error(`without a reason: ${name}`);
process.exit(results.unexplained.length === 0 ? 0 : 1);

async function requireGreen(blocks) {
  const red = await matrix.firstRed(blocks);
  if (red !== undefined)
    throw new Error(`the matrix is not green with all checks in place:\n${red.cells.join('\n')}`);
}

/** Proposals to peers are only simulated, so one product serves for all. */
async function removeFromContracts(removed) {
  if (removed.length === 0) return;
  await matrix.start();
  await requireGreen(matrix.atPeers);
  for (const check of removed) {
    const began = Date.now();
    remove(check);
    const own = matrix.ranked(matrix.atPeers, check.first);
    const red = await matrix.firstRed(own.length > 0 ? own : matrix.atPeers);
    remove(undefined);
    if (red !== undefined) await requireGreen([red.block]);
    tell(check, red, began);
  }
}

/**
 * What a removed check lets through is written. One product serves as long as a red block is green again with the check
 * in place, and only for blocks that are green each time; what shows in none of the check's own blocks is looked for in
 * all of them, in a product that does without the check throughout.
 */
async function removeFromGateway(removed) {
  if (removed.length === 0) return;
  const blocks = matrix.inOrder(matrix.throughGateway, []);
  const unseen = [];
  await matrix.start();
  for (const check of removed) {
    const began = Date.now();
    const red = check.isAtLoad ? undefined : await redWhileRunning(check, matrix.ranked(blocks, check.first));
    if (red === undefined) unseen.push(check);
    else tell(check, red, began);
  }
  for (const check of unseen) {
    const began = Date.now();
    remove(check);
    await matrix.start();
    const own = matrix.ranked(blocks, check.first);
    const isLocal = check.file.endsWith('.controller.ts');
    const red = await matrix.firstRed(isLocal ? own : matrix.inOrder(blocks, check.first));
    remove(undefined);
    tell(check, red, began);
  }
}

/** @returns undefined also where it is not certain that the missing check alone made a cell red */
async function redWhileRunning(check, own) {
  const usable = [];
  for (const block of own) if (await isGreenEachTime(block)) usable.push(block);
  remove(check);
  const red = await matrix.firstRed(usable);
  remove(undefined);
  if (red === undefined || (await matrix.firstRed([red.block])) === undefined) return red;
  await matrix.start();
  return undefined;
}

async function isGreenEachTime(block) {
  if (matrix.endsSessions(block)) return false;
  if (!repeatable.has(block)) {
    if ((await matrix.firstRed([block])) !== undefined) {
      await matrix.start();
      await requireGreen([block]);
    }
    repeatable.set(block, (await matrix.firstRed([block])) === undefined);
  }
  return repeatable.get(block);
}

/** Of the red cells, those are kept before others in which somebody got what they should not. */
function tell(check, red, began) {
  const outcome = red === undefined ? 'survived' : 'red';
  const given = (cell) => Number(/, (ok|2\d\d) given$/.test(cell));
  const cells = (red?.cells ?? []).sort((a, b) => given(b) - given(a)).slice(0, 3);
  results.add(check, { outcome, ...(red === undefined ? {} : { cells }) });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`${outcome.padEnd(8)} ${check.name} (${seconds} s) ${cells[0] ?? ''}`);
}
