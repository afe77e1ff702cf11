import { randomBytes } from 'node:crypto';

const RANDOM_DIGITS = 9;
const FORM = /^\d{13}$/;
const HOSPITAL_CODE = /^\d{3}$/;

/**
 * A new registration number: the hospital's 3-digit code, 9 random digits, a Luhn digit.
 *
 * @param random 16 secret random bytes, so many that the remainder is even
 * @throws RangeError for a code that is not three digits
 */
export function drawRegistrationNumber(hospitalCode: string, random: Uint8Array = randomBytes(16)): string {
  if (!HOSPITAL_CODE.test(hospitalCode)) throw new RangeError('hospitalCode: three digits expected');
  const drawn = BigInt(`0x${Buffer.from(random).toString('hex')}`) % 10n ** BigInt(RANDOM_DIGITS);
  const body = hospitalCode + String(drawn).padStart(RANDOM_DIGITS, '0');
  return body + luhnDigit(body);
}

/** True for 13 digits whose last is the Luhn digit of the others. */
export function isRegistrationNumber(text: unknown): text is string {
  return typeof text === 'string' && FORM.test(text) && luhnDigit(text.slice(0, -1)) === text.at(-1);
}

/** The digit that makes the Luhn sum (ISO/IEC 7812-1, annex B) a multiple of ten when it is appended. */
export function luhnDigit(digits: string): string {
  let sum = 0;
  for (let position = 0; position < digits.length; position++) {
    const digit = Number(digits.at(-1 - position));
    const doubled = position % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}
