import { Injectable } from '@nestjs/common';
import { intermediatesOf } from '../fabric/channel-authorities.js';
import type { Organization } from './organization.js';

/** Who certifies whom, as the channel's current configuration has it. */
@Injectable()
export class ChannelAuthorities {
  private known: { configBlock: number; intermediates: ReadonlyMap<string, string[]> } | undefined;

  /** PEM of every organisation's intermediate authorities, by MSP id. */
  async intermediates(asked: Organization): Promise<ReadonlyMap<string, string[]>> {
    const [row] = await asked.database.query<{ number: number | null }>(
      'SELECT max(number) AS number FROM ledger_blocks WHERE is_config',
    );
    const configBlock = row?.number ?? 0;
    if (this.known?.configBlock !== configBlock) {
      for await (const { block } of asked.ledger.readBlocks(configBlock, configBlock)) {
        this.known = { configBlock, intermediates: intermediatesOf(block) ?? new Map() };
      }
    }
    return this.known?.intermediates ?? new Map();
  }
}
