import type { RecordEntry, RecordStep } from '@medseal/chaincode';
import { problem, type ProblemException } from '../http/problem.js';
import { nextStep } from './record-status.js';

/** Steps that the record's own policy does not ask for are refused, naming those that it has. */
export const requireStep = ({ steps }: Pick<RecordEntry, 'steps'>, step: RecordStep): void => {
  if (steps.includes(step)) return;
  throw problem(
    409,
    'STEP_NOT_REQUIRED',
    `The step ${step} is not among this record's steps (${steps.join(', ')}): go on with POST /records/{id}/complete.`,
  );
};

/** For a step whose turn it is not. */
export const outOfOrder = (
  entry: RecordEntry,
  step: RecordStep,
  from: RecordEntry['status'],
): ProblemException => {
  const next = nextStep(entry);
  const remedy =
    next === null
      ? 'nothing is left to do'
      : next.step === 'seal'
        ? 'seal it first with POST /records'
        : `the next step is ${next.step}, by its ${next.role}`;
  return problem(
    409,
    'RECORD_STATUS',
    `The record is ${entry.status}, and ${step} needs it ${from}: ${remedy}.`,
  );
};
