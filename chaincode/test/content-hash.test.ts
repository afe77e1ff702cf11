import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson, TAG_BYTES } from '@medseal/crypto';
import { contentHash, type HashedEntryFields } from '../src/model/content-hash';
import type { IntegrityPart } from '../src/model/integrity-entries';

const entry: HashedEntryFields = {
  recordId: '11'.repeat(16),
  version: 1,
  ledgerId: '22'.repeat(16),
  scopeId: '33'.repeat(16),
  epoch: 1,
  hospital: 'CityMSP',
  author: '44'.repeat(16),
  policyVersion: 1,
  steps: ['chain'],
  sealed: {
    sealedBy: 'hospital',
    sealedDigest: '55'.repeat(32),
    dekCommitment: '66'.repeat(32),
    commitments: { selector: '77'.repeat(32), titleLine: '88'.repeat(32), document: '99'.repeat(32) },
  },
};
const zeros = '0'.repeat(64);

const tag = (byte: number): string => Buffer.alloc(TAG_BYTES, byte).toString('base64');
const panel = { sanitizer: 'aa'.repeat(16), verifiers: ['bb'.repeat(16)], threshold: 1 };
const file = { digest: zeros, bytes: 1 };
const integrity: IntegrityPart = {
  round: 1,
  blinded: {
    keyEpoch: 1,
    parametersVersion: 1,
    tags: { sealed: tag(1), sanitized: tag(2) },
    packageDigest: zeros,
    packageBytes: 1,
    profile: 'minimal',
    coverage: { replacedSectors: 0, keptBytes: 1, leastKeptInBlock: 1 },
  },
  sanitized: { by: panel.sanitizer, object: file, signedFile: file },
  uploaded: { by: '', sealedSignedFile: file },
  attestations: [{ verifier: panel.verifiers[0]!, at: '2026-01-01T00:00:00.000Z', transactionId: zeros }],
  returned: null,
};
const stepped = { panel, integrity };
const otherPanel = { ...panel, verifiers: ['cc'.repeat(16)] };
const later = { ...integrity, round: 2 };
const otherTags = {
  ...integrity,
  blinded: { ...integrity.blinded!, tags: { sealed: tag(1), sanitized: tag(3) } },
};

const covered = (): string =>
  `{"author":"${'44'.repeat(16)}","channel":"health","commitments":{"document":"${'99'.repeat(32)}",` +
  `"selector":"${'77'.repeat(32)}","titleLine":"${'88'.repeat(32)}"},"dekCommitment":"${'66'.repeat(32)}","epoch":1,` +
  `"hospital":"CityMSP","index":0,"ledgerId":"${'22'.repeat(16)}","policyVersion":1,"prevHash":"${zeros}",` +
  `"recordId":"${'11'.repeat(16)}","scopeId":"${'33'.repeat(16)}","sealedBy":"hospital",` +
  `"sealedDigest":"${'55'.repeat(32)}","steps":["chain"],"tags":[],"version":1}`;

test('is SHA-256 of lp("MS-ENTRY") and the canonical JSON, written out by hand', () => {
  const expected = createHash('sha256').update('\0\0\0\x08MS-ENTRY').update(covered()).digest('hex');
  expect(contentHash('health', entry, 0, zeros)).toBe(expected);
  expect(expected).toBe('db549912207d89072013a2cb75dd3772010398019abcadc94c5004554ef16a50');
});

test('with the integrity steps also of the tags, the panel and everything that the steps left', () => {
  const hash = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const tags = [1, 2].map((byte) => hash(Buffer.alloc(TAG_BYTES, byte)));
  const json = covered()
    .replace('"index":0', `"index":0,"integrity":"${hash(canonicalJson(stepped))}"`)
    .replace('"tags":[]', `"tags":["${tags.join('","')}"]`);
  const expected = createHash('sha256').update('\0\0\0\x08MS-ENTRY').update(json).digest('hex');
  expect(contentHash('health', { ...entry, ...stepped }, 0, zeros)).toBe(expected);
});

test('changes with every covered field, and with nothing else', () => {
  const base = contentHash('health', entry, 0, zeros);
  const changed: [string, string][] = [
    ['channel', contentHash('other', entry, 0, zeros)],
    ['panel and integrity', contentHash('health', { ...entry, ...stepped }, 0, zeros)],
    ['verifiers', contentHash('health', { ...entry, ...stepped, panel: otherPanel }, 0, zeros)],
    ['round', contentHash('health', { ...entry, ...stepped, integrity: later }, 0, zeros)],
    ['tags', contentHash('health', { ...entry, ...stepped, integrity: otherTags }, 0, zeros)],
    ['index', contentHash('health', entry, 1, zeros)],
    ['prevHash', contentHash('health', entry, 0, 'f'.repeat(64))],
    ['recordId', contentHash('health', { ...entry, recordId: '12'.repeat(16) }, 0, zeros)],
    ['version', contentHash('health', { ...entry, version: 2 }, 0, zeros)],
    ['ledgerId', contentHash('health', { ...entry, ledgerId: '12'.repeat(16) }, 0, zeros)],
    ['scopeId', contentHash('health', { ...entry, scopeId: '12'.repeat(16) }, 0, zeros)],
    ['epoch', contentHash('health', { ...entry, epoch: 2 }, 0, zeros)],
    ['hospital', contentHash('health', { ...entry, hospital: 'LakesideMSP' }, 0, zeros)],
    ['author', contentHash('health', { ...entry, author: '12'.repeat(16) }, 0, zeros)],
    ['policyVersion', contentHash('health', { ...entry, policyVersion: 2 }, 0, zeros)],
    ['steps', contentHash('health', { ...entry, steps: ['attest', 'chain'] }, 0, zeros)],
  ];
  for (const [name, value] of Object.entries({
    sealedBy: 'device',
    sealedDigest: zeros,
    dekCommitment: zeros,
  })) {
    changed.push([
      name,
      contentHash('health', { ...entry, sealed: { ...entry.sealed, [name]: value } }, 0, zeros),
    ]);
  }
  for (const name of ['selector', 'titleLine', 'document']) {
    const commitments = { ...entry.sealed.commitments, [name]: zeros };
    changed.push([
      name,
      contentHash('health', { ...entry, sealed: { ...entry.sealed, commitments } }, 0, zeros),
    ]);
  }
  expect(new Set([base, ...changed.map(([, hash]) => hash)]).size).toBe(changed.length + 1);

  const stored = {
    ...entry,
    schema: 1,
    status: 'chained',
    sealed: { ...entry.sealed, headerDigest: zeros, headerBytes: 7 },
  };
  expect(contentHash('health', stored, 0, zeros)).toBe(base);
});

test('does not depend on the order in which fields were set', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(Object.keys(entry), { minLength: Object.keys(entry).length }),
      (names) => {
        const reordered = Object.fromEntries(
          names.map((name) => [name, entry[name as keyof HashedEntryFields]]),
        ) as unknown as HashedEntryFields;
        return contentHash('health', reordered, 3, zeros) === contentHash('health', entry, 3, zeros);
      },
    ),
  );
});
