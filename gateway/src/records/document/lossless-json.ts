import { randomBytes } from 'node:crypto';

/**
 * A number that must be kept as it was written, because JavaScript would write it another way: `1.50` says more than
 * `1.5` in FHIR ("the precision of the decimal value has significance", R4 datatypes).
 */
export class WrittenNumber {
  constructor(readonly text: string) {}

  get value(): number {
    return Number(this.text);
  }
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * `JSON.parse` that gives a WrittenNumber for every number whose text JavaScript would not write back.
 *
 * @throws SyntaxError for text that is not JSON
 */
export function parseLossless(text: string): unknown {
  JSON.parse(text);
  // A key nobody can guess cannot be met in the text.
  const marker = `number-${randomBytes(16).toString('hex')}`;
  const marked = text.replace(STRING_OR_NUMBER, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : `{"${marker}":"${token}"}`,
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(marker in value)) return value;
    return new WrittenNumber(String((value as Record<string, unknown>)[marker]));
  });
}

/** `JSON.stringify` that writes every WrittenNumber with its own text. */
export function stringifyLossless(value: unknown): string {
  const marker = `number-${randomBytes(16).toString('hex')}:`;
  const text = JSON.stringify(value, (_key, member: unknown) =>
    member instanceof WrittenNumber ? marker + member.text : member,
  );
  return text.replace(new RegExp(`"${marker}([^"]*)"`, 'g'), '$1');
}
