/**
 * Numbers, days and spans of time as the reader writes them: in the language of the texts around them, and of its
 * regions (`en-IN`) the one that the browser prefers.
 */
const formatsOf = (locale: string) => ({
  number: new Intl.NumberFormat(locale),
  percent: new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }),
  day: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }),
  month: new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' }),
  instant: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }),
  clock: new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }),
  hour: new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }),
  from: new Intl.RelativeTimeFormat(locale),
  list: new Intl.ListFormat(locale, { type: 'conjunction' }),
  hours: unit(locale, 'hour'),
  minutes: unit(locale, 'minute'),
  seconds: unit(locale, 'second'),
  span: new Intl.ListFormat(locale, { type: 'unit', style: 'narrow' }),
});

const unit = (locale: string, name: string): Intl.NumberFormat =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' });

let formats = formatsOf('en');

/** @param locale BCP 47 */
export const writeAsIn = (locale: string): void => {
  formats = formatsOf(locale);
};

const NOTHING = '–';

/** Breaks over lines after a comma only: a day stays together, and so does the time beside it. */
const together = (text: string): string => text.replace(/(?<![,،、]) /g, '\u00a0');

const SECOND_MS = 1_000;

export const numberText = (value: number): string => formats.number.format(value);

/** @param share from 0 to 1 */
export const shareText = (share: number): string => formats.percent.format(share);

/** @param month `YYYY-MM` */
export const monthText = (month: string): string => formats.month.format(new Date(`${month}-01T00:00:00Z`));

/** @param instant RFC 3339 */
export const hourText = (instant: string): string => formats.hour.format(new Date(instant));

/** To the second. @param instant RFC 3339 */
export const clockText = (instant: string): string => formats.clock.format(new Date(instant));

/** @param date `YYYY-MM-DD`, or more of it */
export const dayText = (date: string | null | undefined): string =>
  date ? together(formats.day.format(new Date(`${date.slice(0, 10)}T00:00:00Z`))) : NOTHING;

/** A day stays a day, an instant is shown in the reader's own time. */
export const timeText = (value: string | null | undefined): string =>
  !value ? NOTHING : value.length === 10 ? dayText(value) : together(formats.instant.format(new Date(value)));

/** *in 3 minutes* */
export const inMinutesText = (minutes: number): string => formats.from.format(minutes, 'minute');

/** In hours and minutes, in seconds at the end. */
export function spanText(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours === 0 && minutes === 0) return formats.seconds.format(seconds);
  return formats.span.format([
    ...(hours > 0 ? [formats.hours.format(hours)] : []),
    formats.minutes.format(minutes),
  ]);
}

/** *one, two and three* */
export const listText = (items: readonly string[]): string => formats.list.format(items);
