/** `YYYY-MM` of an instant or a day, in UTC. */
export const monthOf = (at: Date | string): string =>
  (typeof at === 'string' ? at : at.toISOString()).slice(0, 7);

/** The month of `now` and those before it, oldest first, in UTC. */
export function monthsUntil(now: Date, count: number): string[] {
  const year = now.getUTCFullYear();
  const month = now.getUTCMonth();
  return Array.from({ length: count }, (_, at) =>
    monthOf(new Date(Date.UTC(year, month - count + 1 + at, 1))),
  );
}
