import { fold, isCapital, spellings, type Word, wordsOf } from './fold.js';
import type { Found } from './scan.js';

/** Words that stand with a name and are none. */
const TITLES = new Set(
  `dr dra drs doctor prof professor mr mrs ms miss mx sir herr frau fr senor senora sr sra don dona mme mlle
  nurse sister schwester md phd rn gp jr sen ii iii`.split(/\s+/),
);
const PARTICLES = new Set(
  'van von de del della der den da dos di la le al el bin ibn abu o d mc mac y san st'.split(' '),
);
/** Words of institutions that say nothing about which one. */
const GENERIC = new Set(
  `hospital clinic clinica surgery practice hospice klinik klinikum krankenhaus centre center centro infirmary
  laboratory pharmacy school department ward unit health care general university city community medical medicine
  central internal family emergency plan insurance payer group part basic advantage medicare home office main
  central north south east west saint am an der of the for and bed room floor team encounter`.split(/\s+/),
);
/** Departments are called after what they do. */
const SPECIALTY = /(?:ology|iatry|iatrics|etrics|opaedics|opedics|ics|apy|surgery|medicine|care)$/;
/** Names that are also words: as a word on its own one of them counts only with a capital letter. */
const COMMON = new Set(
  `abel art august autumn baker banks bell berry best bill bird bishop black blanco blank blood bond bone bones boy
  brook brooks brown bush carter case chance chase church clay cliff cold cook cooper cross dale daisy dawn day dean
  drew earl early ernest faith field fields fisher fish flower foot forest foster fox frank free french fuller gall
  glass good grace grant gray green grey gross hand hands hardy head heart heath herb high hill holiday hood hope
  house hunter ivy jack joy king knight lake land lane large law leaf lily little long lot love low major mark marsh
  may mercy miles mill miller mills moon moore mora morning nose olive pain park parker peak pearl penny pepper piece
  poole poor porter post pound price priest rain ray reed rich ring rivers robin rock root rose ruby rusty sage sandy
  savage sharp short silver singer skin skinner small smart snow speed spring star steel stern stone storm strange
  strong sue summer swift temple tongue trout vein viola violet wall ward warm waters weeks weiss well wells west white
  wild will winter wise wood woods young klein gross kurz lang rot schwarz braun alt neu bueno rojo rubio moreno leon
  the and for not with from low high left right normal test final active male female unknown main`.split(
    /\s+/,
  ),
);
/** Capital letters that mean something else in a note. */
const ABBREVIATIONS = new Set(
  `ab ad af al bd bp bm ca ck cr cs ct cv cvp da dm dr dt ed em en er et fh fu ga gp hb hd hr ht hx ia ic id im in io
  iu iv kg la lb ld lh lv ma mg mi ml mm mo mr mri ms na nb no od og or os ot pa pe ph pm pr ps pt ra rbc rn rr rt rv
  rx sa sc sh sl so st sx ta tb td th tm to tx uk us uv vs wt xr`.split(/\s+/),
);

interface Person {
  kind: Found['kind'];
  /** Words, and words written together, that name the person, and how each of them begins. */
  joined: Set<string>;
  beginnings: Set<string>;
  /** Words a slip of the pen away from which the person is still named. */
  long: string[];
  /** Initials in the order of the name, family name first, and with words left out. */
  initials: Set<string>;
  letters: Set<string>;
  words: Set<string>;
  institution: boolean;
}

export interface KnownName {
  name: string;
  institution: boolean;
  kind: Found['kind'];
}

export interface NameFinder {
  find(text: string, words: Word[]): Found[];
  /** Whether a code or number is one of the names. */
  isName(text: string): boolean;
}

const LONGEST_GAP = 3;
/** Shortest name in which a slip of the pen is looked for, and the one in which two are. */
const SLIP = 6;
const TWO_SLIPS = 10;

/** Finds names in any order, with initials, split, joined, hyphenated, without accents, and with a letter wrong. */
export const nameFinder = (names: KnownName[]): NameFinder => {
  const people = names.map(asPerson).filter((person) => person.joined.size > 0);
  return {
    find: (text, words) =>
      people.flatMap((person) => findPerson(text, words, person)).concat(findInitials(text, people)),
    isName: (text) => {
      const folded = fold(text).text;
      return people.some(({ joined }) => joined.has(folded) && folded.length > 3 && !COMMON.has(folded));
    },
  };
};

const asPerson = ({ name, kind, institution }: KnownName): Person => {
  const words = wordsOf(name).filter(({ text }) => !TITLES.has(text) && !/^\d+$/.test(text));
  const joined = new Set<string>();
  const long = new Set<string>();
  // Family name first, backwards, and any two of the words.
  const orders = institution
    ? [words]
    : [words, [...words.slice(-1), ...words.slice(0, -1)], [...words].reverse(), ...pairs(words)];
  for (const order of orders) {
    for (let from = 0; from < order.length; from++) {
      for (let to = from + 1; to <= Math.min(order.length, from + 5); to++) {
        const part = order.slice(from, to);
        if (part.every(({ text }) => text.length < 2 || PARTICLES.has(text))) continue;
        if (
          institution &&
          (part.length === 1 || part.every(({ text }) => GENERIC.has(text))) &&
          !isTelling(part)
        )
          continue;
        const single = part.filter(({ text }) => text.length > 1 && !PARTICLES.has(text)).length === 1;
        for (const spelled of allSpellings(part)) {
          joined.add(spelled);
          if (single && spelled.length >= SLIP && !COMMON.has(spelled)) long.add(spelled);
        }
      }
    }
  }
  const single = words.filter(({ text }) => text.length > 1 && !PARTICLES.has(text)).map(({ text }) => text);
  return {
    kind,
    joined,
    beginnings: beginningsOf(joined),
    long: institution ? [] : [...long],
    initials: institution ? new Set() : initialsOf(words),
    letters: new Set(institution ? [] : words.map(({ text }) => text.slice(0, 1))),
    words: new Set(single),
    institution,
  };
};

const pairs = (words: Word[]): Word[][] =>
  words.length > 8
    ? []
    : words.flatMap((one) => words.filter((other) => other !== one).map((other) => [one, other]));

const isTelling = (part: Word[]): boolean =>
  part.some(
    ({ text }) => text.length > 3 && !GENERIC.has(text) && !PARTICLES.has(text) && !SPECIALTY.test(text),
  );

const allSpellings = (part: Word[]): string[] =>
  part.reduce<string[]>(
    (ways, word) => ways.flatMap((way) => spellings(word.written).map((one) => way + one)),
    [''],
  );

const initialsOf = (words: Word[]): Set<string> => {
  const letters = words.slice(0, 6).map(({ text }) => text.slice(0, 1));
  const found = new Set<string>();
  for (const order of [letters, [...letters.slice(-1), ...letters.slice(0, -1)]]) {
    for (let chosen = 1; chosen < 2 ** order.length; chosen++) {
      const some = order.filter((_, i) => (chosen >> i) & 1).join('');
      if (some.length > 1) found.add(some);
    }
  }
  return found;
};

/** Every beginning of every text, to give up early on what cannot become one of them. */
export const beginningsOf = (texts: Set<string>): Set<string> =>
  new Set([...texts].flatMap((one) => Array.from({ length: one.length }, (_, i) => one.slice(0, i + 1))));

const findPerson = (text: string, words: Word[], person: Person): Found[] => {
  const found: Found[] = [];
  for (let i = 0; i < words.length; i++) {
    let together = '';
    for (let j = i; j < words.length; j++) {
      const [word, before] = [words[j], words[j - 1]];
      if (word === undefined) break;
      if (j > i && (before === undefined || word.start - before.end > LONGEST_GAP)) break;
      together += word.text;
      const named =
        j === i ? namesAlone(word, text, person) : namesTogether(together, words.slice(i, j + 1), person);
      if (named) found.push(withCompany(text, words, i, j, person));
      if (!person.beginnings.has(together)) break;
    }
  }
  return found;
};

const namesAlone = (word: Word, text: string, person: Person): boolean => {
  const exact = person.joined.has(word.text);
  const plural = word.text.length > 4 && word.text.endsWith('s') && person.joined.has(word.text.slice(0, -1));
  if (!exact && !plural) return isCapital(word) && isSlip(word.text, person);
  if (person.institution || word.text.length < 4 || COMMON.has(word.text)) {
    // "Long-term" and "Rose-coloured" are words.
    return isCapital(word) && !/^-\p{Ll}/u.test(text.slice(word.end));
  }
  return true;
};

const namesTogether = (together: string, parts: Word[], person: Person): boolean => {
  if (!person.joined.has(together) || together.length < 4) return false;
  // A short word put together from single letters is chance.
  return parts.length === 2 || together.length > 4 || parts.every(isCapital);
};

const isSlip = (word: string, { long }: Person): boolean =>
  word.length >= SLIP - 1 &&
  !COMMON.has(word) &&
  long.some(
    (name) =>
      name.startsWith(word.slice(0, 1)) &&
      Math.abs(name.length - word.length) <= 2 &&
      slips(name, word) <= (name.length >= TWO_SLIPS ? 2 : 1),
  );

/** Letters too many, too few, wrong or swapped (optimal string alignment). */
const slips = (left: string, right: string): number => {
  let [older, old]: [number[], number[]] = [[], Array.from({ length: right.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let least = Math.min((row[j - 1] ?? 0) + 1, (old[j] ?? 0) + 1, (old[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        least = Math.min(least, (older[j - 2] ?? 0) + 1);
      row.push(least);
    }
    [older, old] = [old, row];
  }
  return old[right.length] ?? 0;
};

/** A name from one word to another, with the initials, particles and short forms that stand beside it. */
const withCompany = (text: string, words: Word[], first: number, last: number, person: Person): Found => {
  let [start, end] = [words[first]?.start ?? 0, words[last]?.end ?? 0];
  const isCompany = (word: Word, gap: string): boolean => {
    if (gap.length > LONGEST_GAP || /[^\s.,'’ʼ\-‑–ª]/u.test(gap)) return false;
    if (PARTICLES.has(word.text)) return word.text.length < 2 || !/[.,]/.test(gap);
    if (!isCapital(word) || TITLES.has(word.text)) return false;
    if (word.text.length < 3 || word.written === word.written.toUpperCase())
      return word.text.length < 5 && [...word.text].every((letter) => person.letters.has(letter));
    return word.text.length === 3 && [...person.words].some((name) => name.startsWith(word.text));
  };
  if (!person.institution) {
    for (let i = first - 1; i >= 0; i--) {
      const word = words[i];
      if (word === undefined || !isCompany(word, text.slice(word.end, start))) break;
      start = word.start;
    }
    for (let i = last + 1; i < words.length; i++) {
      const word = words[i];
      if (word === undefined || PARTICLES.has(word.text) || !isCompany(word, text.slice(end, word.start)))
        break;
      end = word.end;
    }
  }
  return { start, end, kind: person.kind, what: 'name' };
};

const DOTTED = /(?<![\p{L}\p{N}])(?:\p{Lu}[.'’][\s-]?){1,5}\p{Lu}?\.?(?![\p{L}\p{N}])/gu;
const CAPITALS = /(?<![\p{L}\p{N}])\p{Lu}{2,6}(?![\p{L}\p{N}])/gu;

const findInitials = (text: string, people: Person[]): Found[] => {
  const candidates = [...text.matchAll(DOTTED), ...text.matchAll(CAPITALS)];
  return candidates.flatMap((match) => {
    const letters = fold(match[0]).text.replace(/[^a-z]/g, '');
    if (/^\p{Lu}+$/u.test(match[0]) && ABBREVIATIONS.has(letters)) return [];
    return people
      .filter(({ initials }) => letters.length > 1 && initials.has(letters))
      .map(({ kind }) => ({
        start: match.index,
        end: match.index + match[0].trimEnd().length,
        kind,
        what: 'initials' as const,
      }));
  });
};
