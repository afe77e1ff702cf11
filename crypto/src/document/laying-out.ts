import { utf8 } from '../canonical/bytes.js';
import { compareUtf8 } from '../canonical/json.js';
import { isObject, type Json, type JsonObject, writeJson } from './json.js';
import type { Outcome, Plan, PlannedMember, ReplacedKind } from './plan.js';
import type { SectorWriter } from './sector-writer.js';

/**
 * Name of the only member of what stands for a replaced text that is longer than a block: its pieces, because nothing
 * can be written into the middle of a text. No element of FHIR has this name.
 */
const PIECES = '[pieces]';

const KINDS: ReplacedKind[] = ['personal', 'organisation'];

/**
 * Writes a planned value. A replaced value comes after the masked one under the same name: JSON.parse takes the last
 * member of a name, so the text is the original until the last one is replaced, and the masked one then.
 */
export const writePlan = (paper: SectorWriter, plan: Plan): void => {
  if (plan.is === 'kept') paper.write(writeJson(plan.value), 'kept');
  else if (plan.is === 'array') writeItems(paper, plan.items);
  else writeMembers(paper, plan.members);
};

const writeMembers = (paper: SectorWriter, members: PlannedMember[]): void => {
  const sorted = [...members].sort((left, right) => compareUtf8(left.name, right.name));
  let before = '{';
  for (const member of sorted) {
    const plan = stays(member);
    if (plan === undefined) continue;
    paper.write(`${before}${JSON.stringify(member.name)}:`, 'kept');
    writePlan(paper, plan);
    before = ',';
  }
  for (const kind of KINDS) {
    for (const member of sorted) {
      if (!('replaced' in member) || member.replaced.kind !== kind) continue;
      paper.write(`,${JSON.stringify(member.name)}:`, kind);
      writeReplaced(paper, member.replaced.original, kind);
    }
  }
  paper.write('}', 'kept');
};

const stays = (outcome: Outcome): Plan | undefined => {
  if ('kept' in outcome) return outcome.kept;
  return outcome.replaced.mask === undefined ? undefined : { is: 'kept', value: outcome.replaced.mask };
};

/** Commas belong to replaced items, on the side of the nearest kept one. */
const writeItems = (paper: SectorWriter, items: Outcome[]): void => {
  const firstKept = items.findIndex((item) => 'kept' in item);
  paper.write('[', 'kept');
  items.forEach((item, i) => {
    if ('kept' in item) {
      if (i > firstKept) paper.write(',', 'kept');
      writePlan(paper, item.kept);
      return;
    }
    const { original, kind } = item.replaced;
    if (i > firstKept) paper.write(',', kind);
    writeReplaced(paper, original, kind);
    if (i < firstKept) paper.write(',', kind);
  });
  paper.write(']', 'kept');
};

const writeReplaced = (paper: SectorWriter, value: Json, kind: ReplacedKind): void => {
  const whole = writeJson(value);
  // Only what might be too long is measured.
  if (whole.length * 3 <= paper.longestToken || utf8(whole).length <= paper.longestToken) {
    paper.write(whole, kind);
    return;
  }
  let before = '';
  const next = (token: string): void => {
    paper.write(before + token, kind);
    before = ',';
  };
  if (typeof value === 'string') {
    paper.write(`{"${PIECES}":[`, kind);
    for (const piece of piecesOf(value, paper.longestToken - 1)) next(JSON.stringify(piece));
    paper.write(']}', kind);
  } else if (Array.isArray(value)) {
    paper.write('[', kind);
    for (const item of value) {
      if (before !== '') paper.write(before, kind);
      before = ',';
      writeReplaced(paper, item, kind);
    }
    paper.write(']', kind);
  } else if (isObject(value)) {
    paper.write('{', kind);
    for (const [name, member] of sortedMembers(value)) {
      next(`${JSON.stringify(name)}:`);
      writeReplaced(paper, member, kind);
    }
    paper.write('}', kind);
  }
};

const sortedMembers = (value: JsonObject): [string, Json][] =>
  Object.entries(value).sort(([left], [right]) => compareUtf8(left, right));

/** A text in pieces whose JSON has at most `longest` bytes, quotes included. */
const piecesOf = (text: string, longest: number): string[] => {
  const pieces: string[] = [];
  let from = 0;
  let size = 2;
  let at = 0;
  while (at < text.length) {
    const letter = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const bytes = writtenBytes(letter);
    if (size + bytes > longest) {
      pieces.push(text.slice(from, at));
      from = at;
      size = 2;
    }
    size += bytes;
    at += letter.length;
  }
  pieces.push(text.slice(from));
  return pieces;
};

const writtenBytes = (letter: string): number => {
  const code = letter.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x22 || code === 0x5c) return JSON.stringify(letter).length - 2;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x1_0000 ? 3 : 4;
};

/** Puts texts together again that were written in pieces. */
export const joinPieces = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(joinPieces);
  if (!isObject(value)) return value;
  const pieces = value[PIECES];
  if (Array.isArray(pieces)) return pieces.join('');
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, joinPieces(member)]));
};
