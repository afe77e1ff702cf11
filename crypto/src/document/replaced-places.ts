import { type BlockLayout, sectorLength, sectorOffset } from '../audit/sectors.js';
import type { SignedSector } from '../audit/signing.js';
import { utf8Decode } from '../canonical/bytes.js';
import { bigintToBytes } from '../scalar.js';
import type { ReplacedKind } from './plan.js';

/** Replaced sectors of a blinded document, as a sanitiser can tell them. */
export interface ReplacedPlace {
  /**
   * In the sanitised document, for example `entry[1].resource`: of personal sectors the element that they are in, because
   * their own names are blinded too; of the organisation's the elements themselves, where they can be read.
   */
  path: string;
  kind: ReplacedKind;
  sectors: number;
}

interface Run {
  kind: ReplacedKind;
  start: number;
  end: number;
  sectors: number;
}

interface Container {
  path: string;
  isArray: boolean;
  /** Of an array: items so far. */
  index: number;
  /** Of an object: the member that is being read. */
  name: string;
  awaitsName: boolean;
}

/**
 * Where something of a document is replaced, out of the bytes alone: nobody's word is taken for it.
 *
 * @param content with wildcards
 */
export const replacedPlaces = (
  layout: BlockLayout,
  sectors: readonly SignedSector[],
  content: Uint8Array,
): ReplacedPlace[] => {
  const shown = withOrganisation(layout, sectors, content);
  const runs = runsOf(layout, sectors);
  const elements = elementsIn(shown, runs);
  const counts = new Map<string, ReplacedPlace>();
  runs.forEach(({ kind, sectors: size }, at) => {
    const { container, names } = elements[at] ?? { container: '', names: [] };
    const path = kind === 'organisation' && names.length > 0 ? names.join(', ') : container;
    const key = `${kind} ${path}`;
    const before = counts.get(key)?.sectors ?? 0;
    counts.set(key, { path, kind, sectors: before + size });
  });
  return [...counts.values()];
};

/** What is the organisation's is not blinded: it is read to name it. */
const withOrganisation = (
  layout: BlockLayout,
  sectors: readonly SignedSector[],
  content: Uint8Array,
): Uint8Array => {
  const shown = Uint8Array.from(content);
  for (const { block, sector, kind, value } of sectors) {
    if (kind !== 'organisation') continue;
    const length = sectorLength(layout, block, sector);
    shown.set(bigintToBytes(value, length), sectorOffset(layout, block, sector));
  }
  return shown;
};

/** Sectors of one kind without another between them. */
const runsOf = (layout: BlockLayout, sectors: readonly SignedSector[]): Run[] => {
  const runs: Run[] = [];
  for (const { block, sector, kind } of sectors) {
    const start = sectorOffset(layout, block, sector);
    const end = start + sectorLength(layout, block, sector);
    const last = runs.at(-1);
    if (last?.kind === kind && last.end === start) {
      last.end = end;
      last.sectors++;
    } else {
      runs.push({ kind, start, end, sectors: 1 });
    }
  }
  return runs;
};

/** In what element each run begins, and which of its members or items begin within the run. */
const elementsIn = (json: Uint8Array, runs: readonly Run[]): { container: string; names: string[] }[] => {
  const stack: Container[] = [];
  const found: { container: string; depth: number; names: string[] }[] = [];
  const begins = (path: string, at: number): void => {
    const run = found.length - 1;
    const last = found[run];
    if (last !== undefined && last.depth === stack.length && at < (runs[run]?.end ?? 0))
      last.names.push(path);
  };
  for (let at = 0; at < json.length; at++) {
    if (at === runs[found.length]?.start)
      found.push({ container: stack.at(-1)?.path ?? '', depth: stack.length, names: [] });
    const top = stack.at(-1);
    const mark = String.fromCharCode(json[at] ?? 0);
    if (mark === '"') {
      const end = endOfText(json, at);
      if (top?.awaitsName === true) {
        top.name = utf8Decode(json.subarray(at + 1, end));
        top.awaitsName = false;
        begins(below(top), at);
      } else if (top?.isArray === true) {
        begins(below(top), at);
      }
      // A run may begin within a text that is no JSON's.
      while (found.length < runs.length && (runs[found.length]?.start ?? 0) <= end)
        found.push({ container: top?.path ?? '', depth: stack.length, names: [] });
      at = end;
    } else if (mark === '{' || mark === '[') {
      if (top?.isArray === true) begins(below(top), at);
      const isArray = mark === '[';
      const path = top === undefined ? '' : below(top);
      stack.push({ path, isArray, index: 0, name: '', awaitsName: !isArray });
    } else if (mark === '}' || mark === ']') {
      stack.pop();
    } else if (mark === ',' && top !== undefined) {
      if (top.isArray) top.index++;
      else top.awaitsName = true;
    }
  }
  return found;
};

const below = ({ path, isArray, index, name }: Container): string => {
  if (isArray) return `${path}[${index}]`;
  return path === '' ? name : `${path}.${name}`;
};

/** Place of the quotation mark that ends the text, or of the last byte. */
const endOfText = (json: Uint8Array, from: number): number => {
  for (let at = from + 1; at < json.length; at++) {
    if (json[at] === 0x5c) at++;
    else if (json[at] === 0x22) return at;
  }
  return json.length - 1;
};
