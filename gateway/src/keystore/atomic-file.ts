import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, link, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Written whole or not at all, readable by the owner only, on disk before it resolves. */
export const writeSecretFile = async (path: string, bytes: Uint8Array | string): Promise<void> => {
  const temporary = await writeTemporary(path, bytes);
  await rename(temporary, path);
  await syncDirectory(dirname(path));
};

/** As `writeSecretFile`, but leaves a file that is already there. @returns whether it was written */
export const createSecretFile = async (path: string, bytes: Uint8Array | string): Promise<boolean> => {
  const temporary = await writeTemporary(path, bytes);
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(dirname(path));
  return true;
};

/** Overwrites before unlinking, so that the bytes do not outlive the name on a plain file system. */
export const destroySecretFile = async (path: string): Promise<void> => {
  let file;
  try {
    file = await open(path, constants.O_WRONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = await stat(path);
    await file.write(randomBytes(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await unlink(path);
  await syncDirectory(dirname(path));
};

const writeTemporary = async (path: string, bytes: Uint8Array | string): Promise<string> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o600);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return temporary;
};

const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
