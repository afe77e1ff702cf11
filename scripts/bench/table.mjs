const COLUMNS = [
  ['network', 22, ({ network }) => network],
  ['operation', 18, ({ operation }) => operation],
  ['in flight', 9, ({ inFlight }) => inFlight],
  ['per s', 8, ({ perSecond }) => perSecond],
  ['p50 ms', 8, ({ p50 }) => p50],
  ['p95 ms', 8, ({ p95 }) => p95],
  ['p99 ms', 8, ({ p99 }) => p99],
  ['CPU ms: network', 15, ({ cpu, networkProcesses }) => sumOf(cpu, networkProcesses)],
  ['all', 7, ({ cpu }) => sumOf(cpu, Object.keys(cpu ?? {}))],
  ['other %', 7, ({ otherPercent }) => otherPercent],
];

function sumOf(cpu, names) {
  if (cpu === undefined) return undefined;
  return names.reduce((sum, name) => sum + (cpu[name] ?? 0), 0).toFixed(2);
}

const line = (cells) =>
  cells.map((cell, i) => String(cell ?? '')[i < 2 ? 'padEnd' : 'padStart'](COLUMNS[i][1])).join('  ');

export const tableHead = () => line(COLUMNS.map(([title]) => title));

export function tableRow(row) {
  if (row.error === undefined) return line(COLUMNS.map(([, , value]) => value(row)));
  return `${line([row.network, row.operation, row.inFlight])}  failed: ${row.error}`;
}

/** Each process's CPU and memory in a row, for the lines below the table. */
export function processLines({ network, operation, inFlight, cpu, memory }) {
  const each = Object.entries(cpu ?? {}).map(([name, ms]) => {
    const { rss } = memory[name] ?? {};
    return `${name} ${ms} ms${rss === undefined ? '' : `, ${rss} MB`}`;
  });
  return `${network}, ${operation}, ${inFlight} in flight: ${each.join('; ')}`;
}
