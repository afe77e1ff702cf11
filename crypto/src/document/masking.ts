import { kindOf, type Field, fieldOf, isRequired, REPLACED_FIELDS, RESOURCE_TYPES } from './fields.js';
import type { FreeTextScan } from './free-text/scan.js';
import { isObject, type Json, type JsonObject, textOf, textsOf } from './json.js';
import type { Links } from './links.js';
import { maskNarrative, MASKED_NARRATIVE } from './narrative.js';
import {
  keep,
  type Outcome,
  type Plan,
  type PlannedMember,
  type ReplacedKind,
  shownByOutcome,
} from './plan.js';
import { isPublicCode, isStructureWord } from './terminologies.js';

/** `minimal`: structure and coded categories. `research`: coded content, years, and text without what the scan finds. */
export type Profile = 'minimal' | 'research';

export interface Masking {
  profile: Profile;
  scan: FreeTextScan;
  links: Links;
  /** Year in which the document was written, undefined where it does not say. */
  year: number | undefined;
}

/** What stands for a text, and for what was found in one. */
export const MASK = '[masked]';
const MASKED_YEAR = '0001';
const ABSENT = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';
const OLDEST_AGE = 89;

/** An element on its way through the table. */
interface Place extends Masking {
  field: Field;
  listed: string;
  required: boolean;
}

/** Extensions that are understood: what the product's own form adds, and FHIR's mark of a value that is absent. */
const ITEM_EXTENSION = 'urn:medseal:fhir:item';
const DECIMAL_TEXT = 'urn:medseal:fhir:decimal-text';
const DATA_ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';
const ITEM_PARTS = ['value', 'unit', 'abnormal'];

/** Plans a whole document. Its Bundle is never replaced as a whole, because its type is structure. */
export const planDocument = (bundle: JsonObject, masking: Masking): Plan => {
  const outcome = maskMembers(bundle, 'Bundle', masking, false, 'Bundle');
  return 'kept' in outcome ? outcome.kept : { is: 'object', members: [] };
};

const maskElement = (value: Json, place: Place): Outcome => {
  if (value === null) return keep(value);
  if (!Array.isArray(value)) return maskValue(value, place);
  const items = value.map((item) => maskElement(item, { ...place, required: false }));
  const isGone = (item: Outcome): boolean => shownByOutcome(item) === undefined;
  if (items.every((item, i) => value[i] === null || isGone(item)))
    return replace(value, place, items, place.required ? [maskOf(place.field.type)] : undefined);
  // An item has no name under which a masked one could come before it.
  if (items.some((item) => 'replaced' in item && item.replaced.mask !== undefined)) {
    const shown = items.map(shownByOutcome).filter((item): item is Json => item !== undefined);
    return replace(value, place, items, shown);
  }
  return { kept: { is: 'array', items } };
};

const maskValue = (value: Json, place: Place): Outcome => {
  const { field, profile } = place;
  switch (field.rule) {
    case 'personal':
    case 'organisation':
      return gone(value, place);
    case 'clinical':
    case 'date':
    case 'text':
      return profile === 'minimal' ? gone(value, place) : maskByType(value, place);
    default:
      return maskByType(value, place);
  }
};

const maskByType = (value: Json, place: Place): Outcome => {
  const { type } = place.field;
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? keep(value) : gone(value, place);
    case 'number':
      return typeof value === 'number' && !isKnown(String(value), place) ? keep(value) : gone(value, place);
    case 'code':
      return typeof value === 'string' && isStructureWord(value) ? keep(value) : gone(value, place);
    case 'string':
      return maskText(value, place);
    case 'dateTime':
    case 'instant':
      return maskDate(value, place);
    case 'Reference':
      return maskReference(value, place);
    case 'Resource':
      return maskResource(value, place);
    case 'Coding':
      return maskCoding(value, place);
    case 'Quantity':
      return maskQuantity(value, place);
    case 'Narrative':
      return maskText(value, place);
    case 'Extension':
      return maskExtension(value, place);
    default:
      if (!isObject(value) || !REPLACED_FIELDS.has(type)) return gone(value, place);
      return maskMembers(value, type, place, place.required, place.listed);
  }
};

/** An object whose rows are those of `owner`. Where nothing of it stays it is replaced as a whole. */
const maskMembers = (
  value: JsonObject,
  owner: string,
  masking: Masking,
  required: boolean,
  listed: string,
): Outcome => {
  const members = Object.entries(value).map(([name, member]): PlannedMember => {
    if (name === 'entry' && owner === 'Bundle' && Array.isArray(member))
      return { name, ...maskEntries(member, masking) };
    if (name === 'resourceType' && typeof member === 'string' && RESOURCE_TYPES.has(member))
      return { name, ...keep(member) };
    if (name.startsWith('_')) return { name, ...maskSibling(value, owner, name, member, masking) };
    return { name, ...maskElement(member, placeOf(owner, name, masking)) };
  });
  return asObject(value, members, { owner, required, listed });
};

const asObject = (
  value: JsonObject,
  members: PlannedMember[],
  { owner, required, listed }: { owner: string; required: boolean; listed: string },
): Outcome => {
  const stays = members.some((member) => shownByOutcome(member) !== undefined);
  if (stays || members.length === 0) return { kept: { is: 'object', members } };
  return {
    replaced: {
      original: value,
      kind: kindOfAll(members),
      field: listed,
      ...(required && { mask: maskOf(owner) }),
    },
  };
};

const placeOf = (owner: string, name: string, masking: Masking): Place => ({
  ...masking,
  ...fieldOf(owner, name),
  required: isRequired(owner, name),
});

const maskEntries = (entries: Json[], masking: Masking): Outcome => {
  const place = placeOf('Bundle', 'entry', masking);
  const items = entries.map((entry, i): Outcome => {
    const address = masking.links.ofEntry(i);
    if (!isObject(entry) || address === undefined) return gone(entry, { ...place, listed: 'not listed' });
    const members = Object.entries(entry).map(([name, member]): PlannedMember => {
      const at = placeOf('Bundle.entry', name, masking);
      if (name === 'fullUrl') return { name, ...renumber(member, address.fullUrl, at) };
      if (name !== 'resource') return { name, ...gone(member, at) };
      return { name, ...withId(maskElement(member, at), address.id) };
    });
    return { kept: { is: 'object', members } };
  });
  return { kept: { is: 'array', items } };
};

/** The new id of a resource that is found by it. */
const withId = (resource: Outcome, id: string | undefined): Outcome => {
  if (id === undefined || !('kept' in resource) || resource.kept.is !== 'object') return resource;
  const members = resource.kept.members.map((member) =>
    member.name === 'id' && 'replaced' in member
      ? { name: member.name, replaced: { ...member.replaced, mask: id } }
      : member,
  );
  return { kept: { is: 'object', members } };
};

const renumber = (value: Json, address: string | undefined, place: Place): Outcome => {
  if (address === undefined) return gone(value, place);
  return value === address ? keep(value) : replace(value, place, [], address);
};

const maskResource = (value: Json, place: Place): Outcome => {
  const type = isObject(value) ? textOf(value['resourceType']) : undefined;
  if (!isObject(value) || type === undefined || !RESOURCE_TYPES.has(type) || type === 'Bundle')
    return gone(value, place);
  return maskMembers(value, type, place, place.required, type);
};

/** `_name` beside `name`: a primitive's extensions. */
const maskSibling = (
  value: JsonObject,
  owner: string,
  name: string,
  member: Json,
  masking: Masking,
): Outcome => {
  const place = placeOf(owner, name.slice(1), masking);
  const primitive = value[name.slice(1)];
  const extensions = isObject(member) && Object.keys(member).length === 1 ? member['extension'] : undefined;
  const [only, ...others] = Array.isArray(extensions) ? extensions : [];
  if (!isObject(only) || others.length > 0 || Object.keys(only).length !== 2)
    return gone(member, place, false);
  const isAbsent =
    primitive === undefined &&
    only['url'] === DATA_ABSENT &&
    isStructureWord(textOf(only['valueCode']) ?? '');
  const isDigits =
    typeof primitive === 'number' &&
    only['url'] === DECIMAL_TEXT &&
    /^-?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,3})?$/.test(textOf(only['valueString']) ?? '') &&
    Number(only['valueString']) === primitive &&
    'kept' in maskElement(primitive, place);
  return isAbsent || isDigits ? keep(member) : gone(member, place, false);
};

const maskText = (value: Json, place: Place): Outcome => {
  if (place.profile === 'minimal') return gone(value, place);
  if (place.field.type === 'Narrative') return maskDiv(value, place);
  if (typeof value !== 'string') return gone(value, place);
  const { shown, kind } = place.scan.mask(value, MASK);
  if (kind === undefined) return keep(value);
  return { replaced: { original: value, kind, mask: shown, field: place.listed } };
};

const maskDiv = (value: Json, place: Place): Outcome => {
  const div = isObject(value) ? textOf(value['div']) : undefined;
  const masked = div === undefined ? undefined : maskNarrative(div, place.scan, MASK);
  if (!isObject(value) || masked === undefined) return gone(value, place);
  const members = Object.entries(value).map(([name, member]): PlannedMember => {
    const at = placeOf('Narrative', name, place);
    if (name !== 'div') return { name, ...maskElement(member, at) };
    if (masked.shown === member) return { name, ...keep(member) };
    const kind = masked.kind ?? 'personal';
    return { name, replaced: { original: member, kind, mask: masked.shown, field: place.listed } };
  });
  return { kept: { is: 'object', members } };
};

/** Known names and numbers in what should be a code or a number. */
const isKnown = (text: string, { scan }: Masking): boolean => scan.knows(text);

const maskCoding = (value: Json, place: Place): Outcome => {
  if (!isObject(value)) return gone(value, place);
  const [system, code] = [value['system'], value['code']];
  if (!isPublicCode(system, code) || isKnown(textOf(code) ?? '', place)) return gone(value, place);
  const members = Object.entries(value).map(([name, member]): PlannedMember => {
    if (name === 'system' || name === 'code') return { name, ...keep(member) };
    return { name, ...maskElement(member, placeOf('Coding', name, place)) };
  });
  return { kept: { is: 'object', members } };
};

const YEARS = /^(?:a|y|yr|yrs|years?|annum)$/i;

const maskQuantity = (value: Json, place: Place): Outcome => {
  if (!isObject(value)) return gone(value, place);
  const number = value['value'];
  const isAge = [value['code'], value['unit']].some((unit) => YEARS.test(textOf(unit) ?? ''));
  if (typeof number !== 'number' || (isAge && number > OLDEST_AGE) || isKnown(String(number), place))
    return gone(value, place);
  const isCoded = isPublicCode(value['system'], value['code']);
  const members = Object.entries(value).map(([name, member]): PlannedMember => {
    const at = placeOf('Quantity', name, place);
    if (name === 'value') return { name, ...keep(member) };
    if (name === 'system' || name === 'code') return { name, ...(isCoded ? keep(member) : gone(member, at)) };
    if (name.startsWith('_')) return { name, ...maskSibling(value, 'Quantity', name, member, place) };
    return { name, ...maskElement(member, at) };
  });
  return { kept: { is: 'object', members } };
};

const DATE = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?)?)?$/;

const maskDate = (value: Json, place: Place): Outcome => {
  if (typeof value !== 'string' || !DATE.test(value)) return gone(value, place);
  const year = value.slice(0, 4);
  // Without a year to count from, no date is known to be recent.
  if (place.year === undefined || place.year - Number(year) > OLDEST_AGE) return gone(value, place);
  if (place.field.type === 'instant')
    return place.required ? replace(value, place, [], `${year}-01-01T00:00:00Z`) : gone(value, place);
  return value === year ? keep(value) : replace(value, place, [], year);
};

const maskReference = (value: Json, place: Place): Outcome => {
  const address = isObject(value) ? place.links.resolve(value['reference']) : undefined;
  if (!isObject(value) || address === undefined) return gone(value, place);
  const members = Object.entries(value).map(([name, member]): PlannedMember => ({
    name,
    ...(name === 'reference' ? renumber(member, address.reference, place) : gone(member, place, false)),
  }));
  return { kept: { is: 'object', members } };
};

const maskExtension = (value: Json, place: Place): Outcome => {
  const url = isObject(value) ? textOf(value['url']) : undefined;
  if (!isObject(value) || url === undefined || place.profile === 'minimal') return gone(value, place);
  if (url !== ITEM_EXTENSION && !ITEM_PARTS.includes(url)) return gone(value, place);
  const members = Object.entries(value).map(([name, member]): PlannedMember => {
    if (name === 'url') return { name, ...keep(member) };
    return { name, ...maskElement(member, placeOf('Extension', name, place)) };
  });
  const saysSomething = members.some(
    (member) => member.name !== 'url' && shownByOutcome(member) !== undefined,
  );
  return saysSomething ? { kept: { is: 'object', members } } : gone(value, place);
};

/** Replaced, with a masked value only where FHIR demands one. */
const gone = (value: Json, place: Place, required = place.required): Outcome =>
  replace(value, place, [], required ? maskOf(place.field.type) : undefined);

const replace = (value: Json, place: Place, parts: Outcome[], mask: Json | undefined): Outcome => ({
  replaced: {
    original: value,
    kind: kindOfValue(value, parts.length > 0 ? kindOfAll(parts) : kindOf(place.field.rule), place),
    field: place.listed,
    ...(mask !== undefined && { mask }),
  },
});

/** What the organisation's sectors hold is shown to the sanitiser, unless it says something about the patient. */
const kindOfValue = (value: Json, kind: ReplacedKind, { scan }: Masking): ReplacedKind =>
  kind === 'organisation' && scan.namesPatient(textsOf(value).join('\n')) ? 'personal' : kind;

/** Personal where any part is. */
const kindOfAll = (parts: Outcome[]): ReplacedKind =>
  parts.every((part) => 'replaced' in part && part.replaced.kind === 'organisation')
    ? 'organisation'
    : 'personal';

/** A value of a type that says only that something was there. */
const maskOf = (type: string): Json => {
  switch (type) {
    case 'code':
      return 'unknown';
    case 'boolean':
      return false;
    case 'number':
      return 0;
    case 'dateTime':
      return MASKED_YEAR;
    case 'instant':
      return `${MASKED_YEAR}-01-01T00:00:00Z`;
    case 'CodeableConcept':
      return { coding: [{ code: 'masked', system: ABSENT }] };
    case 'Coding':
      return { code: 'masked', system: ABSENT };
    case 'Reference':
      return { display: MASK };
    case 'Identifier':
      return { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:00000000-0000-4000-8000-000000000000' };
    case 'Narrative':
      return MASKED_NARRATIVE;
    case 'Composition.section':
      return { text: MASKED_NARRATIVE };
    case 'Period':
      return { start: MASKED_YEAR };
    default:
      return MASK;
  }
};
