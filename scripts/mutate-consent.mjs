import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail } from './lib/fail.mjs';
import { MutatedTree } from './lib/mutated-tree.mjs';
import { prepare, ROOT } from './lib/prepare.mjs';

// `npm run mutate:consent [-- <rule> …]`: takes out each rule of an agent's answer in turn, in a private copy of the tree,
// and asks the consent matrix for a cell that turns red. Results are in docs/results/consent-mutations.json.

const REENCRYPT = 'chaincode/src/contracts/consent/reencrypt.ts';
const CONSENT = 'chaincode/src/ledger/consent-state.ts';
const RECEIPTS = 'chaincode/src/ledger/receipts.ts';

/** By the code with which the rule refuses: [file, text that the file has once, what stands there without the rule]. */
const RULES = {
  PROPOSAL_STALE: [
    'chaincode/src/ledger/freshness.ts',
    '!(Math.abs(nowMs - timestampMs) <= WINDOW_MS)',
    'false',
  ],
  'NOT_ALLOWED role': ['chaincode/src/ledger/authorization.ts', '!rule.roles.includes(caller.role)', 'false'],
  STAFF_SUSPENDED: ['chaincode/src/ledger/authorization.ts', "entry.status === 'suspended'", 'false'],
  'RECEIPT_DIFFERS reader': [
    RECEIPTS,
    'receipt.reader !== caller.subject || receipt.mspId !== caller.mspId',
    'false',
  ],
  'RECEIPT_DIFFERS basis': [REENCRYPT, "receipt.basis !== 'consent'", 'false'],
  'RECEIPT_DIFFERS record': [RECEIPTS, '!receipt.recordIds.includes(recordId)', 'false'],
  RECEIPT_TOO_OLD: [RECEIPTS, 'millisecondsOf(at) - millisecondsOf(receipt.at) > RECEIPT_MS', 'false'],
  NOT_AN_AGENT: ['chaincode/src/ledger/agent.ts', 'place < 0', 'false'],
  CONSENT_REVOKED: [CONSENT, "consent.revokedAt !== null) return 'revoked'", "false) return 'revoked'"],
  CONSENT_EXPIRED: [CONSENT, "ended === 'expired'", 'false'],
  CONSENT_NOT_ACTIVE: [CONSENT, "statusOf(consent, answers, at) !== 'active'", 'false'],
  'NOT_GRANTEE left': [CONSENT, 'team.members.includes(staff.staffId)', 'true'],
  'NOT_GRANTEE encounter': [
    CONSENT,
    'if (encounterId === undefined) return refuseReader();',
    'if (encounterId === undefined) return;',
  ],
  ENCOUNTER_NOT_OPEN: [
    CONSENT,
    "await query.hashes.requireOpenEncounter(\n    caller.mspId,\n    consent.ledgerId,\n    id(encounterId, 'transient encounter'),\n  );",
    '',
  ],
  TERMS_DIFFER: [REENCRYPT, '!openCommitment(consent.termsCommitment, committed, fromHex(salt))', 'false'],
  TERMS_ENDED: [REENCRYPT, 'at >= terms.dataEraseAt', 'false'],
  SELECTOR_DIFFERS: [
    REENCRYPT,
    'entry.sealed === null || !openCommitment(entry.sealed.commitments.selector, committed, fromHex(salt))',
    'false',
  ],
  'NOT_IN_TERMS purpose': [REENCRYPT, "terms.purpose !== 'BTG'", 'true'],
  'NOT_IN_TERMS type': [REENCRYPT, 'terms.recordTypes.includes(selector.recordType)', 'true'],
  'NOT_IN_TERMS before': [REENCRYPT, 'selector.date >= from', 'true'],
  'NOT_IN_TERMS after': [REENCRYPT, 'selector.date <= to', 'true'],
  SCOPE_NOT_GRANTED: ['chaincode/src/ledger/capsules.ts', 'scopes.length === 0', 'false'],
  CAPSULE_INVALID: [
    'crypto/src/reencryption/answer.ts',
    'checkCapsule(engine, capsule, grant.ownerPublicKey, sealingContext(context))',
    'true',
  ],
  SHARE_MISSING: ['chaincode/src/ledger/agent.ts', 'stored === undefined', 'false'],
};
/** Cells of each run: every reason to refuse has its part of them. */
const CELLS = '240';
const RESULTS = path.join(ROOT, 'docs/results/consent-mutations.json');

const wanted = process.argv.slice(2);
for (const rule of wanted)
  if (!(rule in RULES)) fail(`there is no rule "${rule}"; there are ${Object.keys(RULES).join(', ')}.`);
await prepare();

const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-mutate-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const tree = new MutatedTree(path.join(folder, 'tree'));

const untouched = ask();
if (untouched.length > 0) fail(`the matrix is not green with all rules in place:\n${untouched.join('\n')}`);
const rules = [];
for (const [rule, [file, removed, replacement]] of Object.entries(RULES)) {
  if (wanted.length > 0 && !wanted.includes(rule)) continue;
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  if (text.split(removed).length !== 2)
    fail(`${file} does not have the text of the rule ${rule} once: ${removed}`);
  tree.replace(
    file,
    text.replace(removed, () => replacement),
  );
  const red = ask();
  tree.replace(file, text);
  rules.push({ rule, file, removed, outcome: red.length > 0 ? 'red' : 'survived', cells: red.slice(0, 2) });
  console.log(`${red.length > 0 ? 'red     ' : 'survived'} ${rule}: ${red[0] ?? ''}`);
}
if (wanted.length === 0) {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  mkdirSync(path.dirname(RESULTS), { recursive: true });
  const report = { commit, date: new Date().toISOString(), cells: Number(CELLS), rules };
  writeFileSync(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
}
const survivors = rules.filter(({ outcome }) => outcome === 'survived');
console.log(`${rules.length} rules taken out, ${rules.length - survivors.length} turned a cell red.`);
process.exit(survivors.length === 0 ? 0 : 1);

/** @returns the cells that turned red; where the matrix did not even get as far, what it failed with */
function ask() {
  const output = path.join(folder, 'results.json');
  rmSync(output, { force: true });
  const args = ['--selectProjects', 'chaincode', '--runInBand', '--json', `--outputFile=${output}`];
  spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', ...args, 'consent-matrix'], {
    cwd: tree.folder,
    stdio: 'ignore',
    env: { ...process.env, MEDSEAL_CELLS: CELLS },
  });
  const { testResults } = JSON.parse(readFileSync(output, 'utf8'));
  return testResults.flatMap(({ message, assertionResults }) => {
    const failures = assertionResults.flatMap(({ failureMessages }) => failureMessages);
    if (assertionResults.length === 0 || failures.length === 0) return message === '' ? [] : [message];
    const cells = failures.flatMap((failure) => [...failure.matchAll(/"(.+ asks .+ given)",?$/gm)]);
    return cells.length > 0 ? cells.map(([, cell]) => cell.replace(/\\"/g, '"')) : failures;
  });
}
