/**
 * Numbers and days as the reader's browser writes them. The locale is the browser's own, which may be one of a region
 * (`en-IN`) of which there is no catalogue.
 */
const NUMBER = new Intl.NumberFormat();
const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const MONTH = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric', timeZone: 'UTC' });
const HOUR = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export const numberText = (value: number): string => NUMBER.format(value);

/** @param share from 0 to 1 */
export const shareText = (share: number): string => PERCENT.format(share);

/** @param month `YYYY-MM` */
export const monthText = (month: string): string => MONTH.format(new Date(`${month}-01T00:00:00Z`));

/** @param instant RFC 3339 */
export const hourText = (instant: string): string => HOUR.format(new Date(instant));
