import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { canonicalJson } from '@medseal/crypto';
import { organizationKeyStatement, singleCertificate } from '../src/ledger/certificates';

const block = (base64: string, type = 'CERTIFICATE') =>
  `-----BEGIN ${type}-----\n${base64}\n-----END ${type}-----\n`;
const bytes = (text: string) => new TextEncoder().encode(text);
const body = Buffer.alloc(100, 7).toString('base64');
const lines = `${body.slice(0, 64)}\n${body.slice(64)}`;

test('one PEM block is taken, with either line ending', () => {
  expect(singleCertificate(bytes(block(lines)))).toBe(block(lines));
  expect(singleCertificate(bytes(block(lines).trimEnd()))).toBe(block(lines).trimEnd());
  const windows = block(lines).replaceAll('\n', '\r\n');
  expect(singleCertificate(bytes(windows))).toBe(windows);
});

test.each([
  ['nothing', ''],
  ['two blocks', block(lines) + block(lines)],
  ['a malformed block before the true one', block('!!!!') + block(lines)],
  ['text before the block', `attributes\n${block(lines)}`],
  ['text after the block', `${block(lines)}attributes`],
  ['a header in the block', block(`Proc-Type: 4\n\n${lines}`)],
  ['a lenient letter in the base64', block(`_${lines.slice(1)}`)],
  ['missing padding', block(lines.replace(/=+$/, ''))],
  ['stray bits before the padding', block('AB==')],
  ['a blank line', block(`${body.slice(0, 64)}\n\n${body.slice(64)}`)],
  ['another type', block(lines, 'X509 CERTIFICATE')],
  ['an unended block', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
])('%s is refused', (_what, pem) => {
  expect(() => singleCertificate(bytes(pem))).toThrow(/^NOT_ALLOWED: /);
});

test('bytes that are no text are refused', () => {
  expect(() => singleCertificate(Uint8Array.from([0xff, 0xfe]))).toThrow(/^NOT_ALLOWED: /);
});

test('what a service signs is the canonical JSON of the four fields', () => {
  const key = { mspId: 'CityMSP', kind: 'custodian', epoch: 1, publicKey: 'ab'.repeat(32) } as const;
  const statement = organizationKeyStatement({ ...key, extra: 1 } as typeof key);
  expect(Buffer.from(statement).toString()).toBe(canonicalJson(key));
  // A signer of digests and one of messages make the same signature.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(sign('sha256', statement, privateKey).length).toBeGreaterThan(60);
  expect(createHash('sha256').update(statement).digest()).toHaveLength(32);
});
