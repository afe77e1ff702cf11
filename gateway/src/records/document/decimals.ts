import { WrittenNumber } from './lossless-json.js';

/** Extension on a decimal: its digits as they were written, where canonical JSON writes others. */
export const DECIMAL_TEXT = 'urn:medseal:fhir:decimal-text';

type JsonObject = Record<string, unknown>;

interface Extension {
  url: string;
  valueString?: string;
}

/**
 * A copy of a FHIR resource in plain JSON numbers. The written digits go into an extension of the primitive (`_value`
 * beside `value`, FHIR JSON's own way), so that canonical JSON loses nothing.
 */
export function foldDecimals(value: unknown): unknown {
  if (value instanceof WrittenNumber) return value.value;
  if (Array.isArray(value)) return value.map(foldDecimals);
  if (!isObject(value)) return value;
  const folded: JsonObject = {};
  for (const [name, member] of Object.entries(value)) folded[name] = foldDecimals(member);
  for (const [name, member] of Object.entries(value)) {
    if (!(member instanceof WrittenNumber)) continue;
    const sibling = isObject(folded[`_${name}`]) ? (folded[`_${name}`] as JsonObject) : {};
    const extensions = Array.isArray(sibling['extension']) ? (sibling['extension'] as Extension[]) : [];
    folded[`_${name}`] = {
      ...sibling,
      extension: [...extensions, { url: DECIMAL_TEXT, valueString: member.text }],
    };
  }
  return folded;
}

/** The inverse of `foldDecimals`: written digits are WrittenNumbers again and their extensions are gone. */
export function unfoldDecimals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unfoldDecimals);
  if (!isObject(value)) return value;
  const unfolded: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const base = name.slice(1);
    const text =
      name.startsWith('_') && typeof value[base] === 'number' ? decimalText(member, value[base]) : undefined;
    if (text === undefined) {
      unfolded[name] ??= unfoldDecimals(member);
      continue;
    }
    unfolded[base] = new WrittenNumber(text);
    const rest = withoutDecimalText(member as JsonObject);
    if (rest !== undefined) unfolded[name] = unfoldDecimals(rest);
  }
  return unfolded;
}

/** The digits an extension gives, if they are those of the number itself: a text that says otherwise is not believed. */
function decimalText(sibling: unknown, value: number): string | undefined {
  if (!isObject(sibling) || !Array.isArray(sibling['extension'])) return undefined;
  const text = (sibling['extension'] as Extension[]).find(
    (extension) => extension?.url === DECIMAL_TEXT,
  )?.valueString;
  return text !== undefined && JSON_NUMBER.test(text) && Number(text) === value ? text : undefined;
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function withoutDecimalText(sibling: JsonObject): JsonObject | undefined {
  const { extension, ...others } = sibling;
  const rest = (extension as Extension[]).filter(({ url }) => url !== DECIMAL_TEXT);
  if (rest.length > 0) return { ...others, extension: rest };
  return Object.keys(others).length > 0 ? others : undefined;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber);
