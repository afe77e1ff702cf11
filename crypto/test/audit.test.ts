import { bls12_381 } from '@noble/curves/bls12-381.js';
import {
  type AuditChallenge,
  auditChallengeSize,
  auditCommitment,
  auditedRecordHash,
  type AuditVerdict,
  blindDocument,
  checkFile,
  checkIdentityKey,
  checkStoredObject,
  checkTag,
  concat,
  decodeAuditChallenge,
  decodeSanitisingPackage,
  decodeSignedFile,
  decodeTag,
  detectionProbability,
  drawAuditChallenge,
  encodeAuditChallenge,
  encodeScalar,
  encodeSignedFile,
  examineFile,
  GROUP_ORDER,
  hedgedScalar,
  layoutOf,
  lp,
  makeAuditChallenge,
  mclEngine,
  modulo,
  nobleEngine,
  openSanitisingPackage,
  type PairingEngine,
  proveFile,
  randomBytes,
  sanitise,
  type Sanitised,
  SECTOR_BYTES,
  sha256Hex,
  signSealedFile,
  type StoredBlock,
  TAG_BYTES,
  tagHash,
  toHex,
  u32,
  utf8,
  utf8Decode,
  verifyProof,
  WHOLE_AUDIT_BLOCKS,
} from '../src/index.js';
import { blocksOf, expected, newExtraction, newSigner, RECORD, type Signer } from './support/audit.js';
import { bothSay } from './support/both-engines.js';
import { flipBit, refusal } from './support/refusal.js';

const SECTORS = 4;
const BLOCK_BYTES = SECTOR_BYTES * SECTORS;
const BLOCKS = 6;
const PERSONAL = [
  { block: 0, sector: 1 },
  { block: 0, sector: 2 },
  { block: 3, sector: 0 },
];
const ORGANISATION = [{ block: 2, sector: 2 }];
const RANDOM = {
  nonce: new Uint8Array(32).fill(1),
  salt: new Uint8Array(32).fill(2),
  r: new Uint8Array(32).fill(3),
  q: new Uint8Array(32).fill(4),
  k1: new Uint8Array(32).fill(5),
};

let mcl: PairingEngine;
let signer: Signer;
let other: Signer;
/** A document of six blocks, the last of them short. */
let content: Uint8Array;
let blinded: { tag: Uint8Array; package: Uint8Array };
let sanitised: Sanitised;
let sealed: { tag: Uint8Array; signedFile: Uint8Array };

beforeAll(async () => {
  mcl = await mclEngine();
  signer = await newSigner(mcl, SECTORS);
  other = await newSigner(mcl, SECTORS);
  content = randomBytes(BLOCK_BYTES * BLOCKS - 50);
  const document = { ...signer, content, personal: PERSONAL, organisation: ORGANISATION };
  blinded = blindDocument(mcl, { ...document, random: RANDOM });
  sanitised = sanitise(mcl, { ...signer, package: blinded.package });
  sealed = signSealedFile(mcl, { ...signer, content });
});

const challengeFor = (tag: Uint8Array, change: Partial<AuditChallenge> = {}): AuditChallenge => ({
  ...makeAuditChallenge({
    parameters: signer.parameters,
    tag,
    auditId: '11'.repeat(32),
    nonceA: new Uint8Array(32).fill(7),
    nonceB: new Uint8Array(32).fill(8),
  }),
  ...change,
});

/** r of the blinded document, as its signer could have kept it. */
const keptR = (): bigint =>
  hedgedScalar({
    label: 'MS-PDP-R',
    secret: signer.key.secret,
    nonce: RANDOM.nonce,
    objectDigest: decodeTag(blinded.tag).objectDigest,
    fresh: RANDOM.r,
  });

const proofOf = (
  engine: PairingEngine,
  stored = sanitised.content,
  challenge = challengeFor(blinded.tag),
): Promise<Uint8Array> => {
  const file = decodeSignedFile(sanitised.signedFile);
  const { replacedSet } = file;
  return proveFile(engine, {
    ...signer,
    tag: blinded.tag,
    replacedSet,
    challenge,
    read: blocksOf(stored, file),
  });
};

const verdictOn = (
  proof: Uint8Array,
  change: { challenge?: AuditChallenge; replacedSet?: Uint8Array; tag?: Uint8Array } = {},
): Promise<unknown> =>
  bothSay((engine) =>
    verifyProof(engine, {
      ...signer,
      tag: blinded.tag,
      challenge: challengeFor(blinded.tag),
      replacedSet: decodeSignedFile(sanitised.signedFile).replacedSet,
      proof,
      ...change,
    }),
  );

const INTACT: AuditVerdict = { verdict: 'intact' };
const failed = (reason: 'malformed' | 'replaced set' | 'does not hold'): AuditVerdict => ({
  verdict: 'failed',
  reason,
});

/** Encodings of a point that no engine may take (F.3, 2 and 3). */
const badPoints = (length: 48 | 96): [string, Uint8Array][] => {
  const filled = (first: number, rest: number, last: number): Uint8Array => {
    const bytes = new Uint8Array(length).fill(rest);
    bytes[0] = first;
    bytes[length - 1] = last;
    return bytes;
  };
  const { Fp, Fp2 } = bls12_381.fields;
  /** Whether some point has this small x; hardly any such point lies in the subgroup. */
  const onCurve = (x: bigint): boolean => {
    try {
      if (length === 48) Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n));
      else {
        const wide = Fp2.fromBigTuple([x, 0n]);
        Fp2.sqrt(Fp2.add(Fp2.pow(wide, 3n), Fp2.fromBigTuple([4n, 4n])));
      }
      return true;
    } catch {
      return false;
    }
  };
  const offSubgroup = filled(0x80, 0, [1, 2, 3, 4, 5, 6, 7, 8].find((x) => onCurve(BigInt(x))) ?? 0);
  return [
    ['the identity', filled(0xc0, 0, 0)],
    ['C0 00..01', filled(0xc0, 0, 1)],
    ['E0 00..00', filled(0xe0, 0, 0)],
    ['x not below p', filled(0x9f, 0xff, 0xff)],
    ['a point outside the subgroup', offSubgroup],
    ['no compressed point', filled(0x17, 1, 1)],
  ];
};

const POINT_CODE = /^(IDENTITY_ELEMENT|BAD_ENCODING|NOT_IN_SUBGROUP)$/;

const spliced = (bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy.set(part, at);
  return copy;
};

/** Bytes of a tag, by field. */
const TAG_FIELDS = {
  suite: 11,
  kind: 12,
  sectors: 13,
  blocks: 15,
  length: 19,
  nonce: 27,
  signerPart: 219,
  filePart: 315,
  T: 411,
  T2: 459,
};

describe('an honest file', () => {
  it('is signed, blinded, sanitised, stored and audited, each step by either engine', async () => {
    for (const signing of [mcl, nobleEngine()]) {
      const document = { ...signer, content, personal: PERSONAL, organisation: ORGANISATION };
      const made = blindDocument(signing, document);
      expect(made.coverage).toEqual({
        blocks: BLOCKS,
        replacedSectors: 4,
        byteLength: content.length,
        keptBytes: content.length - 4 * SECTOR_BYTES,
        keptShare: 1 - (4 * SECTOR_BYTES) / content.length,
        leastKeptInBlock: BLOCK_BYTES - 2 * SECTOR_BYTES,
      });
      const clean = sanitise(signing, { ...signer, package: made.package });
      expect(clean.coverage).toEqual(made.coverage);
      expect(
        await bothSay(
          (engine) =>
            checkFile(engine, {
              ...expected(signer, 'sanitised'),
              signedFile: clean.signedFile,
              stored: clean.content,
            }).replaced,
        ),
      ).toEqual([PERSONAL[0], PERSONAL[1], ORGANISATION[0], PERSONAL[2]]);
      const file = decodeSignedFile(clean.signedFile);
      const challenge = challengeFor(made.tag);
      const { replacedSet } = file;
      const read = blocksOf(clean.content, file);
      const proof = await proveFile(signing, { ...signer, tag: made.tag, replacedSet, challenge, read });
      expect(proof).toHaveLength(6 + 48 + 16 + 32 * (SECTORS + 1));
      expect(await verdictOn(proof, { tag: made.tag, challenge, replacedSet })).toEqual(INTACT);
    }
  });

  it('keeps every byte outside the replaced set, and has spaces within it', () => {
    for (let i = 0; i < content.length; i++) {
      const [block, sector] = [Math.floor(i / BLOCK_BYTES), Math.floor((i % BLOCK_BYTES) / SECTOR_BYTES)];
      const replaced = [...PERSONAL, ...ORGANISATION].some(
        (at) => at.block === block && at.sector === sector,
      );
      expect([i, sanitised.content[i]]).toEqual([i, replaced ? 0x20 : content[i]]);
    }
  });

  it('shows the sanitiser what is the organisation’s and not what is personal', () => {
    const { sectors } = openSanitisingPackage(mcl, { ...signer, package: blinded.package });
    for (const { block, sector, kind, value } of sectors) {
      const from = block * BLOCK_BYTES + sector * SECTOR_BYTES;
      const clear = concat(new Uint8Array(1), content.subarray(from, from + SECTOR_BYTES));
      expect([kind, toHex(encodeScalar(value)) === toHex(clear)]).toEqual([kind, kind === 'organisation']);
    }
    const text = toHex(blinded.package);
    for (const { block, sector } of PERSONAL) {
      const from = block * BLOCK_BYTES + sector * SECTOR_BYTES;
      expect(text).not.toContain(toHex(content.subarray(from, from + SECTOR_BYTES)));
    }
  });

  it('is signed sealed, as it is stored, and holds in both engines', async () => {
    const input = { ...expected(signer, 'sealed'), signedFile: sealed.signedFile, stored: content };
    expect(await bothSay((engine) => checkFile(engine, input).replaced)).toEqual([]);
    const file = decodeSignedFile(sealed.signedFile);
    const challenge = challengeFor(sealed.tag);
    const { replacedSet } = file;
    for (const proving of [mcl, nobleEngine()]) {
      const read = blocksOf(content, file);
      const proof = await proveFile(proving, { ...signer, tag: sealed.tag, replacedSet, challenge, read });
      expect(await verdictOn(proof, { tag: sealed.tag, challenge, replacedSet })).toEqual(INTACT);
    }
  });

  it('is never proved twice with the same bytes', async () => {
    expect(await proofOf(mcl)).not.toEqual(await proofOf(mcl));
  });

  it('may be of one byte', async () => {
    const one = signSealedFile(mcl, { ...signer, content: Uint8Array.of(0) });
    const input = { ...expected(signer, 'sealed'), signedFile: one.signedFile, stored: Uint8Array.of(0) };
    expect(await bothSay((engine) => checkFile(engine, input).tag.blocks)).toBe(1);
    expect(await refusal(() => signSealedFile(mcl, { ...signer, content: new Uint8Array(0) }))).toBe(
      'BAD_ARGUMENT',
    );
  });
});

describe('a stored file that is not as it was signed', () => {
  it.each([
    ['one bit of one block', (bytes: Uint8Array) => flipBit(bytes, 200)],
    ['the last byte', (bytes: Uint8Array) => flipBit(bytes, bytes.length - 1)],
    ['another value in a replaced sector', (bytes: Uint8Array) => flipBit(bytes, SECTOR_BYTES + 3)],
    [
      'two blocks changed places',
      (bytes: Uint8Array) =>
        spliced(
          spliced(bytes, 0, bytes.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES)),
          BLOCK_BYTES,
          bytes.subarray(0, BLOCK_BYTES),
        ),
    ],
    ['zeros', (bytes: Uint8Array) => new Uint8Array(bytes.length)],
  ])('fails its check, and its audit where a sector counts: %s', async (what, change) => {
    const stored = change(sanitised.content);
    const input = { ...expected(signer, 'sanitised'), signedFile: sanitised.signedFile, stored };
    expect(await bothSay((engine) => checkFile(engine, input))).toBe('DIGEST_MISMATCH');
    // The verifier puts the wildcards in itself, so that nobody's other value there is looked at.
    const verdict = what.startsWith('another value') ? INTACT : failed('does not hold');
    expect(await verdictOn(await proofOf(mcl, stored))).toEqual(verdict);
  });

  it('is not proved from blocks that are cut short or missing', async () => {
    const short = sanitised.content.subarray(0, sanitised.content.length - 1);
    expect(await bothSay((engine) => proofOf(engine, short))).toBe('BAD_LENGTH');
    expect(await bothSay((engine) => proofOf(engine, concat(sanitised.content, Uint8Array.of(0))))).toBe(
      'BAD_LENGTH',
    );
  });

  it('with a bad authenticator is refused, and the block is named', async () => {
    const file = decodeSignedFile(sanitised.signedFile);
    const swapped = file.authenticators.with(4, file.authenticators[1] ?? new Uint8Array(48));
    const signedFile = encodeSignedFile({ ...file, authenticators: swapped });
    const input = { ...expected(signer, 'sanitised'), signedFile, stored: sanitised.content };
    expect(await bothSay((engine) => checkFile(engine, input))).toBe('BAD_AUTHENTICATOR');
    expect(() => checkFile(mcl, input)).toThrow('block 4');
  });

  it('has every part and block named that does not hold', async () => {
    const { signedFile, content: stored } = sanitised;
    const input = { ...expected(signer, 'sanitised'), signedFile, stored };
    expect(await bothSay((engine) => examineFile(engine, input))).toEqual([]);
    const file = decodeSignedFile(signedFile);
    const authenticators = file.authenticators.with(4, new Uint8Array(48));
    const altered = {
      ...input,
      identity: { ...input.identity, keyEpoch: 2 },
      signedFile: encodeSignedFile({ ...file, authenticators }),
    };
    expect(await bothSay((engine) => examineFile(engine, altered))).toEqual([
      { part: 'tag', what: 'the tag is of another signer or key epoch' },
      {
        part: 'authenticators',
        what: 'the authenticators of these of the 6 blocks do not hold: 0, 1, 2, 3, 4, 5',
      },
    ]);
    const [inBlock1, inReplaced] = [BLOCK_BYTES + 1, SECTOR_BYTES + 3];
    const flipped = flipBit(flipBit(flipBit(stored, inBlock1), stored.length - 1), inReplaced);
    expect(await bothSay((engine) => examineFile(engine, { ...altered, ...input, stored: flipped }))).toEqual(
      [
        { part: 'digest', what: 'the stored object is not the one of the tag' },
        { part: 'replaced sectors', what: 'a replaced sector holds something else than the wildcard' },
        { part: 'authenticators', what: 'the authenticators of these of the 6 blocks do not hold: 1, 5' },
      ],
    );
    const cut = { ...input, signedFile: altered.signedFile, stored: stored.subarray(0, 5 * BLOCK_BYTES) };
    expect((await bothSay((engine) => examineFile(engine, cut))) as unknown).toEqual([
      { part: 'digest', what: 'the stored object is not the one of the tag' },
      { part: 'authenticators', what: 'the authenticators of these of the 6 blocks do not hold: 4, 5' },
    ]);
    expect(examineFile(mcl, { ...input, signedFile: signedFile.subarray(1) })).toEqual([
      { part: 'signed file', what: expect.any(String) },
    ]);
  });

  it('has one encoding: cut short, lengthened or of another kind it is refused', async () => {
    const { signedFile } = sanitised;
    expect(encodeSignedFile(decodeSignedFile(signedFile))).toEqual(signedFile);
    for (const [bytes, code] of [
      [signedFile.subarray(0, signedFile.length - 1), 'BAD_LENGTH'],
      [signedFile.subarray(0, signedFile.length - 48), 'BAD_LENGTH'],
      [concat(signedFile, new Uint8Array(48)), 'TRAILING_DATA'],
      [blinded.package, 'BAD_ENCODING'],
      [flipBit(signedFile, 5), 'UNSUPPORTED_VERSION'],
      [undefined as unknown as Uint8Array, 'BAD_ARGUMENT'],
    ] as const)
      expect(await refusal(() => decodeSignedFile(bytes))).toBe(code);
  });

  it('written anew by its signer, who kept r, fails at the download though it passes its audit', async () => {
    const rewritten = spliced(sanitised.content, BLOCK_BYTES, new Uint8Array(8).fill(0x41));
    const file = decodeSignedFile(sanitised.signedFile);
    const u = mcl.hashToG1(concat(utf8('HRS-V1|GEN-U|G1|'), u32(0)));
    const value = (bytes: Uint8Array): bigint =>
      BigInt(`0x${toHex(bytes.subarray(BLOCK_BYTES, BLOCK_BYTES + SECTOR_BYTES))}`);
    const difference = modulo(value(rewritten) - value(sanitised.content), GROUP_ORDER);
    const forged = mcl.encodeG1(
      mcl.addG1(
        mcl.decodeG1(file.authenticators[1] ?? new Uint8Array(0)),
        mcl.multiplyG1(u, (keptR() * difference) % GROUP_ORDER),
      ),
    );
    const authenticators = file.authenticators.with(1, forged);
    const { replacedSet, salt, tag } = file;
    const challenge = challengeFor(blinded.tag);
    const read = blocksOf(rewritten, { ...file, authenticators });
    const proof = await proveFile(mcl, { ...signer, tag: tag.bytes, replacedSet, challenge, read });
    expect(await verdictOn(proof)).toEqual(INTACT);
    expect(await refusal(() => checkStoredObject(tag, salt, rewritten))).toBe('DIGEST_MISMATCH');
    const signedFile = encodeSignedFile({ ...file, authenticators });
    const input = { ...expected(signer, 'sanitised'), signedFile, stored: rewritten };
    expect(await bothSay((engine) => checkFile(engine, input))).toBe('DIGEST_MISMATCH');
  });
});

describe('a challenge', () => {
  it('is of every block of up to 512, else of the network’s sample', () => {
    const sizes = [1, 511, 512, 513, 10_000].map((n) => auditChallengeSize({ sampleSize: 460 }, n));
    expect(sizes).toEqual([1, 511, 512, 460, 460]);
    expect(auditChallengeSize({ sampleSize: 600 }, 550)).toBe(550);
    expect(WHOLE_AUDIT_BLOCKS).toBe(512);
  });

  it.each([0, -1, Number.NaN, undefined, 7, 5, 1.5, '6'])(
    'of %p blocks is refused for a file of six',
    async (size) => {
      const challenge = challengeFor(blinded.tag, { size: size as number });
      const proof = await proofOf(mcl);
      expect(await bothSay((engine) => proofOf(engine, sanitised.content, challenge))).toBe('BAD_ARGUMENT');
      expect(await verdictOn(proof, { challenge })).toBe('BAD_ARGUMENT');
      if (size !== 5)
        expect(await refusal(() => drawAuditChallenge({ ...challenge, size: size as number }, 6))).toBe(
          'BAD_ARGUMENT',
        );
    },
  );

  it.each([0, -1, Number.NaN, undefined, 1.5])('is not drawn of %p blocks', async (blocks) => {
    expect(
      await refusal(() => drawAuditChallenge({ seed: '22'.repeat(32), size: 1 }, blocks as number)),
    ).toBe('BAD_ARGUMENT');
  });

  it('drawn over fewer blocks than the tag has does not pass', async () => {
    const file = decodeSignedFile(sanitised.signedFile);
    const one = challengeFor(blinded.tag, { size: 1 });
    const { replacedSet } = file;
    const read = blocksOf(sanitised.content, file);
    expect(
      await refusal(() => proveFile(mcl, { ...signer, tag: blinded.tag, replacedSet, challenge: one, read })),
    ).toBe('BAD_ARGUMENT');
    expect(await verdictOn(await proofOf(mcl), { challenge: one })).toBe('BAD_ARGUMENT');
  });

  it('names different blocks, with coefficients of 128 bits that are not zero, and is the same for everybody', () => {
    for (const [size, blocks] of [
      [1, 1],
      [460, 10_000],
      [512, 512],
      [3, 4_000_000],
    ] as const) {
      const drawn = drawAuditChallenge({ seed: '22'.repeat(32), size }, blocks);
      expect(drawn).toEqual(drawAuditChallenge({ seed: '22'.repeat(32), size }, blocks));
      expect(new Set(drawn.map(({ block }) => block)).size).toBe(size);
      for (const { block, coefficient } of drawn) {
        expect(block >= 0 && block < blocks).toBe(true);
        expect(coefficient > 0n && coefficient < 2n ** 128n).toBe(true);
      }
      expect(drawn).not.toEqual(drawAuditChallenge({ seed: '23'.repeat(32), size }, blocks));
    }
  });

  it('depends on audit, tag and both nonces, and on nothing else', async () => {
    const input = {
      parameters: signer.parameters,
      tag: blinded.tag,
      auditId: '11'.repeat(32),
      nonceA: new Uint8Array(32),
      nonceB: new Uint8Array(32),
    };
    const { seed } = makeAuditChallenge(input);
    expect(makeAuditChallenge(input).seed).toBe(seed);
    for (const change of [
      { auditId: '12'.repeat(32) },
      { tag: sealed.tag },
      { nonceA: new Uint8Array(32).fill(1) },
      { nonceB: new Uint8Array(32).fill(1) },
    ])
      expect(makeAuditChallenge({ ...input, ...change }).seed).not.toBe(seed);
    expect(auditCommitment(input.nonceA)).toBe(sha256Hex(input.nonceA));
    expect(await refusal(() => makeAuditChallenge({ ...input, auditId: 'tx' }))).toBe('BAD_ENCODING');
    expect(await refusal(() => makeAuditChallenge({ ...input, nonceB: new Uint8Array(31) }))).toBe(
      'BAD_LENGTH',
    );
  });

  it('has one encoding', async () => {
    const challenge = challengeFor(blinded.tag);
    const bytes = encodeAuditChallenge(challenge);
    expect(decodeAuditChallenge(bytes)).toEqual(challenge);
    expect(await refusal(() => decodeAuditChallenge(bytes.subarray(1)))).toBe('BAD_ENCODING');
    expect(await refusal(() => decodeAuditChallenge(concat(bytes, bytes)))).toBe('TRAILING_DATA');
  });

  it('tells how likely it finds a loss', () => {
    const percent = (n: number, c: number): number =>
      Math.round(1000 * detectionProbability(n, c, n / 100)) / 10;
    expect([percent(1000, 100), percent(1000, 300), percent(1000, 460)]).toEqual([65.3, 97.2, 99.8]);
    expect([percent(10_000, 100), percent(10_000, 300), percent(10_000, 460)]).toEqual([63.6, 95.3, 99.1]);
    expect(detectionProbability(6, 6, 1)).toBe(1);
  });
});

describe('a file of more than 512 blocks', () => {
  it('is audited by sample: a lost block fails the audit when it is drawn, and only then', async () => {
    const long = await newSigner(mcl, 1);
    const blocks = WHOLE_AUDIT_BLOCKS + 10;
    const bytes = randomBytes(SECTOR_BYTES * blocks);
    const { tag, signedFile } = signSealedFile(mcl, { ...long, content: bytes });
    const file = decodeSignedFile(signedFile);
    const { replacedSet } = file;
    const challenge = challengeFor(tag);
    expect(challenge.size).toBe(460);
    const drawn = new Set(drawAuditChallenge(challenge, blocks).map(({ block }) => block));
    const all = Array.from({ length: blocks }, (_, block) => block);
    const [hit = 0, missed = 0] = [all.find((b) => drawn.has(b)), all.find((b) => !drawn.has(b))];
    for (const [lost, verdict] of [
      [missed, INTACT],
      [hit, failed('does not hold')],
    ] as const) {
      const stored = spliced(bytes, lost * SECTOR_BYTES, new Uint8Array(SECTOR_BYTES));
      const asked: number[] = [];
      const read = (block: number): StoredBlock => {
        asked.push(block);
        return blocksOf(stored, file)(block);
      };
      const proof = await proveFile(mcl, { ...long, tag, replacedSet, challenge, read });
      expect(asked.sort((left, right) => left - right)).toEqual(
        [...drawn].sort((left, right) => left - right),
      );
      expect(verifyProof(mcl, { ...long, tag, replacedSet, challenge, proof })).toEqual(verdict);
    }
  });
});

describe('a proof', () => {
  it('under another audit, seed, file or signer does not hold', async () => {
    const proof = await proofOf(mcl);
    for (const change of [{ auditId: '12'.repeat(32) }, { seed: '13'.repeat(32) }])
      expect(await verdictOn(proof, { challenge: challengeFor(blinded.tag, change) })).toEqual(
        failed('does not hold'),
      );
    const second = blindDocument(mcl, { ...signer, content, personal: PERSONAL, organisation: ORGANISATION });
    const challenge = challengeFor(second.tag);
    expect(await verdictOn(proof, { tag: second.tag, challenge })).toEqual(failed('does not hold'));
    const input = { tag: blinded.tag, challenge: challengeFor(blinded.tag), proof };
    const { replacedSet } = decodeSignedFile(sanitised.signedFile);
    const asked = { ...signer, ...input, replacedSet };
    const stranger = { ...signer.identity, userId: 'doctor-2' };
    expect(await bothSay((engine) => verifyProof(engine, { ...asked, identity: stranger }))).toBe(
      'WRONG_CONTEXT',
    );
    // Another master key: the same blocks, and nothing of it holds.
    const { parameters } = other;
    expect(await bothSay((engine) => verifyProof(engine, { ...asked, parameters }))).toEqual(
      failed('does not hold'),
    );
  });

  it('that is absent, of another kind, shorter or longer is a failed audit, never an error', async () => {
    const proof = await proofOf(mcl);
    for (const malformed of [
      new Uint8Array(0),
      proof.subarray(0, proof.length - 1),
      concat(proof, Uint8Array.of(0)),
      proof.subarray(0, proof.length - 32),
      concat(proof, new Uint8Array(32)),
      proof.subarray(6),
      sanitised.signedFile,
      flipBit(proof, 5),
    ])
      expect(await verdictOn(malformed)).toEqual(failed('malformed'));
    const noBytes = undefined as unknown as Uint8Array;
    expect(
      await bothSay((engine) =>
        verifyProof(engine, {
          ...signer,
          tag: blinded.tag,
          challenge: challengeFor(blinded.tag),
          replacedSet: decodeSignedFile(sanitised.signedFile).replacedSet,
          proof: noBytes,
        }),
      ),
    ).toEqual(failed('malformed'));
  });

  it.each(badPoints(48))('with %s for its authenticator is malformed', async (_, point) => {
    expect(await verdictOn(spliced(await proofOf(mcl), 6, point))).toEqual(failed('malformed'));
  });

  it('with a scalar not below the order is malformed, and with g zero', async () => {
    const proof = await proofOf(mcl);
    const from = 6 + 48 + 16;
    for (let place = 0; place <= SECTORS; place++) {
      const at = from + 32 * place;
      const lambda = BigInt(`0x${toHex(proof.subarray(at, at + 32))}`);
      const beyond = [GROUP_ORDER, lambda + GROUP_ORDER].filter((value) => value < 2n ** 256n);
      for (const value of beyond) {
        const bytes = Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
        expect(await verdictOn(spliced(proof, at, bytes))).toEqual(failed('malformed'));
      }
    }
    expect(await verdictOn(spliced(proof, 6 + 48, new Uint8Array(16)))).toEqual(failed('malformed'));
  });

  it('does not hold with any other response, or without its mask', async () => {
    const proof = await proofOf(mcl);
    for (const at of [6 + 48 + 15, 6 + 48 + 16 + 31, proof.length - 1])
      expect(await verdictOn(flipBit(proof, at))).toEqual(failed('does not hold'));
    const file = decodeSignedFile(sanitised.signedFile);
    const drawn = drawAuditChallenge(challengeFor(blinded.tag), BLOCKS);
    const plain = mcl.combineG1(
      drawn.map(({ block }) => mcl.decodeG1(file.authenticators[block] ?? new Uint8Array(0))),
      drawn.map(({ coefficient }) => coefficient),
    );
    // The combination itself, as an unmasked proof would have it.
    const sums = Array.from({ length: SECTORS }, (_, j) =>
      drawn.reduce((sum, { block, coefficient }) => {
        if ([...PERSONAL, ...ORGANISATION].some((at) => at.block === block && at.sector === j)) return sum;
        const at = block * BLOCK_BYTES + j * SECTOR_BYTES;
        return sum + coefficient * BigInt(`0x0${toHex(sanitised.content.subarray(at, at + SECTOR_BYTES))}`);
      }, 0n),
    );
    const unmasked = concat(
      proof.subarray(0, 6),
      mcl.encodeG1(plain),
      concat(new Uint8Array(15), Uint8Array.of(1)),
      ...sums.map((sum) => encodeScalar(sum % GROUP_ORDER)),
      new Uint8Array(32),
    );
    expect(await verdictOn(unmasked)).toEqual(failed('does not hold'));
    expect(await verdictOn(unmasked.subarray(0, unmasked.length - 32))).toEqual(failed('malformed'));
  });

  it('made of points that cancel is a failed audit in both engines', async () => {
    // sigma^ = [k]h and y~ = gk make the last point of the equation the identity.
    const h = mcl.hashToG1(concat(utf8('HRS-V1|PARAM|G1|'), utf8('hmask')));
    const [g, k] = [9n, 5n];
    const cancelling = concat(
      (await proofOf(mcl)).subarray(0, 6),
      mcl.encodeG1(mcl.multiplyG1(h, k)),
      concat(new Uint8Array(15), Uint8Array.of(Number(g))),
      ...Array.from({ length: SECTORS }, () => encodeScalar(0n)),
      encodeScalar(g * k),
    );
    expect(await verdictOn(cancelling)).toEqual(failed('does not hold'));
  });
});

describe('a replaced set', () => {
  const layout = layoutOf(BLOCK_BYTES * BLOCKS - 50, SECTORS);
  const entries = (...positions: [number, number][]): Uint8Array =>
    concat(
      u32(positions.length),
      ...positions.map(([i, j]) => concat(u32(i), Uint8Array.of(j >> 8, j & 255))),
    );

  it.each<[string, [number, number][]]>([
    [
      'with a position twice',
      [
        [0, 1],
        [0, 1],
      ],
    ],
    [
      'that is not sorted',
      [
        [2, 2],
        [0, 1],
      ],
    ],
    [
      'with sectors not sorted',
      [
        [0, 2],
        [0, 1],
      ],
    ],
    ['with a block beyond the file', [[BLOCKS, 0]]],
    ['with a sector beyond the block', [[0, SECTORS]]],
    ['with a sector after the last byte', [[BLOCKS - 1, SECTORS - 1]]],
    [
      'of a whole block',
      [
        [1, 0],
        [1, 1],
        [1, 2],
        [1, 3],
      ],
    ],
    [
      'of every sector with bytes of the last block',
      [
        [BLOCKS - 1, 0],
        [BLOCKS - 1, 1],
        [BLOCKS - 1, 2],
      ],
    ],
  ])('%s is refused', async (_, positions) => {
    const asked = positions.map(([block, sector]) => ({ block, sector }));
    const document = { ...signer, content, organisation: [] };
    const decoded = await bothSay((engine) =>
      sanitise(engine, { ...signer, package: withSet(entries(...positions)) }),
    );
    expect(decoded).toBe('BAD_REPLACED_SET');
    // A signer's own list is sorted for them; everything else is refused there too.
    if (!_.includes('sorted'))
      expect(await bothSay((engine) => blindDocument(engine, { ...document, personal: asked }))).toBe(
        'BAD_REPLACED_SET',
      );
    expect(layout.blocks).toBe(BLOCKS);
  });

  it('written in any other way is refused', async () => {
    const own = decodeSignedFile(sanitised.signedFile).replacedSet;
    for (const bytes of [
      concat(own, Uint8Array.of(0)),
      own.subarray(0, own.length - 1),
      own.subarray(0, own.length - 6),
      spliced(own, 0, u32(3)),
      spliced(own, 0, u32(5)),
      utf8('0:1,0:2,2:2,3:0'),
      new Uint8Array(3),
      new Uint8Array(0),
    ])
      expect(await bothSay((engine) => sanitise(engine, { ...signer, package: withSet(bytes) }))).toBe(
        'BAD_REPLACED_SET',
      );
  });

  it('of another file, or changed by the prover, fails the audit', async () => {
    const proof = await proofOf(mcl);
    for (const replacedSet of [
      entries([0, 1]),
      entries(),
      new Uint8Array(0),
      entries([0, 1], [0, 2], [2, 2], [3, 1]),
    ])
      expect(await verdictOn(proof, { replacedSet })).toEqual(failed('replaced set'));
  });

  it('cannot name a sector as personal and the organisation’s', async () => {
    const twice = { ...signer, content, personal: PERSONAL, organisation: PERSONAL };
    expect(await refusal(() => blindDocument(mcl, twice))).toBe('BAD_REPLACED_SET');
  });

  it('is empty in a sealed file', async () => {
    const file = decodeSignedFile(sanitised.signedFile);
    const asSealed = spliced(file.tag.bytes, TAG_FIELDS.kind, Uint8Array.of(1));
    expect(await bothSay((engine) => checkTag(engine, asSealed, expected(signer, 'sealed')))).toBe(
      'BAD_REPLACED_SET',
    );
  });

  /** The package with another replaced set, whose digest stands in the tag. */
  const withSet = (set: Uint8Array): Uint8Array => {
    const { tag } = decodeSanitisingPackage(blinded.package);
    const at = blinded.package.length - lengthAfterSet();
    const own = lp(decodeSignedFile(sanitised.signedFile).replacedSet);
    const digest = Buffer.from(sha256Hex(concat(utf8('MS-K'), set)), 'hex');
    const changed = spliced(tag.bytes, 27 + 3 * 32, digest);
    return concat(
      blinded.package.subarray(0, 6),
      changed,
      blinded.package.subarray(6 + TAG_BYTES, at - own.length),
      lp(set),
      blinded.package.subarray(at),
    );
  };
  const lengthAfterSet = (): number => 33 * 4 + 2 + 50 * 3 + 48 * BLOCKS;
});

describe('a tag', () => {
  const check = (tag: Uint8Array, change: object = {}): Promise<unknown> =>
    bothSay((engine) => checkTag(engine, tag, { ...expected(signer, 'sanitised'), ...change }).blocks);

  it('holds for its record, version, kind, signer and parameters, and for no other', async () => {
    expect(await check(blinded.tag)).toBe(BLOCKS);
    for (const change of [
      { record: { ...RECORD, recordId: 'r-2' } },
      { record: { ...RECORD, version: 2 } },
      { record: { ...RECORD, owner: 'l-2' } },
      { record: { ...RECORD, channel: 'other' } },
      { kind: 'sealed' },
      { identity: { ...signer.identity, userId: 'doctor-2' } },
      { identity: { ...signer.identity, keyEpoch: 2 } },
      { parameters: { ...signer.parameters, sectorsPerBlock: 8 } },
    ])
      expect(await check(blinded.tag, change)).toBe('WRONG_CONTEXT');
    expect(await check(blinded.tag, { parameters: other.parameters })).toBe('BAD_TAG');
    expect(await check(sealed.tag)).toBe('WRONG_CONTEXT');
  });

  it('of another suite or other generators is refused', async () => {
    expect(await check(spliced(blinded.tag, TAG_FIELDS.suite, Uint8Array.of(2)))).toBe('UNSUPPORTED_VERSION');
    expect(await check(spliced(blinded.tag, TAG_FIELDS.suite, Uint8Array.of(0)))).toBe('UNSUPPORTED_VERSION');
    expect(await check(flipBit(blinded.tag, 0))).toBe('UNSUPPORTED_VERSION');
    expect(await check(flipBit(blinded.tag, 27 + 4 * 32))).toBe('WRONG_CONTEXT');
  });

  it('says nothing else: every changed byte is refused', async () => {
    for (let at = 0; at < TAG_BYTES; at += 61) {
      const verdict = await check(flipBit(blinded.tag, at, at % 8));
      expect([at, verdict]).toEqual([at, expect.stringMatching(/^[A-Z_0-9]+$/)]);
    }
  });

  it('has fields of fixed length: shifted by 28 bytes it is no tag', async () => {
    const shifted = concat(
      blinded.tag.subarray(0, TAG_FIELDS.nonce),
      blinded.tag.subarray(TAG_FIELDS.nonce + 4),
    );
    expect(await check(shifted)).toBe('BAD_LENGTH');
    expect(await check(concat(shifted, new Uint8Array(4)))).toMatch(/^(WRONG_CONTEXT|BAD_ENCODING)$/);
    expect(await check(concat(blinded.tag, new Uint8Array(1)))).toBe('BAD_LENGTH');
  });

  it('has as many blocks as its length makes', async () => {
    for (const [at, part] of [
      [TAG_FIELDS.blocks, u32(BLOCKS - 1)],
      [TAG_FIELDS.blocks, u32(0)],
      [TAG_FIELDS.length + 4, u32(BLOCK_BYTES)],
    ] as const)
      expect(await check(spliced(blinded.tag, at, part))).toBe('BAD_ENCODING');
    expect(await check(spliced(blinded.tag, TAG_FIELDS.length, new Uint8Array(8)))).toBe('BAD_ARGUMENT');
    expect(await check(spliced(blinded.tag, TAG_FIELDS.length, new Uint8Array(8).fill(255)))).toBe(
      'BAD_ENCODING',
    );
  });

  it.each<[string, number, 48 | 96]>([
    ["sk''", TAG_FIELDS.signerPart, 96],
    ['R', TAG_FIELDS.filePart, 96],
    ['T', TAG_FIELDS.T, 48],
    ['T2', TAG_FIELDS.T2, 96],
  ])('with a %s that is no good point is refused', async (_, at, length) => {
    for (const [what, point] of badPoints(length))
      expect([what, await check(spliced(blinded.tag, at, point))]).toEqual([
        what,
        expect.stringMatching(POINT_CODE),
      ]);
  });

  it('gives the blocks another name for another object under the same nonce', () => {
    const names = [content, flipBit(content, 0)].map((object) =>
      decodeTag(signSealedFile(mcl, { ...signer, content: object, random: RANDOM }).tag),
    );
    expect(names[0]?.nonce).toEqual(names[1]?.nonce);
    expect(names[0]?.name).not.toEqual(names[1]?.name);
    expect(names[0]?.filePart).not.toEqual(names[1]?.filePart);
  });

  it('cannot be made with an authenticator in place of its signature', async () => {
    const file = decodeSignedFile(sanitised.signedFile);
    const forged = spliced(
      spliced(blinded.tag, TAG_FIELDS.T, file.authenticators[1] ?? new Uint8Array(48)),
      TAG_FIELDS.T2,
      file.tag.filePart,
    );
    expect(await check(forged)).toBe('BAD_TAG');
  });

  it('hashes records apart that only look alike when their names are joined', () => {
    const one = auditedRecordHash({ ...RECORD, channel: 'a', recordId: 'bc' });
    expect(auditedRecordHash({ ...RECORD, channel: 'ab', recordId: 'c' })).not.toEqual(one);
    expect(tagHash(blinded.tag)).toBe(sha256Hex(blinded.tag));
  });
});

describe('a sanitising package', () => {
  const open = (bytes: Uint8Array): Promise<unknown> =>
    bothSay((engine) => openSanitisingPackage(engine, { ...signer, package: bytes }).content.length);
  const at = (fromEnd: number): number => blinded.package.length - fromEnd;
  const authenticatorsAt = (): number => at(48 * BLOCKS);
  /** The columns 0, 1 and 2 of the set, each u16 and a point. */
  const columnAt = (k: number): number => at(48 * BLOCKS + 50 * (3 - k)) + 2;
  const sectorAt = (k: number): number => at(48 * BLOCKS + 50 * 3 + 2 + 33 * (4 - k));

  it('opens as it was made, and shows columns of the replaced set only', async () => {
    expect(await open(blinded.package)).toBe(content.length);
    const { transformation } = decodeSanitisingPackage(blinded.package);
    expect(transformation.map(({ sector }) => sector)).toEqual([0, 1, 2]);
  });

  it('holds none of the secrets that went into it', () => {
    const bytes = toHex(blinded.package);
    const q = hedgedScalar({
      label: 'MS-PDP-Q',
      secret: signer.key.secret,
      nonce: RANDOM.nonce,
      objectDigest: decodeTag(blinded.tag).objectDigest,
      fresh: RANDOM.q,
    });
    const secrets = [
      RANDOM.r,
      RANDOM.q,
      RANDOM.k1,
      encodeScalar(keptR()),
      encodeScalar(q),
      signer.key.secret,
    ];
    for (const secret of secrets) expect(bytes).not.toContain(toHex(secret));
    // What was found for r is r: the tag says so.
    expect(mcl.encodeG2(mcl.multiplyG2(mcl.generatorG2, keptR()))).toEqual(decodeTag(blinded.tag).filePart);
    const fields = Object.keys(decodeSanitisingPackage(blinded.package)).sort();
    expect(fields).toEqual(
      ['authenticators', 'content', 'replacedSet', 'salt', 'sectors', 'tag', 'transformation'].sort(),
    );
    expect(
      Object.keys(blindDocument(mcl, { ...signer, content, personal: [], organisation: [] })).sort(),
    ).toEqual(['coverage', 'package', 'tag'].sort());
  });

  it('with an authenticator that does not hold is refused, and the block is named', async () => {
    const first = blinded.package.subarray(authenticatorsAt(), authenticatorsAt() + 48);
    const changed = spliced(blinded.package, authenticatorsAt() + 48 * 4, first);
    expect(await open(changed)).toBe('BAD_AUTHENTICATOR');
    expect(() => openSanitisingPackage(mcl, { ...signer, package: changed })).toThrow('block 4');
  });

  it('with authenticators whose errors cancel each other is refused', async () => {
    const [left, right] = [0, 4].map((block) => {
      const from = authenticatorsAt() + 48 * block;
      return mcl.decodeG1(blinded.package.subarray(from, from + 48));
    });
    if (left === undefined || right === undefined) throw new Error('no authenticators');
    const error = mcl.multiplyG1(mcl.generatorG1, 99n);
    const minus = mcl.multiplyG1(mcl.generatorG1, GROUP_ORDER - 99n);
    const one = spliced(blinded.package, authenticatorsAt(), mcl.encodeG1(mcl.addG1(left, error)));
    const both = spliced(one, authenticatorsAt() + 48 * 4, mcl.encodeG1(mcl.addG1(right, minus)));
    expect(await open(both)).toBe('BAD_AUTHENTICATOR');
  });

  it('with another document or another value in the replaced set is refused', async () => {
    const text = 6 + TAG_BYTES + 32 + 4;
    expect(await open(flipBit(blinded.package, text))).toBe('DIGEST_MISMATCH');
    expect(await open(flipBit(blinded.package, 6 + TAG_BYTES))).toBe('DIGEST_MISMATCH');
    expect(await open(flipBit(blinded.package, sectorAt(0) + 32))).toBe('BAD_AUTHENTICATOR');
    // A value in the document's replaced sectors is not read: the sanitiser writes the wildcard there.
    expect(await open(flipBit(blinded.package, text + SECTOR_BYTES))).toBe(content.length);
  });

  it('with a value beyond the order, or longer than its sector, is refused', async () => {
    const order = Buffer.from(GROUP_ORDER.toString(16), 'hex');
    expect(await open(spliced(blinded.package, sectorAt(0) + 1, order))).toBe('BAD_SCALAR');
    expect(await open(flipBit(blinded.package, sectorAt(2) + 1))).toBe('BAD_ENCODING');
    expect(await open(spliced(blinded.package, sectorAt(0), Uint8Array.of(3)))).toBe('BAD_ENCODING');
  });

  it('with a transformation value of the u family, of another column, or of another file is refused', async () => {
    const u0 = mcl.hashToG1(concat(utf8('HRS-V1|GEN-U|G1|'), u32(0)));
    const ofU = mcl.encodeG1(mcl.multiplyG1(u0, keptR()));
    expect(await open(spliced(blinded.package, columnAt(0), ofU))).toBe('BAD_AUTHENTICATOR');
    const [first, second] = [0, 1].map((k) => blinded.package.slice(columnAt(k), columnAt(k) + 48));
    const swapped = spliced(spliced(blinded.package, columnAt(0), second ?? ofU), columnAt(1), first ?? ofU);
    expect(await open(swapped)).toBe('BAD_AUTHENTICATOR');
    expect(() => openSanitisingPackage(mcl, { ...signer, package: swapped })).toThrow('column 0');
    const w3 = mcl.hashToG1(concat(utf8('HRS-V1|GEN-W|G1|'), u32(3)));
    const third = concat(Uint8Array.of(0, 3), mcl.encodeG1(mcl.multiplyG1(w3, keptR())));
    expect(await open(spliced(blinded.package, columnAt(2) - 2, third))).toBe('BAD_ENCODING');
    const fresh = blindDocument(mcl, { ...signer, content, personal: PERSONAL, organisation: ORGANISATION });
    const foreign = fresh.package.subarray(columnAt(0), columnAt(0) + 48);
    expect(await open(spliced(blinded.package, columnAt(0), foreign))).toBe('BAD_AUTHENTICATOR');
  });

  it('with a point that is no good point is refused', async () => {
    for (const [k, [what, point]] of badPoints(48).entries()) {
      const place = k % 2 === 0 ? columnAt(1) : authenticatorsAt() + 48;
      expect([what, await open(spliced(blinded.package, place, point))]).toEqual([
        what,
        expect.stringMatching(POINT_CODE),
      ]);
    }
  });

  it('cut short, lengthened, or of another kind is refused', async () => {
    expect(await open(blinded.package.subarray(0, blinded.package.length - 1))).toBe('BAD_LENGTH');
    expect(await open(concat(blinded.package, new Uint8Array(48)))).toBe('TRAILING_DATA');
    expect(await open(flipBit(blinded.package, 4))).toBe('BAD_ENCODING');
    expect(await open(flipBit(blinded.package, 5))).toBe('UNSUPPORTED_VERSION');
    expect(await open(sanitised.signedFile)).toBe('BAD_ENCODING');
    expect(await open(new Uint8Array(0))).toBe('BAD_ENCODING');
  });

  it('transforms to the wildcard only: any other value in a replaced sector fails audit and check', async () => {
    const { sectors, transformation } = decodeSanitisingPackage(blinded.package);
    const file = decodeSignedFile(sanitised.signedFile);
    const target = sectors[0];
    const beta = transformation.find(({ sector }) => sector === target?.sector);
    if (target === undefined || beta === undefined) throw new Error('nothing to transform');
    const other = new Uint8Array(SECTOR_BYTES).fill(0x41);
    const by = modulo(BigInt(`0x${toHex(other)}`) - BigInt(`0x${'20'.repeat(31)}`), GROUP_ORDER);
    const moved = mcl.encodeG1(
      mcl.addG1(
        mcl.decodeG1(file.authenticators[target.block] ?? new Uint8Array(0)),
        mcl.multiplyG1(mcl.decodeG1(beta.point), by),
      ),
    );
    const attack = { ...file, authenticators: file.authenticators.with(target.block, moved) };
    const stored = spliced(
      sanitised.content,
      target.block * BLOCK_BYTES + target.sector * SECTOR_BYTES,
      other,
    );
    const challenge = challengeFor(blinded.tag);
    const { replacedSet } = file;
    const read = blocksOf(stored, attack);
    const proof = await proveFile(mcl, { ...signer, tag: blinded.tag, replacedSet, challenge, read });
    expect(await verdictOn(proof)).toEqual(failed('does not hold'));
    const input = { ...expected(signer, 'sanitised'), signedFile: encodeSignedFile(attack), stored };
    expect(await bothSay((engine) => checkFile(engine, input))).toBe('DIGEST_MISMATCH');
    const honest = { ...input, stored: sanitised.content };
    expect(await bothSay((engine) => checkFile(engine, honest))).toBe('BAD_AUTHENTICATOR');
  });
});

describe('signing', () => {
  it('asks for the key of this identity', async () => {
    const identity = { ...signer.identity, userId: 'doctor-2' };
    expect(await bothSay((engine) => signSealedFile(engine, { ...signer, identity, content }))).toBe(
      'WRONG_CONTEXT',
    );
    const { parameters } = await newExtraction(mcl, SECTORS);
    expect(await bothSay((engine) => checkIdentityKey(engine, parameters, signer.identity, signer.key))).toBe(
      'WRONG_CONTEXT',
    );
  });

  it('gives its errors no content away', async () => {
    const secret = utf8('Anuradha Jayasinghe, 1984');
    try {
      blindDocument(mcl, {
        ...signer,
        content: secret,
        personal: [{ block: 0, sector: 0 }],
        organisation: [],
      });
      throw new Error('was taken');
    } catch (error) {
      expect((error as Error).message).toBe('replaced set leaves no sector of block 0');
      expect((error as Error).message).not.toContain(utf8Decode(secret).slice(0, 8));
    }
  });
});
