import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';

/** The file in which the network writes every proposal that reaches it, read from where it was left. */
export class CapturedProposals {
  private position = 0;

  constructor(private readonly file: string) {}

  /** Number of proposals since the last call. */
  take(): number {
    const size = existsSync(this.file) ? statSync(this.file).size : 0;
    const bytes = Buffer.alloc(size - this.position);
    if (bytes.length === 0) return 0;
    const handle = openSync(this.file, 'r');
    readSync(handle, bytes, 0, bytes.length, this.position);
    closeSync(handle);
    this.position = size;
    return bytes.toString('latin1').split('\n').filter(Boolean).length;
  }
}
