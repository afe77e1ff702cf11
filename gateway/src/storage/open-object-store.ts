import { join } from 'node:path';
import { CopiedObjectStore } from './copied-object-store.js';
import { FileObjectStore } from './file-object-store.js';
import type { ObjectStore, RestorableObjectStore } from './object-store.js';
import type { S3Location, StorageLocation } from './storage-location.js';

/** The store of the configuration, with its copies. @throws Error as `openStore` */
export const openObjectStore = async (
  location: StorageLocation,
  copies: readonly StorageLocation[],
  dataDirectory: string,
): Promise<RestorableObjectStore> => {
  const [first, ...others] = await Promise.all(
    [location, ...copies].map((one) => openStore(one, dataDirectory)),
  );
  return new CopiedObjectStore(first!, others);
};

/**
 * The driver that the configuration chooses. A server that is down does not keep the gateway from starting: readiness
 * tells of it.
 * @throws Error for a folder that cannot be made, or a bucket that keeps what is deleted
 */
const openStore = async (location: StorageLocation, dataDirectory: string): Promise<ObjectStore> => {
  const store =
    location.driver === 'file'
      ? await FileObjectStore.open(location.directory)
      : await openBucket(location, join(dataDirectory, 'spool'));
  // At the next start, if not now.
  void store.tidy().catch(() => undefined);
  return store;
};

const openBucket = async (location: S3Location, spoolFolder: string): Promise<ObjectStore> => {
  // Only here: the SDK takes its time to load.
  const { S3ObjectStore } = await import('./s3-object-store.js');
  const store = new S3ObjectStore(location, spoolFolder);
  if (await store.keepsDeleted())
    throw new Error(
      'the bucket keeps old versions of objects, so that nobody could be erased: suspend its versioning.',
    );
  return store;
};
