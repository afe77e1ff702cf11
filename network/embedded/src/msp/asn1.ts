/**
 * The part of DER (ITU-T X.690) that certificates, requests, revocation lists and ECDSA signatures need: reading
 * with definite minimal lengths only, and writing.
 */

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** Tag byte of context-specific element `number`. */
export const contextTag = (number: number, constructed: boolean): number =>
  0x80 | (constructed ? 0x20 : 0) | number;

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content as they were read. */
  readonly raw: Buffer;
}

export class DerError extends Error {
  constructor(detail: string) {
    super(`malformed DER: ${detail}`);
    this.name = 'DerError';
  }
}

/** Element at `offset`. @throws DerError */
export const readElement = (bytes: Buffer, offset = 0): Element => {
  const tag = bytes[offset];
  let length = bytes[offset + 1];
  if (tag === undefined || length === undefined) throw new DerError('data ends inside an element header');
  if ((tag & 0x1f) === 0x1f) throw new DerError('multi-byte tags are not used in certificates');
  let start = offset + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size === 0 || size > 4 || start + size > bytes.length) throw new DerError('unsupported length form');
    length = bytes.readUIntBE(start, size);
    start += size;
    if (length < 0x80 || length < 256 ** (size - 1)) throw new DerError('length is not minimal');
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError('element is longer than its container');
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(offset, end) };
};

/** `bytes` as exactly one element. @throws DerError */
export const readOnly = (bytes: Buffer, tag?: number): Element => {
  const element = readElement(bytes);
  if (element.raw.length !== bytes.length) throw new DerError('trailing data');
  if (tag !== undefined && element.tag !== tag)
    throw new DerError(`expected tag ${tag}, found ${element.tag}`);
  return element;
};

/** Elements inside a constructed one. @throws DerError */
export const children = (element: Element): Element[] => {
  const found: Element[] = [];
  for (let offset = 0; offset < element.content.length;) {
    const child = readElement(element.content, offset);
    found.push(child);
    offset += child.raw.length;
  }
  return found;
};

/** @throws DerError when the element is missing or has another tag. */
export const expectTag = (element: Element | undefined, tag: number, what: string): Element => {
  if (element?.tag !== tag) throw new DerError(`${what} is missing or has the wrong type`);
  return element;
};

export const decodeOid = (content: Buffer): string => {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new DerError('object identifier arc is too large');
    if (byte & 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(value / 40), 2);
      arcs.push(first, value - first * 40);
    } else arcs.push(value);
    value = 0;
  }
  if (arcs.length === 0 || (content.at(-1) ?? 0) & 0x80) throw new DerError('incomplete object identifier');
  return arcs.join('.');
};

/** Octets of a BIT STRING without unused bits. @throws DerError */
export const bitStringOctets = (element: Element): Buffer => {
  if (element.tag !== Tag.bitString || element.content[0] !== 0) throw new DerError('unexpected bit string');
  return element.content.subarray(1);
};

/** UTCTime or GeneralizedTime in UTC with seconds (RFC 5280 4.1.2.5). @throws DerError */
export const decodeTime = (element: Element): Date => {
  const text = element.content.toString('latin1');
  const match =
    element.tag === Tag.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : element.tag === Tag.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  if (!match) throw new DerError('time is not in the form RFC 5280 asks for');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const fullYear = element.tag === Tag.utcTime ? (year < 50 ? 2000 + year : 1900 + year) : year;
  const date = new Date(Date.UTC(fullYear, month - 1, day, hour, minute, second));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw new DerError('no such date');
  return date;
};

// ---------------------------------------------------------------- writing

export const encode = (tag: number, content: Buffer): Buffer => {
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const header = Buffer.alloc(2 + size);
  header[0] = tag;
  header[1] = 0x80 | size;
  header.writeUIntBE(length, 2, size);
  return Buffer.concat([header, content]);
};

export const sequence = (...parts: readonly Buffer[]): Buffer => encode(Tag.sequence, Buffer.concat(parts));

/** SET OF: DER orders the elements by their encoding. */
export const setOf = (...parts: readonly Buffer[]): Buffer =>
  encode(Tag.set, Buffer.concat([...parts].sort((a, b) => Buffer.compare(a, b))));

/** `magnitude`: unsigned, big-endian; leading zeros do not matter. */
export const integer = (magnitude: Buffer | number): Buffer => {
  let bytes =
    typeof magnitude === 'number' ? Buffer.from(magnitude.toString(16).padStart(16, '0'), 'hex') : magnitude;
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  bytes = bytes.subarray(start);
  if ((bytes[0] ?? 0x80) & 0x80) bytes = Buffer.concat([Buffer.alloc(1), bytes]);
  return encode(Tag.integer, bytes);
};

export const boolean = (value: boolean): Buffer => encode(Tag.boolean, Buffer.from([value ? 0xff : 0]));

export const octetString = (bytes: Buffer): Buffer => encode(Tag.octetString, bytes);

export const bitString = (bytes: Buffer, unusedBits = 0): Buffer =>
  encode(Tag.bitString, Buffer.concat([Buffer.from([unusedBits]), bytes]));

export const utf8String = (text: string): Buffer => encode(Tag.utf8String, Buffer.from(text, 'utf8'));

export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128))
      groups.unshift(0x80 | (high % 128));
    bytes.push(...groups);
  }
  return encode(Tag.oid, Buffer.from(bytes));
};

export const context = (number: number, content: Buffer, constructed = true): Buffer =>
  encode(contextTag(number, constructed), content);

/** UTCTime until 2049, GeneralizedTime after; whole seconds. */
export const time = (date: Date): Buffer => {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return date.getUTCFullYear() < 2050
    ? encode(Tag.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : encode(Tag.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'));
};
