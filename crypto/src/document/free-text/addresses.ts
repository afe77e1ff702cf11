import { isCapital, spellings, type Word, wordsOf } from './fold.js';
import { beginningsOf } from './names.js';
import type { Found } from './scan.js';

export interface KnownAddress {
  address: string;
  kind: Found['kind'];
}

/** Kinds of streets and how they are shortened. */
const STREETS: Record<string, string> = {
  ...{
    street: 'st',
    road: 'rd',
    avenue: 'ave',
    lane: 'ln',
    drive: 'dr',
    court: 'ct',
    place: 'pl',
    square: 'sq',
  },
  ...{
    boulevard: 'blvd',
    terrace: 'ter',
    close: 'cl',
    highway: 'hwy',
    strasse: 'str',
    calle: 'c',
    nagar: 'ngr',
  },
};
const LONGEST_GAP = 3;

interface Street {
  kind: Found['kind'];
  joined: Set<string>;
  beginnings: Set<string>;
  houseNumbers: Set<string>;
}

/** Finds streets, with their house number, towns and postcodes of known addresses. */
export const addressFinder = (addresses: KnownAddress[]): ((text: string, words: Word[]) => Found[]) => {
  const places = addresses.map(asPlaces);
  return (text, words) => places.flatMap((place) => findPlace(text, words, place));
};

const asPlaces = ({ address, kind }: KnownAddress): Street => {
  const joined = new Set<string>();
  const houseNumbers = new Set<string>();
  for (const part of address.split(/[,;\n]/)) {
    const words = wordsOf(part);
    const named = words.filter(({ text }) => !/\d/.test(text) && text.length > 1);
    const coded = words.filter(({ text }) => /\d/.test(text));
    const isStreet =
      named.some(({ text }) => isStreetWord(text)) || (/^\s*\d/.test(part) && !/\d{4}/.test(part));
    if (isStreet && named.length > 0) {
      for (const way of ways(named)) joined.add(way);
      for (const { text } of coded) houseNumbers.add(text);
    } else {
      for (const word of named)
        if (word.text.length > 3) for (const way of spellings(word.written)) joined.add(way);
      const code = coded.map(({ text }) => text).join('');
      if (code.length > 3) joined.add(code);
      // Postcodes in two parts also stand with the part that has no digit.
      for (const { text } of coded) if (/^\d{4,}$/.test(text)) joined.add(text);
    }
  }
  return { kind, joined, beginnings: beginningsOf(joined), houseNumbers };
};

const isStreetWord = (text: string): boolean =>
  text in STREETS || Object.values(STREETS).includes(text) || /(?:strasse|str|gasse|weg|platz)$/.test(text);

const ways = (words: Word[]): string[] => {
  const all = words.reduce<string[]>(
    (some, word) =>
      some.flatMap((way) =>
        spellings(word.written)
          .flatMap((one) => [one, shortened(one)])
          .map((one) => way + one),
      ),
    [''],
  );
  const nameOnly = words.filter(({ text }) => !(text in STREETS));
  // The name of a street without what kind it is, unless it is a single word and so perhaps no name at all.
  if (nameOnly.length > 1) all.push(nameOnly.map(({ text }) => text).join(''));
  return [...new Set(all)].filter((way) => way.length > 4);
};

const shortened = (word: string): string => STREETS[word] ?? word.replace(/strasse$/, 'str');

const findPlace = (
  text: string,
  words: Word[],
  { kind, joined, beginnings, houseNumbers }: Street,
): Found[] => {
  const found: Found[] = [];
  words.forEach((first, i) => {
    let together = '';
    for (let j = i; j < words.length; j++) {
      const [word, before] = [words[j], words[j - 1]];
      if (word === undefined || (j > i && (before === undefined || word.start - before.end > LONGEST_GAP)))
        break;
      together += word.text;
      if (!beginnings.has(together)) break;
      // A town with a small letter is a word.
      if (!joined.has(together) || !(isCapital(first) || /\d/.test(together) || j > i)) continue;
      const isHouse = (one: Word | undefined, gap: (one: Word) => string): one is Word =>
        one !== undefined && houseNumbers.has(one.text) && gap(one).length <= LONGEST_GAP;
      const [left, right] = [words[i - 1], words[j + 1]];
      const start = isHouse(left, (one) => text.slice(one.end, first.start)) ? left.start : first.start;
      const end = isHouse(right, (one) => text.slice(word.end, one.start)) ? right.end : word.end;
      found.push({ start, end, kind, what: 'address' });
    }
  });
  return found;
};
