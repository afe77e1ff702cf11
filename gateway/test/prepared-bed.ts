import { PREPARED_FOLDER, TestBed } from './harness';

/**
 * Jest's global set-up: one first start, whose folder every bed copies. A run of named files needs few beds and starts
 * each from nothing.
 */
export default async function prepareBed({
  testPathPatterns,
}: {
  testPathPatterns: { patterns: readonly string[] };
}): Promise<void> {
  if (testPathPatterns.patterns.length > 0) return;
  const bed = await TestBed.start();
  await bed.stopProcesses();
  process.env[PREPARED_FOLDER] = bed.folder;
}
