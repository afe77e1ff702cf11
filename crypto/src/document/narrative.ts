import type { FreeTextScan } from './free-text/scan.js';
import type { Json } from './json.js';
import type { ReplacedKind } from './plan.js';

/** Stands for a narrative of which nothing is shown. */
export const MASKED_NARRATIVE: Json = {
  div: '<div xmlns="http://www.w3.org/1999/xhtml">[masked]</div>',
  status: 'empty',
};

const XMLNS = 'http://www.w3.org/1999/xhtml';
const TOKEN = /<[^<>]*>|&[^;&<>\s]{1,12};|[^<>&]+/g;
const TAG = /^<(\/?)([a-z][a-z0-9]*)\b[\s\S]*?(\/?)>$/;
/** Tags between which a word can go on. */
const INLINE = new Set([
  'a',
  'abbr',
  'b',
  'big',
  'em',
  'font',
  'i',
  'small',
  'span',
  'strong',
  'sub',
  'sup',
  'u',
]);
const EMPTY = new Set(['br', 'hr', 'img', 'col']);
const FORMATTING = new Set([
  ...INLINE,
  ...[
    'br',
    'hr',
    'div',
    'p',
    'ul',
    'ol',
    'li',
    'dl',
    'dt',
    'dd',
    'table',
    'caption',
    'thead',
    'tbody',
    'tfoot',
  ],
  ...[
    'tr',
    'td',
    'th',
    'colgroup',
    'col',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'pre',
    'blockquote',
    'code',
    'tt',
  ],
]);
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

interface Piece {
  /** As it is shown: a tag without its attributes. */
  written: string;
  /** What a reader sees of it: nothing of a tag within a word, a line break of another. */
  said: string;
  is: 'tag' | 'text' | 'entity';
}

/**
 * A narrative without attributes, comments and whatever the scan finds in what a reader sees: entities are read, and a
 * name is found across tags such as `<b>`.
 *
 * @returns undefined for markup that is not simple XHTML, of which nothing should be shown
 */
export const maskNarrative = (
  div: string,
  scan: FreeTextScan,
  mask: string,
): { shown: string; kind: ReplacedKind | undefined } | undefined => {
  const pieces = readPieces(div);
  if (pieces === undefined) return undefined;
  const spans = scan.spans(pieces.map((piece) => piece.said).join(''));
  let shown = '';
  let at = 0;
  let next = 0;
  let open = false;
  for (const { written, said, is } of pieces) {
    const end = at + said.length;
    if (is === 'tag') {
      shown += written;
      at = end;
      continue;
    }
    while (at < end) {
      const span = spans[next];
      if (span === undefined || span.start >= end) {
        shown += is === 'text' ? said.slice(said.length - (end - at)) : written;
        at = end;
      } else if (span.start > at) {
        shown += said.slice(said.length - (end - at), said.length - (end - span.start));
        at = span.start;
      } else {
        if (!open) shown += mask;
        open = span.end > end;
        at = Math.min(span.end, end);
        if (!open) next++;
      }
    }
    // A span can end with a tag that says a line break.
    while (next < spans.length && (spans[next]?.end ?? 0) <= at) {
      next++;
      open = false;
    }
  }
  const kind = spans.some((span) => span.kind === 'personal') ? 'personal' : spans[0]?.kind;
  return { shown, kind };
};

/** One outer div with what lies in it; undefined where tags do not match or something lies outside. */
const readPieces = (div: string): Piece[] | undefined => {
  const plain = withoutComments(div);
  const tokens = plain.match(TOKEN) ?? [];
  if (tokens.join('').length !== plain.length || !tokens[0]?.startsWith('<div')) return undefined;
  const pieces: Piece[] = [];
  const open: string[] = [];
  for (const token of tokens) {
    if (pieces.length > 0 && open.length === 0) return undefined;
    const piece = token.startsWith('<') ? readTag(token, open) : readText(token);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  return open.length === 0 ? pieces : undefined;
};

const withoutComments = (div: string): string => {
  let plain = '';
  let at = 0;
  for (let from = div.indexOf('<!--'); from >= 0; from = div.indexOf('<!--', at)) {
    plain += div.slice(at, from);
    const end = div.indexOf('-->', from + 4);
    // One without an end is no markup that can be read.
    if (end < 0) return `${plain}<`;
    at = end + 3;
  }
  return plain + div.slice(at);
};

const readTag = (token: string, open: string[]): Piece | undefined => {
  const [, closing, name, empty] = TAG.exec(token) ?? [];
  if (name === undefined) return undefined;
  if (EMPTY.has(name) || empty === '/') {
    if (!FORMATTING.has(name)) return { written: '', said: '\n', is: 'tag' };
    return { written: `<${name}/>`, said: INLINE.has(name) ? '' : '\n', is: 'tag' };
  }
  if (!FORMATTING.has(name)) return undefined;
  if (closing === '/') {
    if (open.pop() !== name) return undefined;
  } else open.push(name);
  const attributes = open.length === 1 && closing === '' ? ` xmlns="${XMLNS}"` : '';
  const written = closing === '/' ? `</${name}>` : `<${name}${attributes}>`;
  return { written, said: INLINE.has(name) ? '' : '\n', is: 'tag' };
};

const readText = (token: string): Piece | undefined => {
  if (!token.startsWith('&')) return { written: token, said: token, is: 'text' };
  const name = token.slice(1, -1);
  const code = /^#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}))$/.exec(name);
  const said =
    code === null
      ? ENTITIES[name]
      : fromCode(code[1] === undefined ? Number.parseInt(code[2] ?? '', 16) : Number(code[1]));
  return said === undefined ? undefined : { written: token, said, is: 'entity' };
};

const fromCode = (code: number): string | undefined =>
  code > 0 && code <= 0x10_ffff && !(code >= 0xd800 && code <= 0xdfff)
    ? String.fromCodePoint(code)
    : undefined;
