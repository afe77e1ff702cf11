import { type ClinicalItem, type ClinicalSections, SECTIONS } from '@medseal/client';
import { lineOfItem } from './item-line';
import { narrativeLines } from './narrative';
import { sectionTitle } from './sections';

/** One line of a document, and by what it is the same line in another version. */
interface Line {
  name: string;
  text: string;
}

export type Change =
  | { kind: 'added'; after: string }
  | { kind: 'removed'; before: string }
  | { kind: 'changed'; before: string; after: string };

export interface ChangedSection {
  title: string;
  changes: Change[];
}

/** What was added, removed and changed from one version to another, section by section; empty where nothing was. */
export function difference(before: unknown, after: unknown): ChangedSection[] {
  const [old, now] = [sectionsOf(before), sectionsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((title) => ({ title, changes: changesOf(old.get(title) ?? [], now.get(title) ?? []) }))
    .filter(({ changes }) => changes.length > 0);
}

function changesOf(before: readonly Line[], after: readonly Line[]): Change[] {
  // Lines that stand in both are left out, as often as they do.
  const rest = (lines: readonly Line[], others: readonly Line[]): Line[] => {
    const counts = new Map<string, number>();
    for (const { text } of others) counts.set(text, (counts.get(text) ?? 0) + 1);
    return lines.filter(({ text }) => {
      const count = counts.get(text) ?? 0;
      counts.set(text, count - 1);
      return count <= 0;
    });
  };
  const removed = rest(before, after);
  const added = rest(after, before);
  const changes: Change[] = [];
  for (const line of removed) {
    const at = added.findIndex(({ name }) => name === line.name);
    const [same] = at < 0 ? [] : added.splice(at, 1);
    changes.push(
      same === undefined
        ? { kind: 'removed', before: line.text }
        : { kind: 'changed', before: line.text, after: same.text },
    );
  }
  return [...changes, ...added.map(({ text }): Change => ({ kind: 'added', after: text }))];
}

function sectionsOf(document: unknown): Map<string, Line[]> {
  return (document as { resourceType?: unknown } | null)?.resourceType === 'Bundle'
    ? sectionsOfBundle(document as Bundle)
    : new Map(
        SECTIONS.map((name) => [
          sectionTitle(name),
          ((document as ClinicalSections)[name] ?? []).map((item) => ({
            name: nameOfItem(item),
            text: lineOfItem(item),
          })),
        ]),
      );
}

/** The same measurement or code is the same line with another value; prose is known by its code only. */
const nameOfItem = ({ code, text, value }: ClinicalItem): string =>
  code?.code ?? (value === undefined ? `text ${text}` : text);

interface Bundle {
  entry?: { fullUrl?: string; resource?: Resource }[];
}

interface Resource {
  section?: { title?: unknown; text?: { div?: unknown }; entry?: { reference?: string }[] }[];
  code?: Concept;
  medicationCodeableConcept?: Concept;
  vaccineCode?: Concept;
}

interface Concept {
  coding?: { code?: string }[];
  text?: string;
}

function sectionsOfBundle({ entry = [] }: Bundle): Map<string, Line[]> {
  const resources = new Map(entry.map(({ fullUrl, resource }) => [fullUrl, resource]));
  const found = new Map<string, Line[]>();
  for (const { title, text, entry: references = [] } of entry[0]?.resource?.section ?? []) {
    const lines = narrativeLines(text?.div);
    // Where narrative and resources go together, a line is named by its resource.
    const names = references.map(({ reference }) => nameOfResource(resources.get(reference)));
    const isPaired = names.length === lines.length;
    found.set(
      String(title ?? ''),
      lines.map((line, index) => ({ name: (isPaired && names[index]) || `text ${line}`, text: line })),
    );
  }
  return found;
}

const nameOfResource = (resource: Resource | undefined): string | undefined => {
  const concept = resource?.code ?? resource?.medicationCodeableConcept ?? resource?.vaccineCode;
  return concept?.coding?.[0]?.code ?? concept?.text;
};
