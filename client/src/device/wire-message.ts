import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Fields of one protobuf message by number: embedded messages, bytes and texts as their bytes, varints as numbers. */
export type WireMessage = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

/** The bytes are not the message that they should be. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/**
 * Reads one message without a schema. Stricter than protobuf: every field must be one of `known`, because what a device
 * does not understand it must not sign.
 *
 * @throws WireError
 */
export function readMessage(bytes: Uint8Array, name: string, known: readonly number[]): WireMessage {
  const fields = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (!known.includes(field)) throw new WireError(`${name} has an unknown field ${field}`);
      const values = fields.get(field) ?? [];
      fields.set(field, values);
      if (type === WireType.LengthDelimited) values.push(reader.bytes());
      else if (type === WireType.Varint) values.push(Number(reader.uint64()));
      else throw new WireError(`field ${field} of ${name} has wire type ${type}`);
    }
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError(`${name} cannot be read`, { cause: error });
  }
  return fields;
}

/** A field that protobuf would merge when it comes twice, and that other readers may therefore read otherwise. */
function single(
  message: WireMessage,
  field: number,
  type: 'object' | 'number',
): Uint8Array | number | undefined {
  const values = message.get(field) ?? [];
  if (values.length > 1) throw new WireError(`field ${field} comes ${values.length} times`);
  const [value] = values;
  if (value !== undefined && typeof value !== type) throw new WireError(`field ${field} has another type`);
  return value;
}

/** A singular field's bytes; none given means empty, as in proto3. @throws WireError */
export const bytesOf = (message: WireMessage, field: number): Uint8Array =>
  (single(message, field, 'object') as Uint8Array | undefined) ?? new Uint8Array();

/** A singular field's number; none given means 0, as in proto3. @throws WireError */
export const numberOf = (message: WireMessage, field: number): number =>
  (single(message, field, 'number') as number | undefined) ?? 0;

/** Every value of a repeated field. @throws WireError */
export const allBytesOf = (message: WireMessage, field: number): Uint8Array[] =>
  (message.get(field) ?? []).map((value) => {
    if (typeof value === 'number') throw new WireError(`field ${field} has another type`);
    return value;
  });

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws WireError for bytes that are not UTF-8 */
export const textOf = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new WireError('a text is not UTF-8', { cause: error });
  }
};
