import { status as grpc } from '@grpc/grpc-js';
import { CommitStatusError, EndorseError, GatewayError } from '@hyperledger/fabric-gateway';
import { parseContractError, type ContractErrorCode } from '@medseal/chaincode';
import { LedgerError } from './ledger-error.js';

export interface Failure {
  error: LedgerError;
  /** A fresh transaction may succeed; this one has surely written nothing. */
  retry: boolean;
  /** Peers have yet to catch up or come back: worth a longer wait than a conflict. */
  patient?: boolean;
}

const DISAGREEMENT = /ProposalResponsePayloads do not match/;
/** A peer, its chaincode or the neighbours it needs are starting, stopping or not yet known to it. */
const NOBODY_THERE =
  /no combination of peers can be derived|failed to select a set of endorsers|failed to find any endorsing peers|no peers available to evaluate|could not launch chaincode|chaincode stream terminated|code = Unavailable|exceeding concurrency limit|no endorsers found in the gateway's organization/;
/** Of the caller's or the contract's making, whatever block a peer is at. */
const EVERYWHERE_THE_SAME: readonly ContractErrorCode[] = ['UNKNOWN_FUNCTION', 'BAD_ARGUMENT', 'WRONG_PEER'];

export const isDeadline = (error: unknown): boolean =>
  error instanceof GatewayError && (error.code === grpc.DEADLINE_EXCEEDED || error.code === grpc.CANCELLED);

/**
 * The retry policy: conflicts and disagreement yes, a contract's refusal no, anything sent but unseen is unknown.
 * A refusal by other organisations' peers alone, after the own peer has endorsed, means that they are at another block.
 * @param ownMspId organisation whose peer was asked first; without it every refusal is final
 */
export const classifyFailure = (error: unknown, ownMspId?: string): Failure => {
  if (error instanceof LedgerError) return { error, retry: error.code === 'LEDGER_CONFLICT' };
  if (!(error instanceof GatewayError)) return { error: unexpected(error), retry: false };

  const texts = [...error.details.map((detail) => detail.message), error.message];
  const transactionId = transactionIdOf(error);
  for (const text of texts) {
    const refusal = parseContractError(text);
    if (refusal !== undefined) {
      return {
        error: new LedgerError(refusal.code, refusal.sentence, refusal.transactionId ?? transactionId, {
          cause: error,
        }),
        ...(isBehind(error, refusal.code, ownMspId)
          ? { retry: true, patient: true }
          : { retry: refusal.code === 'PROPOSAL_STALE' }),
      };
    }
  }
  if (texts.some((text) => DISAGREEMENT.test(text))) {
    return {
      error: new LedgerError(
        'LEDGER_CONFLICT',
        'Endorsing peers are not at the same block: repeat the request.',
        transactionId,
        { cause: error },
      ),
      retry: true,
      patient: true,
    };
  }
  const beforeOrdering = error instanceof EndorseError || !('transactionId' in error);
  if (
    !beforeOrdering &&
    (isDeadline(error) || error instanceof CommitStatusError || error.code === grpc.UNAVAILABLE)
  ) {
    return {
      error: new LedgerError(
        'COMMIT_UNKNOWN',
        `Transaction ${transactionId ?? ''} may have been sent: look it up before repeating.`,
        transactionId,
        { cause: error },
      ),
      retry: false,
    };
  }
  const nobody = beforeOrdering && texts.some((text) => NOBODY_THERE.test(text));
  if (nobody || error.code === grpc.UNAVAILABLE || error.code === grpc.DEADLINE_EXCEEDED) {
    return {
      error: new LedgerError(
        'LEDGER_UNAVAILABLE',
        'The ledger does not answer: try again later.',
        transactionId,
        {
          cause: error,
        },
      ),
      retry: nobody || error.code === grpc.UNAVAILABLE,
      patient: true,
    };
  }
  return {
    error: new LedgerError(
      'LEDGER_REFUSED',
      `The ledger refused: ${texts[0] ?? 'no reason given'}`,
      transactionId,
      {
        cause: error,
      },
    ),
    retry: false,
  };
};

const isBehind = (error: GatewayError, code: ContractErrorCode, ownMspId: string | undefined): boolean =>
  ownMspId !== undefined &&
  error instanceof EndorseError &&
  error.details.length > 0 &&
  error.details.every(({ mspId }) => mspId !== ownMspId) &&
  !EVERYWHERE_THE_SAME.includes(code);

const transactionIdOf = (error: GatewayError): string | undefined => {
  const id = (error as { transactionId?: unknown }).transactionId;
  return typeof id === 'string' ? id : undefined;
};

const unexpected = (cause: unknown): LedgerError =>
  new LedgerError('LEDGER_REFUSED', 'The call to the ledger failed in an unforeseen way.', undefined, {
    cause,
  });
