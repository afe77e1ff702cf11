import {
  endsEarly,
  ObjectAlteredError,
  ObjectMissingError,
  StorageFullError,
  StorageUnavailableError,
} from './object-store.js';

/** Of the SDK's errors, only what tells kinds apart: messages of a server may repeat parts of a request. */
interface Failure {
  name?: unknown;
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
}

const FULL: ReadonlySet<unknown> = new Set([
  'QuotaExceeded',
  'InsufficientStorage',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);
const CREDENTIALS: ReadonlySet<unknown> = new Set(['CredentialsProviderError', 'InvalidIdentityToken']);
const DAMAGED: ReadonlySet<unknown> = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]);
const LATE: ReadonlySet<unknown> = new Set(['TimeoutError', 'AbortError', 'RequestTimeout']);

/**
 * A failure of the SDK in the words of the store.
 * @param digest of the object that was asked for, where the absence of one is meant by "not found"
 */
export const storageFailure = (error: unknown, digest?: string): Error => {
  if (isOwn(error)) return error;
  const { name, code, $metadata } = (error ?? {}) as Failure;
  const status = $metadata?.httpStatusCode;
  if (FULL.has(name) || status === 507) return new StorageFullError();
  if (name === 'NoSuchBucket') return new StorageUnavailableError('has no such bucket');
  if (status === 404 && digest !== undefined) return new ObjectMissingError(digest);
  if ((status === 416 || name === 'InvalidRange') && digest !== undefined) return endsEarly(digest);
  if (CREDENTIALS.has(name)) return new StorageUnavailableError('has been given no credentials');
  if (DAMAGED.has(name)) return new StorageUnavailableError('received other bytes than were sent');
  if (LATE.has(name)) return new StorageUnavailableError('gave no answer in time');
  if (status === 401 || status === 403)
    return new StorageUnavailableError(`refuses these credentials or this act (${String(name)})`);
  if (status !== undefined) return new StorageUnavailableError(`cannot be used (${String(name)}, ${status})`);
  // The SDK asked, and there was no answer at all.
  if (typeof code === 'string') return new StorageUnavailableError(`cannot be reached (${code})`);
  if ($metadata !== undefined) return new StorageUnavailableError('cannot be reached');
  // A fault of this program's own is told as what it is.
  return error instanceof Error ? error : new Error(String(error));
};

const isOwn = (error: unknown): error is Error =>
  error instanceof ObjectMissingError ||
  error instanceof ObjectAlteredError ||
  error instanceof StorageUnavailableError ||
  error instanceof StorageFullError;
