const unitMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's duration text (`2s`, `1m30s`, `100ms`) in milliseconds. @throws Error when it is none. */
export const parseGoDuration = (text: string): number => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Error(`'${text}' is no duration; write for example 2s or 100ms`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMilliseconds[unit ?? ''] ?? 0), 0);
};
