import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './prepare.mjs';

/** Unused PGlite databases, one a version, from which new ones are copied. */
export const DATABASE_TEMPLATES = path.join(ROOT, 'node_modules/.cache/medseal');

/**
 * Makes the template in a process of its own, so that it is ready when the gateway asks for it. What goes wrong here the
 * gateway meets too, and says.
 */
export async function prepareDatabaseTemplate() {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: 'ignore' });
  await once(child, 'exit');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { makeTemplate } = createRequire(import.meta.url)(
    path.join(ROOT, 'gateway/dist/database/pglite-template.js'),
  );
  await makeTemplate(DATABASE_TEMPLATES);
}
