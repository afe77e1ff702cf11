import { rmSync } from 'node:fs';
import { PREPARED_FOLDER } from './harness';

/** Jest's global tear-down. */
export default function removePreparedBed(): void {
  const folder = process.env[PREPARED_FOLDER];
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
