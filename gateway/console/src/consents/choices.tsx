import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ActProgress, Choice, ChoiceAnswer, ChoicesMade } from '@medseal/client';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { CheckField, SelectField } from '../ui/fields';
import { Badge, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Panel } from '../ui/page';
import { consentsChanged } from './consents-changed';
import { useOrganizationNames } from './organization-names';
import { SigningProgress } from './signing-progress';
import { useDevice } from './use-device';

const LOOK_AGAIN_MS = 5_000;

type Decision = 'allow' | 'withhold';

const STATES: Readonly<Record<ChoiceAnswer['state'], string>> = {
  open: 'Not decided',
  given: 'Allowed',
  withheld: 'Not allowed',
  revoked: 'Revoked',
};

/** A choice that can be made now: what is given as a consent is revoked among the consents. */
const canBeMade = ({ choice, state, grantee }: ChoiceAnswer): boolean =>
  choice === 'researchConsent' || (state !== 'given' && grantee !== null);

export const useChoices = () =>
  useQuery({
    queryKey: ['consents', 'choices'],
    queryFn: client.choices,
    staleTime: 0,
    // Organisations make ready for it by themselves.
    refetchInterval: ({ state: { data } }) =>
      data?.items.some((item) => item.state === 'open' && !canBeMade(item)) ? LOOK_AGAIN_MS : false,
  });

/** Those that wait for a decision and can be made now. */
export const openChoices = (items: readonly ChoiceAnswer[]): ChoiceAnswer[] =>
  items.filter((item) => item.state === 'open' && canBeMade(item));

/** What the patient lets happen without being asked each time; every one is a decision of its own. */
export function Choices({ onDone }: { onDone?: () => void }) {
  const queries = useQueryClient();
  const choices = useChoices();
  const { withDevice, dialog } = useDevice();
  const [decisions, setDecisions] = useState<Partial<Record<Choice, Decision>>>({});
  const [sensitive, setSensitive] = useState<Partial<Record<Choice, boolean>>>({});
  const [progress, setProgress] = useState<ActProgress>();
  const [error, setError] = useState<string>();
  const [done, setDone] = useState('');
  const signing = useMutation({
    mutationFn: (made: ChoicesMade) =>
      withDevice((device) => device.callWithProgress(setProgress, 'choose', made)),
    onSuccess: () => {
      setDecisions({});
      setDone('Your choices were signed.');
      onDone?.();
    },
    onSettled: () => consentsChanged(queries),
  });
  if (choices.isPending) return <Waiting text="Loading …" />;
  if (choices.isError) return <ErrorNotice error={choices.error} retry={() => void choices.refetch()} />;
  const submit = (): void => {
    const made: ChoicesMade = {};
    const given = (choice: Choice) => (sensitive[choice] ? { sensitive: true } : true);
    for (const [choice, decision] of Object.entries(decisions) as [Choice, Decision | undefined][]) {
      if (decision === undefined) continue;
      if (choice === 'researchConsent') made.researchConsent = decision === 'allow';
      else made[choice] = decision === 'allow' && given(choice);
    }
    setError(Object.keys(made).length === 0 ? 'Decide at least one of them.' : undefined);
    if (Object.keys(made).length > 0) signing.mutate(made);
  };
  return (
    <Panel title="Your choices">
      {done && <Notice kind="good">{done}</Notice>}
      {signing.isError && <ErrorNotice error={signing.error} />}
      {choices.data.items.map((item) => (
        <OneChoice
          key={item.choice}
          item={item}
          decision={decisions[item.choice]}
          isSensitive={sensitive[item.choice] ?? false}
          onDecision={(decision) => {
            setError(undefined);
            setDone('');
            setDecisions((before) => ({ ...before, [item.choice]: decision || undefined }));
          }}
          onSensitive={(checked) => setSensitive((before) => ({ ...before, [item.choice]: checked }))}
        />
      ))}
      {error && (
        <div className="error" role="alert">
          {error}
        </div>
      )}
      <div className="form-end">
        <Button kind="main" busy={signing.isPending} onClick={submit}>
          Sign my choices
        </Button>
      </div>
      {signing.isPending && <SigningProgress progress={progress} />}
      {dialog}
    </Panel>
  );
}

function OneChoice({
  item,
  decision,
  isSensitive,
  onDecision,
  onSensitive,
}: {
  item: ChoiceAnswer;
  decision: Decision | undefined;
  isSensitive: boolean;
  onDecision: (decision: Decision | '') => void;
  onSensitive: (checked: boolean) => void;
}) {
  const organizationOf = useOrganizationNames();
  const { choice, state, grantee } = item;
  const { title, text } = WORDS[choice];
  const possible = canBeMade(item);
  return (
    <fieldset>
      <legend>{title}</legend>
      <p>{text(grantee ? organizationOf(grantee.mspId) : 'your home hospital')}</p>
      <p>
        Now:{' '}
        <Badge kind={state === 'given' ? 'good' : state === 'open' ? 'warning' : 'neutral'}>
          {STATES[state]}
        </Badge>
        {state === 'given' && choice !== 'researchConsent' && ' Revoke it among your consents.'}
        {!possible && state !== 'given' && ' It cannot be given yet: the organisations are not ready for it.'}
      </p>
      {possible && (
        <>
          <SelectField
            label={`${title}: your decision`}
            required
            value={decision ?? ''}
            options={[
              ['', 'Decide later'],
              ['allow', 'Allow'],
              ['withhold', 'Do not allow'],
            ]}
            onChange={(value) => onDecision(value as Decision | '')}
          />
          {decision === 'allow' && choice !== 'researchConsent' && (
            <CheckField
              label={`${title}: also records that were written as sensitive`}
              checked={isSensitive}
              onChange={onSensitive}
            />
          )}
        </>
      )}
    </fieldset>
  );
}

const WORDS: Readonly<Record<Choice, { title: string; text: (hospital: string) => string }>> = {
  standingConsent: {
    title: 'The team that treats you',
    text: (hospital) =>
      `Staff of ${hospital} may read your records while a visit of yours is open there, for five years or until you revoke it. Every reading leaves a receipt in your access log. Other organisations keep to these limits; if enough of them broke their word together with the staff, they could open every record of the category that you allow, of the present key period, without a visit.`,
  },
  researchConsent: {
    title: 'Research',
    text: () =>
      'Researchers may read your records with names, numbers, places and exact dates taken out. You may change this at any time.',
  },
  emergencyGrant: {
    title: 'Emergencies',
    text: () =>
      'In an emergency a doctor on duty may open your records for some hours, giving the reason. You are told at once, and another organisation’s auditor reviews it. Several organisations must take part each time; if enough of them broke their word together, they could open every record of the category that you allow without telling you.',
  },
};
