import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { copyFolder, Product, type ProductOptions } from './product';

const VARIABLE = 'MEDSEAL_PAPER_FOLDER';

/** Jest's global set-up: the paper's demo once, from an empty folder; each file works on a copy of its own. */
export default async function preparePaperFolder(): Promise<void> {
  const product = await Product.start({ demo: 'paper', timeoutMs: 300_000 });
  await product.stop();
  process.env[VARIABLE] = product.folder;
}

/** A running product with the paper's rows. */
export async function startPaper(options: ProductOptions = {}): Promise<Product> {
  const prepared = process.env[VARIABLE];
  if (prepared === undefined) throw new Error(`${VARIABLE} is not set: run through the acceptance project`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-acceptance-'));
  copyFolder(prepared, folder);
  // Ports of its own: copies that start together would all find those of the original free.
  rmSync(path.join(folder, 'network/ports.json'), { force: true });
  try {
    return await Product.start({ demo: 'paper', ...options, folder });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
