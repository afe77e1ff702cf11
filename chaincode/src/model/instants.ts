/**
 * Instants as the ledger writes them: RFC 3339 in UTC with milliseconds, so that the order of texts is that of time, and
 * days as YYYY-MM-DD. Converts only: what time it is comes from the proposal.
 */

export const instantOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Milliseconds since the epoch. */
export const millisecondsOf = (instant: string): number => Date.parse(instant);

/** So many milliseconds later. */
export const laterBy = (instant: string, milliseconds: number): string =>
  instantOf(millisecondsOf(instant) + milliseconds);

/** Part of a key that sorts a later instant before an earlier one; 13 digits, until the year 2286. */
export const newestFirst = (instant: string): string =>
  String(9_999_999_999_999 - millisecondsOf(instant)).padStart(13, '0');

/** The same day and time some years later; of a 29th of February the 1st of March. */
export const yearsAfter = (instant: string, years: number): string => {
  const date = new Date(instant);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.toISOString();
};

export const isInstant = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && isWrittenAs(text);

export const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && isWrittenAs(`${text}T00:00:00.000Z`);

/** The thirtieth of February is read as a day in March. */
const isWrittenAs = (text: string): boolean => {
  const milliseconds = millisecondsOf(text);
  return !Number.isNaN(milliseconds) && instantOf(milliseconds) === text;
};
