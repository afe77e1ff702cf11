import fc from 'fast-check';
import {
  canonicalJson,
  checkCapsule,
  CHUNK_BYTES,
  ContentSealer,
  concat,
  decodeHeader,
  encodeHeader,
  type Header,
  headerDigest,
  type KeyPair,
  KEYLESS_SCOPE_ID,
  type KeySlot,
  type LedgerFacts,
  mclEngine,
  newDataKey,
  newReceivingKeyPair,
  newScopeId,
  newSeed,
  nobleEngine,
  openAsOwner,
  openAsRecipient,
  openDataKeyAsOwner,
  openDataKeyAsRecipient,
  opensDataKeyCommitment,
  type PairingEngine,
  randomBytes,
  type Recipient,
  type RecipientKey,
  reencapsulate,
  type ScopeKeyPair,
  scopeKeyPair,
  type SealedKeys,
  type SealedRecord,
  sealKeys,
  sealRecord,
  sealingContext,
  type SealTo,
  sha256Hex,
  utf8,
  utf8Decode,
} from '../src/index.js';
import { flipBit, refusal } from './support/refusal.js';

/** A header's JSON while it is being spoilt. */
interface Draft {
  record: object;
  slots: { recipients: object[] }[];
}

const RECORD = { channel: 'health', recordId: 'r-1', version: 1, owner: 'l-1' };
const CONTENT = utf8('{"resourceType":"Bundle"}');

const noble = nobleEngine();
let mcl: PairingEngine;
const engineOf = (name: 'mcl' | 'noble'): PairingEngine => (name === 'mcl' ? mcl : noble);

const owner = scopeKeyPair(noble, newSeed(), newScopeId(), 1);
const author = newReceivingKeyPair();
const custodian = newReceivingKeyPair();
const toOwner: SealTo = { owner };
const toCustodian: SealTo = { custodian: { id: 'CityMSP', publicKey: custodian.publicKey } };
const authorRecipient: Recipient = { kind: 'author', id: 's-1', publicKey: author.publicKey };
const asAuthor: RecipientKey = { kind: 'author', id: 's-1', secretKey: author.secretKey };
const asCustodian: RecipientKey = { kind: 'custodian', id: 'CityMSP', secretKey: custodian.secretKey };

const seal = async (to: SealTo, plaintext = CONTENT, recipients = [authorRecipient]): Promise<SealedRecord> =>
  sealRecord(mcl, { plaintext, record: RECORD, to, recipients });
const factsOf = (sealed: SealedRecord, keys: SealedKeys = sealed): LedgerFacts => ({
  record: RECORD,
  sealedDigest: sealed.sealedDigest,
  dekCommitment: sealed.dekCommitment,
  headerDigest: keys.headerDigest,
});
const openOwner = (
  made: SealedRecord,
  facts = factsOf(made),
  keys: ScopeKeyPair[] = [owner],
): Promise<Uint8Array> =>
  openAsOwner(mcl, { sealed: made.sealed, header: made.header, facts, scopeKeys: keys });
const openAuthor = (made: SealedRecord, facts = factsOf(made), recipient = asAuthor): Promise<Uint8Array> =>
  openAsRecipient({ sealed: made.sealed, header: made.header, facts, recipient });

let forOwner: SealedRecord;
let keyless: SealedRecord;

beforeAll(async () => {
  mcl = await mclEngine();
  forOwner = await seal(toOwner);
  keyless = await seal(toCustodian);
});

describe('a sealed record', () => {
  it('opens for owner and author, whatever its length', async () => {
    for (const length of [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 3]) {
      const content = randomBytes(length);
      const made = await seal(toOwner, content);
      expect(Buffer.compare(await openOwner(made), content)).toBe(0);
      expect(Buffer.compare(await openAuthor(made), content)).toBe(0);
    }
  });

  it('has a capsule that chaincode accepts with the context it rebuilds', () => {
    const { scopeId, epoch, publicKey } = owner;
    const context = sealingContext({ ...RECORD, scopeId, epoch, sealedDigest: forOwner.sealedDigest });
    for (const engine of [mcl, noble]) {
      expect(checkCapsule(engine, forOwner.capsule ?? new Uint8Array(0), publicKey, context)).toBe(true);
    }
    expect(forOwner.context).toEqual({ ...RECORD, scopeId, epoch, sealedDigest: sha256Hex(forOwner.sealed) });
  });

  it.each([
    ['mcl', 'noble'],
    ['noble', 'mcl'],
  ] as const)('sealed in %s opens in %s', async (sealer, opener) => {
    const input = { plaintext: CONTENT, record: RECORD, to: toOwner, recipients: [] };
    const made = await sealRecord(engineOf(sealer), input);
    const opening = { sealed: made.sealed, header: made.header, facts: factsOf(made), scopeKeys: [owner] };
    expect(utf8Decode(await openAsOwner(engineOf(opener), opening))).toBe(utf8Decode(CONTENT));
  });

  it('holds nothing readable, and no key but wrapped', async () => {
    const marker = 'MARKER-Anuradha';
    const made = await seal(toOwner, utf8(marker));
    const dataKey = await openDataKeyAsOwner(mcl, {
      header: made.header,
      facts: factsOf(made),
      scopeKeys: [owner],
    });
    for (const bytes of [made.sealed, made.header]) {
      expect(Buffer.from(bytes).includes(marker)).toBe(false);
      for (const form of ['hex', 'base64', 'latin1'] as const) {
        expect(Buffer.from(bytes).includes(Buffer.from(dataKey).toString(form), 0, 'latin1')).toBe(false);
      }
    }
  });

  it('is fresh every time', async () => {
    const again = await seal(toOwner);
    expect(again.sealed).not.toEqual(forOwner.sealed);
    expect(again.dekCommitment).not.toBe(forOwner.dekCommitment);
  });

  it('opens for verifiers and the sanitiser by their own slots, and not under another role or name', async () => {
    const verifier = newReceivingKeyPair();
    const sanitizer = newReceivingKeyPair();
    const made = await seal(toOwner, CONTENT, [
      authorRecipient,
      { kind: 'verifier', id: 's-2', publicKey: verifier.publicKey },
      { kind: 'sanitizer', id: 's-3', publicKey: sanitizer.publicKey },
    ]);
    const facts = factsOf(made);
    const open =
      (kind: RecipientKey['kind'], id: string, { secretKey }: KeyPair) =>
      (): Promise<Uint8Array> =>
        openAuthor(made, facts, { kind, id, secretKey });
    expect(await open('verifier', 's-2', verifier)()).toEqual(CONTENT);
    expect(await open('sanitizer', 's-3', sanitizer)()).toEqual(CONTENT);
    expect(await refusal(open('verifier', 's-3', sanitizer))).toBe('NO_SLOT');
    expect(await refusal(open('author', 's-2', verifier))).toBe('NO_SLOT');
    expect(await refusal(open('author', 's-1', verifier))).toBe('OPEN_FAILED');
  });

  it('does not open with another scope, epoch or key', async () => {
    const other = (change: Partial<ScopeKeyPair>): Promise<unknown> =>
      refusal(() => openOwner(forOwner, undefined, [{ ...owner, ...change }]));
    expect(await other({ scopeId: newScopeId() })).toBe('NO_SLOT');
    expect(await other({ epoch: 2 })).toBe('NO_SLOT');
    expect(await other({ secretKey: scopeKeyPair(noble, newSeed(), owner.scopeId, 1).secretKey })).toBe(
      'OPEN_FAILED',
    );
    expect(await refusal(() => openOwner(keyless))).toBe('NO_SLOT');
  });

  it('refuses every difference from the ledger', async () => {
    const facts = factsOf(forOwner);
    const other = sha256Hex('other');
    for (const [change, code] of [
      [{ sealedDigest: other }, 'DIGEST_MISMATCH'],
      [{ headerDigest: other }, 'DIGEST_MISMATCH'],
      [{ dekCommitment: other }, 'KEY_COMMITMENT_MISMATCH'],
      [{ record: { ...RECORD, channel: 'x' } }, 'WRONG_CONTEXT'],
      [{ record: { ...RECORD, recordId: 'r-2' } }, 'WRONG_CONTEXT'],
      [{ record: { ...RECORD, version: 2 } }, 'WRONG_CONTEXT'],
      [{ record: { ...RECORD, owner: 'l-2' } }, 'WRONG_CONTEXT'],
    ] as const) {
      expect(await refusal(() => openOwner(forOwner, { ...facts, ...change }))).toBe(code);
      expect(await refusal(() => openAuthor(forOwner, { ...facts, ...change }))).toBe(code);
    }
    const another = await seal(toOwner);
    const swapped = { ...facts, headerDigest: undefined };
    expect(await refusal(() => openOwner({ ...forOwner, header: another.header }, swapped))).toBe(
      'WRONG_CONTEXT',
    );
    expect(await refusal(() => openOwner({ ...forOwner, sealed: another.sealed }, facts))).toBe(
      'DIGEST_MISMATCH',
    );
  });

  it('can be sealed piece by piece', async () => {
    const dataKey = newDataKey();
    const sealer = await ContentSealer.create(dataKey);
    const chunks = [...(await sealer.push(randomBytes(CHUNK_BYTES + 1))), await sealer.finish()];
    const sealedDigest = sealer.sealedDigest();
    const keys = await sealKeys(mcl, {
      dataKey,
      sealedDigest,
      record: RECORD,
      to: toOwner,
      recipients: [authorRecipient],
    });
    const made = { sealed: concat(...chunks), sealedDigest, ...keys };
    expect((await openAuthor(made)).length).toBe(CHUNK_BYTES + 1);
  });

  it('refuses a zero scope for an owner, and recipients that a header cannot hold', async () => {
    expect(await refusal(() => seal({ owner: { ...owner, scopeId: KEYLESS_SCOPE_ID } }))).toBe(
      'BAD_ARGUMENT',
    );
    expect(await refusal(() => seal(toOwner, CONTENT, [{ ...authorRecipient, id: '' }]))).toBe(
      'BAD_ENCODING',
    );
    const many = Array.from({ length: 65 }, (_, i): Recipient => ({ ...authorRecipient, id: `s-${i}` }));
    expect(await refusal(() => seal(toOwner, CONTENT, many))).toBe('BAD_ENCODING');
  });
});

describe('a data key that is not the one on the ledger', () => {
  it('is refused before anything is decrypted, also when its slot is otherwise genuine', async () => {
    const { sealedDigest } = forOwner;
    const planted = await sealKeys(mcl, {
      dataKey: newDataKey(),
      sealedDigest,
      record: RECORD,
      to: toOwner,
      recipients: [authorRecipient],
    });
    const lying = encodeHeader({ ...decodeHeader(planted.header), dekCommitment: forOwner.dekCommitment });
    const made = { ...forOwner, header: lying };
    const facts = { ...factsOf(forOwner), headerDigest: headerDigest(lying) };
    expect(await refusal(() => openOwner(made, facts))).toBe('KEY_COMMITMENT_MISMATCH');
    expect(await refusal(() => openAuthor(made, facts))).toBe('KEY_COMMITMENT_MISMATCH');
  });
});

describe('a keyless patient’s record', () => {
  it('opens for custodian and author, and has neither scope nor capsule', async () => {
    expect(await openAuthor(keyless)).toEqual(CONTENT);
    expect(await openAuthor(keyless, undefined, asCustodian)).toEqual(CONTENT);
    expect(keyless.capsule).toBeNull();
    expect(keyless.context).toMatchObject({ scopeId: KEYLESS_SCOPE_ID, epoch: 0 });
    expect(decodeHeader(keyless.header).slots[0]).toMatchObject({
      scopeId: KEYLESS_SCOPE_ID,
      epoch: 0,
      capsule: null,
    });
  });

  it('gets a slot for the owner from the custodian, who needs no content for it', async () => {
    const facts = factsOf(keyless);
    const keys = await reencapsulate(mcl, {
      header: keyless.header,
      facts,
      opener: { recipient: asCustodian },
      owner,
    });
    const made = { ...keyless, header: keys.header };
    const now = factsOf(keyless, keys);
    expect(keys.dekCommitment).toBe(keyless.dekCommitment);
    expect(keys.headerDigest).not.toBe(keyless.headerDigest);
    expect(await openOwner(made, now)).toEqual(CONTENT);
    expect(await openAuthor(made, now)).toEqual(CONTENT);
    expect(await openAuthor(made, now, asCustodian)).toEqual(CONTENT);
    expect(
      checkCapsule(noble, keys.capsule ?? new Uint8Array(0), owner.publicKey, sealingContext(keys.context)),
    ).toBe(true);

    const [before, after] = [decodeHeader(keyless.header).slots, decodeHeader(keys.header).slots];
    expect(after.slice(0, 1)).toEqual(before);
    expect(after).toHaveLength(2);
    expect(after[1]).toMatchObject({ scopeId: owner.scopeId, epoch: 1, recipients: [] });
  });

  it('keeps its data key through re-encapsulation, which the commitment shows', async () => {
    const keys = await reencapsulate(mcl, {
      header: keyless.header,
      facts: factsOf(keyless),
      opener: { recipient: asCustodian },
      owner,
    });
    const facts = factsOf(keyless, keys);
    const [first, second] = [
      await openDataKeyAsRecipient({ header: keys.header, facts, recipient: asCustodian }),
      await openDataKeyAsOwner(mcl, { header: keys.header, facts, scopeKeys: [owner] }),
    ];
    expect(first).toEqual(second);
    expect(opensDataKeyCommitment(keyless.dekCommitment, second, RECORD.recordId, RECORD.version)).toBe(true);
  });

  it('is re-encapsulated by nobody else, and from no other header', async () => {
    const input = { header: keyless.header, facts: factsOf(keyless), owner };
    const stranger = { ...asCustodian, secretKey: newReceivingKeyPair().secretKey };
    expect(await refusal(() => reencapsulate(mcl, { ...input, opener: { recipient: stranger } }))).toBe(
      'OPEN_FAILED',
    );
    expect(
      await refusal(() =>
        reencapsulate(mcl, { ...input, opener: { recipient: { ...asCustodian, id: 'LakesideMSP' } } }),
      ),
    ).toBe('NO_SLOT');
    expect(await refusal(() => reencapsulate(mcl, { ...input, opener: { scopeKeys: [owner] } }))).toBe(
      'NO_SLOT',
    );
    const mixed = { ...input, facts: factsOf(forOwner), opener: { recipient: asCustodian } };
    expect(await refusal(() => reencapsulate(mcl, mixed))).toBe('DIGEST_MISMATCH');
    const infinity = { ...owner, publicKey: concat(Uint8Array.of(0xc0), new Uint8Array(47)) };
    const bad = { ...input, owner: infinity, opener: { recipient: asCustodian } };
    expect(await refusal(() => reencapsulate(mcl, bad))).toBe('IDENTITY_ELEMENT');
  });
});

describe('an owner’s next epoch', () => {
  it('gets a slot from the owner’s earlier key, which then opens nothing new', async () => {
    const next = scopeKeyPair(noble, newSeed(), owner.scopeId, 2);
    const keys = await reencapsulate(noble, {
      header: forOwner.header,
      facts: factsOf(forOwner),
      opener: { scopeKeys: [owner] },
      owner: next,
      recipients: [{ kind: 'custodian', id: 'CityMSP', publicKey: custodian.publicKey }],
    });
    const made = { ...forOwner, header: keys.header };
    const facts = factsOf(forOwner, keys);
    for (const scopeKeys of [[next], [owner], [owner, next]]) {
      expect(await openOwner(made, facts, scopeKeys)).toEqual(CONTENT);
    }
    expect(await openAuthor(made, facts, asCustodian)).toEqual(CONTENT);
  });

  it('opens by the good slot although a bad one for the same key stands before it', async () => {
    const other = await seal(toOwner);
    const bad = decodeHeader(other.header).slots[0] as KeySlot;
    const header = decodeHeader(forOwner.header);
    const bytes = encodeHeader({ ...header, slots: [bad, ...header.slots] });
    const facts = { ...factsOf(forOwner), headerDigest: headerDigest(bytes) };
    expect(await openOwner({ ...forOwner, header: bytes }, facts)).toEqual(CONTENT);
    expect(await openAuthor({ ...forOwner, header: bytes }, facts)).toEqual(CONTENT);
  });
});

describe('headers', () => {
  const base64Length = (bytes: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes });
  const hex = (bytes: number): fc.Arbitrary<string> =>
    base64Length(bytes).map((value) => Buffer.from(value).toString('hex'));
  const name = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
  const recipient = fc.record({
    kind: fc.constantFrom('author' as const, 'custodian' as const, 'verifier' as const, 'sanitizer' as const),
    id: name,
    enc: base64Length(32),
    ct: base64Length(48),
  });
  const slot: fc.Arbitrary<KeySlot> = fc
    .record({
      scopeId: fc.oneof(hex(16), fc.constant(KEYLESS_SCOPE_ID)),
      epoch: fc.nat(),
      capsule: base64Length(144),
      recipients: fc.array(recipient, { maxLength: 3 }),
      wrappedDataKey: base64Length(48),
    })
    .map((value) => (value.scopeId === KEYLESS_SCOPE_ID ? { ...value, epoch: 0, capsule: null } : value));
  const header: fc.Arbitrary<Header> = fc.record({
    record: fc.record({ channel: name, recordId: name, version: fc.nat(), owner: name }),
    sealedDigest: hex(32),
    dekCommitment: hex(32),
    slots: fc.array(slot, { minLength: 1, maxLength: 3 }),
  });

  it('decode to what was encoded, from one text only', () => {
    fc.assert(
      fc.property(header, (value) => {
        const bytes = encodeHeader(value);
        expect(encodeHeader(decodeHeader(bytes))).toEqual(bytes);
        expect(decodeHeader(Buffer.from(bytes))).toEqual(decodeHeader(bytes));
      }),
    );
  });

  it('with any byte changed do not open as what they were', async () => {
    const made = forOwner;
    const facts = { ...factsOf(made), headerDigest: undefined };
    const place = fc.integer({ min: 0, max: made.header.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 7 }), async (offset, bit) => {
        const changed = { ...made, header: flipBit(made.header, offset, bit) };
        expect(await refusal(() => openOwner(changed))).toBe('DIGEST_MISMATCH');
        // Without the digest a change may spare one of the two slots, but never gives other content.
        const ways = [() => openOwner(changed, facts), () => openAuthor(changed, facts)];
        for (const way of ways) {
          await refusal(async () => expect(await way()).toEqual(CONTENT));
        }
      }),
      { numRuns: 60 },
    );
  });

  const change = (edit: (value: Draft) => void): Uint8Array => {
    const value = JSON.parse(utf8Decode(forOwner.header)) as Draft;
    edit(value);
    return utf8(canonicalJson(value));
  };
  it.each<[string, (value: Draft) => void, string]>([
    [
      'another format',
      (value) => Object.assign(value, { format: 'medseal/header/2' }),
      'UNSUPPORTED_VERSION',
    ],
    ['an unknown field', (value) => Object.assign(value, { more: 1 }), 'BAD_ENCODING'],
    ['no slots', (value) => Object.assign(value, { slots: [] }), 'BAD_ENCODING'],
    ['slots that are no list', (value) => Object.assign(value, { slots: {} }), 'BAD_ENCODING'],
    [
      'too many slots',
      (value) => Object.assign(value, { slots: Array(65).fill(value.slots[0]) }),
      'BAD_ENCODING',
    ],
    ['a slot that is no object', (value) => Object.assign(value, { slots: [null] }), 'BAD_ENCODING'],
    ['no record', (value) => Object.assign(value, { record: null }), 'BAD_ENCODING'],
    ['an empty owner', (value) => Object.assign(value.record, { owner: '' }), 'BAD_ENCODING'],
    ['a version as text', (value) => Object.assign(value.record, { version: '1' }), 'BAD_ENCODING'],
    ['a negative version', (value) => Object.assign(value.record, { version: -1 }), 'BAD_ARGUMENT'],
    [
      'a digest in capitals',
      (value) => Object.assign(value, { sealedDigest: 'A'.repeat(64) }),
      'BAD_ENCODING',
    ],
    ['a short commitment', (value) => Object.assign(value, { dekCommitment: 'aa' }), 'BAD_ENCODING'],
    ['a short capsule', (value) => Object.assign(value.slots[0] ?? {}, { capsule: 'AAAA' }), 'BAD_ENCODING'],
    [
      'no capsule for a scope',
      (value) => Object.assign(value.slots[0] ?? {}, { capsule: null }),
      'BAD_ENCODING',
    ],
    [
      'a capsule without scope',
      (value) => Object.assign(value.slots[0] ?? {}, { scopeId: KEYLESS_SCOPE_ID }),
      'BAD_ENCODING',
    ],
    [
      'an epoch without scope',
      (value) => Object.assign(value.slots[0] ?? {}, { scopeId: KEYLESS_SCOPE_ID, capsule: null }),
      'BAD_ENCODING',
    ],
    ['a short scope', (value) => Object.assign(value.slots[0] ?? {}, { scopeId: 'ab' }), 'BAD_ENCODING'],
    [
      'another kind',
      (value) => Object.assign(value.slots[0]?.recipients[0] ?? {}, { kind: 'nurse' }),
      'BAD_ENCODING',
    ],
    [
      'a long ct',
      (value) => Object.assign(value.slots[0]?.recipients[0] ?? {}, { ct: 'A'.repeat(68) }),
      'BAD_ENCODING',
    ],
    [
      'enc as number',
      (value) => Object.assign(value.slots[0]?.recipients[0] ?? {}, { enc: 7 }),
      'BAD_ENCODING',
    ],
  ])('refuse %s', async (_, edit, code) => {
    expect(await refusal(() => decodeHeader(change(edit)))).toBe(code);
  });

  it('refuse other spellings and sizes', async () => {
    const text = utf8Decode(forOwner.header);
    for (const bytes of [
      utf8(` ${text}`),
      utf8(`${text}\n`),
      utf8(''),
      utf8('null'),
      utf8('[]'),
      Uint8Array.of(0xff),
    ]) {
      expect(await refusal(() => decodeHeader(bytes))).toMatch(/BAD_ENCODING|UNSUPPORTED_VERSION/);
    }
    expect(await refusal(() => decodeHeader(new Uint8Array(300_000)))).toBe('BAD_LENGTH');
  });
});
