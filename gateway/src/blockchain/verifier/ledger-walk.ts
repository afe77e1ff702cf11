import type { ChainHead, PatientEntry, RecordEntry, SealedPart } from '@medseal/chaincode';
import { worldChanges, type WorldChange } from '../../projection/block-changes.js';
import { Findings } from '../verdict.js';
import type { BlockExamination } from './block-verifier.js';
import { ChainVerifier, type ChainAnchor } from './chain-verifier.js';
import { CHAIN_START, examineEntry, examineHead, positionAfter, type ChainPosition } from './entry-chain.js';

/** The stored objects of one record version. */
export interface StoredObjects {
  readonly recordId: string;
  /** Envelope, header and, once uploaded, the audited files. */
  readonly digests: readonly string[];
  /** Headers before the latest key slot, files of earlier rounds; they may be gone, but not altered. */
  readonly superseded: readonly string[];
}

/** Walks all blocks from 0 in order and the record entries in them; reads bytes, asks nobody. Never throws. */
export class LedgerWalk {
  readonly findings = new Findings();
  /** By `<recordId>/<version>`, as the latest block says. */
  readonly objects = new Map<string, StoredObjects>();
  blocks = 0;
  transactions = 0;
  readonly #chain: ChainVerifier;
  readonly #positions = new Map<string, ChainPosition>();
  readonly #chained = new Map<string, string>();
  readonly #owners = new Map<string, string>();
  readonly #erased = new Set<string>();
  /** After a bad block, a patient's chain may have grown unseen. */
  #gap = false;

  constructor(anchor: ChainAnchor = {}) {
    this.#chain = new ChainVerifier(anchor);
  }

  get entries(): number {
    return this.#chained.size;
  }

  /** Whether the record's patient is being erased, or was: then its objects are gone. */
  isErased(recordId: string): boolean {
    return this.#erased.has(this.#owners.get(recordId) ?? '');
  }

  /** @param bytes undefined when the peer cannot serve the block */
  accept(bytes: Uint8Array | undefined): BlockExamination {
    const examination = this.#chain.accept(bytes);
    this.blocks += 1;
    this.transactions += examination.transactions.length;
    if (examination.reason !== undefined) {
      this.findings.add({ kind: 'block', id: String(examination.number), reason: examination.reason });
      this.#gap = true;
      this.#positions.clear();
    } else {
      const changes = validChanges(examination);
      for (const { type, entry } of changes) {
        if (type === 'recordVersion' && entry) this.#takeEntry(entry as unknown as RecordEntry);
        if (type === 'patient' && entry) this.#takePatient(entry as unknown as PatientEntry);
      }
      // After the entries, because a transaction writes its keys in their own order.
      for (const { type, entry } of changes) {
        if (type === 'chain' && entry) this.#takeHead(entry as unknown as ChainHead);
      }
    }
    return examination;
  }

  #takePatient({ ledgerId, status }: PatientEntry): void {
    if (status === 'erasing' || status === 'erased') this.#erased.add(ledgerId);
  }

  #takeHead(head: ChainHead): void {
    const position = this.#positions.get(head.ledgerId) ?? (this.#gap ? undefined : CHAIN_START);
    const reason = position && examineHead(head, position);
    if (reason) this.findings.add({ kind: 'entry', id: `chain/${head.ledgerId}`, reason });
  }

  #takeEntry(entry: RecordEntry): void {
    const id = `${entry.recordId}/${entry.version}`;
    this.#owners.set(entry.recordId, entry.ledgerId);
    if (isSealed(entry)) this.objects.set(id, storedObjects(entry, this.objects.get(id)));
    const known = this.#chained.get(id);
    if (!entry.chain) {
      if (known)
        this.findings.add({ kind: 'entry', id, reason: 'the entry was chained before and is not any more' });
      return;
    }
    if (known !== undefined) {
      // A key slot was added; what is hashed must have stayed.
      const { hashValid } = examineEntry(this.#channel, entry, undefined);
      if (!hashValid || known !== entry.chain.contentHash) {
        this.findings.add({ kind: 'entry', id, reason: 'the entry changed after it was chained' });
      }
      return;
    }
    const before = this.#positions.get(entry.ledgerId) ?? (this.#gap ? undefined : CHAIN_START);
    const { reason } = examineEntry(this.#channel, entry, before);
    if (reason) this.findings.add({ kind: 'entry', id, reason });
    this.#chained.set(id, entry.chain.contentHash);
    const after = positionAfter(entry);
    if (after) this.#positions.set(entry.ledgerId, after);
  }

  get #channel(): string {
    return this.#chain.trust?.channelId ?? '';
  }
}

/** The objects of an entry, after those that an earlier state of it named. */
export function storedObjects(
  { recordId, sealed, integrity }: RecordEntry & { sealed: SealedPart },
  earlier: StoredObjects | undefined,
): StoredObjects {
  const { sanitized, uploaded } = integrity ?? {};
  const audited =
    sanitized && uploaded ? [uploaded.sealedSignedFile, sanitized.object, sanitized.signedFile] : [];
  const digests = [sealed.sealedDigest, sealed.headerDigest, ...audited.map(({ digest }) => digest)];
  const known = new Set([...(earlier?.superseded ?? []), ...(earlier?.digests ?? [])]);
  for (const digest of digests) known.delete(digest);
  return { recordId, digests, superseded: [...known] };
}

/** Nothing is stored of an entry that is not sealed. */
export const isSealed = (entry: RecordEntry): entry is RecordEntry & { sealed: SealedPart } =>
  entry.sealed !== null;

/** World-state changes of a block's VALID transactions, in order. */
export function validChanges({ number, transactions, validationCodes }: BlockExamination): WorldChange[] {
  return transactions.flatMap((transaction, position) =>
    transaction && validationCodes[position] === 0
      ? worldChanges(transaction, {
          blockNumber: number,
          position,
          transactionId: transaction.transactionId,
          committedAt: transaction.timestamp || null,
        })
      : [],
  );
}
