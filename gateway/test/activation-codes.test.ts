import * as fc from 'fast-check';
import { activationCodeOf, CODE_BYTES, normalCode } from '../src/activation/activation-codes.js';

const bytes = fc.uint8Array({ minLength: CODE_BYTES, maxLength: CODE_BYTES });

describe('activation code', () => {
  test('is 24 letters and digits in groups of four, none of which look alike', () => {
    fc.assert(
      fc.property(bytes, (random) => {
        expect(activationCodeOf(random)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/);
      }),
    );
  });

  test('differs for different bytes', () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const isSame = Buffer.from(one).equals(Buffer.from(other));
        return (activationCodeOf(one) === activationCodeOf(other)) === isSame;
      }),
    );
  });

  test('keeps every bit of its bytes', () => {
    expect(activationCodeOf(new Uint8Array(CODE_BYTES))).toBe('0000-0000-0000-0000-0000-0000');
    expect(activationCodeOf(new Uint8Array(CODE_BYTES).fill(255))).toBe('ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ');
    expect(
      activationCodeOf(Uint8Array.from({ length: CODE_BYTES }, (_, at) => (at === 14 ? 33 : 0))),
    ).toMatch(/0011$/);
  });

  test('is the same however it is typed', () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const code = activationCodeOf(random);
        const typed = code.toLowerCase().replace(/-/g, ' ').replace(/0/g, 'o').replace(/1/g, 'l');
        return normalCode(typed) === normalCode(code);
      }),
    );
  });

  test.each([0, 14, 16])('is not made of %i bytes', (length) => {
    expect(() => activationCodeOf(new Uint8Array(length))).toThrow(RangeError);
  });
});
