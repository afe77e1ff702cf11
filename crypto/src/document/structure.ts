import { answers, fieldOf, REPLACED_FIELDS, REQUIRED, RESOURCE_TYPES } from './fields.js';
import { isObject, type Json, type JsonObject, objectsOf, textOf } from './json.js';
import { isStructureWord } from './terminologies.js';

/** A place of a document that is not as FHIR R4 wants it; the message names no value. */
export interface DocumentFault {
  path: string;
  message: string;
}

const INSTANT =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;
const DATE_TIME =
  /^(?!0000)\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?)?)?$/;
const DIV = /^<div xmlns=(?:"http:\/\/www\.w3\.org\/1999\/xhtml"|'http:\/\/www\.w3\.org\/1999\/xhtml')>/;
const isDiv = (text: string): boolean =>
  DIV.test(text) && text.endsWith('</div>') && text.replace(DIV, '').trim() !== '</div>';

/**
 * What is wrong with a FHIR R4 document Bundle, as far as this package knows FHIR: the Bundle's own rules (bdl-9 to
 * bdl-11), elements that R4 demands, forms of dates, codes, references and narratives, nothing empty, and every
 * `urn:uuid:` reference leading to an entry. Resources of other types are checked for emptiness only.
 */
export const documentFaults = (document: unknown): DocumentFault[] => {
  if (!isObject(document) || document['resourceType'] !== 'Bundle' || document['type'] !== 'document')
    return [{ path: '$', message: 'is no Bundle of type document' }];
  const faults: DocumentFault[] = [];
  const fault = (path: string, message: string): void => {
    faults.push({ path, message });
  };
  const identifier = document['identifier'];
  if (!isObject(identifier) || !('system' in identifier && 'value' in identifier))
    fault('identifier', 'has no system and value');
  const entries = objectsOf(document['entry']);
  const first = entries[0]?.['resource'];
  if (!isObject(first) || first['resourceType'] !== 'Composition')
    fault('entry[0].resource', 'is no Composition');
  const urls = new Set(entries.map((entry) => textOf(entry['fullUrl'])));
  if (urls.size < entries.length) fault('entry', 'has a fullUrl twice, or an entry without one');
  checkEmpty(document, '', fault);
  checkElements(document, 'Bundle', '', fault);
  checkReferences(document, '', urls, fault);
  return faults;
};

type Fault = (path: string, message: string) => void;

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const checkEmpty = (value: Json, path: string, fault: Fault): void => {
  if (value === '' || value === null) fault(path, 'is empty');
  else if (Array.isArray(value)) {
    if (value.length === 0) fault(path, 'is empty');
    value.forEach((item, i) => {
      // Primitives and their extensions stand in two arrays of one length.
      if (item !== null) checkEmpty(item, `${path}[${i}]`, fault);
    });
  } else if (isObject(value)) {
    if (Object.keys(value).length === 0) fault(path, 'is empty');
    for (const [name, member] of Object.entries(value)) checkEmpty(member, below(path, name), fault);
  }
};

const checkElements = (value: JsonObject, owner: string, path: string, fault: Fault): void => {
  for (const required of REQUIRED[owner] ?? []) {
    if (!Object.keys(value).some((name) => answers(required, name.replace(/^_/, ''))))
      fault(below(path, required), 'is missing');
  }
  if (owner === 'Composition.section' && !['text', 'entry', 'section'].some((name) => name in value))
    fault(path, 'has neither text nor entries nor sections (cmp-1)');
  if (owner === 'Organization' && !['name', 'identifier'].some((name) => name in value))
    fault(path, 'has neither name nor identifier (org-1)');
  if (owner === 'Quantity' && 'code' in value && !('system' in value))
    fault(path, 'has a code without its system (qty-3)');
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('_') || name === 'resourceType') continue;
    const { type } = fieldOf(owner, name).field;
    const items = Array.isArray(member) ? member : [member];
    items.forEach((item, i) => {
      const at = Array.isArray(member) ? `${below(path, name)}[${i}]` : below(path, name);
      if (item !== null) checkValue(item, name === 'type' && owner === 'Bundle' ? 'word' : type, at, fault);
    });
  }
};

const checkValue = (value: Json, type: string, path: string, fault: Fault): void => {
  switch (type) {
    case 'code':
      if (!/(?:^|\.)(?:code|language|valueCode)$/.test(path) && !isStructureWord(textOf(value) ?? ''))
        fault(path, 'is none of its codes');
      return;
    case 'boolean':
      if (typeof value !== 'boolean') fault(path, 'is not true or false');
      return;
    case 'number':
      if (typeof value !== 'number') fault(path, 'is no number');
      return;
    case 'string':
      if (typeof value !== 'string' || value.trim() === '') fault(path, 'is no text');
      return;
    case 'dateTime':
      if (!DATE_TIME.test(textOf(value) ?? '')) fault(path, 'is no date of FHIR');
      return;
    case 'instant':
      if (!INSTANT.test(textOf(value) ?? '')) fault(path, 'is no instant of FHIR');
      return;
    case 'xhtml':
      if (!isDiv(textOf(value) ?? '')) fault(path, 'is no div of XHTML with something in it');
      return;
    case 'Resource': {
      const own = isObject(value) ? textOf(value['resourceType']) : undefined;
      if (own === undefined) fault(path, 'has no resourceType');
      else if (isObject(value) && RESOURCE_TYPES.has(own)) checkElements(value, own, path, fault);
      return;
    }
    case 'Reference':
      if (!isObject(value)) fault(path, 'is no Reference');
      return;
    default:
      if (!REPLACED_FIELDS.has(type)) return;
      if (isObject(value)) checkElements(value, type, path, fault);
      else fault(path, `is no ${type}`);
  }
};

const checkReferences = (value: Json, path: string, urls: Set<string | undefined>, fault: Fault): void => {
  if (Array.isArray(value)) value.forEach((item, i) => checkReferences(item, `${path}[${i}]`, urls, fault));
  if (!isObject(value)) return;
  const reference = textOf(value['reference']);
  if (reference?.startsWith('urn:uuid:') === true && !urls.has(reference))
    fault(below(path, 'reference'), 'leads to no entry');
  for (const [name, member] of Object.entries(value)) checkReferences(member, below(path, name), urls, fault);
};
