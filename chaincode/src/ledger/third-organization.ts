import type { OrganizationEntry } from '../model/entries.js';
import { MAX_ORGANIZATIONS } from './limits.js';
import type { WorldReader } from './store.js';

/**
 * The first active organisation besides these; undefined when there is none. It is the ledger's choice and nobody's: a
 * caller who could draw again until a friend comes up would have one.
 */
export const organizationBesides = async (
  world: WorldReader,
  excluded: readonly string[],
): Promise<string | undefined> => {
  const found = await world.list<OrganizationEntry>('organization', [], MAX_ORGANIZATIONS);
  return (
    found
      .map(({ entry }) => entry)
      .filter(({ mspId, status }) => status === 'active' && !excluded.includes(mspId))
      // An MSP id is ASCII: the order of UTF-16 units is that of bytes.
      .reduce<string | undefined>(
        (first, { mspId }) => (first === undefined || mspId < first ? mspId : first),
        undefined,
      )
  );
};
