/**
 * Public code systems and the form of their codes. A coding of any other system is replaced: a local code can be the
 * number of a person, and its system names the hospital.
 */
const SYSTEMS: [system: RegExp, code: RegExp][] = [
  [/^http:\/\/loinc\.org$/, /^(?:LP|LA|LL)?\d{1,7}-\d$/],
  [/^http:\/\/snomed\.info\/sct$/, /^\d{6,18}$/],
  [/^http:\/\/www\.nlm\.nih\.gov\/research\/umls\/rxnorm$/, /^\d{1,8}$/],
  [
    /^http:\/\/hl7\.org\/fhir\/sid\/icd-(?:9|10)(?:-cm|-pcs|-[a-z]{2})?$/,
    /^[A-Z0-9]{1,7}(?:\.[A-Z0-9]{1,4})?$/,
  ],
  [/^http:\/\/id\.who\.int\/icd\/release\/11\/mms$/, /^[A-Z0-9]{2,6}(?:\.[A-Z0-9]{1,4})?$/],
  [/^http:\/\/hl7\.org\/fhir\/sid\/cvx$/, /^\d{2,3}$/],
  [/^http:\/\/hl7\.org\/fhir\/sid\/ndc$/, /^[\d-]{10,14}$/],
  [/^http:\/\/www\.whocc\.no\/atc$/, /^[A-Z](?:\d{2}(?:[A-Z]{1,2}(?:\d{2})?)?)?$/],
  [/^http:\/\/www\.ama-assn\.org\/go\/cpt$/, /^[0-9]{4}[0-9A-Z]$/],
  [/^http:\/\/unitsofmeasure\.org$/, /^[A-Za-z0-9%[\]{}_.,/*^'"()+-]{1,40}$/],
  [/^http:\/\/dicom\.nema\.org\/resources\/ontology\/DCM$/, /^\d{4,6}$|^[A-Z]{2,4}$/],
  [/^http:\/\/terminology\.hl7\.org\/CodeSystem\/[A-Za-z0-9-]{1,60}$/, /^[A-Za-z0-9_<>.+-]{1,40}$/],
  [/^http:\/\/hl7\.org\/fhir\/[a-z0-9-]{1,40}$/, /^[a-z0-9-]{1,40}$/],
  [/^urn:medseal:fhir:document-form$/, /^[a-z]{1,20}$/],
];

export const isPublicCode = (system: unknown, code: unknown): boolean =>
  typeof system === 'string' &&
  typeof code === 'string' &&
  SYSTEMS.some(([ofSystem, ofCode]) => ofSystem.test(system) && ofCode.test(code));

/** Words of FHIR R4's required value sets, and the short codes of timings, comparators and confidentiality. */
const WORDS = new Set(
  `active inactive entered-in-error unknown final amended corrected appended preliminary registered partial cancelled
  completed in-progress on-hold stopped draft intended not-taken not-done preparation planned arrived triaged onleave
  finished suspended available unavailable unsatisfactory revoked proposal plan order original-order reflex-order
  filler-order instance-order option directive document male female other routine urgent asap stat legal professional
  personal official working snapshot changes allergy intolerance food medication environment biologic low high
  unable-to-assess mild moderate severe generated extensions additional empty health-unknown reserved kind instance
  proposed operational closed housekeeping occupied unoccupied contaminated isolated
  s min h d wk mo a mon tue wed thu fri sat sun MORN NOON AFT EVE NIGHT PHS HS WAKE C CM CD CV AC ACM ACD ACV PC PCM
  PCD PCV < <= >= > U L M N R V unsupported asked-unknown temp-unknown not-asked asked-declined masked not-applicable
  error not-a-number negative-infinity positive-infinity not-performed not-permitted`
    .split(/\s+/)
    .filter((one) => one !== ''),
);

export const isStructureWord = (word: string): boolean => WORDS.has(word);
