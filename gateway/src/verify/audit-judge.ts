import {
  type AuditedKind,
  type AuditEntry,
  type ObjectReference,
  type RecordEntry,
} from '@medseal/chaincode';
import {
  auditCommitment,
  auditProofBytes,
  type AuditVerdict,
  CryptoError,
  decodeSignedFile,
  decodeTag,
  EMPTY_REPLACED_SET,
  equalBytes,
  examineFile,
  type FileFault,
  type FileKind,
  fromBase64,
  fromHex,
  makeAuditChallenge,
  type PairingEngine,
  sha256Hex,
  tagHash,
  verifyProof,
} from '@medseal/crypto';
import { CannotTell, type FileFacts, fileFacts } from './audit-facts.js';
import type { AuditAct, ExportedLedger } from './exported-ledger.js';
import { ERASED, erasedOwner } from './judge.js';

/** `invalid`: it does not hold, and `reasons` say what; `unknown`: it cannot be told, and `reasons` say why. */
interface AuditJudgement {
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  readonly reasons: readonly string[];
  /** That the verdict is about: the one that closed the audit, or the last of the record version. */
  readonly transactionId: string | null;
  readonly blockNumber: number | null;
}

interface ClosedAs {
  readonly status: AuditEntry['status'];
  readonly reason: AuditEntry['reason'];
}

/** Of a stored proof. */
export interface ProofJudgement extends AuditJudgement {
  readonly kind: 'proof';
  readonly auditId: string;
  /** Which file, and how many of its blocks were asked for; null for an unknown audit. */
  readonly of: Pick<AuditEntry, 'recordId' | 'version' | 'kind' | 'blocks' | 'size'> | null;
  /** The ledger's verdict, and what its own transactions give; null while there is none, or where it cannot be told. */
  readonly ledger: ClosedAs | null;
  readonly recomputed: ClosedAs | null;
}

/**
 * The verdict on an audit, recomputed from what its transactions were submitted with: `valid` if proof and ledger both say
 * intact.
 *
 * @param signedFile of a sanitised file, whose replaced set is not on the ledger
 */
export async function judgeProof(
  ledger: ExportedLedger,
  engine: PairingEngine,
  { auditId, signedFile }: { auditId: string; signedFile?: Uint8Array | undefined },
): Promise<ProofJudgement> {
  const acts = ledger.auditActs(auditId);
  const last = acts.at(-1);
  const judgement = { kind: 'proof', auditId, of: null, ledger: null, recomputed: null } as const;
  if (last === undefined) {
    const nowhere = { transactionId: null, blockNumber: null };
    return { ...judgement, ...nowhere, verdict: 'unknown', reasons: ['The ledger has no such audit.'] };
  }
  const { entry: audit, transactionId, blockNumber } = last;
  const { recordId, version, kind, blocks, size, status, reason } = audit;
  const known = {
    ...judgement,
    transactionId,
    blockNumber,
    of: { recordId, version, kind, blocks, size },
    ledger: audit.closedAt === null ? null : { status, reason },
  };
  try {
    if (status !== 'intact' && status !== 'failed')
      throw new CannotTell(`The audit is ${wordsOf({ status, reason })}: there is no proof to verify.`);
    const facts = await fileFacts(ledger, engine, audit);
    const differences = differencesOf(acts, audit, facts);
    const verdict = recomputedOf(acts, audit, facts, engine, signedFile);
    const recomputed: ClosedAs = {
      status: verdict.verdict,
      reason: verdict.verdict === 'intact' ? null : verdict.reason,
    };
    const isSame = recomputed.status === status && recomputed.reason === reason;
    const reasons = [
      ...differences,
      ...(isSame
        ? []
        : [`The ledger says ${wordsOf({ status, reason })}, the proof ${wordsOf(recomputed)}.`]),
      ...(recomputed.status === 'intact' ? [] : [`The audit is ${wordsOf(recomputed)}.`]),
    ];
    return { ...known, recomputed, reasons, verdict: reasons.length === 0 ? 'valid' : 'invalid' };
  } catch (error) {
    return { ...known, verdict: 'unknown', reasons: [whyNot(error)] };
  }
}

/** @throws the error itself where it is none of these */
function whyNot(error: unknown): string {
  if (error instanceof CannotTell) return error.message;
  if (error instanceof CryptoError) return `The ledger's own values do not go together: ${error.message}.`;
  throw error;
}

const wordsOf = ({ status, reason }: ClosedAs): string =>
  reason === null ? status : `${status} (${reason})`;

/** Whatever the ledger's entry says otherwise than the transactions that it was made by, and the tag. */
function differencesOf(
  acts: readonly AuditAct[],
  audit: AuditEntry,
  { entry, tag, parameters }: FileFacts,
): string[] {
  const opening = actOf(acts, 'openAudit');
  const [, recordId, version, kind, commitment = ''] = opening.args;
  const challenge = challengeOf(acts, audit, { tag, parameters });
  const checks: [boolean, string][] = [
    [opening.transactionId === audit.auditId, 'the id is not that of the transaction that opened it'],
    [
      recordId === audit.recordId && version === String(audit.version) && kind === audit.kind,
      'it was opened for another file',
    ],
    [audit.tagHash === tagHash(tag), "the tag is not the record's"],
    [audit.blocks === decodeTag(tag).blocks, 'the number of blocks is not that of the tag'],
    [audit.hospital === entry.hospital, "the hospital is not the record's"],
    [opening.submitter !== entry.hospital, "it was opened from the record's own hospital"],
    [
      auditCommitment(nonceOf(acts, 'reveal')) === commitment,
      'the nonce revealed is not the one committed to',
    ],
    [
      ![entry.hospital, opening.submitter].includes(actOf(acts, 'contribute').submitter),
      'no third organisation contributed to the challenge',
    ],
    [
      audit.size === challenge.size,
      `${audit.size} blocks were challenged, and the rule says ${challenge.size}`,
    ],
    [audit.seed === challenge.seed, 'the seed is not what commitment, contribution and tag give'],
  ];
  return checks.filter(([holds]) => !holds).map(([, what]) => `Of the audit's entry: ${what}.`);
}

const challengeOf = (
  acts: readonly AuditAct[],
  { auditId }: Pick<AuditEntry, 'auditId'>,
  { tag, parameters }: Pick<FileFacts, 'tag' | 'parameters'>,
) =>
  makeAuditChallenge({
    parameters,
    tag,
    auditId,
    nonceA: nonceOf(acts, 'reveal'),
    nonceB: nonceOf(acts, 'contribute'),
  });

/** What the transactions give, whatever verdict the ledger has. */
function recomputedOf(
  acts: readonly AuditAct[],
  audit: AuditEntry,
  { tag, parameters, identity }: FileFacts,
  engine: PairingEngine,
  signedFile: Uint8Array | undefined,
): AuditVerdict | { verdict: 'failed'; reason: 'no proof' } {
  const proving = acts.find(({ functionName }) => functionName === 'integrity:prove');
  if (proving === undefined) {
    const ended = actOf(acts, 'expire');
    if (isAfter(ended, audit.proveBy)) return { verdict: 'failed', reason: 'no proof' };
    throw new CannotTell(`The audit was closed without a proof before ${audit.proveBy}.`);
  }
  if (isAfter(proving, audit.proveBy)) throw new CannotTell(`The proof came after ${audit.proveBy}.`);
  // The hospital says by itself that it has none.
  if (proving.args[1] === '') return { verdict: 'failed', reason: 'no proof' };
  if (audit.reason === 'replaced set')
    throw new CannotTell(
      'The prover brought another replaced set than the tag was made for; that set is not on the ledger.',
    );
  return verifyProof(engine, {
    parameters,
    identity,
    tag,
    challenge: challengeOf(acts, audit, { tag, parameters }),
    replacedSet: audit.kind === 'sealed' ? EMPTY_REPLACED_SET : replacedSetOf(tag, signedFile),
    proof: proofOf(proving, decodeTag(tag).sectorsPerBlock),
  });
}

const isAfter = ({ at }: AuditAct, deadline: string): boolean =>
  !(Date.parse(at ?? '') <= Date.parse(deadline));

/** The proof's bytes; none for what is not base64 of a proof's length, as in the contract. */
function proofOf({ args: [, proof = ''] }: AuditAct, sectorsPerBlock: number): Uint8Array {
  try {
    const bytes = fromBase64(proof);
    return bytes.length === auditProofBytes(sectorsPerBlock) ? bytes : new Uint8Array();
  } catch {
    return new Uint8Array();
  }
}

function replacedSetOf(tag: Uint8Array, signedFile: Uint8Array | undefined): Uint8Array {
  if (signedFile === undefined)
    throw new CannotTell(
      'The replaced set of a sanitised file is not on the ledger: give its signed file with --signed-file.',
    );
  const file = readSignedFile(signedFile);
  if (typeof file === 'string') throw new CannotTell(`--signed-file cannot be read: ${file}.`);
  if (!equalBytes(file.tag.bytes, tag))
    throw new CannotTell(
      "--signed-file is of another file: its tag is not the one on the ledger. Give the audit's own.",
    );
  return file.replacedSet;
}

function actOf(acts: readonly AuditAct[], name: string): AuditAct {
  const act = acts.find(({ functionName }) => functionName === `integrity:${name}`);
  if (act === undefined) throw new CannotTell(`The audit is closed, and no transaction of it is ${name}.`);
  return act;
}

/** nA or nB as it was submitted, 32 bytes. */
function nonceOf(acts: readonly AuditAct[], name: 'contribute' | 'reveal'): Uint8Array {
  const [, nonce = ''] = actOf(acts, name).args;
  return fromHex(nonce, 32, name);
}

/** Of a whole file. */
export interface FileJudgement extends AuditJudgement {
  readonly kind: 'file';
  readonly of: { readonly recordId: string; readonly version: number; readonly kind: AuditedKind };
  /** Of the signer, as the ledger says; null where it does not. */
  readonly signer: { readonly mspId: string; readonly subject: string; readonly keyEpoch: number } | null;
}

export interface FileQuestion {
  readonly recordId: string;
  readonly version: number;
  readonly kind: AuditedKind;
  /** As they are stored. */
  readonly object: Uint8Array;
  readonly signedFile: Uint8Array;
}

/** Whether object and signed file are those that the ledger has, to the last block; `reasons` name all that is not. */
export async function judgeFile(
  ledger: ExportedLedger,
  engine: PairingEngine,
  { recordId, version, kind, object, signedFile }: FileQuestion,
): Promise<FileJudgement> {
  const judgement = { kind: 'file', of: { recordId, version, kind } } as const;
  try {
    const { entry, tag, parameters, identity, transactionId, blockNumber } = await fileFacts(ledger, engine, {
      recordId,
      version,
      kind,
    });
    if ((await erasedOwner(entry.ledgerId, ledger)) !== undefined) throw new CannotTell(ERASED.reason);
    const stored = storedAs(entry, kind);
    const { channel } = ledger;
    const faults: FileFault[] = examineFile(engine, {
      parameters,
      identity,
      record: { channel, recordId, version, owner: entry.ledgerId },
      kind: FILE_KINDS[kind],
      signedFile,
      stored: object,
    });
    const file = readSignedFile(signedFile);
    const isOther = typeof file !== 'string' && !equalBytes(file.tag.bytes, tag);
    const reasons = [
      ...addressFault('object', object, stored.object),
      ...addressFault('signed file', signedFile, stored.signedFile),
      ...(isOther ? ['tag: the signed file has another tag than the ledger'] : []),
      ...faults.map(({ part, what }) => `${part}: ${what}`),
    ].map((reason) => `${reason}.`);
    const { mspId, userId: subject, keyEpoch } = identity;
    return {
      ...judgement,
      transactionId,
      blockNumber,
      signer: { mspId, subject, keyEpoch },
      reasons,
      verdict: reasons.length === 0 ? 'valid' : 'invalid',
    };
  } catch (error) {
    const nothing = { transactionId: null, blockNumber: null, signer: null };
    return { ...judgement, ...nothing, verdict: 'unknown', reasons: [whyNot(error)] };
  }
}

const FILE_KINDS: Record<AuditedKind, FileKind> = { sealed: 'sealed', sanitized: 'sanitised' };

/** Where the ledger says that object and signed file are. @throws CannotTell */
function storedAs(
  { sealed, integrity }: RecordEntry,
  kind: AuditedKind,
): { object: ObjectReference; signedFile: ObjectReference } {
  const { sanitized = null, uploaded = null } = integrity ?? {};
  if (sealed === null || sanitized === null || uploaded === null)
    throw new CannotTell('The ledger has no address of the file.');
  return kind === 'sanitized'
    ? sanitized
    : {
        object: { digest: sealed.sealedDigest, bytes: sealed.sealedBytes },
        signedFile: uploaded.sealedSignedFile,
      };
}

const addressFault = (
  what: string,
  bytes: Uint8Array,
  { digest, bytes: length }: ObjectReference,
): string[] => {
  if (bytes.length !== length) return [`${what}: it has ${bytes.length} bytes, and the ledger's ${length}`];
  return sha256Hex(bytes) === digest
    ? []
    : [`${what}: its SHA-256 is not the address ${digest} on the ledger`];
};

/** The signed file, or why it is none. */
function readSignedFile(bytes: Uint8Array): ReturnType<typeof decodeSignedFile> | string {
  try {
    return decodeSignedFile(bytes);
  } catch (error) {
    if (error instanceof CryptoError) return error.message;
    throw error;
  }
}
