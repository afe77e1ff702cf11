import type { ReactNode } from 'react';
import type { ObjectReference, RecordDetails, StepDone } from '@medseal/client';
import { usePersonNames } from '../app/person-names';
import { t } from '../i18n';
import { Hash, timeText } from '../ui/values';
import { partName, profileText, stepName } from './step-words';
import './records.css';

type State = 'done' | 'now' | 'later';

/** The steps that this record needs, each with who did it, when, and what came of it. */
export function Pipeline({ record }: { record: RecordDetails }) {
  const nameOf = usePersonNames();
  const names = ['create', 'seal', ...record.steps];
  const now = currentStep(record, names);
  return (
    <ol className="pipeline" aria-label={t('pipeline.title')}>
      {names.map((name, index) => {
        const state: State = index < now ? 'done' : index === now ? 'now' : 'later';
        const acts = record.stepsDone.filter(({ step }) => step === name);
        return (
          <li key={name} className={state}>
            <strong>{stepName(name)}</strong>
            <div className="state">
              {state === 'now' && record.next
                ? t('pipeline.nextBy', { by: partName(record.next.role) })
                : t(`pipeline.${state}`)}
            </div>
            {acts.map((act) => (
              <div key={act.transactionId} className="state">
                {actText(act, nameOf)} <Hash value={act.transactionId} name={t('pipeline.transaction')} />
              </div>
            ))}
            {state === 'done' && <Outcome items={outcomeOf(name, record)} />}
            {name === 'attest' && record.panel && state !== 'later' && (
              <div className="state">
                {t('pipeline.attested', { done: acts.length, needed: record.panel.threshold })}
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

type Outcomes = readonly (readonly [name: string, value: ReactNode])[];

const Outcome = ({ items }: { items: Outcomes }) =>
  items.length > 0 && (
    <dl className="outcome">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );

const address = (name: string, { digest, bytes }: ObjectReference): Outcomes[number] => [
  name,
  <>
    <Hash value={digest} name={name} /> {t('pipeline.bytes', { bytes })}
  </>,
];

/** What a step did and left behind. */
function outcomeOf(step: string, record: RecordDetails): Outcomes {
  const { blinded, sanitized, uploaded } = record.integrity ?? {};
  switch (step) {
    case 'create':
      return [[t('pipeline.record'), <Hash key="r" value={record.recordId} name={t('pipeline.record')} />]];
    case 'seal':
      return [
        [
          t('pipeline.sealed'),
          record.sealedBy === 'device' ? t('pipeline.onDevice') : t('pipeline.byHospital'),
        ],
      ];
    case 'blind':
      return blinded
        ? [
            address(t('pipeline.package'), { digest: blinded.packageDigest, bytes: blinded.packageBytes }),
            [t('pipeline.profile'), profileText(blinded.profile)],
            [
              t('pipeline.blinded'),
              t('pipeline.coverage', {
                sectors: blinded.coverage.replacedSectors,
                kept: blinded.coverage.keptBytes,
              }),
            ],
            [t('pipeline.tag'), <Hash key="t" value={blinded.tags.sanitized} name={t('pipeline.tag')} />],
          ]
        : [];
    case 'sanitize':
      return sanitized
        ? [
            address(t('pipeline.address'), sanitized.object),
            address(t('pipeline.checked'), sanitized.signedFile),
          ]
        : [];
    case 'upload':
      return uploaded ? [address(t('pipeline.sealedAuthenticators'), uploaded.sealedSignedFile)] : [];
    case 'chain':
      return [
        [t('pipeline.hash'), <Hash key="h" value={record.contentHash} name={t('pipeline.hash')} />],
        [t('pipeline.previous'), <Hash key="p" value={record.prevHash} name={t('pipeline.previous')} />],
      ];
    default:
      return [];
  }
}
