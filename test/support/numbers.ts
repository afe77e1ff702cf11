import { createSHA256 } from 'hash-wasm';

/** Registration numbers of one hospital: nine free digits. */
export const NUMBERS = 1_000_000_000;

/** Luhn check digit (ISO/IEC 7812-1) of a digit string; written apart from the product's own. */
export function luhnDigit(digits: string): number {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return (10 - (sum % 10)) % 10;
}

const numberOf = (code: string, digits: number): string => {
  const text = `${code}${String(digits).padStart(9, '0')}`;
  return `${text}${luhnDigit(text)}`;
};

/**
 * Tries `tries` registration numbers from `first` on (wrapping round) against hashes of key names: the bare number and
 * `number/<number>`, as a build without the HMAC would have named its keys.
 *
 * @param hashes SHA-256, hex
 */
export async function numbersFound(
  code: string,
  first: number,
  tries: number,
  hashes: ReadonlySet<string>,
): Promise<string[]> {
  // Four bytes decide almost always; the whole digest is compared only where they agree.
  const prefixes = new Set([...hashes].map((hash) => Number.parseInt(hash.slice(0, 8), 16)));
  const hasher = await createSHA256();
  const found: string[] = [];
  for (let index = 0; index < tries; index++) {
    const number = numberOf(code, (first + index) % NUMBERS);
    for (const name of [number, `number/${number}`]) {
      const digest = hasher.init().update(name).digest('binary');
      const prefix = ((digest[0]! << 24) | (digest[1]! << 16) | (digest[2]! << 8) | digest[3]!) >>> 0;
      if (prefixes.has(prefix) && hashes.has(Buffer.from(digest).toString('hex'))) found.push(number);
    }
  }
  return found;
}

/** The numbers that a build which drew them from a transaction id's hash would have given. */
export function numbersOfDigest(code: string, digest: Buffer): string[] {
  const values = [
    digest.readUInt32BE(0),
    digest.readUInt32LE(0),
    digest.readUInt32BE(28),
    Number(digest.readBigUInt64BE(0) % BigInt(NUMBERS)),
    Number(digest.readBigUInt64BE(24) % BigInt(NUMBERS)),
    Number(BigInt(`0x${digest.toString('hex')}`) % BigInt(NUMBERS)),
    Number(digest.toString('hex').replace(/\D/g, '').slice(0, 9)),
  ];
  return values.map((value) => numberOf(code, value % NUMBERS));
}
