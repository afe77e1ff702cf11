import { createRequire } from 'node:module';

// node --expose-gc store-object.mjs <where, as JSON> <pieces> <pause after piece, or -1>: stores an object of pieces of
// 1 MiB, a line for each that it was asked for, and reads it back; ends with its address, its length as it was read, and
// the most bytes of buffers that were held meanwhile.
const require = createRequire(import.meta.url);
const { FileObjectStore } = require('../../dist/storage/file-object-store.js');
const { S3ObjectStore } = require('../../dist/storage/s3-object-store.js');

const [, , text, pieces, pause] = process.argv;
const { location, spool, limits } = JSON.parse(text);
const store =
  location.driver === 'file'
    ? new FileObjectStore(location.directory)
    : new S3ObjectStore(location, spool, limits);

async function* source() {
  for (let i = 0; i < Number(pieces); i++) {
    yield Buffer.alloc(1024 * 1024, i);
    process.stdout.write(`${i}\n`);
    if (i === Number(pause)) await new Promise((resolve) => setTimeout(resolve, 600_000));
  }
}

function held() {
  globalThis.gc();
  return process.memoryUsage().arrayBuffers;
}

const before = held();
let most = 0;
setInterval(() => (most = Math.max(most, held() - before)), 20).unref();
const digest = await store.putStream(source());
let length = 0;
for await (const piece of store.stream(digest)) length += piece.length;
process.stdout.write(`${JSON.stringify({ digest, length, most })}\n`);
