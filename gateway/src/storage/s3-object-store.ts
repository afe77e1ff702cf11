import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { checkedPieces, collected, drained, sha256 } from './checked-pieces.js';
import { inParallel } from './in-parallel.js';
import {
  ABANDONED_MS,
  checkRange,
  endsEarly,
  ObjectAlteredError,
  ObjectMissingError,
  type ObjectStore,
  objectPath,
  StorageUnavailableError,
} from './object-store.js';
import { storageFailure } from './s3-failures.js';
import { bytesSource, type Source, spooled } from './spool.js';
import type { S3Location } from './storage-location.js';

export interface S3Limits {
  /** Of one request with all its repetitions, and of what comes of an answer. */
  deadlineMs: number;
  /** Of one try, until its answer begins. */
  answerMs: number;
  /** Of one request, the first included; pauses between them grow. */
  attempts: number;
  /** Larger objects go in parts of at least this size; S3 takes none below 5 MiB. */
  partBytes: number;
}

const LIMITS: S3Limits = { deadlineMs: 60_000, answerMs: 20_000, attempts: 4, partBytes: 8 * 1024 * 1024 };
const CONNECTION_MS = 5_000;
/** Before a broken answer is asked for again, doubled each time. */
const PAUSE_MS = 50;
const MOST_PARTS = 10_000;
const PARTS_AT_ONCE = 2;
/** Slower than this an answer is no answer. */
const LEAST_BYTES_PER_MS = 20;

/**
 * Objects in a bucket under `<prefix>/<first two hex characters>/<digest>`. The server makes an object visible when it
 * is complete, and is told its SHA-256 (of large ones each part's); what it stored is read back before `put` resolves.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #limits: S3Limits;

  /** @param spoolFolder for streams, whose address is known only at their end */
  constructor(
    private readonly location: S3Location,
    private readonly spoolFolder = tmpdir(),
    limits: Partial<S3Limits> = {},
  ) {
    this.#limits = { ...LIMITS, ...limits };
    const { region, endpoint, pathStyle } = location;
    this.#client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: pathStyle,
      maxAttempts: this.#limits.attempts,
      retryMode: 'standard',
      // The address is a stronger check than any checksum in an answer.
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECTION_MS,
        requestTimeout: this.#limits.answerMs,
        throwOnRequestTimeout: true,
      },
    });
  }

  put(bytes: Uint8Array): Promise<string> {
    return this.#store(bytesSource(bytes));
  }

  putStream(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    return spooled(this.spoolFolder, pieces, (source) => this.#store(source));
  }

  async get(digest: string): Promise<Buffer> {
    return collected(this.stream(digest));
  }

  stream(digest: string): AsyncGenerator<Buffer, void, undefined> {
    return checkedPieces(digest, this.#pieces(digest, 0));
  }

  async read(digest: string, offset: number, length: number): Promise<Buffer> {
    checkRange(offset, length);
    if (length === 0) {
      await this.size(digest);
      return Buffer.alloc(0);
    }
    const bytes = await collected(this.#pieces(digest, offset, offset + length));
    if (bytes.length !== length) throw endsEarly(digest);
    return bytes;
  }

  async size(digest: string): Promise<number> {
    const object = this.#object(digest);
    try {
      const { ContentLength } = await this.#send(digest, (signal) =>
        this.#client.send(new HeadObjectCommand(object), { abortSignal: signal }),
      );
      if (ContentLength === undefined)
        throw new StorageUnavailableError('does not say how long its objects are');
      return ContentLength;
    } catch (error) {
      // An answer without a body does not say whether the object or the whole bucket is missing.
      if (error instanceof ObjectMissingError) await this.#bucketIsThere();
      throw error;
    }
  }

  async has(digest: string): Promise<boolean> {
    try {
      await this.size(digest);
      return true;
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error;
      return false;
    }
  }

  async delete(digest: string): Promise<void> {
    const object = this.#object(digest);
    await this.#send(undefined, (signal) =>
      this.#client.send(new DeleteObjectCommand(object), { abortSignal: signal }),
    );
  }

  async check(): Promise<void> {
    await this.#bucketIsThere();
    if (await this.keepsDeleted())
      throw new StorageUnavailableError('keeps old versions of what is deleted: suspend its versioning');
  }

  /** Whether the bucket keeps what is deleted, which an erasure could then not reach. Unknown counts as no. */
  async keepsDeleted(): Promise<boolean> {
    try {
      const { Status } = await this.#send(undefined, (signal) =>
        this.#client.send(new GetBucketVersioningCommand(this.#bucket), { abortSignal: signal }),
      );
      return Status === 'Enabled';
    } catch {
      return false;
    }
  }

  async tidy(olderThanMs = ABANDONED_MS): Promise<void> {
    const Prefix = this.location.prefix === '' ? undefined : `${this.location.prefix}/`;
    // One page: there are few, and the next time goes on.
    const list = new ListMultipartUploadsCommand({ ...this.#bucket, Prefix });
    const { Uploads = [] } = await this.#send(undefined, (abortSignal) =>
      this.#client.send(list, { abortSignal }),
    );
    const before = Date.now() - olderThanMs;
    for (const { Key, UploadId, Initiated } of Uploads) {
      const isAbandoned = Initiated !== undefined && Initiated.getTime() < before;
      if (isAbandoned && Key && UploadId) await this.#abort({ Key, UploadId });
    }
  }

  async #store(source: Source): Promise<string> {
    const { digest, length } = source;
    await (length > this.#limits.partBytes ? this.#putInParts(source) : this.#putWhole(source));
    try {
      await drained(this.stream(digest));
    } catch (error) {
      if (error instanceof ObjectAlteredError)
        throw new StorageUnavailableError('gave back other bytes than were stored');
      if (error instanceof ObjectMissingError)
        throw new StorageUnavailableError('did not keep what was stored');
      throw error;
    }
    return digest;
  }

  async #putWhole({ digest, length, read }: Source): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#object(digest),
      Body: await read(0, length),
      ContentLength: length,
      ContentType: 'application/octet-stream',
      ChecksumSHA256: base64(digest),
    });
    await this.#send(undefined, (abortSignal) => this.#client.send(command, { abortSignal }));
  }

  async #putInParts(source: Source): Promise<void> {
    const object = this.#object(source.digest);
    const create = new CreateMultipartUploadCommand({
      ...object,
      ContentType: 'application/octet-stream',
      ChecksumAlgorithm: 'SHA256',
    });
    const { UploadId } = await this.#send(undefined, (abortSignal) =>
      this.#client.send(create, { abortSignal }),
    );
    if (UploadId === undefined) throw new StorageUnavailableError('began no upload in parts');
    try {
      const Parts = await this.#putParts(source, UploadId);
      const complete = new CompleteMultipartUploadCommand({
        ...object,
        UploadId,
        MultipartUpload: { Parts },
      });
      await this.#send(undefined, (abortSignal) => this.#client.send(complete, { abortSignal }));
    } catch (error) {
      // What cannot be given up now is given up by `tidy`.
      await this.#abort({ Key: object.Key, UploadId }).catch(() => undefined);
      throw error;
    }
  }

  #putParts({ digest, length, read }: Source, UploadId: string): Promise<CompletedPart[]> {
    const size = Math.max(this.#limits.partBytes, Math.ceil(length / MOST_PARTS));
    const numbers = Array.from({ length: Math.ceil(length / size) }, (_, i) => i + 1);
    return inParallel(numbers, PARTS_AT_ONCE, async (PartNumber) => {
      const offset = (PartNumber - 1) * size;
      const Body = await read(offset, Math.min(size, length - offset));
      const ChecksumSHA256 = base64(sha256(Body));
      const part = new UploadPartCommand({
        ...this.#object(digest),
        UploadId,
        PartNumber,
        Body,
        ContentLength: Body.length,
        ChecksumSHA256,
      });
      const { ETag } = await this.#send(undefined, (abortSignal) => this.#client.send(part, { abortSignal }));
      return { PartNumber, ETag, ChecksumSHA256 };
    });
  }

  async #abort(upload: { Key: string; UploadId: string }): Promise<void> {
    const command = new AbortMultipartUploadCommand({ ...this.#bucket, ...upload });
    await this.#send(undefined, (abortSignal) => this.#client.send(command, { abortSignal }));
  }

  /** Bytes `from` to `end`, or to the object's end; a connection that breaks on the way is taken up where it broke. */
  async *#pieces(digest: string, from: number, end?: number): AsyncGenerator<Buffer, void, undefined> {
    let at = from;
    let version: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#ask(digest, at, end, version);
      const last = at + (answer.ContentLength ?? 0);
      version = answer.ETag;
      try {
        for await (const piece of this.#inTime(answer.Body as Readable)) {
          at += piece.length;
          yield piece;
        }
      } catch (error) {
        const isLate = error instanceof StorageUnavailableError;
        if (isLate || attempt >= this.#limits.attempts) throw storageFailure(error, digest);
        if (at !== last) {
          await sleep(PAUSE_MS * 2 ** attempt);
          continue;
        }
      }
      return;
    }
  }

  async #ask(
    digest: string,
    from: number,
    end: number | undefined,
    version: string | undefined,
  ): Promise<GetObjectCommandOutput> {
    const isPart = from > 0 || end !== undefined;
    const command = new GetObjectCommand({
      ...this.#object(digest),
      ...(isPart ? { Range: `bytes=${from}-${end === undefined ? '' : end - 1}` } : {}),
      ...(version === undefined ? {} : { IfMatch: version }),
    });
    const answer = await this.#send(digest, (abortSignal) => this.#client.send(command, { abortSignal }));
    // A server that does not know ranges would give the object from its beginning.
    if (isPart && answer.$metadata.httpStatusCode !== 206) {
      (answer.Body as Readable).destroy();
      throw new StorageUnavailableError('does not serve ranges of objects');
    }
    return answer;
  }

  /** The body of an answer, as long as it comes within the deadline and then no slower than it must. */
  async *#inTime(body: Readable): AsyncGenerator<Buffer, void, undefined> {
    const late = (): void => {
      body.destroy(new StorageUnavailableError('gave no answer in time'));
    };
    let allowedMs = this.#limits.deadlineMs;
    let since = Date.now();
    let timer = setTimeout(late, allowedMs);
    try {
      for await (const piece of body as AsyncIterable<Buffer>) {
        clearTimeout(timer);
        // Only the waiting counts, not what is done with a piece.
        allowedMs += piece.length / LEAST_BYTES_PER_MS - (Date.now() - since);
        yield piece;
        since = Date.now();
        timer = setTimeout(late, allowedMs);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #bucketIsThere(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand(this.#bucket), { abortSignal: this.#deadline() });
    } catch (error) {
      if (statusOf(error) === 404) throw new StorageUnavailableError('has no such bucket');
      throw storageFailure(error);
    }
  }

  async #send<T>(digest: string | undefined, act: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await act(this.#deadline());
    } catch (error) {
      throw storageFailure(error, digest);
    }
  }

  #deadline(): AbortSignal {
    return AbortSignal.timeout(this.#limits.deadlineMs);
  }

  get #bucket(): { Bucket: string } {
    return { Bucket: this.location.bucket };
  }

  #object(digest: string): { Bucket: string; Key: string } {
    const { prefix } = this.location;
    return { ...this.#bucket, Key: `${prefix === '' ? '' : `${prefix}/`}${objectPath(digest)}` };
  }
}

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
