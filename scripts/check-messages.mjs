import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from './lib/prepare.mjs';

// Texts that people see come from the console's catalogue, so that another language is one file. Named here are the
// files whose texts are not there yet; the list only shrinks: a file on it that has no text of its own is a fault too.
const SOURCES = path.join(ROOT, 'gateway/console/src');
const LEFT = path.join(SOURCES, 'i18n/not-yet-converted.json');

/** Attributes and fields whose texts are shown or read aloud. */
const SHOWN = new Set(
  'alt,aria-description,aria-label,caption,empty,header,hint,label,lead,message,placeholder,term,text,title'.split(
    ',',
  ),
);
/** The product's name is the same in every language. */
const WORDS = /(?!\bMedseal\b)\b\p{L}{2,}/u;
/** Of a text that stands somewhere else: what is not a name, an address or a code. */
const SENTENCE = /\p{L}{2,}\s+\p{L}{2,}/u;

const isText = (node) =>
  ts.isStringLiteral(node) ||
  ts.isNoSubstitutionTemplateLiteral(node) ||
  ts.isTemplateHead(node) ||
  ts.isTemplateMiddleOrTemplateTail(node);

/** A value that is drawn as it is: the branches of a choice, the parts of a template; not what a function is given. */
function* drawnTexts(node) {
  if (isText(node)) {
    if (WORDS.test(node.text)) yield node;
  } else if (ts.isTemplateExpression(node)) {
    yield* drawnTexts(node.head);
    for (const { expression, literal } of node.templateSpans) {
      yield* drawnTexts(expression);
      yield* drawnTexts(literal);
    }
  } else if (ts.isConditionalExpression(node)) {
    yield* drawnTexts(node.whenTrue);
    yield* drawnTexts(node.whenFalse);
  } else if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (
      kind === ts.SyntaxKind.PlusToken ||
      kind === ts.SyntaxKind.QuestionQuestionToken ||
      kind === ts.SyntaxKind.BarBarToken
    )
      yield* drawnTexts(node.left);
    if (kind !== ts.SyntaxKind.EqualsEqualsEqualsToken && kind !== ts.SyntaxKind.ExclamationEqualsEqualsToken)
      yield* drawnTexts(node.right);
  } else if (ts.isParenthesizedExpression(node)) yield* drawnTexts(node.expression);
}

/** Errors that are thrown speak to developers; types, imports and class names are shown to nobody. */
const isNeverShown = (node) =>
  ts.isThrowStatement(node) ||
  ts.isNewExpression(node) ||
  ts.isTypeNode(node) ||
  ts.isImportDeclaration(node) ||
  (ts.isJsxAttribute(node) && !SHOWN.has(node.name.getText()));

function* textsIn(node) {
  if (isNeverShown(node)) {
    // A dialog or a list may be an attribute's value.
    if (
      ts.isJsxAttribute(node) &&
      node.initializer &&
      ts.isJsxExpression(node.initializer) &&
      node.name.getText() !== 'className'
    )
      for (const child of node.initializer.getChildren()) if (!isText(child)) yield* textsIn(child);
    return;
  }
  if (isText(node) && SENTENCE.test(node.text)) yield node;
  if (ts.isJsxText(node) && WORDS.test(node.text)) yield node;
  else if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent))
    yield* drawnTexts(node.expression);
  else if (ts.isJsxAttribute(node) && SHOWN.has(node.name.getText()) && node.initializer) {
    const { initializer } = node;
    yield* drawnTexts(
      ts.isJsxExpression(initializer) ? (initializer.expression ?? initializer) : initializer,
    );
  } else if (ts.isPropertyAssignment(node) && SHOWN.has(node.name.getText()))
    yield* drawnTexts(node.initializer);
  for (const child of node.getChildren()) yield* textsIn(child);
}

/** What `count` chooses by. */
const PLURAL = /_(?:zero|one|two|few|many|other)$/;

const sources = readdirSync(SOURCES, { recursive: true })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => file.split(path.sep).join('/'))
  .sort();
const left = JSON.parse(readFileSync(LEFT, 'utf8'));
const faults = left.filter((file) => !sources.includes(file)).map((file) => `${file} is not there any more`);
const keys = [
  ...readFileSync(path.join(SOURCES, 'i18n/languages/en.ts'), 'utf8').matchAll(/^ {2}'([^']+)':/gm),
].map(([, key]) => key);
const names = new Set(keys.map((key) => key.replace(PLURAL, '')));
const used = new Set();
/** Beginnings of names whose rest is put in. */
const begun = new Set();

for (const file of sources) {
  if (file.startsWith('i18n/languages/')) continue;
  const text = readFileSync(path.join(SOURCES, file), 'utf8');
  for (const [, key] of text.matchAll(/['"`]([\w-]+\.[\w.-]+)['"`]/g)) used.add(key);
  for (const [, beginning] of text.matchAll(/`([\w-]+\.[\w.-]*)\$\{/g)) begun.add(beginning);
  for (const [, group] of text.matchAll(/\btextOfCode\('(\w+)'/g)) begun.add(`${group}.`);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = [...new Set(textsIn(source))].filter(({ text }) => !names.has(text));
  if (left.includes(file)) {
    if (found.length === 0)
      faults.push(`${file} has no text of its own left: take it off i18n/not-yet-converted.json`);
  } else
    for (const node of found) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      faults.push(
        `${file}:${line + 1} has a text that is not in the catalogue: ${node.text.trim().slice(0, 60)}`,
      );
    }
}
for (const key of keys) {
  const isUsed =
    used.has(key) ||
    used.has(key.replace(PLURAL, '')) ||
    [...begun].some((beginning) => key.startsWith(beginning));
  if (!isUsed) faults.push(`no page uses the text ${key}`);
}

if (process.argv.includes('--list')) console.log(`${left.length} files to convert: ${left.join(', ')}`);
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
