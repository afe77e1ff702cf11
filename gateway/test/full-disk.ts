import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of four megabytes. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'medseal-small-'));

  constructor() {
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', this.folder]);
    if (status === 0) return;
    rmSync(this.folder, { recursive: true });
    throw new Error(`no small file system could be mounted: ${String(stderr)}`);
  }

  remove(): void {
    spawnSync('umount', ['-l', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Why there can be none here. */
export const NO_SMALL_DISK = ((): string | undefined => {
  try {
    new SmallDisk().remove();
    return undefined;
  } catch {
    return 'this user may not mount a small file system';
  }
})();
