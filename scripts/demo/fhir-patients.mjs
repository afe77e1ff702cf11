import { readFileSync } from 'node:fs';
import path from 'node:path';

const read = (folder, type) =>
  readFileSync(path.join(folder, `${type}.ndjson`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const day = (instant) => instant?.slice(0, 10);
const subjectOf = (resource) => (resource.subject ?? resource.patient)?.reference;

function coded(concept) {
  const coding = concept?.coding?.[0];
  const text = concept?.text ?? coding?.display ?? 'unspecified';
  return coding?.code
    ? { text, code: { system: coding.system, code: coding.code, display: coding.display ?? text } }
    : { text };
}

const withDate = (item, date) => (date ? { ...item, date: day(date) } : item);

function observation(resource) {
  const item = withDate(coded(resource.code), resource.effectiveDateTime);
  const quantity = resource.valueQuantity;
  if (quantity)
    Object.assign(item, { value: String(quantity.value), ...(quantity.unit ? { unit: quantity.unit } : {}) });
  else if (resource.valueCodeableConcept) item.value = coded(resource.valueCodeableConcept).text;
  else if (resource.valueString) item.value = resource.valueString;
  const interpretation = resource.interpretation?.[0]?.coding?.[0]?.code;
  if (interpretation) item.abnormal = interpretation !== 'N';
  return item;
}

const category = (resource) => resource.category?.[0]?.coding?.[0]?.code;

/** The sample resources as what a registrar and a doctor would enter: demographics, visits, one record a visit. */
export function fhirPatients(folder) {
  const [encounters, conditions, medications, observations, immunizations] = [
    'Encounter',
    'Condition',
    'MedicationRequest',
    'Observation',
    'Immunization',
  ].map((type) => read(folder, type));
  return read(folder, 'Patient').map((patient, index) => {
    const mine = (resources) =>
      resources.filter((resource) => subjectOf(resource) === `Patient/${patient.id}`);
    const name = [...(patient.name[0].given ?? []), patient.name[0].family].join(' ');
    const phone = patient.telecom?.find(({ system }) => system === 'phone')?.value.replace(/\D/g, '');
    const address = patient.address?.[0];
    return {
      username: `${patient.name[0].family.toLowerCase().replace(/[^a-z]/g, '')}${index + 1}`,
      demographics: {
        name,
        birthDate: patient.birthDate,
        gender: patient.gender,
        ...(phone ? { contactNo: phone } : {}),
        ...(address
          ? {
              address: [...(address.line ?? []), address.city, address.postalCode].filter(Boolean).join(', '),
            }
          : {}),
      },
      visits: mine(encounters).map((encounter) => {
        const during = (resource) => resource.encounter?.reference === `Encounter/${encounter.id}`;
        const reason = coded(encounter.reasonCode?.[0] ?? encounter.type?.[0]).text;
        const signs = mine(observations).filter(during);
        return {
          encounter: {
            class: encounter.class.code === 'IMP' ? 'IMP' : 'AMB',
            reason,
            period: {
              start: encounter.period.start,
              ...(encounter.period.end ? { end: encounter.period.end } : {}),
            },
          },
          record: {
            effectiveDate: day(encounter.period.start),
            disease: reason,
            document: {
              progressNotes: [{ text: `Visit for ${reason}.`, date: day(encounter.period.start) }],
              problems: mine(conditions).map((resource) =>
                withDate(coded(resource.code), resource.onsetDateTime),
              ),
              medications: mine(medications)
                .filter(during)
                .map((resource) => withDate(coded(resource.medicationCodeableConcept), resource.authoredOn)),
              vitalSigns: signs.filter((resource) => category(resource) === 'vital-signs').map(observation),
              labData: signs.filter((resource) => category(resource) === 'laboratory').map(observation),
              immunizations: mine(immunizations).map((resource) =>
                withDate(coded(resource.vaccineCode), resource.occurrenceDateTime),
              ),
            },
          },
        };
      }),
    };
  });
}
