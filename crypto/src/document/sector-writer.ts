import { concat, utf8 } from '../canonical/bytes.js';
import type { SectorPosition } from '../audit/replaced-set.js';
import { SECTOR_BYTES } from '../audit/suite.js';
import type { ReplacedKind } from './plan.js';

/** What a sector holds: something to be replaced, or what stays. No sector holds both. */
export type SectorUse = 'kept' | ReplacedKind;

const SPACE = 0x20;
const USES: SectorUse[] = ['kept', 'personal', 'organisation'];

/**
 * Writes JSON text, token by token, so that what is to be replaced fills sectors of its own. Between tokens it writes
 * spaces: to the end of a sector where the use changes, and one kept sector of spaces in a block that would otherwise
 * have nothing but replaced ones.
 */
export class SectorWriter {
  readonly longestToken: number;
  private readonly blockBytes: number;
  private bytes = new Uint8Array(4096);
  private length = 0;
  private use: SectorUse = 'kept';
  /** Use of each sector, as a place in USES. */
  private readonly sectors: number[] = [];
  private lastKeptBlock = -1;

  constructor(private readonly sectorsPerBlock: number) {
    this.blockBytes = SECTOR_BYTES * sectorsPerBlock;
    // A longer one could fill a whole block.
    this.longestToken = this.blockBytes - SECTOR_BYTES;
  }

  /** `token` can be broken nowhere; one that is to be replaced has at most `longestToken` bytes. */
  write(token: string, use: SectorUse): void {
    const bytes = utf8(token);
    if (use !== this.use) this.fillSector();
    this.use = use;
    if (use !== 'kept') this.leaveOneSector(bytes.length);
    this.append(bytes, use);
  }

  finish(): { bytes: Uint8Array<ArrayBuffer> } & Record<ReplacedKind, SectorPosition[]> {
    this.fillSector();
    return {
      bytes: concat(this.bytes.subarray(0, this.length)),
      personal: this.positions('personal'),
      organisation: this.positions('organisation'),
    };
  }

  private leaveOneSector(coming: number): void {
    const block = Math.floor(this.length / this.blockBytes);
    const end = Math.ceil((this.length + coming) / SECTOR_BYTES) * SECTOR_BYTES;
    if (this.lastKeptBlock === block || end < (block + 1) * this.blockBytes) return;
    this.fillSector();
    this.append(new Uint8Array(SECTOR_BYTES).fill(SPACE), 'kept');
  }

  private fillSector(): void {
    const missing = (SECTOR_BYTES - (this.length % SECTOR_BYTES)) % SECTOR_BYTES;
    this.append(new Uint8Array(missing).fill(SPACE), this.use);
  }

  private append(bytes: Uint8Array, use: SectorUse): void {
    if (bytes.length === 0) return;
    const end = this.length + bytes.length;
    if (end > this.bytes.length) {
      const longer = new Uint8Array(Math.max(end, 2 * this.bytes.length));
      longer.set(this.bytes.subarray(0, this.length));
      this.bytes = longer;
    }
    this.bytes.set(bytes, this.length);
    const last = Math.floor((end - 1) / SECTOR_BYTES);
    for (let sector = Math.floor(this.length / SECTOR_BYTES); sector <= last; sector++)
      this.sectors[sector] = USES.indexOf(use);
    if (use === 'kept') this.lastKeptBlock = Math.floor((end - 1) / this.blockBytes);
    this.length = end;
  }

  private positions(use: ReplacedKind): SectorPosition[] {
    const wanted = USES.indexOf(use);
    const found: SectorPosition[] = [];
    this.sectors.forEach((one, place) => {
      if (one !== wanted) return;
      const block = Math.floor(place / this.sectorsPerBlock);
      found.push({ block, sector: place - block * this.sectorsPerBlock });
    });
    return found;
  }
}
