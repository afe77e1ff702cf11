import { canonicalJson, openBytesCommitment, utf8 } from '@medseal/crypto';
import type { Fact, LedgerFacts } from './ledger-facts.js';
import { ERASURE_FORMAT, ERASURE_LIMIT } from '../erasure/certificate.js';
import type { DocumentStatement, ErasureStatement, ReceiptStatement, Statement } from './statement.js';

/**
 * `valid`: the ledger says the same. `changed`: it has the receipt or record, and says something else. `revoked`: the
 * document was issued, a later version has taken its place. `erased`: it is of a patient who was erased; nothing more is
 * said of it. `unknown`: no such receipt, record or erasure, or the ledger's own bytes do not hold.
 */
export type Verdict = 'valid' | 'changed' | 'revoked' | 'erased' | 'unknown';

export interface Judgement {
  readonly kind: 'receipt' | 'document' | 'erasure';
  readonly verdict: Verdict;
  /**
   * Of a receipt the reader's organisation, of a document the hospital that wrote it, of a certificate of erasure the
   * patient's home hospital; null unless the ledger has it.
   */
  readonly issuer: { readonly mspId: string; readonly name: string | null } | null;
  readonly transactionId: string | null;
  readonly blockNumber: number | null;
  /** One sentence; null when valid. */
  readonly reason: string | null;
}

/** Compares a statement with what the ledger's bytes say. Nothing in the answer is of a patient. */
export async function judge(statement: Statement, facts: LedgerFacts): Promise<Judgement> {
  const kind = KINDS[statement.format];
  const nothing = { kind, issuer: null, transactionId: null, blockNumber: null } as const;
  if (statement.channel !== facts.channel)
    return { ...nothing, verdict: 'unknown', reason: `This is the ledger of channel ${facts.channel}.` };
  const found = await findingOf(statement, facts);
  if (found === undefined)
    return { ...nothing, verdict: 'unknown', reason: `The ledger has no such ${kind}.` };
  const { fact, mspId, refusal } = found;
  const bad = [fact, ...(found.others ?? [])].find(({ blockReason }) => blockReason !== undefined);
  const damage =
    bad === undefined
      ? undefined
      : `Block ${bad.blockNumber} of this copy of the ledger does not verify: ${bad.blockReason}.`;
  return {
    kind,
    verdict: damage === undefined ? (refusal?.verdict ?? 'valid') : 'unknown',
    issuer: { mspId, name: (await facts.organizationName(mspId)) ?? null },
    transactionId: fact.transactionId,
    blockNumber: fact.blockNumber,
    reason: damage ?? refusal?.reason ?? null,
  };
}

const KINDS = {
  'medseal/receipt/1': 'receipt',
  'medseal/document/1': 'document',
  [ERASURE_FORMAT]: 'erasure',
} as const;

const findingOf = (statement: Statement, facts: LedgerFacts): Promise<Finding | undefined> => {
  switch (statement.format) {
    case 'medseal/receipt/1':
      return receipt(statement, facts);
    case 'medseal/document/1':
      return document(statement, facts);
    case ERASURE_FORMAT:
      return erasure(statement, facts);
  }
};

interface Finding {
  fact: Fact<unknown>;
  /** What else the verdict rests on. */
  others?: Fact<unknown>[];
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
  const finding = { fact, mspId: entry.mspId };
  if (differs) {
    return {
      ...finding,
      refusal: { verdict: 'changed', reason: `The ledger's receipt has another ${differs}.` },
    };
  }
  for (const recordId of statement.recordIds) {
    const owner = await erasedOwner((await facts.recordVersion(recordId, 1))?.entry.ledgerId, facts);
    if (owner !== undefined) return { ...finding, others: [owner], refusal: ERASED };
  }
  return finding;
}

export const ERASED = {
  verdict: 'erased',
  reason: 'The patient was erased: of what this says, the ledger keeps hashes only.',
} as const;

/** The patient's entry, if it says that the patient is being erased or was. */
export async function erasedOwner(
  ledgerId: string | undefined,
  facts: Pick<LedgerFacts, 'patient'>,
): Promise<Fact<unknown> | undefined> {
  const patient = ledgerId === undefined ? undefined : await facts.patient(ledgerId);
  const status = patient?.entry.status;
  return status === 'erasing' || status === 'erased' ? patient : undefined;
}

/** Every attestation is looked up by itself: the certificate says when and in which transaction each was given. */
async function erasure(statement: ErasureStatement, facts: LedgerFacts): Promise<Finding | undefined> {
  const { ledgerId } = statement;
  const fact = await facts.erasure(ledgerId);
  if (fact === undefined) return undefined;
  const { entry } = fact;
  const patient = await facts.patient(ledgerId);
  const { unattested = [] } = entry;
  const attested = await Promise.all(
    entry.organizations
      .filter((mspId) => !unattested.includes(mspId))
      .map((mspId) => facts.erasureAttestation(ledgerId, mspId)),
  );
  const others = [patient, ...attested].filter((one) => one !== undefined);
  const finding = { fact, others, mspId: entry.homeMsp };
  const refused = (verdict: Verdict, reason: string): Finding => ({
    ...finding,
    refusal: { verdict, reason },
  });
  if (statement.status !== 'erased')
    return refused('unknown', 'A certificate is only of a finished erasure.');
  const given = attested.map((one) => one && [one.entry.mspId, one.entry.at, one.transactionId]);
  const claimed = statement.attestations.map(({ organization, at, transactionId }) => [
    organization,
    at,
    transactionId,
  ]);
  const differs =
    entry.erasedAt === null || patient?.entry.status !== 'erased' || entry.erasedAt !== statement.erasedAt
      ? 'erasedAt'
      : entry.homeMsp !== statement.home
        ? 'home'
        : entry.requestedAt !== statement.requestedAt
          ? 'requestedAt'
          : entry.requestedBy !== statement.requestedBy
            ? 'requestedBy'
            : entry.transactionId !== statement.transactionId
              ? 'transactionId'
              : canonicalJson(given.map((one) => one ?? null)) !== canonicalJson(claimed)
                ? 'attestations'
                : canonicalJson(unattested) !== canonicalJson([...statement.unattested])
                  ? 'unattested'
                  : statement.limit !== ERASURE_LIMIT
                    ? 'limit'
                    : undefined;
  return differs === undefined ? finding : refused('changed', `The ledger's erasure has another ${differs}.`);
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
  const owner = await erasedOwner(fact.entry.ledgerId, facts);
  if (owner !== undefined) return { fact, others: [owner], mspId: hospital, refusal: ERASED };
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
