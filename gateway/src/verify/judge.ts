import { canonicalJson, openBytesCommitment, utf8 } from '@medseal/crypto';
import type { Fact, LedgerFacts } from './ledger-facts.js';
import type { DocumentStatement, ReceiptStatement, Statement } from './statement.js';

/**
 * `valid`: the ledger says the same. `changed`: it has the receipt or record, and says something else. `revoked`: the
 * document was issued, a later version has taken its place. `unknown`: no such receipt or record, or the ledger's own
 * bytes do not hold.
 */
export type Verdict = 'valid' | 'changed' | 'revoked' | 'unknown';

export interface Judgement {
  readonly kind: 'receipt' | 'document';
  readonly verdict: Verdict;
  /** Of a receipt the reader's organisation, of a document the hospital that wrote it; null unless the ledger has it. */
  readonly issuer: { readonly mspId: string; readonly name: string | null } | null;
  readonly transactionId: string | null;
  readonly blockNumber: number | null;
  /** One sentence; null when valid. */
  readonly reason: string | null;
}

/** Compares a statement with what the ledger's bytes say. Nothing in the answer is of a patient. */
export async function judge(statement: Statement, facts: LedgerFacts): Promise<Judgement> {
  const kind = statement.format === 'medseal/receipt/1' ? 'receipt' : 'document';
  const nothing = { kind, issuer: null, transactionId: null, blockNumber: null } as const;
  if (statement.channel !== facts.channel)
    return { ...nothing, verdict: 'unknown', reason: `This is the ledger of channel ${facts.channel}.` };
  const found = 'receiptId' in statement ? await receipt(statement, facts) : await document(statement, facts);
  if (found === undefined)
    return { ...nothing, verdict: 'unknown', reason: `The ledger has no such ${kind}.` };
  const { fact, mspId, refusal } = found;
  const damage =
    fact.blockReason === undefined
      ? undefined
      : `Block ${fact.blockNumber} of this copy of the ledger does not verify: ${fact.blockReason}.`;
  return {
    kind,
    verdict: damage === undefined ? (refusal?.verdict ?? 'valid') : 'unknown',
    issuer: { mspId, name: (await facts.organizationName(mspId)) ?? null },
    transactionId: fact.transactionId,
    blockNumber: fact.blockNumber,
    reason: damage ?? refusal?.reason ?? null,
  };
}

interface Finding {
  fact: Fact<unknown>;
  mspId: string;
  refusal?: { verdict: Verdict; reason: string };
}

async function receipt(statement: ReceiptStatement, facts: LedgerFacts): Promise<Finding | undefined> {
  const fact = await facts.receipt(statement.receiptId);
  if (fact === undefined) return undefined;
  const { entry } = fact;
  const differs =
    entry.reader !== statement.reader
      ? 'reader'
      : entry.mspId !== statement.organization
        ? 'organization'
        : entry.basis !== statement.basis
          ? 'basis'
          : entry.consentId !== statement.consentId
            ? 'consentId'
            : statement.recordIds.some((recordId) => !entry.recordIds.includes(recordId))
              ? 'recordIds'
              : undefined;
  return {
    fact,
    mspId: entry.mspId,
    ...(differs && {
      refusal: { verdict: 'changed', reason: `The ledger's receipt has another ${differs}.` },
    }),
  };
}

async function document(statement: DocumentStatement, facts: LedgerFacts): Promise<Finding | undefined> {
  const fact = await facts.recordVersion(statement.recordId, statement.version);
  if (fact?.entry.sealed === undefined || fact.entry.sealed === null) return undefined;
  const { sealed, chain, hospital } = fact.entry;
  const finding = (verdict: Verdict, reason: string): Finding => ({
    fact,
    mspId: hospital,
    refusal: { verdict, reason },
  });
  if (!opens(sealed.commitments.document, statement))
    return finding('changed', "Document or salt are not those of the ledger's commitment.");
  if (chain === null)
    return finding('unknown', 'The record is not chained yet: its author has not finished it.');
  const latest = await facts.latestVersion(statement.recordId);
  return latest > statement.version
    ? finding('revoked', `Version ${latest} has taken the place of version ${statement.version}.`)
    : { fact, mspId: hospital };
}

function opens(commitment: string, { document: value, salt }: DocumentStatement): boolean {
  try {
    const bytes = utf8(canonicalJson(value, { decimals: true }));
    return openBytesCommitment(commitment, bytes, Buffer.from(salt, 'hex'));
  } catch {
    return false;
  }
}
