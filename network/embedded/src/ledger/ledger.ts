import * as path from 'node:path';
import type {
  ChannelConfig,
  Clock,
  CommittedBlock,
  CommittedDefinition,
  DamageReport,
  HistoryEntry,
  Ledger,
  SigningIdentity,
  StateValue,
  Version,
} from '../types.js';
import { Orderer, createBlock } from '../ordering/orderer.js';
import type { PendingEnvelope } from '../ordering/cutter.js';
import {
  type Block,
  MetadataSlot,
  commitHash,
  dataHash,
  decodeBlock,
  decodeSignatures,
  encodeBlock,
  encodeMetadataValue,
  headerDer,
  headerHash,
  nextCommitHash,
  transactionsFilter,
} from '../protos/blocks.js';
import { applicationGroups } from '../protos/config-groups.js';
import { decodeSignatureHeader } from '../protos/envelopes.js';
import { sha256 } from '../protos/hashes.js';
import { type PrivateNamespaceRwSet, decodePrivateRwSet } from '../rwset/messages.js';
import { type ValidatedBlock, replayBlock, validateBlock } from '../validation/block-validator.js';
import { TxCode } from '../validation/codes.js';
import { BlockFiles } from './block-files.js';
import { type Erasure, type PrivateBlock, PrivateStore } from './private-store.js';
import { type Savepoint, SetDigest, nextBlocksHash, savepointMessage } from './records.js';
import {
  type CheckedRecord,
  type DatabaseContents,
  StateDatabase,
  differingKeys,
  sameVersion,
} from './state-database.js';
import {
  CorruptDatabaseError,
  type Database,
  LedgerInUseError,
  StorageError,
  makeDirectory,
  openDatabase,
  removeDirectory,
} from './storage.js';
import { type Expiry, WorldIndex, parseStateKey } from './world-index.js';
import { WorldState, describeStateKey } from './world-state.js';

export interface LedgerOptions {
  /** Folder of this channel's ledger; made when absent. */
  readonly directory: string;
  readonly channelId: string;
  /** Marshalled configuration block 0. */
  readonly genesisBlock: Buffer;
  /** MSP ids of organisations with a peer here; each has a private store. */
  readonly organizations: readonly string[];
  /** Signs blocks; without it the ledger can be read and repaired only. */
  readonly orderer: SigningIdentity | undefined;
  readonly loadConfig: (configBlock: Buffer) => ChannelConfig;
  readonly clock: Clock;
  /** Cut a block as soon as nothing is being committed (default), or only by count, bytes and batch timeout. */
  readonly idleCut?: boolean;
  /** Told once when the disk refuses; nothing is ordered afterwards. */
  readonly onFault?: (error: Error) => void;
}

const NO_HASH: Buffer = Buffer.alloc(0);
const STATE_FOLDER = 'state';
/** Beside it: a state that is being made again, and one that is made only to compare. */
const FRESH_FOLDER = 'state.new';
const SCRATCH_FOLDER = 'state.scrub';
/** Changes that a replay collects before it writes them. */
const WAITING_MAX = 5000;

/**
 * Opens, and where needed creates, repairs and completes, the ledger in a folder:
 *
 *     blocks/             the blocks (block-files.ts): everything public follows from them
 *     state/              index and state (world-index.ts), rebuilt from the blocks when they disagree
 *     private/<MSP id>/   an organisation's private values (private-store.ts)
 *     lock/               held by the process that has the ledger open
 *
 * Damage never stops the opening: it is named in `damage`.
 * @throws LedgerInUseError, StorageError, Error when the folder holds another channel
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger & LedgerMaintenance> {
  return FileLedger.open(options);
}

/** What administration needs beyond the ledger's interface. */
export interface LedgerMaintenance {
  /** Validates every block anew from the first and compares; names what differs. Orders nothing meanwhile. */
  scrub(): Promise<DamageReport[]>;
  /** Resolves when erased private values are off the disk. */
  erased(): Promise<void>;
}

class FileLedger implements Ledger, LedgerMaintenance {
  readonly damage: DamageReport[] = [];
  fault: Error | undefined;
  private readonly reported = new Set<string>();
  private readonly listeners = new Set<(block: CommittedBlock) => void>();
  private readonly privates = new Map<string, PrivateStore>();
  private readonly blocks: BlockFiles;
  private readonly world: WorldState;
  readonly config: ChannelConfig;
  private orderer!: Orderer;
  private database: StateDatabase | undefined;
  private headerHash: Buffer = NO_HASH;
  private commitHash: Buffer = NO_HASH;
  private blocksHash: Buffer = NO_HASH;
  private readonly verified = new WeakSet<Buffer>();

  private constructor(
    private readonly options: LedgerOptions,
    private readonly lock: Database,
  ) {
    this.config = options.loadConfig(options.genesisBlock);
    this.blocks = new BlockFiles(path.join(options.directory, 'blocks'));
    this.world = new WorldState(this.blocks, this.config, applicationGroups(options.genesisBlock), (report) =>
      this.report(report),
    );
  }

  static async open(options: LedgerOptions): Promise<FileLedger> {
    makeDirectory(options.directory);
    const ledger = new FileLedger(options, await openLock(options.directory));
    try {
      await ledger.load();
      return ledger;
    } catch (error) {
      await ledger.closeFiles().catch(() => undefined);
      throw error;
    }
  }

  // ------------------------------------------------------------------ reading

  get channelId(): string {
    return this.options.channelId;
  }

  get height(): number {
    return this.blocks.height;
  }

  get lastHeaderHash(): Buffer {
    return this.headerHash;
  }

  readBlock(number: number): Buffer {
    return this.blocks.read(number);
  }

  transaction(txId: string): { blockNum: number; txNum: number; code: number } | undefined {
    return this.world.index.transaction(txId);
  }

  history(namespace: string, key: string): HistoryEntry[] {
    return [...this.world.writesOf(namespace, key)];
  }

  definition(chaincode: string): CommittedDefinition | undefined {
    return this.world.definition(chaincode);
  }

  get(namespace: string, key: string): StateValue | undefined {
    return this.world.state(namespace, key);
  }

  *range(namespace: string, start: string, end: string): IterableIterator<{ key: string } & StateValue> {
    for (const { key } of this.world.keys(namespace, start, end)) {
      const state = this.world.state(namespace, key);
      if (state !== undefined) yield { key, ...state };
    }
  }

  getPrivateHash(namespace: string, collection: string, keyHash: Buffer) {
    return this.world.hashedState(namespace, collection, keyHash.toString('latin1'));
  }

  getPrivate(
    mspId: string,
    namespace: string,
    collection: string,
    key: string,
  ): { value: Buffer; version: Version } | undefined {
    return this.privates.get(mspId)?.get(namespace, collection, key);
  }

  *rangePrivate(
    mspId: string,
    namespace: string,
    collection: string,
    start: string,
    end: string,
  ): IterableIterator<{ key: string; value: Buffer; version: Version }> {
    const store = this.privates.get(mspId);
    if (store !== undefined) yield* store.range(namespace, collection, start, end);
  }

  privateWrites(mspId: string, blockNumber: number): Map<number, Buffer> {
    return this.privates.get(mspId)?.blockWrites(blockNumber) ?? new Map<number, Buffer>();
  }

  // ------------------------------------------------------------------ writing

  async storeTransient(txId: string, privateBytes: Buffer, mspIds: readonly string[]): Promise<void> {
    await Promise.all(
      mspIds.map((mspId) => this.privates.get(mspId)?.storeTransient(txId, privateBytes, this.height)),
    );
  }

  order(envelope: Buffer): Promise<void> {
    return Promise.resolve().then(() => {
      this.orderer.order(envelope);
      this.verified.add(envelope);
    });
  }

  onBlock(listener: (block: CommittedBlock) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.orderer.stop('the network is stopping');
    await this.closeFiles();
  }

  async erased(): Promise<void> {
    await this.orderer.settled();
    await Promise.all([...this.privates.values()].map((store) => store.erased()));
  }

  async scrub(): Promise<DamageReport[]> {
    const found: DamageReport[] = [];
    await this.revalidate(found, async (scratch) => {
      if (found.length > 0 || this.database === undefined) return;
      for await (const key of differingKeys(scratch, this.database)) found.push(describeRecord(key));
    });
    for (const report of found) this.report(report);
    return found;
  }

  /**
   * Validates all blocks from the first, on a state of its own.
   * @param compare sees that state before it is thrown away
   * @returns blocks whose contents are not what validation gives, with the reason
   */
  private async revalidate(
    found: DamageReport[],
    compare: (scratch: StateDatabase) => Promise<void>,
  ): Promise<Map<number, string>> {
    const invalid = new Map<number, string>();
    const location = path.join(this.options.directory, SCRATCH_FOLDER);
    const database = await StateDatabase.recreate(location);
    const scratch = new WorldState(
      this.blocks,
      this.config,
      applicationGroups(this.options.genesisBlock),
      (report) => found.push(report),
    );
    scratch.use(database, WorldIndex.empty(database, scratch.recover));
    let previous: Block | undefined;
    for (let number = 0; number < this.height; number += 1) {
      const block = this.readOrName(number, found);
      if (block === undefined) {
        previous = undefined;
        continue;
      }
      const complete = found.length === 0;
      const validated = complete
        ? this.validate(number, block.data, scratch)
        : replayBlock(number, block.data, transactionsFilter(block), scratch);
      const detail = chainProblem(block, previous) ?? contentProblem(block, previous, validated, complete);
      if (detail !== undefined) {
        invalid.set(number, detail);
        found.push({
          where: 'block',
          what: `block ${number}: ${detail}`,
          remedy: 'restore the file from a copy',
        });
      }
      scratch.apply(number, validated);
      previous = block;
      if (database.waiting >= WAITING_MAX) await scratch.write(this.savepoint(new SetDigest()));
      if (number % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
    }
    await scratch.write(this.savepoint(new SetDigest()));
    await compare(database);
    await database.close();
    await removeDirectory(location);
    return invalid;
  }

  // ------------------------------------------------------------------ committing

  private async commit(batch: readonly PendingEnvelope[]): Promise<void> {
    const number = this.height;
    if (this.options.orderer === undefined)
      throw new Error('this ledger was opened without an ordering identity');
    const envelopes = batch.map(({ envelope }) => envelope);
    const ordered = createBlock(number, this.headerHash, envelopes, 0, this.options.orderer);
    const validated = this.validate(number, envelopes, this.world);
    await this.store(ordered, validated);
  }

  private validate(number: number, envelopes: readonly Buffer[], view: WorldState): ValidatedBlock {
    if (number === 0) return replayBlock(0, envelopes, Buffer.alloc(envelopes.length), view);
    return validateBlock(number, envelopes, {
      config: this.config,
      view,
      isCommitted: (txId) => view.index.transaction(txId) !== undefined,
      creatorVerified: (envelope) => this.verified.has(envelope),
    });
  }

  /** Makes a validated block durable, then visible, then known. */
  private async store(ordered: Block, validated: ValidatedBlock): Promise<void> {
    const { number } = ordered.header;
    const hash =
      number === 0
        ? NO_HASH
        : nextCommitHash(validated.filter, validated.updates.deterministicBytes(), this.commitHash);
    const metadata = Array.from({ length: 5 }, (_, slot) => ordered.metadata[slot] ?? Buffer.alloc(0));
    metadata[MetadataSlot.transactionsFilter] = validated.filter;
    if (number > 0) metadata[MetadataSlot.commitHash] = encodeMetadataValue(hash);
    const bytes = encodeBlock({ ...ordered, metadata });
    const privateBlocks = this.privateBlocks(number, validated);
    try {
      await Promise.all([...privateBlocks].map(([mspId, block]) => this.privates.get(mspId)?.prepare(block)));
      this.blocksHash = nextBlocksHash(this.blocksHash, await this.blocks.append(number, bytes));
    } catch (error) {
      throw new StorageError(`block ${number} cannot be written`, error);
    }
    this.headerHash = headerHash(ordered.header);
    this.commitHash = hash;
    this.world.apply(number, validated);
    const writing = [this.world.write(this.savepoint())];
    for (const [mspId, block] of privateBlocks) {
      const store = this.privates.get(mspId);
      if (store !== undefined) writing.push(store.apply(block, this.world.index));
    }
    const transactions = validated.transactions.map(({ txId, code, type }) => ({ txId, code, type }));
    for (const listener of this.listeners) listener({ number, bytes, transactions });
    try {
      await Promise.all(writing);
    } catch (error) {
      throw new StorageError(`the state after block ${number} cannot be written`, error);
    }
  }

  /** Which organisation gets which private write sets of a block; call before the block is applied. */
  private privateBlocks(number: number, validated: ValidatedBlock): Map<string, PrivateBlock> {
    const transactionIds = validated.transactions.map(({ txId }) => txId);
    const erasures = this.erasures(number, validated);
    const result = new Map<string, PrivateBlock>();
    for (const mspId of this.privates.keys()) {
      const { writeSets, missing } = this.writeSetsOf(mspId, validated);
      result.set(mspId, { number, writeSets, missing, transactionIds, erasures });
    }
    return result;
  }

  private writeSetsOf(
    mspId: string,
    validated: ValidatedBlock,
  ): { writeSets: Map<number, PrivateNamespaceRwSet[]>; missing: PrivateBlock['missing'] } {
    const writeSets = new Map<number, PrivateNamespaceRwSet[]>();
    const missing: { txNum: number; namespace: string; collection: string }[] = [];
    validated.transactions.forEach(({ parsed, txId }, txNum) => {
      if (parsed === undefined) return;
      const namespaces: PrivateNamespaceRwSet[] = [];
      for (const { namespace, collections } of parsed.rwset) {
        const received: { collection: string; rwset: Buffer }[] = [];
        for (const { collection, privateHash } of collections) {
          if (privateHash.length === 0 || !this.world.members(namespace, collection).includes(mspId))
            continue;
          const rwset = this.transientWrites(mspId, txId, namespace, collection, privateHash);
          if (rwset === undefined) missing.push({ txNum, namespace, collection });
          else received.push({ collection, rwset });
        }
        if (received.length > 0) namespaces.push({ namespace, collections: received });
      }
      if (namespaces.length > 0) writeSets.set(txNum, namespaces);
    });
    return { writeSets, missing };
  }

  /** From the organisation's own transient store, else from another member's, as peers pull what they lack. */
  private transientWrites(
    mspId: string,
    txId: string,
    namespace: string,
    collection: string,
    expected: Buffer,
  ): Buffer | undefined {
    const members = this.world.members(namespace, collection);
    for (const holder of [mspId, ...members.filter((other) => other !== mspId)]) {
      const bytes = this.privates.get(holder)?.transientOf(txId);
      if (bytes === undefined) continue;
      const rwset = decodePrivateRwSet(bytes)
        .find((set) => set.namespace === namespace)
        ?.collections.find((set) => set.collection === collection)?.rwset;
      if (rwset !== undefined && sha256(rwset).equals(expected)) return rwset;
    }
    return undefined;
  }

  private erasures(number: number, validated: ValidatedBlock): Erasure[] {
    const { index } = this.world;
    const purges = validated.updates.purges.map(({ namespace, collection, keyHash }) => ({
      namespace,
      collection,
      keyHash,
      places: [...index.history(namespace, collection, keyHash)],
    }));
    const expired = index.expiring(number).map((expiry: Expiry) => ({ ...expiry, places: [expiry.version] }));
    return [...purges, ...expired];
  }

  /** The state after the last block, signed where this process orders. */
  private savepoint(digest = this.world.index.digest): Savepoint {
    const { blocksHash, commitHash: lastCommitHash, headerHash: lastHeaderHash, height } = this;
    const unsigned = {
      height,
      headerHash: lastHeaderHash,
      commitHash: lastCommitHash,
      blocksHash,
      digest: digest.bytes(),
    };
    const { orderer } = this.options;
    return {
      ...unsigned,
      signer: orderer?.serialized ?? NO_HASH,
      signature: orderer?.sign(savepointMessage(unsigned)) ?? NO_HASH,
    };
  }

  // ------------------------------------------------------------------ opening

  private async load(): Promise<void> {
    const { directory, genesisBlock, organizations, clock, idleCut } = this.options;
    await this.openState();
    const isMember = (mspId: string) => (namespace: string, collection: string) =>
      this.world.members(namespace, collection).includes(mspId);
    await Promise.all(
      organizations.map(async (mspId) => {
        const store = await PrivateStore.open(
          path.join(directory, 'private', mspId),
          mspId,
          this.height,
          this.world.index,
          isMember(mspId),
          (from) => this.erasuresSince(from),
          (report) => this.report(report),
        );
        this.privates.set(mspId, store);
      }),
    );
    if (this.height === 0) {
      const genesis = decodeBlock(genesisBlock);
      await this.store(genesis, this.validate(0, genesis.data, this.world));
    }
    this.orderer = new Orderer({
      clock,
      config: () => this.config,
      commit: (batch) => this.commit(batch),
      idleCut: idleCut ?? true,
      onFailure: (error) => {
        this.fault = error;
        this.options.onFault?.(error);
      },
    });
  }

  /**
   * Reads all blocks and checks frames, hashes, chain and signatures; transactions are left alone.
   * @param mark a height
   * @returns the hash of the blocks below `mark`, when there are that many
   */
  private scanBlocks(mark: number | undefined): Buffer | undefined {
    let atMark = mark === 0 ? this.blocksHash : undefined;
    let previous: BlockEnds | undefined;
    let runStart = 0;
    const endRun = (): void => {
      if (previous !== undefined) this.checkSignatures(runStart, previous);
      previous = undefined;
    };
    try {
      this.blocks.scan((scanned) => {
        const { number } = scanned;
        if (scanned.bytes === undefined) {
          endRun();
          this.reportBlock(number, scanned.detail);
          return;
        }
        this.blocksHash = nextBlocksHash(this.blocksHash, scanned.checksum);
        if (number + 1 === mark) atMark = this.blocksHash;
        const ends = this.takeBlock(number, scanned.bytes, previous);
        if (ends === undefined) endRun();
        else if (previous === undefined) runStart = number;
        previous = ends;
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      throw new StorageError(`the blocks in ${this.options.directory} cannot be read`, error);
    }
    endRun();
    return atMark;
  }

  /** A signed last block vouches for the whole run before it, whose hashes it carries; otherwise each is looked at. */
  private checkSignatures(first: number, last: BlockEnds): void {
    if (this.ordererSigned(last)) return;
    for (let number = Math.max(first, 1); number <= last.header.number; number += 1) {
      const block = number === last.header.number ? last : decodeBlock(this.blocks.read(number));
      if (!this.ordererSigned(block)) this.damageBlock(number, 'it is not signed by the ordering service');
    }
  }

  private takeBlock(number: number, bytes: Buffer, previous: BlockEnds | undefined): BlockEnds | undefined {
    let block: Block;
    try {
      block = decodeBlock(bytes);
    } catch (error) {
      this.damageBlock(number, (error as Error).message);
      return undefined;
    }
    if (
      number === 0 &&
      !headerHash(block.header).equals(headerHash(decodeBlock(this.options.genesisBlock).header))
    ) {
      throw new Error(
        `${this.options.directory} holds a ledger with another genesis block; use another folder or reset this one`,
      );
    }
    const detail = chainProblem(block, previous);
    if (detail !== undefined) {
      this.damageBlock(number, detail);
      return undefined;
    }
    this.headerHash = headerHash(block.header);
    this.commitHash = Buffer.from(commitHash(block) ?? NO_HASH);
    return endsOf(block);
  }

  /** The genesis block, which nobody signs, counts as signed: it is compared with the one given. */
  private ordererSigned({ header, metadata }: BlockEnds): boolean {
    if (header.number === 0) return true;
    try {
      const { value, signatures } = decodeSignatures(metadata[MetadataSlot.signatures] as Buffer);
      return signatures.some(({ signatureHeader, signature }) => {
        const { creator } = decodeSignatureHeader(signatureHeader);
        return this.signedByOrderer(
          creator,
          Buffer.concat([value, signatureHeader, headerDer(header)]),
          signature,
        );
      });
    } catch {
      return false;
    }
  }

  private signedByOrderer(creator: Buffer, message: Buffer, signature: Buffer): boolean {
    try {
      const identity = this.config.deserializeIdentity(creator);
      return this.config.ordererMspIds.includes(identity.mspId) && identity.verify(message, signature);
    } catch {
      return false;
    }
  }

  /**
   * Opens state database and blocks and makes them agree. A database that is sound in itself and whose signed savepoint
   * names exactly these blocks is taken as it is; otherwise the state is made again from the blocks.
   */
  private async openState(): Promise<void> {
    const { directory } = this.options;
    await Promise.all(
      [FRESH_FOLDER, SCRATCH_FOLDER].map((name) => removeDirectory(path.join(directory, name))),
    );
    const found = await this.readDatabase();
    const savepoint = found?.isSound === true ? found.contents.savepoint : undefined;
    const hashAtSavepoint = this.scanBlocks(savepoint?.height);
    if (found?.isSound === true && found.contents.records === 0 && this.height === 0) {
      this.world.use(found.database, found.index);
      return;
    }
    if (
      found !== undefined &&
      savepoint !== undefined &&
      (await this.adopt(found, savepoint, hashAtSavepoint))
    )
      return;
    await this.rebuildState(found, hashAtSavepoint);
  }

  /** Goes on with the database as it is; false when it and the blocks do not fit together. */
  private async adopt(
    { database, index }: FoundDatabase,
    savepoint: Savepoint,
    hashAtSavepoint: Buffer | undefined,
  ): Promise<boolean> {
    const { signature, signer } = savepoint;
    if (!this.signedByOrderer(signer, savepointMessage(savepoint), signature)) return false;
    if (savepoint.height > this.height) {
      const detail = 'it was committed but is no longer in the block files';
      for (let number = this.height; number < savepoint.height; number += 1) this.reportBlock(number, detail);
      this.blocks.noteLost(savepoint.height, detail);
    }
    const isCurrent = savepoint.height === this.height;
    if (this.blocks.damagedBlocks.size === 0) {
      if (hashAtSavepoint?.equals(savepoint.blocksHash) === true) {
        this.world.use(database, index);
        return isCurrent || (await this.catchUp(savepoint.height));
      }
      // Validation of the blocks tells which side is wrong.
      if (!isCurrent || !(await this.distrustBlocks())) return false;
    } else if (!isCurrent) return false;
    this.world.use(database, index);
    this.headerHash = savepoint.headerHash;
    this.commitHash = savepoint.commitHash;
    this.blocksHash = savepoint.blocksHash;
    return true;
  }

  /** Applies blocks that the database does not have: the process was killed after it had written them. */
  private async catchUp(from: number): Promise<boolean> {
    let previous = from === 0 ? undefined : decodeBlock(this.blocks.read(from - 1));
    for (let number = from; number < this.height; number += 1) {
      const bytes = this.blocks.read(number);
      const block = decodeBlock(bytes);
      const validated = this.world.replay(number, bytes);
      if (contentProblem(block, previous, validated, true) !== undefined) return false;
      this.world.apply(number, validated);
      previous = block;
    }
    await this.world.write(this.savepoint());
    return true;
  }

  /** Validates the blocks and names those whose codes or hashes are not what comes out. False when the blocks are right. */
  private async distrustBlocks(): Promise<boolean> {
    const invalid = await this.revalidate([], () => Promise.resolve());
    for (const [number, detail] of invalid) this.damageBlock(number, detail);
    return invalid.size > 0;
  }

  /** The database as it was left; undefined when LevelDB cannot read its own files. */
  private async readDatabase(): Promise<FoundDatabase | undefined> {
    try {
      const database = await StateDatabase.open(path.join(this.options.directory, STATE_FOLDER));
      this.database = database;
      const loading = WorldIndex.loading(database, this.world.recover);
      const contents = await database.read(loading.load);
      const { altered, digest, records, savepoint } = contents;
      const isSound =
        altered.length === 0 &&
        (savepoint === undefined ? records === 0 : savepoint.digest.equals(digest.bytes()));
      return { database, contents, isSound, index: loading.finish(digest) };
    } catch (error) {
      if (!(error instanceof CorruptDatabaseError)) throw error;
      this.report({ where: 'index', what: 'the index and state database', remedy: 'rebuilt' });
      return undefined;
    }
  }

  /**
   * Makes the state database again from the blocks, beside the old one, and names what differs. Sound records of the old
   * one fill in for damaged blocks.
   */
  private async rebuildState(found: FoundDatabase | undefined, hashAtSavepoint?: Buffer): Promise<void> {
    const fresh = await StateDatabase.recreate(path.join(this.options.directory, FRESH_FOLDER));
    const index = WorldIndex.empty(fresh, this.world.recover);
    this.world.use(fresh, index);
    await this.replayBlocks(fresh);
    const { damagedBlocks } = this.blocks;
    if (damagedBlocks.size > 0) {
      const kept = await this.recordsOfDamagedBlocks();
      index.adopt(kept.filter(({ key }) => fresh.get(key) === undefined));
      for (const number of damagedBlocks.keys())
        this.report({ where: 'state', what: `writes of block ${number}`, remedy: 'lost' });
    }
    await this.world.write(this.savepoint());
    if (found !== undefined) await this.reportDifferences(found, fresh, hashAtSavepoint);
    await this.database?.close();
    await fresh.moveTo(path.join(this.options.directory, STATE_FOLDER));
    this.database = fresh;
  }

  /** Applies every block that can be trusted to the state in use, which is empty. */
  private async replayBlocks(database: StateDatabase): Promise<void> {
    const { damagedBlocks } = this.blocks;
    let previous: Block | undefined;
    for (let number = 0; number < this.height; number += 1) {
      if (damagedBlocks.has(number)) {
        previous = undefined;
        continue;
      }
      const bytes = this.blocks.read(number);
      const block = decodeBlock(bytes);
      let validated: ValidatedBlock | undefined;
      let detail: string | undefined;
      try {
        validated = this.world.replay(number, bytes);
        detail = contentProblem(block, previous, validated, damagedBlocks.size === 0);
      } catch (error) {
        detail = (error as Error).message;
      }
      if (detail !== undefined || validated === undefined) {
        this.damageBlock(number, detail ?? 'its transactions cannot be read');
        previous = undefined;
        continue;
      }
      this.world.apply(number, validated);
      previous = block;
      if (database.waiting >= WAITING_MAX) await this.world.write(this.savepoint());
    }
  }

  /** Sound records of the old state database whose versions are in damaged blocks. */
  private async recordsOfDamagedBlocks() {
    const kept: { key: Buffer; record: CheckedRecord }[] = [];
    try {
      await this.database?.read((key, record) => {
        if (this.blocks.damagedBlocks.has(record.version.blockNum))
          kept.push({ key: Buffer.from(key), record });
      });
    } catch {
      // What LevelDB cannot read is not kept.
    }
    return kept;
  }

  private async reportDifferences(
    { contents, database, isSound }: FoundDatabase,
    fresh: StateDatabase,
    hashAtSavepoint: Buffer | undefined,
  ): Promise<void> {
    const { altered, records, savepoint } = contents;
    if (records === 0) {
      if (this.height > 1)
        this.report({ where: 'state', what: 'the index and state database', remedy: 'rebuilt' });
      return;
    }
    const namesTheseBlocks =
      isSound && savepoint !== undefined && hashAtSavepoint?.equals(savepoint.blocksHash) === true;
    // The first version's index was laid out in another way.
    if (isSound && savepoint?.blocksHash.length === 0) return;
    // A killed process leaves a database that is behind, not a damaged one.
    if (namesTheseBlocks && savepoint.height < this.height) return;
    const named = new Set(altered.map((key) => key.toString('latin1')));
    for await (const key of differingKeys(database, fresh)) named.add(key.toString('latin1'));
    for (const id of named) this.report(describeRecord(Buffer.from(id, 'latin1')));
    if (named.size === 0 && !namesTheseBlocks)
      this.report({ where: 'index', what: 'the savepoint', remedy: 'rebuilt' });
  }

  /** Purges of blocks at or after `from`, for private stores that a crash left behind. */
  private erasuresSince(from: number): Erasure[] {
    const erasures: Erasure[] = [];
    for (let number = Math.max(from, 1); number < this.height; number += 1) {
      const block = this.readOrName(number, []);
      if (block === undefined) continue;
      const { updates } = replayBlock(number, block.data, transactionsFilter(block), this.world);
      for (const { namespace, collection, keyHash, version } of updates.purges) {
        const places = [...this.world.index.history(namespace, collection, keyHash)].filter(
          (place) => place.blockNum < number || sameVersion(place, version),
        );
        erasures.push({ namespace, collection, keyHash, places });
      }
    }
    return erasures;
  }

  // ------------------------------------------------------------------ damage

  private readOrName(number: number, found: DamageReport[]): Block | undefined {
    try {
      return decodeBlock(this.blocks.read(number));
    } catch (error) {
      found.push({
        where: 'block',
        what: `block ${number}: ${(error as Error).message}`,
        remedy: 'restore the file from a copy',
      });
      return undefined;
    }
  }

  private damageBlock(number: number, detail: string): void {
    this.blocks.noteDamaged(number, detail);
    this.reportBlock(number, detail);
  }

  private reportBlock(number: number, detail: string): void {
    this.report({
      where: 'block',
      what: `block ${number}: ${detail}`,
      remedy: 'restore the file from a copy',
    });
  }

  private report(damage: DamageReport): void {
    const id = `${damage.where} ${damage.what} ${damage.remedy}`;
    if (this.reported.has(id)) return;
    this.reported.add(id);
    this.damage.push(damage);
  }

  private async closeFiles(): Promise<void> {
    await this.blocks.close();
    await this.database?.close();
    await Promise.all([...this.privates.values()].map((store) => store.close()));
    await this.lock.close();
  }
}

/** A state database that LevelDB can read, and what a pass over it gave. */
interface FoundDatabase {
  readonly database: StateDatabase;
  readonly index: WorldIndex;
  readonly contents: DatabaseContents;
  /** Every record fits its check and together they fit the savepoint. */
  readonly isSound: boolean;
}

/** What a block's neighbours need of it. */
type BlockEnds = Pick<Block, 'header' | 'metadata'>;

/** Copies: the scanned bytes do not last. */
function endsOf({ header, metadata }: Block): BlockEnds {
  const { dataHash: data, number, previousHash } = header;
  return {
    header: { number, previousHash: Buffer.from(previousHash), dataHash: Buffer.from(data) },
    metadata: metadata.map((slot) => Buffer.from(slot)),
  };
}

/** Why a block does not fit its own data hash or the block before it; `previous` is undefined after a damaged one. */
function chainProblem(block: Block, previous: BlockEnds | undefined): string | undefined {
  const { number, dataHash: stated, previousHash } = block.header;
  if (!dataHash(block.data).equals(stated)) return 'its data hash does not match its transactions';
  if (transactionsFilter(block).length !== block.data.length)
    return 'its validation codes are not those of its transactions';
  if (number === 0 || previous === undefined) return undefined;
  if (previous.header.number + 1 !== number) return 'its number does not follow the block before it';
  return previousHash.equals(headerHash(previous.header))
    ? undefined
    : 'it does not follow the block before it';
}

/**
 * Why codes or commit hash are not those that follow from the state before; without that state (`complete` false, after a
 * damaged block) nothing can be said.
 */
function contentProblem(
  block: Block,
  previous: BlockEnds | undefined,
  validated: ValidatedBlock,
  complete: boolean,
): string | undefined {
  if (!complete) return undefined;
  if (!transactionsFilter(block).equals(validated.filter))
    return 'its validation codes are not those of its transactions';
  if (block.header.number === 0 || previous === undefined) return undefined;
  const updates = validated.updates.deterministicBytes();
  const expected = nextCommitHash(validated.filter, updates, commitHash(previous) ?? NO_HASH);
  return commitHash(block)?.equals(expected) === true
    ? undefined
    : 'its commit hash does not match its writes';
}

function describeRecord(key: Buffer): DamageReport {
  const parts = parseStateKey(key);
  switch (parts?.kind) {
    case 's':
    case 'p':
      return {
        where: 'state',
        what: describeStateKey(parts.namespace, parts.collection, parts.key),
        remedy: 'rebuilt',
      };
    case 't':
      return { where: 'index', what: `transaction ${parts.key}`, remedy: 'rebuilt' };
    case 'h':
    case 'i':
    case 'g':
    case 'j':
    case 'x':
      return {
        where: 'index',
        what: `history of ${describeStateKey(parts.namespace, parts.collection, parts.key)}`,
        remedy: 'rebuilt',
      };
    default:
      return { where: 'index', what: `key ${key.toString('hex')}`, remedy: 'rebuilt' };
  }
}

async function openLock(directory: string): Promise<Database> {
  const location = path.join(directory, 'lock');
  try {
    return await openDatabase(location);
  } catch (error) {
    if (error instanceof LedgerInUseError) throw new LedgerInUseError(directory);
    if (!(error instanceof CorruptDatabaseError)) throw error;
    await removeDirectory(location);
    return openDatabase(location);
  }
}

/** Codes that a caller of `transaction` may meet. */
export { TxCode };
