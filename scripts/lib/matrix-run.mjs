import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** The authorisation matrix asked of products that are made from one tree and begin with the same people and things. */
export class MatrixRun {
  #parts;
  #folder;
  #founded;
  #world;
  #started = 0;
  #running;
  #isStopped = false;

  /** @param folder of this run alone */
  constructor(tree, folder) {
    this.#folder = folder;
    const part = (name) => tree.require(`./${name}.js`);
    this.#parts = Object.assign(
      {},
      ...[
        'support/product',
        'security/captured-proposals',
        'security/gateway-run',
        'security/matrix',
        'security/peer-run',
        'security/peers',
        'security/world',
      ].map(part),
    );
    const { readMatrix, blocksOf } = this.#parts;
    this.atPeers = blocksOf(readMatrix(), 'peer');
    this.throughGateway = blocksOf(readMatrix(), 'rest');
  }

  /** The demo, and what the matrix asks about; as it is where the folder has it. */
  async found(folder) {
    const { Product, openWorld } = this.#parts;
    mkdirSync(folder, { recursive: true });
    this.#founded = folder;
    const product = await Product.start({ folder, demo: 'paper', timeoutMs: 300_000 });
    try {
      this.#world = await openWorld(product);
    } finally {
      await product.stop();
    }
  }

  /** Starts a product on a copy of the world, in place of the one before. */
  async start() {
    const { Product, Peers, GatewayRun, CapturedProposals, copyFolder } = this.#parts;
    await this.#end();
    const folder = path.join(this.#folder, `product-${++this.#started}`);
    const captured = `${folder}.jsonl`;
    mkdirSync(folder);
    copyFolder(this.#founded, folder);
    const product = await Product.start({
      folder,
      demo: 'paper',
      environment: { MEDSEAL_CAPTURE: captured },
    });
    const peers = new Peers(path.join(folder, 'connection.yaml'));
    const gateway = new GatewayRun(product.url, this.#world, new CapturedProposals(captured));
    this.#running = { product, peers, gateway, made: [folder, captured] };
  }

  /** The wrong cells of the first block that has any, with the block; undefined where all are as their rows say. */
  async firstRed(blocks) {
    const { gateway, peers } = this.#running;
    for (const block of blocks) {
      const isAtPeers = block.rows.some((row) => row.interface === 'peer');
      const cells = await (isAtPeers
        ? this.#parts.wrongCellsAtPeers(peers, this.#world, block)
        : gateway.wrongCells(block));
      if (this.#isStopped) throw new Error('stopped before the end');
      if (cells.length > 0) return { block, cells };
    }
    return undefined;
  }

  /** Ends the product; what is found in it meanwhile does not count. */
  async stop() {
    this.#isStopped = true;
    await this.#end();
  }

  async #end() {
    const running = this.#running;
    this.#running = undefined;
    running?.peers.close();
    await running?.product.stop();
    for (const made of running?.made ?? []) rmSync(made, { recursive: true, force: true });
  }

  endsSessions = (block) => this.#parts.endsSessions(block);

  /** Blocks of operations whose names hold one of the parts. */
  ranked(blocks, parts) {
    const isFirst = ({ operation }) => parts.some((part) => operation.includes(part));
    return this.#parts.endingSessionsLast(blocks.filter(isFirst));
  }

  /** All blocks, those first that most likely show what is looked for. */
  inOrder(blocks, parts) {
    const first = this.ranked(blocks, parts);
    const rest = blocks.filter((block) => !first.includes(block));
    return this.#parts.endingSessionsLast([...first, ...rest]);
  }
}
