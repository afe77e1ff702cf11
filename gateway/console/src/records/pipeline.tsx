import type { RecordAnswer } from '@medseal/client';
import { timeText } from '../ui/values';
import { stepName } from './record-table';

type State = 'done' | 'now' | 'later';

const STATES: Readonly<Record<State, string>> = { done: 'Done', now: 'Next', later: 'Later' };

/** The steps that this record needs, each with what it did. */
export function Pipeline({ record }: { record: RecordAnswer }) {
  const names = ['create', 'seal', ...record.steps];
  const now = currentStep(record, names);
  return (
    <ol className="pipeline" aria-label="Steps of this record">
      {names.map((name, index) => {
        const state: State = index < now ? 'done' : index === now ? 'now' : 'later';
        return (
          <li key={name} className={state}>
            <strong>{stepName(name)}</strong>
            <div className="state">
              {STATES[state]}
              {state === 'done' && detailOf(name, record)}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function currentStep({ status, next }: RecordAnswer, names: string[]): number {
  if (status === 'created') return 1;
  if (status === 'chained') return names.length;
  const at = next === null ? -1 : names.indexOf(next.step);
  return at < 0 ? names.length : at;
}

function detailOf(step: string, { createdAt, chainedAt, sealedBy }: RecordAnswer): string {
  if (step === 'create') return `, ${timeText(createdAt)}`;
  if (step === 'seal')
    return sealedBy === 'device' ? ', on the author’s device' : ', by the author’s hospital';
  if (step === 'chain') return `, ${timeText(chainedAt)}`;
  return '';
}
