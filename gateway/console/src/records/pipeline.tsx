import type { ReactNode } from 'react';
import type { RecordDetails, StepDone } from '@medseal/client';
import { usePersonNames } from '../app/person-names';
import { Hash, timeText } from '../ui/values';
import { PART_NAMES, stepName } from './step-words';

type State = 'done' | 'now' | 'later';

const STATES: Readonly<Record<State, string>> = { done: 'Done', now: 'Next', later: 'Later' };

/** The steps that this record needs, each with who did it, when, and what came of it. */
export function Pipeline({ record }: { record: RecordDetails }) {
  const nameOf = usePersonNames();
  const names = ['create', 'seal', ...record.steps];
  const now = currentStep(record, names);
  return (
    <ol className="pipeline" aria-label="Steps of this record">
      {names.map((name, index) => {
        const state: State = index < now ? 'done' : index === now ? 'now' : 'later';
        const acts = record.stepsDone.filter(({ step }) => step === name);
        return (
          <li key={name} className={state}>
            <strong>{stepName(name)}</strong>
            <div className="state">
              {STATES[state]}
              {state === 'now' && record.next && `: ${PART_NAMES[record.next.role] ?? record.next.role}`}
            </div>
            {acts.map((act) => (
              <div key={act.transactionId} className="state">
                {actText(act, nameOf)}
              </div>
            ))}
            {state === 'done' && <div className="state">{outcomeOf(name, record)}</div>}
            {name === 'attest' && record.panel && state !== 'later' && (
              <div className="state">
                {acts.length} of {record.panel.threshold} needed
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}

const actText = ({ by, at }: StepDone, nameOf: (subject: string) => string): string =>
  [by === null ? undefined : nameOf(by), at === null ? undefined : timeText(at)].filter(Boolean).join(', ');

function currentStep({ status, next }: RecordDetails, names: string[]): number {
  if (status === 'created') return 1;
  if (status === 'chained') return names.length;
  const at = next === null ? -1 : names.indexOf(next.step);
  return at < 0 ? names.length : at;
}

/** What a step left behind. */
function outcomeOf(step: string, { sealedBy, integrity, contentHash }: RecordDetails): ReactNode {
  const { blinded, sanitized, uploaded } = integrity ?? {};
  switch (step) {
    case 'seal':
      return sealedBy === 'device' ? 'On the author’s device' : 'By the author’s hospital';
    case 'blind':
      return blinded && <Hash value={blinded.packageDigest} name="Package" />;
    case 'sanitize':
      return sanitized && <Hash value={sanitized.object.digest} name="Sanitised document" />;
    case 'upload':
      return uploaded && <Hash value={uploaded.sealedSignedFile.digest} name="Authenticators" />;
    case 'chain':
      return contentHash && <Hash value={contentHash} name="Hash of the entry" />;
    default:
      return null;
  }
}
