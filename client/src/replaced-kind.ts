import { fieldOf, kindOf } from '@medseal/crypto';

/**
 * Who takes a field out of a document before the cloud has it: the author blinds what is personal, the sanitiser replaces
 * what is sensitive for the hospital.
 *
 * @param path FHIR path without numbers, for example `Patient.name.family`
 */
export function replacedKindOf(path: string): 'personal' | 'organisation' {
  const [resource = '', element = ''] = path.split('.');
  return kindOf(fieldOf(resource, element).field.rule);
}
