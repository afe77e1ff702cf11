import { createHash, randomBytes } from 'node:crypto';

/** A random text that occurs nowhere by chance; letters of both cases, so that folding shows. */
export function marker(label: string): string {
  return `${label}Q${randomBytes(9)
    .toString('hex')
    .replace(/\d/g, (digit) => 'GHJKLMNPRS'[Number(digit)] ?? 'T')}z`;
}

/** A marker for fields that take digits only. */
export function digitMarker(length = 13): string {
  return `7${Array.from(randomBytes(length - 1), (byte) => byte % 10).join('')}`;
}

interface Needle {
  name: string;
  form: string;
  bytes: Buffer;
}

/** Base64 of a text inside a longer one: at each of the three alignments, without the characters its neighbours touch. */
function base64Forms(bytes: Buffer): Buffer[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=/g, '');
    const usable = Math.floor(((offset + bytes.length) * 8) / 6);
    return Buffer.from(text.slice(Math.ceil((offset * 8) / 6), usable));
  });
}

function formsOf(name: string, value: string): Needle[] {
  const needles: Needle[] = [];
  const add = (form: string, ...all: Buffer[]): void => {
    for (const bytes of all) needles.push({ name, form, bytes });
  };
  for (const [fold, text] of [
    ['', value],
    ['lower ', value.toLowerCase()],
    ['upper ', value.toUpperCase()],
  ] as const) {
    const bytes = Buffer.from(text, 'utf8');
    add(`${fold}plain`, bytes);
    add(`${fold}base64`, ...base64Forms(bytes));
    add(
      `${fold}base64url`,
      ...base64Forms(bytes).map((one) => Buffer.from(one.toString().replace(/\+/g, '-').replace(/\//g, '_'))),
    );
    add(`${fold}hex`, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('hex').toUpperCase()));
    const utf16 = Buffer.from(text, 'utf16le');
    add(`${fold}utf-16`, utf16, Buffer.from(utf16).swap16());
    const digest = createHash('sha256').update(bytes).digest();
    add(
      `${fold}sha-256`,
      digest,
      Buffer.from(digest.toString('hex')),
      Buffer.from(digest.toString('base64').slice(0, 40)),
    );
  }
  const seen = new Set<string>();
  return needles.filter(
    ({ bytes }) => !seen.has(bytes.toString('latin1')) && seen.add(bytes.toString('latin1')),
  );
}

/** Searches bytes for planted values in every form that a careless encoder could give them. */
export class MarkerScan {
  readonly #needles: Needle[];

  constructor(values: Record<string, string>) {
    this.#needles = Object.entries(values).flatMap(([name, value]) => formsOf(name, value));
  }

  /** One line a hit: which value, in which form. */
  hits(bytes: Buffer): string[] {
    return this.#needles
      .filter((needle) => bytes.includes(needle.bytes))
      .map(({ name, form }) => `${name} (${form})`);
  }
}
