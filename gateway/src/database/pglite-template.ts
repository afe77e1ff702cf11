import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';

// Making a database from nothing takes PGlite seconds of CPU, copying one that nobody has used yet takes none: it holds
// no data and no secret.

/**
 * Opens PGlite in a process that does nothing else: its WebAssembly is compiled once, quickly. Optimising it takes more
 * CPU than ten thousand statements win back.
 */
export const openPglite = (directory: string): Promise<PGlite> => {
  setFlagsFromString('--liftoff-only');
  return PGlite.create(directory);
};

/** Fills `directory`, unless something is in it, from the unused database kept in `templates`, which is made if need be. */
export const copyTemplate = async (directory: string, templates: string): Promise<void> => {
  const held = existsSync(directory) ? await readdir(directory) : [];
  if (held.length > 0) return;
  const template = await makeTemplate(templates);
  const partial = `${directory}.new`;
  await rm(partial, { recursive: true, force: true });
  await cp(template, partial, { recursive: true });
  await rm(directory, { recursive: true, force: true });
  await rename(partial, directory);
};

/** An unused database of this version of PGlite, whole or not there. @returns its folder */
export const makeTemplate = async (templates: string): Promise<string> => {
  const template = join(templates, `pglite-${pgliteVersion()}`);
  if (existsSync(template)) return template;
  await mkdir(templates, { recursive: true });
  const partial = `${template}.${process.pid}`;
  await (await openPglite(partial)).close();
  await rename(partial, template).catch(async (error: unknown) => {
    await rm(partial, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(template)) throw error;
  });
  return template;
};

const pgliteVersion = (): string => {
  const file = join(dirname(require.resolve('@electric-sql/pglite')), '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};
