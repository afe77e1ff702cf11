import { type Json, isObject, membersOf, objectsOf, textOf } from '../json.js';

/** What is known about somebody and must not stand in a text. */
export interface KnownPerson {
  /** Full names of people, in any order. */
  names?: string[];
  /** Names of hospitals, practices, wards and schools. */
  institutions?: string[];
  /** Telephone, registration, insurance and other numbers, as they are written. */
  numbers?: string[];
  addresses?: string[];
  emails?: string[];
}

/** People of a document: what lies about the patient is personal, about the others the organisation's. */
export interface KnownPeople {
  patient?: KnownPerson;
  staff?: KnownPerson;
}

export type CompletePeople = Record<keyof KnownPeople, Required<KnownPerson>>;

const PATIENTS = new Set(['Patient', 'RelatedPerson', 'Coverage', 'FamilyMemberHistory']);
const STAFF = new Set(['Practitioner', 'PractitionerRole']);
const INSTITUTIONS = new Set(['Organization', 'Location', 'CareTeam', 'HealthcareService']);
/** References whose display is a name of the patient. */
const SUBJECTS = new Set(['subject', 'patient', 'beneficiary', 'subscriber', 'policyHolder']);

const nobody = (): Required<KnownPerson> => ({
  names: [],
  institutions: [],
  numbers: [],
  addresses: [],
  emails: [],
});

/** What the document itself says about its people, and what the caller knows beside it. */
export const peopleOf = (bundle: Json, known: KnownPeople): CompletePeople => {
  const people: CompletePeople = { patient: nobody(), staff: nobody() };
  for (const who of ['patient', 'staff'] as const) add(people[who], known[who] ?? {});
  for (const entry of objectsOf(isObject(bundle) ? bundle['entry'] : undefined)) {
    const resource = entry['resource'];
    const type = isObject(resource) ? (textOf(resource['resourceType']) ?? '') : '';
    if (PATIENTS.has(type)) harvest(resource, people.patient);
    if (STAFF.has(type)) harvest(resource, people.staff);
    else if (INSTITUTIONS.has(type)) harvest(resource, people.staff, 'institutions');
    // Every other identifier leads to the patient.
    else if (!PATIENTS.has(type)) harvestIdentifiers(resource, people.patient);
    harvestDisplays(resource, undefined, people);
  }
  return people;
};

const add = (to: Required<KnownPerson>, more: KnownPerson): void => {
  for (const part of ['names', 'institutions', 'numbers', 'addresses', 'emails'] as const)
    to[part].push(...(more[part] ?? []).filter((one) => one.trim() !== ''));
};

const harvest = (
  value: Json | undefined,
  person: Required<KnownPerson>,
  named: 'names' | 'institutions' = 'names',
): void => {
  for (const [name, member] of membersOf(value)) {
    const members = Array.isArray(member) ? member : [member];
    for (const one of members) {
      if (name === 'name' || name === 'alias') add(person, { [named]: namesOf(one) });
      else if (name === 'telecom') addContact(one, person);
      else if (name === 'address') add(person, { addresses: addressesOf(one) });
      else if (name === 'identifier') addIdentifier(one, person);
      else if (/^(?:subscriberId|serialNumber|lotNumber|accessionIdentifier)$/.test(name))
        add(person, { numbers: [textOf(one) ?? ''] });
      else if (isObject(one)) harvest(one, person);
    }
  }
};

const harvestIdentifiers = (resource: Json | undefined, person: Required<KnownPerson>): void => {
  const identifier = isObject(resource) ? resource['identifier'] : undefined;
  for (const one of Array.isArray(identifier) ? identifier : [identifier ?? null]) addIdentifier(one, person);
};

const namesOf = (value: Json): string[] => {
  if (typeof value === 'string') return [value];
  if (!isObject(value)) return [];
  const parts = [value['given'], value['family']].flat().map((part) => textOf(part) ?? '');
  return [parts.join(' '), textOf(value['text']) ?? ''];
};

const addContact = (value: Json, person: Required<KnownPerson>): void => {
  const contact = isObject(value) ? (textOf(value['value']) ?? '') : '';
  add(person, /@|:\/\//.test(contact) ? { emails: [contact] } : { numbers: [contact] });
};

const addIdentifier = (value: Json, person: Required<KnownPerson>): void => {
  if (isObject(value)) add(person, { numbers: [textOf(value['value']) ?? ''] });
};

const addressesOf = (value: Json): string[] => {
  if (!isObject(value)) return [];
  const lines = [value['line']].flat().map((line) => textOf(line) ?? '');
  const city = [value['city'], value['postalCode']].map((part) => textOf(part) ?? '').join(' ');
  return [
    [...lines, textOf(value['district']) ?? '', city].filter((part) => part.trim() !== '').join(', '),
  ].concat(textOf(value['text']) ?? '');
};

/** Names that stand beside references. */
const harvestDisplays = (
  value: Json | undefined,
  element: string | undefined,
  people: CompletePeople,
): void => {
  if (Array.isArray(value)) {
    for (const member of value) harvestDisplays(member, element, people);
    return;
  }
  if (!isObject(value)) return;
  const display = textOf(value['display']);
  const reference = textOf(value['reference']) ?? '';
  if (
    display !== undefined &&
    ('reference' in value || isStaffElement(element)) &&
    isPerson(element, reference)
  )
    add(people[SUBJECTS.has(element ?? '') ? 'patient' : 'staff'], {
      [isInstitution(element, reference) ? 'institutions' : 'names']: [display],
    });
  for (const [name, member] of Object.entries(value)) harvestDisplays(member, name, people);
};

const STAFF_ELEMENTS = new Set(
  `author attester party custodian performer requester recorder asserter individual actor member assessor collector
  informationSource serviceProvider resultsInterpreter managingOrganization owner location`.split(/\s+/),
);

const isStaffElement = (element: string | undefined): boolean =>
  element !== undefined && (STAFF_ELEMENTS.has(element) || SUBJECTS.has(element));

/** A reference to an observation has the name of a test beside it, not of a person. */
const isPerson = (element: string | undefined, reference: string): boolean =>
  isStaffElement(element) ||
  /(?:^|\/)(?:Patient|RelatedPerson|Practitioner|PractitionerRole|Organization|Location|CareTeam)\//.test(
    reference,
  );

const isInstitution = (element: string | undefined, reference: string): boolean =>
  /^(?:custodian|serviceProvider|managingOrganization|owner|location)$/.test(element ?? '') ||
  /(?:^|\/)(?:Organization|Location|CareTeam)\//.test(reference);
