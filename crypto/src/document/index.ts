export {
  documentCoverage,
  type DocumentCoverage,
  layOutDocument,
  type LaidOutDocument,
  type LayOutOptions,
  leftToReplace,
  originalDocument,
  sanitisedDocument,
} from './document.js';
export { compareSanitised, type Difference, type DifferenceKind } from './comparison.js';
export { type ReplacedPlace, replacedPlaces } from './replaced-places.js';
export type { Profile } from './masking.js';
export type { ReplacedField, ReplacedKind } from './plan.js';
export type { KnownPeople, KnownPerson } from './free-text/people.js';
export { type DocumentFault, documentFaults } from './structure.js';
export { type Field, fieldOf, type FieldRule, kindOf, REPLACED_FIELDS } from './fields.js';
