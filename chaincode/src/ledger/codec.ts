import { canonicalJson, utf8, utf8Decode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { SCHEMA } from '../model/entries.js';

/** Entries as they lie in the world state: canonical JSON with `schema`. */
export const encodeEntry = (entry: object): Uint8Array => utf8(canonicalJson(entry));

/** `what` names the key's type in the refusal; undefined for an absent entry. */
export const decodeEntry = <Entry>(bytes: Uint8Array | undefined, what: string): Entry | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  let entry: { schema?: unknown };
  try {
    entry = JSON.parse(utf8Decode(bytes)) as { schema?: unknown };
  } catch {
    throw new ContractError('INTERNAL', `stored ${what} is not JSON`);
  }
  if (entry.schema !== SCHEMA) {
    throw new ContractError(
      'INTERNAL',
      `stored ${what} has a schema that this version does not know: upgrade the chaincode`,
    );
  }
  return entry as Entry;
};
