/**
 * The protobuf wire format, as far as Fabric's messages use it (varints and length-delimited fields). Reading hands out
 * slices of the input, so that bytes which were signed or hashed are never serialised again; writing gives the bytes of
 * Go's deterministic `proto.Marshal`: fields ascending, proto3 defaults left out.
 */

/** Bytes that are not the expected message. */
export class MalformedMessageError extends Error {
  constructor(message: string, detail: string) {
    super(`malformed ${message}: ${detail}`);
    this.name = 'MalformedMessageError';
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One pass over a message's fields: `while (reader.next()) switch (reader.field)`. Unread fields are skipped. */
export class Reader {
  field = 0;
  private wireType = 0;
  private position = 0;
  private pending = false;

  constructor(
    private readonly bytes: Buffer,
    private readonly message: string,
  ) {}

  next(): boolean {
    if (this.pending) this.skip();
    if (this.position >= this.bytes.length) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0 || this.field > 0x1fffffff) this.fail('field number out of range');
    this.pending = true;
    return true;
  }

  /** Length-delimited field as a slice of the input. */
  slice(): Buffer {
    this.expect(2);
    const length = this.varint();
    const end = this.position + length;
    if (end > this.bytes.length) this.fail(`field ${this.field} ends after the message`);
    const slice = this.bytes.subarray(this.position, end);
    this.position = end;
    return slice;
  }

  string(): string {
    const slice = this.slice();
    try {
      return utf8.decode(slice);
    } catch {
      this.fail(`field ${this.field} is not UTF-8`);
    }
  }

  /** Exact up to 2^53; larger values lose precision, as nothing in a stored block has them. */
  number(): number {
    this.expect(0);
    return this.varint();
  }

  bool(): boolean {
    return this.number() !== 0;
  }

  private expect(wireType: number): void {
    if (this.wireType !== wireType) this.fail(`field ${this.field} has wire type ${this.wireType}`);
    this.pending = false;
  }

  private skip(): void {
    this.pending = false;
    switch (this.wireType) {
      case 0:
        this.varint();
        return;
      case 1:
        this.advance(8);
        return;
      case 2:
        this.advance(this.varint());
        return;
      case 5:
        this.advance(4);
        return;
      default:
        this.fail(`field ${this.field} has wire type ${this.wireType}`);
    }
  }

  private advance(length: number): void {
    this.position += length;
    if (this.position > this.bytes.length) this.fail(`field ${this.field} ends after the message`);
  }

  private varint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < 10; length += 1) {
      const byte = this.bytes[this.position];
      if (byte === undefined) this.fail('ends inside a number');
      this.position += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    this.fail('a number is longer than 64 bits');
  }

  private fail(detail: string): never {
    throw new MalformedMessageError(this.message, detail);
  }
}

export function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Builds one message; call in ascending field order. Empty and zero values are left out, as proto3 does. */
export class Writer {
  private readonly parts: Buffer[] = [];

  /** A field that is present even when empty: sub-messages and elements of repeated fields. */
  message(field: number, bytes: Buffer): this {
    this.parts.push(encodeVarint(field * 8 + 2), encodeVarint(bytes.length), bytes);
    return this;
  }

  bytes(field: number, bytes: Buffer | undefined): this {
    return bytes === undefined || bytes.length === 0 ? this : this.message(field, bytes);
  }

  string(field: number, text: string): this {
    return text === '' ? this : this.message(field, Buffer.from(text, 'utf8'));
  }

  number(field: number, value: number): this {
    if (value !== 0) this.parts.push(encodeVarint(field * 8), encodeVarint(value));
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }
}
