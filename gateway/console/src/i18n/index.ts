import i18next, { type FormatterModule } from 'i18next';
import { en } from './languages/en';
import { numberText, writeAsIn } from './locale';

/** The texts of another language: `languages/<tag>.ts` exports them by default, and is offered from then on. */
export type Messages = Record<keyof typeof en, string> &
  Partial<Record<`${string}_${'zero' | 'two' | 'few' | 'many'}`, string>>;

type Key = keyof typeof en;
/** A text by its name; of one with `_one` and `_other` the name before these, with a `count`. */
export type MessageKey = Key extends infer K
  ? K extends `${infer Name}_one` | `${infer Name}_other`
    ? Name
    : K
  : never;

type TextOf<K extends MessageKey> = K extends Key
  ? (typeof en)[K]
  : `${K}_other` extends Key
    ? (typeof en)[`${K}_other`]
    : never;
type Names<Text> = Text extends `${string}{{${infer Name}}}${infer Rest}` ? Name | Names<Rest> : never;
type Plural<K extends MessageKey> = K extends Key ? never : 'count';
type ValueName<K extends MessageKey> = Names<TextOf<K>> | Plural<K>;

/** What a text leaves open; numbers are written as the reader's locale writes them. */
export type Values<K extends MessageKey> = {
  [Name in ValueName<K>]: Name extends 'count' ? number : string | number;
};

/** The further arguments of `t`: none for a text that leaves nothing open. */
export type ValuesOf<K extends MessageKey> = [ValueName<K>] extends [never] ? [] : [values: Values<K>];

/** Texts that need no values. */
export type PlainKey = { [K in MessageKey]: [ValueName<K>] extends [never] ? K : never }[MessageKey];

/** Numbers in texts are written as the reader's locale writes them. */
const formatter: FormatterModule = {
  type: 'formatter',
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown) => (typeof value === 'number' ? numberText(value) : String(value)),
};

void i18next.use(formatter).init({
  lng: 'en',
  fallbackLng: 'en',
  resources: { en: { translation: en } },
  initAsync: false,
  // Names are flat: dots and colons in them say nothing.
  keySeparator: false,
  nsSeparator: false,
  // React writes text as text.
  interpolation: { escapeValue: false, alwaysFormat: true },
});

/** One text of the console in the reader's language. */
export const t = <K extends MessageKey>(key: K, ...[values]: ValuesOf<K>): string =>
  i18next.t(key as string, values as Record<string, unknown> | undefined);

/** The text of a code, by the names of its kind; a code that has none there stands as it is. */
export const codeText = (names: Readonly<Record<string, PlainKey>>, code: string): string => {
  const key = names[code];
  return key === undefined ? code : t(key);
};

/** The text that a code of the service has here; undefined for one that the catalogue does not know. */
export const textOfCode = (group: CodeGroup, code: string): string | undefined => {
  const key = `${group}.${code}`;
  return i18next.exists(key) ? i18next.t(key) : undefined;
};

/** Where names are put together with a code. */
type CodeGroup = 'basis' | 'error' | 'role';

const LANGUAGES = import.meta.glob<{ default: Messages }>(['./languages/*.ts', '!./languages/en.ts']);

/** Before anything is shown: the first of the reader's languages that there is; English otherwise. */
export async function chooseLanguage(preferred: readonly string[]): Promise<void> {
  for (const tag of preferred) {
    const { language } = new Intl.Locale(tag);
    const load = LANGUAGES[`./languages/${language}.ts`];
    if (load === undefined && language !== 'en') continue;
    if (load !== undefined) {
      i18next.addResourceBundle(language, 'translation', (await load()).default);
      await i18next.changeLanguage(language);
      document.documentElement.lang = language;
    }
    writeAsIn(tag);
    break;
  }
}
