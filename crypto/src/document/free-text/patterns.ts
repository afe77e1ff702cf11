import type { Found } from './scan.js';

/** What gives somebody away whoever it is: found without knowing the people of a document. */
interface Pattern {
  what: Found['what'];
  kind: Found['kind'];
  expression: RegExp;
  /** Group that is replaced; all of it without one. */
  group?: number;
  accept?: (match: RegExpExecArray) => boolean;
}

const MONTHS =
  `january february april june july august september october november december januar jänner februar märz
  april mai juni juli oktober dezember enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre
  diciembre janvier février mars avril juin juillet août septembre octobre novembre décembre jan feb apr jun jul aug
  sept sep oct okt nov dec dez`.split(/\s+/);
/** In any case, but months that are also words with a capital letter only. */
const MONTH = `(?:${[...MONTHS.flatMap((month) => [month, month.charAt(0).toUpperCase() + month.slice(1), month.toUpperCase()]), 'May', 'MAY', 'March', 'MARCH', 'Mar', 'MAR'].join('|')})`;
/** Lengths are bounded everywhere, so that no text takes longer than its length. */
const CAPITALISED = "(?<!\\p{L})\\p{Lu}[\\p{L}'’-]{1,40}";
const STAFF_TITLE = '(?:Dr|Dra|DR|Prof|Professor|Doctor|Nurse)';
const TITLE = '(?:Mr|Mrs|Ms|Miss|Mx|Herr|Frau|Señora?|Sra|Sr|Mme|Mlle)';
const RELATION =
  '(?:wife|husband|partner|son|daughter|mother|father|mum|dad|brother|sister|brother-in-law|sister-in-law|grandson|granddaughter|grandmother|grandfather|aunt|uncle|niece|nephew|cousin|friend|neighbour|neighbor|carer|guardian|Wife|Husband|Partner|Son|Daughter|Mother|Father|Brother|Sister|Brother-in-law|Sister-in-law|Friend|Neighbour|Carer|Frau|Mann|Sohn|Tochter|Mutter|Vater|madre|padre|hija|hijo|esposa)';
const NUMBER_LABEL =
  '(?:mrn|ssn|id|nhs|passport|licen[cs]e|policy|account|acct|insurance|serial|sn|lot|file|case|card|registration|reg|certificate|member|beneficiary|plate)';
const STREET = '(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Terrace|Square)';
const DIGIT_WORD = '(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)';
const INSTITUTION = '(?:Hospital|Clinic|Surgery|School|Infirmary|Pharmacy)';
const INSTITUTION_BEFORE = '(?:Colegio|Clínica|Hospital|Klinik|Klinikum)';

const PATTERNS: Pattern[] = [
  {
    what: 'email',
    kind: 'personal',
    expression: /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}.-]{1,250}/gu,
  },
  { what: 'email', kind: 'personal', expression: /(?:https?:\/\/|www\.)[^\s<>"')]+/giu },
  { what: 'number', kind: 'personal', expression: /\b\d{1,3}(?:\.\d{1,3}){3}\b/g },
  {
    what: 'date',
    kind: 'personal',
    expression:
      /(?<![\d.])(\d{1,4})([./-])(\d{1,2})\2(\d{2}|\d{4})(?![\d]|\.\d)(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?/g,
    accept: isCalendar,
  },
  { what: 'date', kind: 'personal', expression: /\b(?:19|20)\d{2}-(?:0[1-9]|1[0-2])\b/g },
  {
    what: 'date',
    kind: 'personal',
    expression: new RegExp(
      `(?<!\\d)\\d{1,2}(?:st|nd|rd|th|\\.)?[ \\u00a0-](?:of |de )?${MONTH}\\b\\.?(?:,? (?:de )?\\d{4})?`,
      'gu',
    ),
  },
  {
    what: 'date',
    kind: 'personal',
    expression: new RegExp(
      `(?<!\\p{L})${MONTH}\\b\\.?(?:(?: de)? \\d{4}| \\d{1,2}(?:st|nd|rd|th)?(?![\\d.,]*\\d| ?(?:mg|ml|%|tablets?))(?:,? \\d{4})?)`,
      'gu',
    ),
  },
  {
    what: 'age',
    kind: 'personal',
    expression: /\b(?:9\d|1[0-2]\d)(?=[ \u00a0-]?(?:years?|yrs?|y\/?o|y\.o|jahre|jährig|años|ans)\b)/gi,
  },
  {
    what: 'age',
    kind: 'personal',
    expression: /\b(?:aged?|at) (9\d|1[0-2]\d)\b(?! ?(?:%|mg|ml|mm|bpm|kg))/gi,
    group: 1,
  },
  { what: 'number', kind: 'personal', expression: /(?<![\d.,])\d{7,}/g },
  {
    what: 'number',
    kind: 'personal',
    expression: /(?<![\d.,])(?:\+|\(|0)\d{1,4}\)?(?:[ \u00a0.\-‑/]?\(?\d{2,4}\)?){2,5}(?![\d])/g,
    accept: ([text]) => text.replace(/\D/g, '').length >= 8,
  },
  { what: 'number', kind: 'personal', expression: /\b\d{3}-\d{2}-\d{4}\b/g },
  { what: 'number', kind: 'personal', expression: /\b[A-Z]{1,5}-?\d{5,20}[A-Z0-9]{0,20}\b/g },
  { what: 'number', kind: 'personal', expression: /\b[A-Z]{1,3}[ -]\d{1,2}[ -][A-Z]{1,3}[ -]\d{1,4}\b/g },
  {
    what: 'number',
    kind: 'personal',
    expression: new RegExp(
      `\\b${NUMBER_LABEL}\\b(?:[ \\t]*(?:no|nr|number|num|is|was|sn|#|:|\\.|-)(?![\\p{L}]))*[ \\t]*([\\p{L}]{0,4}-?\\d[\\p{L}\\d/-]*)`,
      'giu',
    ),
    group: 1,
  },
  {
    what: 'number',
    kind: 'personal',
    expression: new RegExp(`\\b${DIGIT_WORD}(?:[ ,.-]{1,3}${DIGIT_WORD}){4,}\\b`, 'giu'),
  },
  {
    what: 'address',
    kind: 'personal',
    expression: new RegExp(`\\b\\d{1,5}[a-z]? (?:${CAPITALISED} ){1,3}${STREET}\\b`, 'gu'),
  },
  {
    what: 'somebody else',
    kind: 'organisation',
    expression: new RegExp(
      `\\b${STAFF_TITLE}\\.? ((?:\\p{Lu}\\. ?)*${CAPITALISED}(?: ${CAPITALISED}){0,2})`,
      'gu',
    ),
    group: 1,
  },
  {
    what: 'somebody else',
    kind: 'personal',
    expression: new RegExp(
      `(?<!\\p{L})${TITLE}\\.? ((?:\\p{Lu}\\. ?)*${CAPITALISED}(?: ${CAPITALISED}){0,2})`,
      'gu',
    ),
    group: 1,
  },
  {
    what: 'somebody else',
    kind: 'personal',
    expression: new RegExp(`(?<!\\p{L})${RELATION},? (${CAPITALISED}(?: ${CAPITALISED})?)`, 'gu'),
    group: 1,
  },
  {
    what: 'name',
    kind: 'organisation',
    expression: new RegExp(`(?:${CAPITALISED} ){1,3}${INSTITUTION}\\b`, 'gu'),
  },
  {
    what: 'name',
    kind: 'organisation',
    expression: new RegExp(
      `(?<!\\p{L})${INSTITUTION_BEFORE}(?: (?:de|del|la|am|an|der))*(?: ${CAPITALISED}){1,3}`,
      'gu',
    ),
  },
];

export const findPatterns = (text: string): Found[] =>
  PATTERNS.flatMap(({ what, kind, expression, group, accept }) =>
    [...text.matchAll(expression)].flatMap((match) => {
      if (accept !== undefined && !accept(match)) return [];
      const part = group === undefined ? match[0] : (match[group] ?? '');
      const start = match.index + (group === undefined ? 0 : match[0].lastIndexOf(part));
      return [{ start, end: start + part.length, kind, what }];
    }),
  );

/** Three numbers of which one can be a day, one a month and one a year. */
function isCalendar([, first, , second, third]: RegExpExecArray): boolean {
  const [a, b, c] = [Number(first), Number(second), Number(third)];
  const isDay = (day: number): boolean => day >= 1 && day <= 31;
  const isMonth = (month: number): boolean => month >= 1 && month <= 12;
  if (first?.length === 4) return isMonth(b) && isDay(c);
  if ((first?.length ?? 0) > 2) return false;
  return (isDay(a) && isMonth(b)) || (isMonth(a) && isDay(b));
}
