/** A text without case, accents and invisible characters, and where each of its characters stood. */
export interface Folded {
  text: string;
  /** Place in the original of each character, and of the end. */
  at: number[];
}

const FOLDS: Record<string, string> = {
  ...{ ß: 'ss', ẞ: 'ss', ø: 'o', Ø: 'o', ł: 'l', Ł: 'l', đ: 'd', Đ: 'd', ð: 'd', þ: 'th', ı: 'i' },
  ...{ æ: 'ae', Æ: 'ae', œ: 'oe', Œ: 'oe', '’': "'", '‘': "'", '‑': '-', '–': '-', '\u00ad': '' },
};
const UNSEEN = /[\p{M}\p{Cf}]/gu;
/** Letters that are also written with two. */
const SPELLED: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe' };

export const fold = (original: string): Folded => {
  let text = '';
  const at: number[] = [];
  for (let i = 0; i < original.length;) {
    const letter = String.fromCodePoint(original.codePointAt(i) ?? 0);
    const folded = foldLetter(letter);
    for (let k = 0; k < folded.length; k++) at.push(i);
    text += folded;
    i += letter.length;
  }
  at.push(original.length);
  return { text, at };
};

const foldLetter = (letter: string): string => {
  if (letter >= ' ' && letter <= '~') return letter.toLowerCase();
  return FOLDS[letter] ?? letter.normalize('NFKD').replace(UNSEEN, '').toLowerCase();
};

/** Every way in which a word of a name is written: without accents, and with two letters for an umlaut. */
export const spellings = (word: string): string[] => {
  const plain = fold(word).text;
  const spelled = fold(
    [...word.toLowerCase().normalize('NFC')].map((one) => SPELLED[one] ?? one).join(''),
  ).text;
  return [...new Set([plain, spelled, plain.replace(/([aou])e/g, '$1')])];
};

/** A run of letters and digits. */
export interface Word {
  /** Folded. */
  text: string;
  /** Places in the original. */
  start: number;
  end: number;
  /** As it was written. */
  written: string;
}

export const wordsOf = (original: string): Word[] => {
  const { text, at } = fold(original);
  return [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => {
    const start = at[match.index] ?? 0;
    const last = match.index + match[0].length - 1;
    // What folds to nothing, such as an accent of its own, belongs to the letter before it.
    const end = at[last + 1] ?? original.length;
    const written = original.slice(start, end);
    if (end - start === match[0].length) return { text: match[0], start, end, written };
    return {
      text: match[0],
      start,
      end: start + written.replace(/[^\p{L}\p{N}\p{M}\p{Cf}]+$/u, '').length,
      written,
    };
  });
};

export const isCapital = ({ written }: Word): boolean => /^\p{Lu}/u.test(written);
