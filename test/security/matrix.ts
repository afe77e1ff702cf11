import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * `test/authorization.csv`: who may do what, as the specification says. One row an operation, a circumstance (`on`), a
 * set of actors and what they get.
 *
 * - `interface`: `rest` (through the gateway), `peer` (a proposal to a peer), `group` (a name for several actors).
 * - `at`: whose peer is asked: the caller's `own`, each `other` one, or `any` of them.
 * - `answer`: status and code of the REST answer; `ok` or the contract's code.
 * - `layer`: which one refuses. Empty where the caller is entitled, even if the request is then refused for another
 *   reason (another version's ETag, say), so that entitled calls need not change anything.
 * - `sees`: what of the answer's protected parts is there; compared exactly where the operation names any.
 */
const FILE = path.join(__dirname, '../authorization.csv');
const COLUMNS = 'interface,operation,on,at,actors,answer,layer,sees';

export interface Row {
  line: number;
  interface: 'rest' | 'peer';
  operation: string;
  on: string;
  at: '' | 'own' | 'other' | 'any';
  actors: string[];
  answer: string;
  layer: '' | 'gateway' | 'contract';
  sees: string[];
}

const words = (text: string): string[] => text.split(' ').filter(Boolean);

export function readMatrix(): Row[] {
  const [header, ...lines] = readFileSync(FILE, 'utf8').trimEnd().split('\n');
  if (header !== COLUMNS) throw new Error(`authorization.csv must begin with ${COLUMNS}`);
  const groups = new Map<string, string[]>();
  const expand = (text: string): string[] => words(text).flatMap((word) => groups.get(word) ?? [word]);
  return lines.flatMap((text, index): Row[] => {
    const cells = text.split(',');
    const [kind = '', operation = '', on = '', at = '', actors = '', answer = '', layer = '', sees = ''] =
      cells;
    const line = index + 2;
    if (cells.length !== 8) throw new Error(`authorization.csv:${line} has ${cells.length} fields, not 8`);
    if (kind === 'group') {
      groups.set(operation, expand(actors));
      return [];
    }
    const isKnown =
      (kind === 'rest' && at === '' && ['', 'gateway', 'contract'].includes(layer)) ||
      (kind === 'peer' && ['own', 'other', 'any'].includes(at) && ['', 'contract'].includes(layer));
    if (!isKnown) throw new Error(`authorization.csv:${line} has an unknown interface, peer or layer`);
    return [
      {
        line,
        interface: kind as Row['interface'],
        operation,
        on,
        at: at as Row['at'],
        actors: expand(actors),
        answer,
        layer: layer as Row['layer'],
        sees: words(sees).sort(),
      },
    ];
  });
}

/** Rows of one operation under one circumstance. */
export interface Block {
  operation: string;
  on: string;
  rows: Row[];
}

export function blocksOf(rows: readonly Row[], kind: Row['interface']): Block[] {
  const blocks = new Map<string, Block>();
  for (const row of rows.filter((one) => one.interface === kind)) {
    const key = `${row.operation} | ${row.on}`;
    const block = blocks.get(key) ?? { operation: row.operation, on: row.on, rows: [] };
    block.rows.push(row);
    blocks.set(key, block);
  }
  return [...blocks.values()];
}

/** Actors that a block leaves out, names twice for one peer, or that do not exist. */
export function gapsOf(block: Block, actors: readonly string[]): string[] {
  const places = block.rows.some(({ interface: kind }) => kind === 'peer') ? ['own', 'other'] : [''];
  const gaps: string[] = [];
  for (const place of places) {
    const named = block.rows.flatMap((row) => (row.at === 'any' || row.at === place ? row.actors : []));
    for (const actor of new Set([...actors, ...named])) {
      const times = named.filter((one) => one === actor).length;
      if (times !== 1 || !actors.includes(actor))
        gaps.push(`${block.operation} (${block.on}) ${place}: ${actor} × ${times}`);
    }
  }
  return gaps;
}

/** Whether it ends sessions that other requests use. */
export const endsSessions = ({ operation, on }: Block): boolean =>
  operation === 'POST /auth/logout' || (operation === 'DELETE /auth/sessions/{id}' && on === 'own');

export const endingSessionsLast = (blocks: readonly Block[]): Block[] => [
  ...blocks.filter((block) => !endsSessions(block)),
  ...blocks.filter(endsSessions),
];
