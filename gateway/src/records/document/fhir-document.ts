import { randomUUID } from 'node:crypto';
import { WrittenNumber } from './lossless-json.js';
import { type Item, type ItemCode, SECTION_NAMES, type SectionName, type Sections } from './sections.js';
import type { DocumentBundle, Resource } from './validate-document.js';

/** What a document says beside its sections. Ids only: the sealed document carries no name. */
export interface DocumentContext {
  ledgerId: string;
  /** Staff id. */
  author: string;
  /** MSP id. */
  hospital: string;
  /** YYYY-MM-DD. */
  date: string;
  title: string;
  recordType: string;
  /** RFC 3339; now if not given. */
  writtenAt?: string;
}

const LOINC = 'http://loinc.org';
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem';
const UCUM = 'http://unitsofmeasure.org';
/** Marks a Bundle made of the eight sections, so that it is given back as those. */
const FORM_SYSTEM = 'urn:medseal:fhir:document-form';
const FORM_SECTIONS = 'sections';
/** Fields of an item that its resource type has no element for, or that the element would change. */
const ITEM_EXTENSION = 'urn:medseal:fhir:item';

interface SectionKind {
  title: string;
  code: string;
  display: string;
  /** Resource of one item; `subject` is a reference. */
  write(item: Item, subject: Reference): Resource;
}

interface Reference {
  reference: string;
}

interface Extension {
  url: string;
  extension?: Extension[];
  valueString?: string;
  valueBoolean?: boolean;
  valueDate?: string;
  valueDecimal?: number | WrittenNumber;
}

const coding = (system: string, code: string, display?: string) => ({
  system,
  code,
  ...(display ? { display } : {}),
});
const concept = (system: string, code: string, display: string) => ({
  coding: [coding(system, code, display)],
});
const itemConcept = ({ text, code }: Item) => ({
  ...(code ? { coding: [coding(code.system, code.code, code.display)] } : {}),
  text,
});

/** Section titles with the LOINC codes of US Core / CCD sections. */
const KINDS: Record<SectionName, SectionKind> = {
  progressNotes: {
    title: 'Progress notes',
    code: '11506-3',
    display: 'Progress note',
    write: (item, subject) => ({
      resourceType: 'ClinicalImpression',
      status: 'completed',
      ...(item.code ? { code: itemConcept(item) } : {}),
      description: item.text,
      subject,
      ...(item.date ? { effectiveDateTime: item.date } : {}),
    }),
  },
  problems: {
    title: 'Problems',
    code: '11450-4',
    display: 'Problem list - Reported',
    write: (item, subject) => ({
      resourceType: 'Condition',
      clinicalStatus: concept(`${TERMINOLOGY}/condition-clinical`, 'active', 'Active'),
      category: [concept(`${TERMINOLOGY}/condition-category`, 'problem-list-item', 'Problem List Item')],
      code: itemConcept(item),
      subject,
      ...(item.date ? { onsetDateTime: item.date } : {}),
    }),
  },
  medications: {
    title: 'Medications',
    code: '10160-0',
    display: 'History of Medication use Narrative',
    write: (item, subject) => ({
      resourceType: 'MedicationStatement',
      status: 'active',
      medicationCodeableConcept: itemConcept(item),
      subject,
      ...(item.date ? { effectiveDateTime: item.date } : {}),
    }),
  },
  vitalSigns: {
    title: 'Vital signs',
    code: '8716-3',
    display: 'Vital signs note',
    write: (item, subject) => observation(item, subject, 'vital-signs', 'Vital Signs'),
  },
  pastMedicalHistory: {
    title: 'Past medical history',
    code: '11348-0',
    display: 'History of Past illness note',
    write: (item, subject) => ({
      resourceType: 'Condition',
      clinicalStatus: concept(`${TERMINOLOGY}/condition-clinical`, 'inactive', 'Inactive'),
      code: itemConcept(item),
      subject,
      ...(item.date ? { onsetDateTime: item.date } : {}),
    }),
  },
  immunizations: {
    title: 'Immunizations',
    code: '11369-6',
    display: 'History of Immunization note',
    write: (item, subject) => ({
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: itemConcept(item),
      patient: subject,
      ...(item.date ? { occurrenceDateTime: item.date } : { occurrenceString: 'unknown' }),
    }),
  },
  labData: {
    title: 'Laboratory data',
    code: '30954-2',
    display: 'Relevant diagnostic tests/laboratory data note',
    write: (item, subject) => observation(item, subject, 'laboratory', 'Laboratory'),
  },
  radiologyReports: {
    title: 'Radiology reports',
    code: '18748-4',
    display: 'Diagnostic imaging study',
    write: (item, subject) => ({
      resourceType: 'DiagnosticReport',
      status: 'final',
      category: [concept('http://terminology.hl7.org/CodeSystem/v2-0074', 'RAD', 'Radiology')],
      code: item.code ? itemConcept(item) : { text: 'Radiology report' },
      subject,
      ...(item.date ? { effectiveDateTime: item.date } : {}),
      conclusion: item.text,
    }),
  },
};

/** ABDM's record types as LOINC documents; any other is a consultation note. */
const DOCUMENT_TYPES: Record<string, { code: string; display: string }> = {
  OPConsultation: { code: '11488-4', display: 'Consult note' },
  DischargeSummary: { code: '18842-5', display: 'Discharge summary' },
  DiagnosticReport: { code: '11502-2', display: 'Laboratory report' },
  Prescription: { code: '57833-6', display: 'Prescription for medication' },
  ImmunizationRecord: { code: '11369-6', display: 'History of Immunization note' },
  HealthDocumentRecord: { code: '34133-9', display: 'Summary of episode note' },
  WellnessRecord: { code: '34133-9', display: 'Summary of episode note' },
};

/**
 * The eight sections as a FHIR R4 document Bundle: a Composition with a section a name, and one resource an item, each
 * entry with its fullUrl. `sectionsOf` gives the sections back exactly.
 */
export function toDocumentBundle(sections: Sections, context: DocumentContext): DocumentBundle {
  const writtenAt = context.writtenAt ?? new Date().toISOString();
  const patient = entry({
    resourceType: 'Patient',
    identifier: [{ system: 'urn:medseal:ledger-id', value: context.ledgerId }],
  });
  const author = entry({
    resourceType: 'Practitioner',
    identifier: [{ system: 'urn:medseal:staff-id', value: context.author }],
  });
  const custodian = entry({
    resourceType: 'Organization',
    identifier: [{ system: 'urn:medseal:msp-id', value: context.hospital }],
    name: context.hospital,
  });
  const subject = { reference: patient.fullUrl };
  const items: { fullUrl: string; resource: Resource }[] = [];
  const section = SECTION_NAMES.filter((name) => sections[name] !== undefined).map((name) => {
    const written = (sections[name] ?? []).map((item) => entry(writeItem(name, item, subject)));
    items.push(...written);
    return writeSection(name, sections[name] ?? [], written);
  });
  const type = DOCUMENT_TYPES[context.recordType] ?? { code: '11488-4', display: 'Consult note' };
  const composition = entry({
    resourceType: 'Composition',
    status: 'final',
    type: { coding: [coding(LOINC, type.code, type.display)], text: context.recordType },
    subject,
    date: context.date,
    author: [{ reference: author.fullUrl }],
    title: context.title,
    confidentiality: 'N',
    custodian: { reference: custodian.fullUrl },
    section,
  });
  return {
    resourceType: 'Bundle',
    meta: { tag: [{ system: FORM_SYSTEM, code: FORM_SECTIONS }] },
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
    type: 'document',
    timestamp: writtenAt,
    entry: [composition, patient, author, custodian, ...items],
  };
}

/** True for a Bundle that `toDocumentBundle` made, which is therefore given back as sections. */
export const madeOfSections = (bundle: DocumentBundle): boolean => {
  const tags = (bundle['meta'] as { tag?: { system?: string; code?: string }[] } | undefined)?.tag;
  return Array.isArray(tags) && tags.some((tag) => tag?.system === FORM_SYSTEM && tag.code === FORM_SECTIONS);
};

/**
 * The eight sections of a document. Exact for a Bundle of `toDocumentBundle`; of any other Bundle the sections whose
 * LOINC code is one of the eight, item by item as far as the resources can be read.
 */
export function sectionsOf(bundle: DocumentBundle): Sections {
  const resources = new Map(bundle.entry.map(({ fullUrl, resource }) => [fullUrl, resource]));
  const composition = bundle.entry[0]?.resource;
  const sections: Sections = {};
  for (const section of asArray(composition?.['section'])) {
    const name = nameOf(section);
    if (name === undefined) continue;
    const items = asArray(section['entry'])
      .map((reference) => resources.get(String(reference['reference'])))
      .filter((resource) => resource !== undefined)
      .map(readItem)
      .filter((item) => item !== undefined);
    sections[name] = [...(sections[name] ?? []), ...items];
  }
  return sections;
}

const entry = (resource: Resource): { fullUrl: string; resource: Resource } => {
  const id = randomUUID();
  const { resourceType, ...elements } = resource;
  return { fullUrl: `urn:uuid:${id}`, resource: { resourceType, id, ...elements } };
};

function writeSection(name: SectionName, items: Item[], written: { fullUrl: string }[]): JsonObject {
  const { title, code, display } = KINDS[name];
  const lines = items.map((item) => `<li>${escapeXml(lineOf(item))}</li>`).join('');
  const content = items.length > 0 ? `<ul>${lines}</ul>` : '<p>No entries</p>';
  return {
    title,
    code: { coding: [coding(LOINC, code, display)] },
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${content}</div>` },
    ...(items.length > 0
      ? { entry: written.map(({ fullUrl }) => ({ reference: fullUrl })) }
      : { emptyReason: concept(`${TERMINOLOGY}/list-empty-reason`, 'unavailable', 'Unavailable') }),
  };
}

function writeItem(name: SectionName, item: Item, subject: Reference): Resource {
  const resource = KINDS[name].write(item, subject);
  const fields: Extension[] = [];
  if (resource.resourceType !== 'Observation') {
    if (item.value !== undefined) fields.push(valueExtension(item.value));
    if (item.unit !== undefined) fields.push({ url: 'unit', valueString: item.unit });
  } else {
    Object.assign(resource, observedValue(item, fields));
  }
  if (item.abnormal !== undefined) {
    if (resource.resourceType === 'Observation') resource['interpretation'] = [interpretation(item.abnormal)];
    else fields.push({ url: 'abnormal', valueBoolean: item.abnormal });
  }
  // Where the code has an element of its own, its text is not the item's.
  if (fields.length > 0) resource['extension'] = [{ url: ITEM_EXTENSION, extension: fields }];
  return resource;
}

const RANGE = /^(-?\d+(?:\.\d+)?)\s*[-–]\s*(-?\d+(?:\.\d+)?)$/;

/** As text, which is what is read again, and where it has two ends also as FHIR's quantities. */
function referenceRange(range: string, unit: string | undefined): JsonObject {
  const [, low = '', high = ''] = RANGE.exec(range) ?? [];
  const end = (text: string): JsonObject => ({ ...quantityValue(text), ...unitOf(unit) });
  return { ...(isDecimal(low) && isDecimal(high) ? { low: end(low), high: end(high) } : {}), text: range };
}

const observation = (item: Item, subject: Reference, category: string, display: string): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  category: [concept(`${TERMINOLOGY}/observation-category`, category, display)],
  code: itemConcept(item),
  subject,
  ...(item.date ? { effectiveDateTime: item.date } : {}),
  ...(item.range !== undefined ? { referenceRange: [referenceRange(item.range, item.unit)] } : {}),
});

/** A quantity where the value is a number, also one written as text; the text itself is then kept beside it. */
function observedValue({ value, unit }: Item, fields: Extension[]): JsonObject {
  const isNumeric = typeof value !== 'string' || isDecimal(value);
  if (value === undefined || !isNumeric) {
    if (unit !== undefined) fields.push({ url: 'unit', valueString: unit });
    return value === undefined
      ? { dataAbsentReason: concept(`${TERMINOLOGY}/data-absent-reason`, 'unknown', 'Unknown') }
      : { valueString: value };
  }
  if (typeof value === 'string') fields.push({ url: 'value', valueString: value });
  const quantity = typeof value === 'string' ? quantityValue(value) : { value };
  return { valueQuantity: { ...quantity, ...unitOf(unit) } };
}

const unitOf = (unit: string | undefined): JsonObject =>
  unit === undefined ? {} : { unit, ...(UCUM_CODE.test(unit) ? { system: UCUM, code: unit } : {}) };

/** Units that are their own UCUM code. */
const UCUM_CODE =
  /^(?:%|[numkc]?g|[numdk]?L|[numckd]?m|mg\/dL|g\/dL|ug\/mL|ng\/mL|mg\/L|mmol\/L|umol\/L|mol\/L|U\/L|m\[IU\]\/L|10\*3\/uL|10\*6\/uL|kg\/m2|Cel|mm\[Hg\]|mm\/h|\{score\}|\/min|s|min|h|d)$/;

const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.(\d+))?$/;
/** FHIR: implementations keep at least 18 significant digits of a decimal. */
const MAX_DIGITS = 18;
const QUANTITY_PRECISION = 'http://hl7.org/fhir/StructureDefinition/quantity-precision';

const isDecimal = (text: string): boolean =>
  DECIMAL.test(text) && text.replace(/[-.]/g, '').length <= MAX_DIGITS;

/** The number of a text; digits that JSON's number would not show are told as FHIR tells them. */
function quantityValue(text: string): JsonObject {
  const value = Number(text);
  if (String(value) === text) return { value };
  const digits = DECIMAL.exec(text)?.[1]?.length ?? 0;
  return { value, _value: { extension: [{ url: QUANTITY_PRECISION, valueInteger: digits }] } };
}

const valueExtension = (value: string | number | WrittenNumber): Extension =>
  typeof value === 'string' ? { url: 'value', valueString: value } : { url: 'value', valueDecimal: value };

const INTERPRETATION = `${TERMINOLOGY}/v3-ObservationInterpretation`;
const interpretation = (abnormal: boolean) =>
  abnormal ? concept(INTERPRETATION, 'A', 'Abnormal') : concept(INTERPRETATION, 'N', 'Normal');

type JsonObject = Record<string, unknown>;

const asArray = (value: unknown): JsonObject[] =>
  Array.isArray(value)
    ? value.filter((member): member is JsonObject => typeof member === 'object' && member !== null)
    : [];

function nameOf(section: JsonObject): SectionName | undefined {
  const codes = asArray((section['code'] as JsonObject | undefined)?.['coding'])
    .filter(({ system }) => system === LOINC)
    .map(({ code }) => code);
  return SECTION_NAMES.find((name) => codes.includes(KINDS[name].code));
}

/** Undefined for a resource without any text to show. */
function readItem(resource: Resource): Item | undefined {
  const { code, text } = codeAndText(resource);
  if (text === undefined) return undefined;
  const fields = itemFields(resource);
  const quantity = resource['valueQuantity'] as { value?: number | WrittenNumber; unit?: string } | undefined;
  const value = fields['value'] ?? quantity?.value ?? resource['valueString'];
  const unit = fields['unit'] ?? quantity?.unit;
  const date = dateOf(resource);
  const abnormal = fields['abnormal'] ?? abnormalOf(resource);
  const range = asArray(resource['referenceRange'])[0]?.['text'];
  return {
    text,
    ...(code !== undefined ? { code } : {}),
    ...(value !== undefined ? { value: value as Item['value'] } : {}),
    ...(unit !== undefined ? { unit: unit as string } : {}),
    ...(date !== undefined ? { date } : {}),
    ...(abnormal !== undefined ? { abnormal: abnormal as boolean } : {}),
    ...(typeof range === 'string' ? { range } : {}),
  };
}

function codeAndText(resource: Resource): { code?: ItemCode; text?: string } {
  const concept = (resource['code'] ?? resource['medicationCodeableConcept'] ?? resource['vaccineCode']) as
    { coding?: ItemCode[]; text?: string } | undefined;
  const first = concept?.coding?.[0];
  const code = first && {
    system: first.system,
    code: first.code,
    ...(first.display !== undefined ? { display: first.display } : {}),
  };
  const own = resource['conclusion'] ?? resource['description'];
  return { code, text: (own as string | undefined) ?? concept?.text ?? first?.display };
}

function itemFields(resource: Resource): JsonObject {
  const extension = asArray(resource['extension']).find(({ url }) => url === ITEM_EXTENSION);
  const fields: JsonObject = {};
  for (const field of asArray(extension?.['extension']) as unknown as Extension[]) {
    fields[field.url] = field.valueString ?? field.valueDecimal ?? field.valueBoolean;
  }
  return fields;
}

/** The day only: an instant of another author's Bundle is cut to its date. */
function dateOf(resource: Resource): string | undefined {
  for (const element of [
    'effectiveDateTime',
    'onsetDateTime',
    'occurrenceDateTime',
    'authoredOn',
    'recordedDate',
  ]) {
    const value = resource[element];
    if (typeof value === 'string' && value.length >= 10) return value.slice(0, 10);
  }
  return undefined;
}

function abnormalOf(resource: Resource): boolean | undefined {
  const code = asArray(asArray(resource['interpretation'])[0]?.['coding'])[0]?.['code'];
  if (code === undefined) return undefined;
  return code !== 'N';
}

function lineOf({ text, code, value, unit, date, abnormal, range }: Item): string {
  const number = value instanceof WrittenNumber ? value.text : value;
  const quantity =
    number === undefined ? undefined : [number, unit].filter((part) => part !== undefined).join(' ');
  const parts = [
    text,
    code && `(${[code.display, code.code].filter((part) => part !== undefined).join(', ')})`,
    quantity,
    range && `(usual: ${range})`,
    date,
    abnormal ? 'abnormal' : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

const XML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Also drops what XML 1.0 has no place for. */
const escapeXml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (letter) => XML[letter] ?? letter)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
