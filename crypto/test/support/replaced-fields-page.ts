import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Field, isRequired, kindOf } from '../../src/document/fields.js';
import { REPLACED_FIELDS } from '../../src/index.js';
import { LABELS, type Measured, type Score } from './free-text.js';

const PAGE = path.join(__dirname, '../../../docs/replaced-fields.md');

/** Part of the page between its marks, `<!-- name -->` and `<!-- /name -->`, or written anew with MEDSEAL_WRITE_DOCS=1. */
export const partOfPage = (name: string, wanted: string): string => {
  const page = readFileSync(PAGE, 'utf8');
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start) + start.length, page.indexOf(end)];
  if (process.env['MEDSEAL_WRITE_DOCS'] !== '1') return page.slice(from, to).trim();
  writeFileSync(PAGE, `${page.slice(0, from)}\n${wanted}\n\n${page.slice(to)}`);
  return wanted;
};

const MINIMAL: Record<Field['rule'], string> = {
  structure: 'kept',
  category: 'kept',
  clinical: '–',
  date: '–',
  text: '–',
  'personal link': 'numbered anew',
  'organisation link': 'numbered anew',
  parts: 'by its elements',
  personal: '–',
  organisation: '–',
};
const RESEARCH: Record<Field['rule'], string> = {
  ...MINIMAL,
  clinical: 'kept',
  date: 'year',
  text: 'scanned',
};

/** One table for every resource, element and data type, in the order of the code. */
export const fieldTables = (): string =>
  [...REPLACED_FIELDS].map(([owner, rows]) => `### ${owner}\n\n${tableOf(owner, rows)}`).join('\n\n');

const tableOf = (owner: string, rows: ReadonlyMap<string, Field>): string =>
  [
    '| element | type | minimal | research | set | reason |',
    '|---|---|---|---|---|---|',
    ...[...rows].map(([name, { type, rule, reason }]) => {
      const stays = ['structure', 'parts', 'category'].includes(rule);
      const set = stays ? '' : kindOf(rule) === 'personal' ? 'K1' : 'K2';
      const shown = (what: string): string => (what === '–' && isRequired(owner, name) ? 'masked' : what);
      return `| ${name} | ${type} | ${shown(MINIMAL[rule])} | ${shown(RESEARCH[rule])} | ${set} | ${reason} |`;
    }),
  ].join('\n');

/** What the scan finds of the labelled sentences, and every mark that it does not. */
export const scanTables = ({ scores, misses, words, needless }: Measured): string => {
  const total = (of: Score[]): Score =>
    of.reduce(
      (sum, one) => ({
        marked: sum.marked + one.marked,
        found: sum.found + one.found,
        partly: sum.partly + one.partly,
        missed: sum.missed + one.missed,
      }),
      NOTHING,
    );
  const line = (what: string, written: Score, kept: Score): string =>
    `| ${what} | ${written.marked} | ${written.found} | ${written.partly} | ${written.missed} | ${kept.marked} | ${kept.found} | ${kept.partly} | ${kept.missed} |`;
  const [written, kept] = [scores['written with'], scores['kept back']];
  return [
    '| what | in the 140 | found | partly | missed | in the 60 kept back | found | partly | missed |',
    '|---|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...(Object.keys(LABELS) as (keyof typeof LABELS)[]).map((label) =>
      line(LABELS[label], written.get(label) ?? NOTHING, kept.get(label) ?? NOTHING),
    ),
    line('all', total([...written.values()]), total([...kept.values()])),
    '',
    `Of ${words} words outside the marks ${needless.length} were replaced without need: ${needless.map((one) => `“${one}”`).join(', ')}.`,
    '',
    'What was missed, in its sentence:',
    '',
    '| what | left to read | sentence | kept back |',
    '|---|---|---|---|',
    ...misses.map(
      ({ label, missed, sentence, keptBack, partly }) =>
        `| ${LABELS[label]} | ${partly ? 'part of ' : ''}“${oneLine(missed)}” | ${oneLine(sentence)} | ${keptBack ? 'yes' : ''} |`,
    ),
  ].join('\n');
};

const NOTHING: Score = { marked: 0, found: 0, partly: 0, missed: 0 };
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
