import type { ReplacedKind } from './plan.js';

/**
 * What is done with an element of a document in each profile. `docs/replaced-fields.md` is this table; whatever the
 * table does not name is replaced as personal.
 */
export type FieldRule =
  /** One of FHIR's own words, a truth value or a small count: kept. */
  | 'structure'
  /** A coded category of a public terminology: kept. */
  | 'category'
  /** Coded clinical content: `research` keeps it. */
  | 'clinical'
  /** `research` keeps the year. */
  | 'date'
  /** `research` keeps what the scan does not find. */
  | 'text'
  /** An address inside the document, numbered anew; gone where it leads outside. */
  | 'personal link'
  | 'organisation link'
  /** Its own elements decide. */
  | 'parts'
  | 'personal'
  | 'organisation';

export interface Field {
  /** FHIR type of the value, or the name of the rows of its elements. */
  type: string;
  rule: FieldRule;
  reason: string;
}

type Row = readonly [type: string, rule: FieldRule, reason?: string];

const REASONS: Record<FieldRule, string> = {
  structure: 'structure of the document',
  category: 'coded category, from public terminologies only',
  clinical: 'coded clinical content, from public terminologies only',
  date: 'HIPAA 3: dates finer than the year; years before the last 89 as well, because they tell an age over 89',
  text: 'free text can name anybody',
  'personal link': 'HIPAA 18: an id of the patient or of an event; numbered anew inside the document',
  'organisation link': 'tells who treats; numbered anew inside the document',
  parts: 'its elements decide',
  personal: 'HIPAA 18: any other unique number or characteristic',
  organisation: 'tells who treats',
};

const NUMBERS =
  'HIPAA 7 to 11 and 18: social security, record, beneficiary, account, licence and other numbers';
const NAME = 'HIPAA 1: names, of relatives and household members too';
const PLACE = 'HIPAA 2: places smaller than a state';
const CONTACT = 'HIPAA 4 to 6: telephone, fax, e-mail';
const DEVICE = 'HIPAA 13: device identifiers and serial numbers';
const UNNEEDED = 'nothing needs it, and with other values it can single somebody out';
const STAFF = 'who treats: staff of an organisation';
const SITE = 'which organisation, and where it is';
const NUMBER_OF_A_THING = 'HIPAA 18: a number that leads back to the visit, order or sample';
const ORIGIN = 'names the system or the organisation that a resource comes from';

const subject: Row = ['Reference', 'personal link'];
const event: Row = ['Reference', 'personal link'];
const staff: Row = ['Reference', 'organisation link'];
const status: Row = ['code', 'structure'];
const date: Row = ['dateTime', 'date'];
const period: Row = ['Period', 'date'];
const concept: Row = ['CodeableConcept', 'clinical'];
const category: Row = ['CodeableConcept', 'category'];
const quantity: Row = ['Quantity', 'clinical'];
const text: Row = ['string', 'text'];
const notes: Row = ['Annotation', 'text'];
const flag: Row = ['boolean', 'clinical'];
const count: Row = ['number', 'clinical'];
const word: Row = ['code', 'clinical'];
const numbers: Row = ['Identifier', 'personal', NUMBERS];

const VALUES = {
  valueQuantity: quantity,
  valueCodeableConcept: concept,
  valueString: text,
  valueBoolean: flag,
  valueInteger: count,
  valueRange: ['Range', 'clinical'],
  valueRatio: ['Ratio', 'clinical'],
  valueDateTime: date,
  valuePeriod: period,
} satisfies Record<string, Row>;

const MEDICATION = {
  medicationCodeableConcept: concept,
  medicationReference: ['Reference', 'personal link'],
} satisfies Record<string, Row>;

const ONSET = {
  onsetDateTime: date,
  onsetPeriod: period,
  onsetAge: quantity,
  onsetString: text,
} satisfies Record<string, Row>;

/** Elements of every resource. */
const RESOURCE: Record<string, Row> = {
  resourceType: ['code', 'structure'],
  id: ['id', 'personal', 'HIPAA 18: often the record number; numbered anew where the entry has no address'],
  meta: ['Meta', 'parts'],
  implicitRules: ['uri', 'organisation', ORIGIN],
  language: ['code', 'personal', UNNEEDED],
  text: ['Narrative', 'text'],
  contained: ['Resource', 'personal', 'is not read; give it an entry of its own'],
  extension: ['Extension', 'parts'],
  modifierExtension: ['Extension', 'personal', 'unknown extensions can say anything'],
  identifier: numbers,
};

const ROWS: Record<string, Record<string, Row>> = {
  Bundle: {
    type: status,
    identifier: ['Identifier', 'personal', 'HIPAA 18: number of the document'],
    timestamp: ['instant', 'date'],
    entry: ['Bundle.entry', 'parts'],
    link: ['Resource', 'organisation', SITE],
    signature: ['Signature', 'organisation', STAFF],
  },
  'Bundle.entry': {
    fullUrl: ['uri', 'personal link'],
    resource: ['Resource', 'parts'],
  },
  Meta: {
    tag: ['Coding', 'category'],
    security: ['Coding', 'category'],
    lastUpdated: ['instant', 'date'],
    source: ['uri', 'organisation', ORIGIN],
    versionId: ['id', 'personal', NUMBER_OF_A_THING],
    profile: ['uri', 'organisation', ORIGIN],
  },
  Composition: {
    status,
    type: category,
    category,
    subject,
    encounter: event,
    date,
    author: staff,
    title: text,
    confidentiality: status,
    attester: ['Composition.attester', 'parts'],
    custodian: staff,
    event: ['Composition.event', 'parts'],
    section: ['Composition.section', 'parts'],
    relatesTo: ['BackboneElement', 'personal', NUMBER_OF_A_THING],
  },
  'Composition.attester': { mode: status, time: date, party: staff },
  'Composition.event': { code: category, period, detail: event },
  'Composition.section': {
    title: text,
    code: category,
    author: staff,
    focus: subject,
    text: ['Narrative', 'text'],
    mode: status,
    orderedBy: category,
    entry: event,
    emptyReason: category,
    section: ['Composition.section', 'parts'],
  },
  Patient: {
    active: ['boolean', 'structure'],
    name: ['HumanName', 'personal', NAME],
    telecom: ['ContactPoint', 'personal', CONTACT],
    gender: word,
    birthDate: date,
    deceasedBoolean: flag,
    deceasedDateTime: date,
    address: ['Address', 'personal', PLACE],
    maritalStatus: ['CodeableConcept', 'personal', UNNEEDED],
    multipleBirthBoolean: ['boolean', 'personal', UNNEEDED],
    multipleBirthInteger: ['number', 'personal', UNNEEDED],
    photo: ['Attachment', 'personal', 'HIPAA 17: full-face photographs'],
    contact: ['BackboneElement', 'personal', NAME],
    communication: ['BackboneElement', 'personal', UNNEEDED],
    generalPractitioner: ['Reference', 'organisation', STAFF],
    managingOrganization: ['Reference', 'organisation', SITE],
    link: ['BackboneElement', 'personal', NUMBERS],
  },
  RelatedPerson: {
    active: ['boolean', 'structure'],
    patient: subject,
    relationship: concept,
    name: ['HumanName', 'personal', NAME],
    telecom: ['ContactPoint', 'personal', CONTACT],
    gender: ['code', 'personal', UNNEEDED],
    birthDate: ['dateTime', 'personal', 'HIPAA 3: dates'],
    address: ['Address', 'personal', PLACE],
    photo: ['Attachment', 'personal', 'HIPAA 17: full-face photographs'],
  },
  Practitioner: {
    active: ['boolean', 'structure'],
    identifier: ['Identifier', 'organisation', STAFF],
    name: ['HumanName', 'organisation', STAFF],
    telecom: ['ContactPoint', 'organisation', STAFF],
    address: ['Address', 'organisation', SITE],
    gender: ['code', 'organisation', STAFF],
    birthDate: ['dateTime', 'organisation', STAFF],
    photo: ['Attachment', 'organisation', STAFF],
    qualification: ['BackboneElement', 'organisation', STAFF],
    communication: ['CodeableConcept', 'organisation', STAFF],
    text: ['Narrative', 'organisation', STAFF],
  },
  PractitionerRole: {
    active: ['boolean', 'structure'],
    identifier: ['Identifier', 'organisation', STAFF],
    practitioner: staff,
    organization: staff,
    code: category,
    specialty: concept,
    location: ['Reference', 'organisation', SITE],
    period: ['Period', 'organisation', STAFF],
    telecom: ['ContactPoint', 'organisation', STAFF],
    healthcareService: ['Reference', 'organisation', SITE],
    availableTime: ['BackboneElement', 'organisation', STAFF],
    text: ['Narrative', 'organisation', STAFF],
  },
  Organization: {
    active: ['boolean', 'structure'],
    identifier: ['Identifier', 'organisation', SITE],
    type: category,
    name: ['string', 'organisation', SITE],
    alias: ['string', 'organisation', SITE],
    telecom: ['ContactPoint', 'organisation', SITE],
    address: ['Address', 'organisation', SITE],
    partOf: ['Reference', 'organisation', SITE],
    contact: ['BackboneElement', 'organisation', STAFF],
    text: ['Narrative', 'organisation', SITE],
  },
  Location: {
    status,
    identifier: ['Identifier', 'organisation', SITE],
    name: ['string', 'organisation', SITE],
    alias: ['string', 'organisation', SITE],
    description: ['string', 'organisation', SITE],
    mode: status,
    type: category,
    physicalType: category,
    telecom: ['ContactPoint', 'organisation', SITE],
    address: ['Address', 'organisation', SITE],
    position: ['BackboneElement', 'organisation', PLACE],
    managingOrganization: ['Reference', 'organisation', SITE],
    partOf: ['Reference', 'organisation', SITE],
    text: ['Narrative', 'organisation', SITE],
  },
  Encounter: {
    status,
    class: ['Coding', 'category'],
    type: concept,
    serviceType: concept,
    priority: category,
    subject,
    participant: ['Encounter.participant', 'parts'],
    period,
    length: quantity,
    reasonCode: concept,
    reasonReference: event,
    diagnosis: ['Encounter.diagnosis', 'parts'],
    hospitalization: ['Encounter.hospitalization', 'parts'],
    location: ['Encounter.location', 'parts'],
    serviceProvider: staff,
  },
  'Encounter.participant': { type: category, period, individual: staff },
  'Encounter.diagnosis': { condition: event, use: category, rank: ['number', 'structure'] },
  'Encounter.hospitalization': {
    admitSource: category,
    dischargeDisposition: category,
    reAdmission: category,
    preAdmissionIdentifier: ['Identifier', 'personal', NUMBER_OF_A_THING],
    origin: ['Reference', 'organisation', SITE],
    destination: ['Reference', 'organisation', SITE],
  },
  'Encounter.location': { location: staff, status, period },
  Condition: {
    clinicalStatus: category,
    verificationStatus: category,
    category,
    severity: concept,
    code: concept,
    bodySite: concept,
    subject,
    encounter: event,
    ...ONSET,
    abatementDateTime: date,
    abatementAge: quantity,
    abatementPeriod: period,
    abatementString: text,
    recordedDate: date,
    recorder: staff,
    asserter: staff,
    stage: ['Condition.stage', 'clinical'],
    evidence: ['Condition.evidence', 'clinical'],
    note: notes,
  },
  'Condition.stage': { summary: concept, type: concept, assessment: event },
  'Condition.evidence': { code: concept, detail: event },
  AllergyIntolerance: {
    clinicalStatus: category,
    verificationStatus: category,
    type: status,
    category: status,
    criticality: word,
    code: concept,
    patient: subject,
    encounter: event,
    ...ONSET,
    recordedDate: date,
    recorder: staff,
    asserter: staff,
    lastOccurrence: date,
    note: notes,
    reaction: ['AllergyIntolerance.reaction', 'clinical'],
  },
  'AllergyIntolerance.reaction': {
    substance: concept,
    manifestation: concept,
    description: text,
    onset: date,
    severity: word,
    exposureRoute: concept,
    note: notes,
  },
  Observation: {
    basedOn: event,
    partOf: event,
    status,
    category,
    code: concept,
    subject,
    focus: subject,
    encounter: event,
    effectiveDateTime: date,
    effectivePeriod: period,
    effectiveInstant: ['instant', 'date'],
    issued: ['instant', 'date'],
    performer: staff,
    ...VALUES,
    dataAbsentReason: concept,
    interpretation: concept,
    note: notes,
    bodySite: concept,
    method: concept,
    specimen: event,
    device: ['Reference', 'personal link', DEVICE],
    referenceRange: ['Observation.referenceRange', 'clinical'],
    hasMember: event,
    derivedFrom: event,
    component: ['Observation.component', 'clinical'],
  },
  'Observation.referenceRange': {
    low: quantity,
    high: quantity,
    type: concept,
    appliesTo: concept,
    age: ['Range', 'clinical'],
    text,
  },
  'Observation.component': {
    code: concept,
    ...VALUES,
    dataAbsentReason: concept,
    interpretation: concept,
    referenceRange: ['Observation.referenceRange', 'clinical'],
  },
  DiagnosticReport: {
    basedOn: event,
    status,
    category,
    code: concept,
    subject,
    encounter: event,
    effectiveDateTime: date,
    effectivePeriod: period,
    issued: ['instant', 'date'],
    performer: staff,
    resultsInterpreter: staff,
    specimen: event,
    result: event,
    imagingStudy: event,
    media: ['BackboneElement', 'personal', 'HIPAA 17: images can show a face'],
    conclusion: text,
    conclusionCode: concept,
    presentedForm: ['Attachment', 'personal', 'a file of its own, which is not read'],
  },
  Procedure: {
    basedOn: event,
    partOf: event,
    status,
    statusReason: concept,
    category,
    code: concept,
    subject,
    encounter: event,
    performedDateTime: date,
    performedPeriod: period,
    performedString: text,
    performedAge: quantity,
    recorder: staff,
    asserter: staff,
    performer: ['Procedure.performer', 'parts'],
    location: ['Reference', 'organisation', SITE],
    reasonCode: concept,
    reasonReference: event,
    bodySite: concept,
    outcome: concept,
    report: event,
    complication: concept,
    followUp: concept,
    note: notes,
    focalDevice: ['BackboneElement', 'personal', DEVICE],
    usedCode: concept,
  },
  'Procedure.performer': { function: category, actor: staff, onBehalfOf: staff },
  Immunization: {
    status,
    statusReason: concept,
    vaccineCode: concept,
    patient: subject,
    encounter: event,
    occurrenceDateTime: date,
    occurrenceString: text,
    recorded: date,
    primarySource: flag,
    location: ['Reference', 'organisation', SITE],
    manufacturer: ['Reference', 'organisation', SITE],
    lotNumber: ['string', 'personal', 'HIPAA 18: a batch of few doses, with its date'],
    expirationDate: date,
    site: concept,
    route: concept,
    doseQuantity: quantity,
    performer: ['Immunization.performer', 'parts'],
    note: notes,
    reasonCode: concept,
    reasonReference: event,
    isSubpotent: flag,
    protocolApplied: ['Immunization.protocolApplied', 'clinical'],
  },
  'Immunization.performer': { function: category, actor: staff },
  'Immunization.protocolApplied': {
    series: text,
    targetDisease: concept,
    doseNumberPositiveInt: count,
    doseNumberString: text,
    seriesDosesPositiveInt: count,
    seriesDosesString: text,
  },
  Medication: { status, code: concept, form: concept, ingredient: ['Medication.ingredient', 'clinical'] },
  'Medication.ingredient': {
    itemCodeableConcept: concept,
    isActive: flag,
    strength: ['Ratio', 'clinical'],
  },
  MedicationRequest: {
    status,
    statusReason: concept,
    intent: status,
    category,
    priority: status,
    doNotPerform: flag,
    ...MEDICATION,
    subject,
    encounter: event,
    authoredOn: date,
    requester: staff,
    performer: staff,
    recorder: staff,
    reasonCode: concept,
    reasonReference: event,
    courseOfTherapyType: concept,
    note: notes,
    dosageInstruction: ['Dosage', 'clinical'],
    dispenseRequest: ['MedicationRequest.dispenseRequest', 'clinical'],
    substitution: ['MedicationRequest.substitution', 'clinical'],
  },
  'MedicationRequest.dispenseRequest': {
    validityPeriod: period,
    numberOfRepeatsAllowed: count,
    quantity,
    expectedSupplyDuration: quantity,
    performer: ['Reference', 'organisation', SITE],
  },
  'MedicationRequest.substitution': {
    allowedBoolean: flag,
    allowedCodeableConcept: concept,
    reason: concept,
  },
  MedicationStatement: {
    basedOn: event,
    status,
    statusReason: concept,
    category,
    ...MEDICATION,
    subject,
    context: event,
    effectiveDateTime: date,
    effectivePeriod: period,
    dateAsserted: date,
    informationSource: staff,
    reasonCode: concept,
    reasonReference: event,
    note: notes,
    dosage: ['Dosage', 'clinical'],
  },
  MedicationAdministration: {
    status,
    statusReason: concept,
    category,
    ...MEDICATION,
    subject,
    context: event,
    effectiveDateTime: date,
    effectivePeriod: period,
    performer: ['MedicationAdministration.performer', 'parts'],
    reasonCode: concept,
    reasonReference: event,
    request: event,
    device: ['Reference', 'personal link', DEVICE],
    note: notes,
    dosage: ['MedicationAdministration.dosage', 'clinical'],
  },
  'MedicationAdministration.performer': { function: category, actor: staff },
  'MedicationAdministration.dosage': {
    text,
    site: concept,
    route: concept,
    method: concept,
    dose: quantity,
    rateRatio: ['Ratio', 'clinical'],
    rateQuantity: quantity,
  },
  ClinicalImpression: {
    status,
    statusReason: concept,
    code: concept,
    description: text,
    subject,
    encounter: event,
    effectiveDateTime: date,
    effectivePeriod: period,
    date,
    assessor: staff,
    previous: event,
    problem: event,
    summary: text,
    finding: ['ClinicalImpression.finding', 'clinical'],
    prognosisCodeableConcept: concept,
    note: notes,
  },
  'ClinicalImpression.finding': { itemCodeableConcept: concept, itemReference: event, basis: text },
  FamilyMemberHistory: {
    status,
    patient: subject,
    date,
    name: ['string', 'personal', NAME],
    relationship: concept,
    sex: concept,
    bornDate: ['dateTime', 'personal', 'HIPAA 3: dates, of relatives too'],
    ageAge: quantity,
    deceasedBoolean: flag,
    deceasedAge: quantity,
    reasonCode: concept,
    note: notes,
    condition: ['FamilyMemberHistory.condition', 'clinical'],
  },
  'FamilyMemberHistory.condition': {
    code: concept,
    outcome: concept,
    contributedToDeath: flag,
    onsetAge: quantity,
    onsetString: text,
    note: notes,
  },
  ServiceRequest: {
    basedOn: event,
    status,
    intent: status,
    category,
    priority: status,
    doNotPerform: flag,
    code: concept,
    orderDetail: concept,
    subject,
    encounter: event,
    occurrenceDateTime: date,
    occurrencePeriod: period,
    authoredOn: date,
    requester: staff,
    performer: staff,
    reasonCode: concept,
    reasonReference: event,
    specimen: event,
    bodySite: concept,
    note: notes,
    patientInstruction: text,
  },
  Specimen: {
    status,
    type: concept,
    subject,
    receivedTime: date,
    request: event,
    collection: ['Specimen.collection', 'clinical'],
    accessionIdentifier: ['Identifier', 'personal', NUMBER_OF_A_THING],
    note: notes,
  },
  'Specimen.collection': {
    collectedDateTime: date,
    quantity,
    method: concept,
    bodySite: concept,
    collector: staff,
  },
  Device: {
    status,
    type: concept,
    udiCarrier: ['BackboneElement', 'personal', DEVICE],
    serialNumber: ['string', 'personal', DEVICE],
    lotNumber: ['string', 'personal', DEVICE],
    distinctIdentifier: ['string', 'personal', DEVICE],
    deviceName: ['BackboneElement', 'personal', DEVICE],
    patient: subject,
    owner: staff,
    location: ['Reference', 'organisation', SITE],
    url: ['uri', 'personal', 'HIPAA 14: web addresses'],
  },
  CarePlan: {
    status,
    intent: status,
    category,
    title: text,
    description: text,
    subject,
    encounter: event,
    period,
    created: date,
    author: staff,
    contributor: staff,
    careTeam: staff,
    addresses: event,
    note: notes,
  },
  CareTeam: {
    status,
    category,
    name: ['string', 'organisation', STAFF],
    subject,
    encounter: event,
    period,
    participant: ['CareTeam.participant', 'parts'],
    reasonCode: concept,
    managingOrganization: staff,
    telecom: ['ContactPoint', 'organisation', STAFF],
  },
  'CareTeam.participant': { role: category, member: staff, onBehalfOf: staff, period },

  Period: { start: date, end: date },
  Range: { low: quantity, high: quantity },
  Ratio: { numerator: quantity, denominator: quantity },
  Annotation: {
    text,
    time: date,
    authorString: ['string', 'organisation', STAFF],
    authorReference: staff,
  },
  Narrative: { status, div: ['xhtml', 'text'] },
  CodeableConcept: {
    coding: [
      'Coding',
      'parts',
      'codings of other systems are replaced: a local code can be a number of a person',
    ],
    text,
  },
  Coding: {
    system: ['uri', 'parts', 'public terminologies only'],
    code: ['code', 'parts', 'in the form of its terminology, and no name or number of the document'],
    display: text,
  },
  Quantity: {
    value: [
      'number',
      'parts',
      'gone with the whole quantity where it is an age over 89 or a number of a person',
    ],
    comparator: ['code', 'structure'],
    unit: text,
    system: ['uri', 'parts', 'public terminologies only'],
    code: ['code', 'parts', 'in the form of its terminology'],
  },
  Dosage: {
    sequence: count,
    text,
    additionalInstruction: concept,
    patientInstruction: text,
    timing: ['Timing', 'clinical'],
    asNeededBoolean: flag,
    asNeededCodeableConcept: concept,
    site: concept,
    route: concept,
    method: concept,
    doseAndRate: ['Dosage.doseAndRate', 'clinical'],
    maxDosePerPeriod: ['Ratio', 'clinical'],
    maxDosePerAdministration: quantity,
  },
  'Dosage.doseAndRate': {
    type: concept,
    doseRange: ['Range', 'clinical'],
    doseQuantity: quantity,
    rateRatio: ['Ratio', 'clinical'],
    rateRange: ['Range', 'clinical'],
    rateQuantity: quantity,
  },
  Timing: { event: date, repeat: ['Timing.repeat', 'clinical'], code: concept },
  'Timing.repeat': {
    boundsDuration: quantity,
    boundsRange: ['Range', 'clinical'],
    boundsPeriod: period,
    count,
    countMax: count,
    duration: count,
    durationMax: count,
    durationUnit: word,
    frequency: count,
    frequencyMax: count,
    period: count,
    periodMax: count,
    periodUnit: word,
    dayOfWeek: word,
    when: word,
    offset: count,
  },
  Extension: {
    url: ['uri', 'parts', "the product's own extensions only, and the mark of an absent value"],
    extension: ['Extension', 'clinical'],
    valueString: text,
    valueDecimal: count,
    valueBoolean: flag,
    valueCode: word,
  },
};

/** Types that are resources: only these may stand in a sanitised document. */
export const RESOURCE_TYPES: ReadonlySet<string> = new Set(
  Object.keys(ROWS)
    .slice(0, Object.keys(ROWS).indexOf('Period'))
    .filter((owner) => !owner.includes('.') && owner !== 'Meta'),
);

const asField = ([type, rule, reason]: Row): Field => ({ type, rule, reason: reason ?? REASONS[rule] });

/** The published table: rows of each resource, backbone element and data type. */
export const REPLACED_FIELDS: ReadonlyMap<string, ReadonlyMap<string, Field>> = new Map(
  Object.entries({ 'any resource': RESOURCE, ...ROWS }).map(([owner, rows]) => [
    owner,
    new Map(Object.entries(rows).map(([name, row]) => [name, asField(row)])),
  ]),
);

const UNLISTED: Field = {
  type: 'unknown',
  rule: 'personal',
  reason: 'not in this table: replaced until somebody has decided',
};

/** What is decided for an element, and under which name the table has it. */
export const fieldOf = (owner: string, name: string): { field: Field; listed: string } => {
  const own = REPLACED_FIELDS.get(owner)?.get(name);
  if (own !== undefined) return { field: own, listed: `${owner}.${name}` };
  const common = RESOURCE_TYPES.has(owner) ? REPLACED_FIELDS.get('any resource')?.get(name) : undefined;
  if (common !== undefined) return { field: common, listed: `any resource.${name}` };
  return { field: UNLISTED, listed: 'not listed' };
};

/** Kind of the sectors in which a rule lets a value lie. */
export const kindOf = (rule: FieldRule): ReplacedKind =>
  rule === 'organisation' || rule === 'organisation link' ? 'organisation' : 'personal';

/**
 * Elements that FHIR R4 demands where their parent is; of `name[x]` one form. They get a masked value where the others
 * are simply gone.
 */
export const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Bundle: ['type', 'identifier', 'timestamp', 'entry'],
  'Bundle.entry': ['fullUrl', 'resource'],
  Composition: ['status', 'type', 'date', 'author', 'title'],
  'Composition.attester': ['mode'],
  Encounter: ['status', 'class'],
  'Encounter.diagnosis': ['condition'],
  'Encounter.location': ['location'],
  Condition: ['subject'],
  AllergyIntolerance: ['patient'],
  'AllergyIntolerance.reaction': ['manifestation'],
  Observation: ['status', 'code'],
  'Observation.component': ['code'],
  DiagnosticReport: ['status', 'code'],
  Procedure: ['status', 'subject'],
  'Procedure.performer': ['actor'],
  Immunization: ['status', 'vaccineCode', 'patient', 'occurrence[x]'],
  'Immunization.performer': ['actor'],
  'Immunization.protocolApplied': ['doseNumber[x]'],
  MedicationRequest: ['status', 'intent', 'medication[x]', 'subject'],
  'MedicationRequest.substitution': ['allowed[x]'],
  MedicationStatement: ['status', 'medication[x]', 'subject'],
  MedicationAdministration: ['status', 'medication[x]', 'subject', 'effective[x]'],
  'MedicationAdministration.performer': ['actor'],
  'Medication.ingredient': ['item[x]'],
  ClinicalImpression: ['status', 'subject'],
  FamilyMemberHistory: ['status', 'patient', 'relationship'],
  'FamilyMemberHistory.condition': ['code'],
  ServiceRequest: ['status', 'intent', 'subject'],
  CarePlan: ['status', 'intent', 'subject'],
  RelatedPerson: ['patient'],
  Annotation: ['text'],
  Narrative: ['status', 'div'],
  Extension: ['url'],
};

/** Elements of which FHIR demands one of several, so that each keeps its place. */
const ONE_OF_SEVERAL: Readonly<Record<string, readonly string[]>> = {
  'Composition.section': ['text', 'entry', 'section'],
  Organization: ['name', 'identifier'],
};

export const isRequired = (owner: string, name: string): boolean =>
  (ONE_OF_SEVERAL[owner]?.includes(name) ?? false) ||
  (REQUIRED[owner] ?? []).some((one) => answers(one, name));

/** Whether an element is the required one, or a form of it: `medicationReference` of `medication[x]`. */
export const answers = (required: string, name: string): boolean =>
  required.endsWith('[x]')
    ? name.startsWith(required.slice(0, -3)) && /^[A-Z]/.test(name.slice(required.length - 3))
    : required === name;
