import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  canonicalJson,
  commit,
  commitBytes,
  compareUtf8,
  concat,
  CryptoError,
  type CryptoErrorCode,
  equalBytes,
  exactly,
  fromBase64,
  fromHex,
  isWellFormed,
  lp,
  newSalt,
  openBytesCommitment,
  openCommitment,
  parseCanonicalJson,
  randomBytes,
  sha256Hex,
  toBase64,
  toBase64Url,
  toHex,
  u32,
  utf8,
  utf8Decode,
} from '../src/index.js';

const refusal = (action: () => unknown): CryptoErrorCode | undefined => {
  try {
    action();
  } catch (error) {
    if (error instanceof CryptoError) return error.code;
    throw error;
  }
  return undefined;
};

const ledgerValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }).filter(isWellFormed),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(fc.string({ unit: 'binary' }).filter(isWellFormed), tie('value')),
  ),
})).value;

describe('canonical JSON', () => {
  it('sorts keys by their UTF-8 bytes, where UTF-16 would sort otherwise', () => {
    expect(canonicalJson({ '\u{1f600}': 1, '\uff5e': 2, b: 3, a: 4, '': 5 })).toBe(
      '{"":5,"a":4,"b":3,"\uff5e":2,"\u{1f600}":1}',
    );
  });

  it('writes strings and numbers as RFC 8785 does', () => {
    expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/\u007f')).toBe(
      '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"',
    );
    expect(canonicalJson([0, -0, -1, 9007199254740991, true, false, null])).toBe(
      '[0,0,-1,9007199254740991,true,false,null]',
    );
    expect(canonicalJson([1.5, 1e30, 4.5, 2e-3, 1e-27], { decimals: true })).toBe(
      '[1.5,1e+30,4.5,0.002,1e-27]',
    );
  });

  it('gives the same text for the same value however its keys were ordered, and parses back to it', () => {
    fc.assert(
      fc.property(ledgerValue, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(canonicalJson(parseCanonicalJson(text))).toBe(text);
      }),
    );
  });

  it('compares keys as Buffer.compare compares their bytes', () => {
    const text = fc.string({ unit: 'binary' }).filter(isWellFormed);
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(Math.sign(compareUtf8(left, right))).toBe(
          Buffer.compare(Buffer.from(left), Buffer.from(right)),
        );
      }),
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  it.each([
    ['a fraction', { a: 1.5 }],
    ['an unsafe integer', 2 ** 53],
    ['NaN', NaN],
    ['infinity', [Infinity]],
    ['undefined', { a: undefined }],
    ['a hole', [, 1]], // eslint-disable-line no-sparse-arrays
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['a lone surrogate in a string', 'a\ud800'],
    ['a lone surrogate in a key', { '\udc00b': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', Uint8Array.of(1)],
    ['a class instance', new (class Entry {})()],
    ['a cycle', cycle],
  ])('refuses %s', (_, value) => {
    expect(refusal(() => canonicalJson(value))).toBe('NOT_CANONICAL');
  });

  it('names the place that it refuses', () => {
    expect(() => canonicalJson({ rows: [{ ok: 1 }, { dose: 0.5 }] })).toThrow(
      '$.rows[1].dose is not a whole number',
    );
  });

  it.each([
    '{ "a":1}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '"\\u0041"',
    '1.0',
    '-0',
    '1e2',
    '[1,]',
    '',
    '{"a":1}\n',
  ])('parses no other spelling: %s', (text) => {
    expect(refusal(() => parseCanonicalJson(text))).toBe('BAD_ENCODING');
  });
});

describe('commitments', () => {
  it('opens with its value and salt and with nothing else', () => {
    fc.assert(
      fc.property(ledgerValue, ledgerValue, (value, other) => {
        fc.pre(canonicalJson(value) !== canonicalJson(other));
        const salt = newSalt();
        const commitment = commit(value, salt);
        expect(openCommitment(commitment, value, salt)).toBe(true);
        expect(openCommitment(commitment, other, salt)).toBe(false);
        expect(openCommitment(commitment, value, newSalt())).toBe(false);
      }),
    );
  });

  it('is the documented hash', () => {
    const salt = Buffer.alloc(32, 7);
    const length = (n: number): Buffer => Buffer.from([0, 0, 0, n]);
    const hash = createHash('sha256')
      .update(
        Buffer.concat([
          length(9),
          Buffer.from('MS-COMMIT'),
          length(32),
          salt,
          length(7),
          Buffer.from('{"a":1}'),
        ]),
      )
      .digest('hex');
    expect(commit({ a: 1 }, salt)).toBe(hash);
  });

  it('takes malformed openings for false', () => {
    const salt = newSalt();
    const commitment = commit('x', salt);
    expect(openCommitment(commitment.toUpperCase(), 'x', salt)).toBe(false);
    expect(openCommitment(`${commitment}00`, 'x', salt)).toBe(false);
    expect(openCommitment(commitment, 'x', salt.subarray(1))).toBe(false);
    expect(openCommitment(commitment, 1.5, salt)).toBe(false);
    expect(openCommitment(undefined as unknown as string, 'x', salt)).toBe(false);
    expect(refusal(() => commit('x', salt.subarray(1)))).toBe('BAD_LENGTH');
  });

  it('tells bytes and values apart', () => {
    const salt = newSalt();
    const bytes = utf8('"x"');
    expect(commitBytes(bytes, salt)).not.toBe(commit('x', salt));
    expect(openBytesCommitment(commitBytes(bytes, salt), bytes, salt)).toBe(true);
    expect(openBytesCommitment(commitBytes(bytes, salt), utf8('"y"'), salt)).toBe(false);
  });
});

describe('bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });

  it('encodes hexadecimal and base64 as Node does, and decodes only that', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toHex(value)).toBe(Buffer.from(value).toString('hex'));
        expect(toBase64(value)).toBe(Buffer.from(value).toString('base64'));
        expect(toBase64Url(value)).toBe(Buffer.from(value).toString('base64url'));
        expect(fromHex(toHex(value))).toEqual(value);
        expect(fromBase64(toBase64(value))).toEqual(value);
      }),
    );
    expect(toBase64(new Uint8Array(200_000))).toBe(Buffer.alloc(200_000).toString('base64'));
  });

  it.each(['AA', 'A===', 'AA=A', 'AB==', 'AAB=', 'AA-_', ' AAA', 'AAAA\n', 'AAAAA'])(
    'refuses base64 %j',
    (text) => {
      expect(refusal(() => fromBase64(text))).toBe('BAD_ENCODING');
    },
  );

  it.each(['a', 'AA', '0x', 'zz', ' 00'])('refuses hexadecimal %j', (text) => {
    expect(refusal(() => fromHex(text))).toBe('BAD_ENCODING');
  });

  it('length-prefixes so that neighbours cannot flow into each other', () => {
    expect(toHex(lp('ab'))).toBe('000000026162');
    expect(concat(lp('a|b'), lp('c'))).not.toEqual(concat(lp('a'), lp('b|c')));
    expect(refusal(() => u32(2 ** 32))).toBe('BAD_ARGUMENT');
    expect(refusal(() => u32(-1))).toBe('BAD_ARGUMENT');
    expect(refusal(() => u32(NaN))).toBe('BAD_ARGUMENT');
  });

  it('reads and writes UTF-8 strictly', () => {
    expect(utf8Decode(utf8('\ufeffé€😀'))).toBe('\ufeffé€😀');
    expect(refusal(() => utf8('\ud800'))).toBe('BAD_ENCODING');
    expect(refusal(() => utf8Decode(Uint8Array.of(0xc3)))).toBe('BAD_ENCODING');
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('draws any amount of randomness, compares it, checks its length', () => {
    const drawn = randomBytes(150_000);
    expect(drawn.subarray(-32).some((byte) => byte !== 0)).toBe(true);
    expect(equalBytes(drawn, Uint8Array.from(drawn))).toBe(true);
    expect(equalBytes(drawn, randomBytes(150_000))).toBe(false);
    expect(equalBytes(drawn, drawn.subarray(1))).toBe(false);
    expect(refusal(() => exactly(drawn, 32, 'x'))).toBe('BAD_LENGTH');
    expect(refusal(() => exactly('x' as unknown as Uint8Array, 1, 'x'))).toBe('BAD_ARGUMENT');
  });
});

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([key, member]): [string, unknown] => [key, reversed(member)]);
  return Object.fromEntries(members.reverse());
};
