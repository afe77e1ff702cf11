import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { filesBelow } from '../support/files';
import { ROOT } from '../support/product';

const SOURCES = path.join(ROOT, 'gateway/console/src');

const parsed = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

/** Texts of the catalogue by their names; read as a source, for the console is a package of its own. */
const TEXTS: Readonly<Record<string, string>> = Object.fromEntries(
  [...nodesOf(parsed(path.join(SOURCES, 'i18n/languages/en.ts')))].flatMap((node) =>
    ts.isPropertyAssignment(node) && ts.isStringLiteral(node.name) && ts.isStringLiteralLike(node.initializer)
      ? [[node.name.text, node.initializer.text]]
      : [],
  ),
);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What the parts of a text between its values are. @returns a source of a regular expression */
const patternOf = (parts: readonly string[]): string => parts.map(escaped).join('.+');

/** Of every route that the router has, its path with `$name` for what an address fills in. */
export const routesInSources = (): string[] =>
  [...nodesOf(parsed(path.join(SOURCES, 'app/router.tsx')))].flatMap((node) =>
    ts.isPropertyAssignment(node) && node.name.getText() === 'path' && ts.isStringLiteral(node.initializer)
      ? [node.initializer.text]
      : [],
  );

/** The route that the router takes an address to be of: of two that fit the one with less left open. */
export const routeOf = (address: string, routes: readonly string[]): string | undefined =>
  [...routes]
    .sort((one, other) => one.split('$').length - other.split('$').length)
    .find((route) => new RegExp(`^${route.replace(/\$\w+/g, '[^/]+')}$`).test(address));

export interface DialogTitle {
  file: string;
  /** Of the whole title. */
  pattern: RegExp;
}

/** Every title of every dialog of the console. */
export function dialogsInSources(): DialogTitle[] {
  return filesBelow(SOURCES)
    .filter((file) => file.endsWith('.tsx') && !file.endsWith('ui/dialog.tsx'))
    .flatMap((file) => {
      const nodes = [...nodesOf(parsed(file))];
      return nodes.flatMap((node) => {
        if (!ts.isJsxOpeningElement(node) || node.tagName.getText() !== 'Dialog') return [];
        const title = node.attributes.properties.find(
          (one): one is ts.JsxAttribute => ts.isJsxAttribute(one) && one.name.getText() === 'title',
        )?.initializer;
        const patterns = title === undefined ? [] : titlesOf(title, nodes);
        if (patterns.length === 0 || patterns.includes('.+'))
          throw new Error(`${file}: write the dialog’s title so that its texts can be told, as t('…')`);
        return patterns.map((pattern) => ({
          file: path.relative(SOURCES, file),
          pattern: new RegExp(`^${pattern}$`),
        }));
      });
    });
}

/** @returns sources of regular expressions, one for each text that the expression can come to */
function titlesOf(expression: ts.Node, nodes: readonly ts.Node[]): string[] {
  if (ts.isStringLiteralLike(expression)) return [patternOf(partsOf(expression.text))];
  if (ts.isJsxExpression(expression) && expression.expression) return titlesOf(expression.expression, nodes);
  if (ts.isConditionalExpression(expression))
    return [...titlesOf(expression.whenTrue, nodes), ...titlesOf(expression.whenFalse, nodes)];
  if (ts.isCallExpression(expression) && expression.expression.getText() === 't')
    return expression.arguments[0] ? titlesOf(expression.arguments[0], nodes) : [];
  if (ts.isTemplateExpression(expression)) {
    const pattern = patternOf([
      expression.head.text,
      ...expression.templateSpans.map(({ literal }) => literal.text),
    ]);
    // The name of a text with a part that is chosen: every text that it may be.
    const names = Object.keys(TEXTS).filter((name) => new RegExp(`^${pattern}$`).test(name));
    return names.length === 0 ? [pattern] : names.map((name) => patternOf(partsOf(name)));
  }
  return ['.+'];
}

/** A text around its values: the catalogue's, where it is the name of one there. */
const partsOf = (name: string): string[] => (TEXTS[name] ?? name).split(/\{\{\w+\}\}/);
