import * as fc from 'fast-check';
import {
  drawRegistrationNumber,
  isRegistrationNumber,
  luhnDigit,
} from '../src/patients/registration-number.js';

describe('registration number', () => {
  test('has the Luhn digit of the published examples', () => {
    expect(luhnDigit('7992739871')).toBe('3');
    expect(luhnDigit('1789372997')).toBe('4');
    expect(luhnDigit('0')).toBe('0');
  });

  test('starts with the hospital code and is accepted', () => {
    for (let i = 0; i < 200; i++) {
      const number = drawRegistrationNumber('042');
      expect(number).toMatch(/^042\d{10}$/);
      expect(isRegistrationNumber(number)).toBe(true);
    }
  });

  test.each(['', '42', '0420', 'abc', '4 2'])('refuses the hospital code %j', (code) => {
    expect(() => drawRegistrationNumber(code)).toThrow(RangeError);
  });

  test('every single changed digit is noticed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 9 }), (place, by) => {
        const number = drawRegistrationNumber('101');
        const digit = (Number(number[place]) + by) % 10;
        return !isRegistrationNumber(number.slice(0, place) + digit + number.slice(place + 1));
      }),
    );
  });

  test('neighbouring digits changed round are noticed, 09 and 90 apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 11 }), (place) => {
        const number = drawRegistrationNumber('101');
        const pair = number.slice(place, place + 2);
        if (pair[0] === pair[1] || pair === '09' || pair === '90') return true;
        return !isRegistrationNumber(number.slice(0, place) + pair[1] + pair[0] + number.slice(place + 2));
      }),
    );
  });

  test.each([undefined, null, 4, '', '123', '10112345678901', '10112345678 0', 'x'.repeat(13)])(
    'refuses %j',
    (value) => {
      expect(isRegistrationNumber(value)).toBe(false);
    },
  );
});
