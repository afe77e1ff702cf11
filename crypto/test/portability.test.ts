import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages that run in browsers as they are, or that bundlers resolve for them. */
const PORTABLE = [
  '@noble/hashes/',
  '@noble/curves/',
  '@hpke/core',
  '@hpke/dhkem-x25519',
  'hash-wasm',
  'mcl-wasm',
  '@scure/bip39',
  'shamir-secret-sharing',
];

const SOURCES = join(__dirname, '..', 'src');
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

describe('the package runs in Node, chaincode and browser', () => {
  it.each(files)('%s imports nothing of one platform alone', (name) => {
    const source = readFileSync(join(SOURCES, name), 'utf8');
    for (const [, target = ''] of source.matchAll(/\bfrom '([^']+)'/g)) {
      expect([
        target,
        target.startsWith('.') || PORTABLE.some((prefix) => target.startsWith(prefix)),
      ]).toEqual([target, true]);
    }
    // A comment may end with a word that is also a browser's, and a module have its name.
    const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/ .*|\bfrom '[^']+'/g, '');
    expect(code).not.toMatch(/\b(?:Buffer|process|require|__dirname|window|document)\s*[.(]/);
  });
});
