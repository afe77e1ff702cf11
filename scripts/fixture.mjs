import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { fail } from './lib/fail.mjs';
import { ROOT } from './lib/prepare.mjs';

// `npm run fixture -- <name> <data folder>`: keeps a stopped data folder as test/fixtures/<name>.tar.br, which
// test/acceptance/upgrade.test.ts opens with whatever version comes later. The keys in it are the demo's own.

const [name, folder] = process.argv.slice(2);
if (!/^[\w.-]+$/.test(name ?? '') || !folder)
  fail('usage: npm run fixture -- <name> <data folder of a stopped product>');

const work = mkdtempSync(path.join(os.tmpdir(), 'medseal-fixture-'));
const tar = path.join(work, 'data.tar');
// Each start writes these anew, with this machine's paths.
const left = ['logs', 'lock', 'network.json', 'gateway.json', 'connection.yaml'].map(
  (file) => `--exclude=./${file}`,
);
execFileSync('tar', [...left, '--owner=0', '--group=0', '-cf', tar, '-C', path.resolve(folder), '.']);
const bytes = readFileSync(tar);
const target = path.join(ROOT, 'test/fixtures', `${name}.tar.br`);
mkdirSync(path.dirname(target), { recursive: true });
writeFileSync(
  target,
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }),
);
rmSync(work, { recursive: true, force: true });
console.log(`${path.relative(ROOT, target)}`);
