import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Files by path relative to a folder; private ones are readable by the owner only. */
export type MaterialFiles = ReadonlyMap<string, { readonly content: string; readonly secret?: boolean }>;

const temporaryPrefix = '.incomplete-';

const writeDurably = async (path: string, content: string | Buffer, mode: number): Promise<void> => {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
};

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/**
 * Writes a whole folder so that it is there completely or not at all, also after a crash.
 * @throws Error when `folder` already exists with content
 */
export const writeFolder = async (folder: string, files: MaterialFiles): Promise<void> => {
  const parent = dirname(folder);
  const temporary = join(parent, `${temporaryPrefix}${randomUUID()}`);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  try {
    const folders = new Set([...files.keys()].map((path) => dirname(join(temporary, path))));
    for (const path of folders) await mkdir(path, { recursive: true, mode: 0o700 });
    await Promise.all(
      [...files].map(([path, { content, secret }]) =>
        writeDurably(join(temporary, path), content, secret ? 0o600 : 0o644),
      ),
    );
    await rename(temporary, folder);
    await syncFolder(parent);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
};

/** Replaces one file completely or not at all. */
export const writeFileAtomically = async (
  path: string,
  content: string | Buffer,
  mode = 0o644,
): Promise<void> => {
  const temporary = join(dirname(path), `${temporaryPrefix}${randomUUID()}`);
  try {
    await writeDurably(temporary, content, mode);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};

/** Removes what a start that was cut off left behind. */
export const removeIncomplete = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (name.startsWith(temporaryPrefix)) await rm(join(folder, name), { recursive: true, force: true });
  }
};
