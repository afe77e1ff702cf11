/**
 * Every text of the console in English. `{{name}}` is a value, `<name>…</name>` a part that its place of use draws;
 * `…_one` and `…_other` are chosen by `count`. Names begin with where the text is.
 */
export const en = {
  'common.loading': 'Loading …',
} as const;
