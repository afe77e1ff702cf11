import { appendFileSync } from 'node:fs';

/** Something measured, for the result file of a drill (scripts/drill.mjs) and for whoever reads the output. */
export function figure(measured: Record<string, string | number>): void {
  const line = `${JSON.stringify(measured)}\n`;
  process.stdout.write(line);
  const file = process.env['MEDSEAL_FIGURES'];
  if (file !== undefined) appendFileSync(file, line);
}
