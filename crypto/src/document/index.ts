export {
  type DocumentCoverage,
  layOutDocument,
  type LaidOutDocument,
  type LayOutOptions,
  originalDocument,
  sanitisedDocument,
} from './document.js';
export type { Profile } from './masking.js';
export type { ReplacedField, ReplacedKind } from './plan.js';
export type { KnownPeople, KnownPerson } from './free-text/people.js';
export { type DocumentFault, documentFaults } from './structure.js';
export { type Field, type FieldRule, REPLACED_FIELDS } from './fields.js';
