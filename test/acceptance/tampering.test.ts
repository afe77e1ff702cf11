import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { MedsealClient } from '@medseal/client';
import { blockFrames } from '../support/blocks';
import { changeByte, filesBelow, randomFrom } from '../support/files';
import { startPaper } from '../support/fixture';
import { Product } from '../support/product';

const COUNT = Number(process.env['MEDSEAL_FLIPS'] ?? 40);
const SEED = Number(process.env['MEDSEAL_SEED'] ?? 20_200_229);

/**
 * Adversary: whoever can write to the disk under the ledger and the cloud, holding no key. One byte at a random offset is
 * changed while the product runs; the report must say so and name what an independent parser says holds the byte.
 */
describe('a changed byte', () => {
  let product: Product;
  let client: MedsealClient;
  const random = randomFrom(SEED);

  beforeAll(async () => {
    product = await startPaper();
    client = await product.as('sundar');
  }, 240_000);

  afterAll(async () => {
    await product?.stop();
    product?.remove();
  }, 60_000);

  test('none: report and full walk are valid', async () => {
    expect(await client.report()).toMatchObject({ chainValid: true, firstInvalid: null });
    expect(await client.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
  });

  test(`${COUNT} in block and object files: each is named, and the restored folder is valid again`, async () => {
    const frames = blockFrames(product.folder);
    const blockFiles = [...new Set(frames.map(({ file }) => file))];
    const objectFiles = filesBelow(path.join(product.folder, 'objects'));
    expect(blockFiles.length).toBeGreaterThan(0);
    expect(objectFiles.length).toBeGreaterThanOrEqual(10);
    for (let round = 0; round < COUNT; round++) {
      const pool = round % 2 === 0 ? blockFiles : objectFiles;
      const file = pool[Math.floor(random() * pool.length)] ?? '';
      const offset = Math.floor(random() * statSync(file).size);
      const mask = 1 + Math.floor(random() * 255);
      const frame = frames.find((one) => one.file === file && offset >= one.start && offset < one.end);
      const expected = frame ? { kind: 'block', id: String(frame.number) } : { kind: 'object' };
      const where = `${path.basename(file)} at ${offset} xor ${mask}`;
      changeByte(file, offset, (byte) => byte ^ mask);
      try {
        const verdict = await client.verify();
        expect({ where, chainValid: verdict.chainValid, fault: verdict.firstInvalid }).toMatchObject({
          where,
          chainValid: false,
          fault: expected,
        });
        if (!frame)
          expect(`${file} ${path.dirname(file)}`).toContain(verdict.firstInvalid?.id.slice(-8) ?? 'no id');
      } finally {
        changeByte(file, offset, (byte) => byte ^ mask);
      }
    }
    expect(await client.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
    expect(await client.report()).toMatchObject({ chainValid: true, firstInvalid: null });
  }, 3_600_000);

  test('the report shows the fault on the row it hits', async () => {
    const { rows } = await client.report();
    const opened = await client.openRecordDecrypted(
      rows.find((row) => row.doctor === 'Dr. Sundar')?.recordId ?? '',
    );
    expect(opened.document).toBeDefined();
    const objects = filesBelow(path.join(product.folder, 'objects'));
    for (const file of objects) {
      changeByte(file, 0, (byte) => byte ^ 1);
      try {
        expect((await client.report()).chainValid).toBe(false);
      } finally {
        changeByte(file, 0, (byte) => byte ^ 1);
      }
    }
  }, 120_000);

  test('two blocks swapped on disk are invalid', async () => {
    const frames = blockFrames(product.folder);
    // Two neighbours in one file; a rotation of their bytes keeps every frame whole.
    const second = frames.findIndex((frame, index) => index > 3 && frames[index - 1]?.file === frame.file);
    const [a, b] = [frames[second - 1]!, frames[second]!];
    const before = readFileSync(a.file);
    const handle = openSync(a.file, 'r+');
    const swapped = Buffer.concat([before.subarray(b.start, b.end), before.subarray(a.start, a.end)]);
    writeSync(handle, swapped, 0, swapped.length, a.start);
    try {
      const verdict = await client.verify();
      expect(verdict.chainValid).toBe(false);
      expect(verdict.firstInvalid?.kind).toBe('block');
    } finally {
      writeSync(handle, before, a.start, b.end - a.start, a.start);
      closeSync(handle);
    }
    expect((await client.verify()).chainValid).toBe(true);
  }, 60_000);

  test('one changed while everything was stopped: the product starts, and the report names the block', async () => {
    const { folder, port } = product;
    await product.stop();
    const frames = blockFrames(folder);
    const { file, start, end, number } = frames[Math.floor(frames.length / 2)]!;
    const offset = Math.floor((start + end) / 2);
    changeByte(file, offset, (byte) => byte ^ 1);
    try {
      product = await Product.start({ folder, port, demo: 'paper' });
      client = await product.as('sundar');
      expect(await client.verify()).toMatchObject({
        chainValid: false,
        firstInvalid: { kind: 'block', id: String(number) },
      });
    } finally {
      await product.stop();
      changeByte(file, offset, (byte) => byte ^ 1);
    }
    product = await Product.start({ folder, port, demo: 'paper' });
    client = await product.as('sundar');
    expect(await client.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
  }, 240_000);
});
