import { selectorArgument, termsArgument } from './consent-arguments.js';
import {
  day,
  digest,
  id,
  instant,
  listOf,
  object,
  oneOf,
  parseJson,
  subject,
  text,
  version,
} from './validation.js';

/** The contracts' own checks, for what gateways hand to each other in the same forms. */
export const argumentChecks = {
  day,
  digest,
  id,
  instant,
  listOf,
  object,
  oneOf,
  parseJson,
  selector: selectorArgument,
  subject,
  terms: termsArgument,
  text,
  version,
} as const;
