import type { CapturedProposals } from './captured-proposals';
import type { Block, Row } from './matrix';
import {
  ask,
  type Made,
  type RestAnswer,
  type RestCall,
  type RestOperation,
  restOperations,
} from './rest-operations';
import type { Actor, World } from './world';

/** Asks the gateway everything that a block's rows say, one request after the other. */
export class GatewayRun {
  private readonly made: Made = { tokens: new Map(), keyrings: new Map() };

  constructor(
    private readonly url: string,
    private readonly world: World,
    /** Undefined where the network does not tell which proposals reach it. */
    private readonly captured: CapturedProposals | undefined,
  ) {}

  /** One line for each cell that is not as its row says. */
  async wrongCells({ operation, on, rows }: Block): Promise<string[]> {
    const how = restOperations[operation]?.[on];
    if (how === undefined) return [`${operation} (${on}): nobody knows how to ask`];
    const wrong: string[] = [];
    for (const { row, actor } of inOrder(rows)) {
      const person = this.world.actors[actor]!;
      for (const fault of await this.faults(how, row, person))
        wrong.push(`${operation} (${on}) ${actor}: ${fault}`);
    }
    return wrong;
  }

  private async faults(how: RestOperation, row: Row, actor: Actor): Promise<string[]> {
    const { answer, proposals } = await this.once(how, row, actor);
    const given = codeOf(answer);
    if (given !== row.answer) return [`${row.answer} expected, ${given} given`];
    const faults: string[] = [];
    if (row.layer === 'gateway' && proposals > 0)
      faults.push(`refused, but ${proposals} proposals left the gateway`);
    if (this.captured !== undefined && row.layer === 'contract' && proposals === 0)
      faults.push('refused before any proposal left the gateway');
    if (how.sees !== undefined && answer.status < 300) {
      const seen = how.sees(answer.body, this.world, actor, this.made).sort().join(' ');
      if (seen !== row.sees.join(' '))
        faults.push(`"${row.sees.join(' ')}" expected to be seen, "${seen}" is`);
    }
    if (answer.status === 404) {
      const absent = await ask(this.url, actor, how.call(this.world, actor, true, this.made));
      if (comparable(absent) !== comparable(answer))
        faults.push(`the answer differs from that for a thing that is not there: ${comparable(absent)}`);
    }
    return faults;
  }

  /** Walks that were asked for before and left end when the gateway notices it: until then others have to wait. */
  private async inTurn(actor: Actor, call: RestCall, headOnly?: boolean): Promise<RestAnswer> {
    for (const deadline = Date.now() + TURN_WITHIN_MS; ;) {
      const answer = await ask(this.url, actor, call, headOnly);
      if (answer.body['code'] !== 'VERIFICATION_BUSY' || Date.now() > deadline) return answer;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** Other acts of the gateway may send proposals meanwhile: only what a second try sends again is this one's. */
  private async once(
    how: RestOperation,
    row: Row,
    actor: Actor,
  ): Promise<{ answer: RestAnswer; proposals: number }> {
    for (let attempt = 1; ; attempt++) {
      this.captured?.take();
      const call = how.call(this.world, actor, false, this.made);
      const answer = await this.inTurn(actor, call, how.headOnly);
      const proposals = this.captured?.take() ?? 0;
      if (row.layer !== 'gateway' || proposals === 0 || attempt === ATTEMPTS) return { answer, proposals };
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const ATTEMPTS = 3;
const TURN_WITHIN_MS = 30_000;

const codeOf = ({ status, body }: RestAnswer): string =>
  status < 400 ? String(status) : `${status} ${String(body['code'])}`;

const comparable = ({ status, body: { requestId: _, instance: __, ...body } }: RestAnswer): string =>
  JSON.stringify({ status, ...body });

/** Who is refused asks first and the author last, so that nobody finds what they ask for used up by another. */
function inOrder(rows: readonly Row[]): { row: Row; actor: string }[] {
  const cells = rows.flatMap((row) => row.actors.map((actor) => ({ row, actor })));
  const rank = ({ row, actor }: { row: Row; actor: string }): number =>
    actor === 'author' ? 2 : row.layer === '' ? 1 : 0;
  return cells.sort((a, b) => rank(a) - rank(b));
}
