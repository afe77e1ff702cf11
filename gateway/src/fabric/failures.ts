import { status as grpc } from '@grpc/grpc-js';
import { CommitStatusError, EndorseError, GatewayError } from '@hyperledger/fabric-gateway';
import { parseContractError } from '@medseal/chaincode';
import { LedgerError } from './ledger-error.js';

export interface Failure {
  error: LedgerError;
  /** A fresh transaction may succeed; this one has surely written nothing. */
  retry: boolean;
}

const DISAGREEMENT = /ProposalResponsePayloads do not match/;

export const isDeadline = (error: unknown): boolean =>
  error instanceof GatewayError && (error.code === grpc.DEADLINE_EXCEEDED || error.code === grpc.CANCELLED);

/** The retry policy: conflicts and disagreement yes, a contract's refusal no, anything sent but unseen is unknown. */
export const classifyFailure = (error: unknown): Failure => {
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
        retry: refusal.code === 'PROPOSAL_STALE',
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
  if (error.code === grpc.UNAVAILABLE || error.code === grpc.DEADLINE_EXCEEDED) {
    return {
      error: new LedgerError(
        'LEDGER_UNAVAILABLE',
        'The ledger does not answer: try again later.',
        transactionId,
        {
          cause: error,
        },
      ),
      retry: error.code === grpc.UNAVAILABLE,
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

const transactionIdOf = (error: GatewayError): string | undefined => {
  const id = (error as { transactionId?: unknown }).transactionId;
  return typeof id === 'string' ? id : undefined;
};

const unexpected = (cause: unknown): LedgerError =>
  new LedgerError('LEDGER_REFUSED', 'The call to the ledger failed in an unforeseen way.', undefined, {
    cause,
  });
