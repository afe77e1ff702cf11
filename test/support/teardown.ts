import { rmSync } from 'node:fs';

/** Jest's global tear-down. */
export default function removePaperFolder(): void {
  const folder = process.env['MEDSEAL_PAPER_FOLDER'];
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
