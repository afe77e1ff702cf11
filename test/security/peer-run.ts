import type { Block } from './matrix';
import { peerOperations } from './peer-operations';
import type { Peers } from './peers';
import type { World } from './world';

const IN_FLIGHT = 8;

/** Sends every proposal that a block's rows say to the peers that they say. One line for each wrong cell. */
export async function wrongCellsAtPeers(peers: Peers, world: World, block: Block): Promise<string[]> {
  const { operation, on, rows } = block;
  const how = peerOperations[operation]?.[on];
  if (how === undefined) return [`${operation} (${on}): nobody knows how to ask`];
  const cells = rows.flatMap((row) =>
    row.actors.flatMap((name) =>
      peers.mspIds
        .filter((mspId) => row.at === 'any' || (row.at === 'own') === (mspId === world.actors[name]!.mspId))
        .map((mspId) => ({ row, actor: world.actors[name]!, mspId })),
    ),
  );
  const wrong: string[] = [];
  const next = async (): Promise<void> => {
    for (let cell = cells.pop(); cell !== undefined; cell = cells.pop()) {
      const { row, actor, mspId } = cell;
      const identity = how.identity?.(world, actor) ?? actor.identity;
      const answer = await peers.evaluate(identity, mspId, how.call(world, actor));
      const given = answer.ok ? 'ok' : answer.code;
      const name = `${operation} (${on}) ${actor.name} at ${mspId}`;
      if (given !== row.answer) wrong.push(`${name}: ${row.answer} expected, ${given} given`);
      else if (answer.ok && how.sees !== undefined) {
        const seen = how.sees(answer.value).sort().join(' ');
        if (seen !== row.sees.join(' '))
          wrong.push(`${name}: "${row.sees.join(' ')}" expected to be seen, "${seen}" is`);
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, next));
  return wrong;
}
