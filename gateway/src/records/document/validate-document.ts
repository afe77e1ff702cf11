import { isWellFormed } from '@medseal/crypto';
import { WrittenNumber } from './lossless-json.js';
import { ITEM_FIELDS, OBSERVED, SECTION_NAMES, type Sections } from './sections.js';

export interface FieldError {
  field: string;
  message: string;
}

/** A FHIR R4 document Bundle; only what this code reads is typed. */
export interface DocumentBundle {
  resourceType: 'Bundle';
  type: 'document';
  entry: { fullUrl?: string; resource: Resource }[];
  [element: string]: unknown;
}

export interface Resource {
  resourceType: string;
  [element: string]: unknown;
}

const MAX_ITEMS = 2_000;
const MAX_ERRORS = 20;
const MAX_DEPTH = 48;
const MAX_TEXT = 100_000;
const MAX_SHORT_TEXT = 1_000;

type JsonObject = Record<string, unknown>;

export const isBundle = (document: unknown): document is DocumentBundle =>
  isObject(document) && document['resourceType'] === 'Bundle';

/**
 * What is wrong with a document, field by field; empty for the eight sections (at least one item) or a FHIR R4
 * document Bundle.
 */
export function documentErrors(document: unknown, field = 'document'): FieldError[] {
  if (!isObject(document)) {
    return [
      {
        field,
        message: `send the eight sections (${SECTION_NAMES.join(', ')}) or a FHIR R4 document Bundle`,
      },
    ];
  }
  const errors = unsafeErrors(document, field, 0);
  if (errors.length > 0) return errors.slice(0, MAX_ERRORS);
  return ('resourceType' in document ? bundleErrors(document, field) : sectionErrors(document, field)).slice(
    0,
    MAX_ERRORS,
  );
}

export const hasItems = (sections: Sections): boolean =>
  Object.values(sections).some((items) => items !== undefined && items.length > 0);

function sectionErrors(document: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, items] of Object.entries(document)) {
    const at = `${field}.${name}`;
    if (!(SECTION_NAMES as readonly string[]).includes(name)) {
      errors.push({ field: at, message: `no such section: use ${SECTION_NAMES.join(', ')}` });
    } else if (!Array.isArray(items) || items.length > MAX_ITEMS) {
      errors.push({
        field: at,
        message: `send an array of at most ${MAX_ITEMS} items {text, code?, value?, unit?, date?, abnormal?, range?}`,
      });
    } else {
      items.forEach((item: unknown, index) =>
        errors.push(...itemErrors(item, `${at}[${index}]`, OBSERVED.has(name))),
      );
    }
  }
  if (errors.length === 0 && !hasItems(document)) {
    errors.push({ field, message: 'has no content: give at least one section one item with a text' });
  }
  return errors;
}

function itemErrors(item: unknown, at: string, isObserved: boolean): FieldError[] {
  if (!isObject(item))
    return [{ field: at, message: 'send an object {text, code?, value?, unit?, date?, abnormal?, range?}' }];
  const errors: FieldError[] = [];
  const check = (name: string, fine: boolean, message: string): void => {
    if (item[name] !== undefined && !fine) errors.push({ field: `${at}.${name}`, message });
  };
  for (const name of Object.keys(item)) {
    if (!(ITEM_FIELDS as readonly string[]).includes(name)) {
      errors.push({ field: `${at}.${name}`, message: `unknown field: use ${ITEM_FIELDS.join(', ')}` });
    }
  }
  if (!isText(item['text'], MAX_TEXT)) {
    errors.push({ field: `${at}.text`, message: `write a text of 1 to ${MAX_TEXT} characters` });
  }
  check('value', isValue(item['value']), `give a number or a text of 1 to ${MAX_TEXT} characters`);
  check(
    'unit',
    isText(item['unit'], MAX_SHORT_TEXT),
    'write a unit, for example mg/dL, or leave the field out',
  );
  check('date', isDate(item['date']), 'write a date of the calendar as YYYY-MM-DD');
  check('abnormal', typeof item['abnormal'] === 'boolean', 'send true or false');
  check(
    'range',
    isObserved && isText(item['range'], MAX_SHORT_TEXT),
    'write what is usual, for example 3.5–5.1, in vitalSigns or labData only',
  );
  if (item['code'] !== undefined) errors.push(...codeErrors(item['code'], `${at}.code`));
  return errors;
}

function codeErrors(code: unknown, at: string): FieldError[] {
  if (!isObject(code)) return [{ field: at, message: 'send an object {system, code, display}' }];
  const errors: FieldError[] = [];
  for (const name of Object.keys(code)) {
    if (!['system', 'code', 'display'].includes(name)) {
      errors.push({ field: `${at}.${name}`, message: 'unknown field: use system, code, display' });
    }
  }
  for (const name of ['system', 'code'] as const) {
    if (!isText(code[name], MAX_SHORT_TEXT)) {
      errors.push({
        field: `${at}.${name}`,
        message: 'write the coding system, for example http://loinc.org, and its code',
      });
    }
  }
  if (code['display'] !== undefined && !isText(code['display'], MAX_SHORT_TEXT)) {
    errors.push({ field: `${at}.display`, message: "write the code's name, or leave the field out" });
  }
  return errors;
}

function bundleErrors(document: JsonObject, field: string): FieldError[] {
  if (document['resourceType'] !== 'Bundle' || document['type'] !== 'document') {
    return [
      { field: `${field}.type`, message: 'send a FHIR R4 Bundle of type "document", or the eight sections' },
    ];
  }
  const entries = document['entry'];
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_ITEMS) {
    return [{ field: `${field}.entry`, message: `send 1 to ${MAX_ITEMS} entries, the Composition first` }];
  }
  const errors: FieldError[] = [];
  entries.forEach((entry: unknown, index) => {
    const at = `${field}.entry[${index}]`;
    if (
      !isObject(entry) ||
      !isObject(entry['resource']) ||
      typeof entry['resource']['resourceType'] !== 'string'
    ) {
      errors.push({ field: `${at}.resource`, message: 'send a FHIR resource with its resourceType' });
    } else if (entry['fullUrl'] !== undefined && typeof entry['fullUrl'] !== 'string') {
      errors.push({ field: `${at}.fullUrl`, message: 'send an absolute URL, for example urn:uuid:…' });
    }
  });
  const first = (entries[0] as JsonObject | null)?.['resource'];
  if (errors.length === 0 && (first as JsonObject)['resourceType'] !== 'Composition') {
    errors.push({
      field: `${field}.entry[0].resource`,
      message: 'the first resource of a document is its Composition',
    });
  }
  return errors;
}

/** What canonical JSON could not carry, or what would not come back as it was sent. */
function unsafeErrors(value: unknown, at: string, depth: number): FieldError[] {
  if (depth > MAX_DEPTH)
    return [{ field: at, message: `is nested more than ${MAX_DEPTH} levels deep: flatten it` }];
  if (typeof value === 'string' && !isWellFormed(value)) {
    return [{ field: at, message: 'holds half of a surrogate pair: send valid Unicode' }];
  }
  if (Array.isArray(value))
    return value.flatMap((member, index) => unsafeErrors(member, `${at}[${index}]`, depth + 1));
  if (value instanceof WrittenNumber && !Number.isFinite(value.value)) {
    return [{ field: at, message: 'is too large a number: send it as text' }];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (name === '__proto__' || !isWellFormed(name))
      return [{ field: at, message: 'has a field with an unusable name' }];
    return unsafeErrors(member, `${at}.${name}`, depth + 1);
  });
}

/** True for YYYY-MM-DD of a day that exists. */
export function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length <= longest && value.trim() !== '';

const isValue = (value: unknown): boolean =>
  value instanceof WrittenNumber ||
  (typeof value === 'number' && Number.isFinite(value)) ||
  isText(value, MAX_TEXT);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber);
