import { useEffect, useRef, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { AwaitedStep, WorkItem } from '@medseal/client';
import { usePersonNames } from '../app/person-names';
import { client } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Empty, ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Page, Panel } from '../ui/page';
import { Table } from '../ui/table';
import { timeText } from '../ui/values';
import { Attesting } from './attesting';
import { isRunning, runBatch, useBatch } from './batch';
import { BatchProgress } from './batch-progress';
import { recordsChanged } from './records-changed';
import { Sanitising } from './sanitising';
import { profileText, returnReason } from './step-words';

/** As many as a person looks through at a time; what waits behind them moves up. */
const SHOWN = 50;
const LOOK_AGAIN_MS = 5_000;

type Step = Extract<AwaitedStep, 'sanitize' | 'attest'>;

/** Checks one record as its page does, and approves it where nothing was found. */
const approveUnfaulted: Record<Step, Parameters<typeof runBatch>[2]> = {
  sanitize: async (recordId) => {
    const { fault, round } = await client.sanitizing(recordId);
    if (fault !== null) return { outcome: 'left', detail: fault.detail };
    await client.sanitizeRecord(recordId, round);
    return { outcome: 'done' };
  },
  attest: async (recordId) => {
    const { findings, round } = await client.attesting(recordId);
    const [first] = findings;
    if (first !== undefined) return { outcome: 'left', detail: first.detail };
    await client.attestRecord(recordId, round);
    return { outcome: 'done' };
  },
};

/** Records that wait for the signed-in person: one after the other, each opened by itself, or several at once. */
export function StepQueue({ step, title, lead }: { step: Step; title: string; lead: string }) {
  const queries = useQueryClient();
  const nameOf = usePersonNames();
  const batch = useBatch();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<string>();
  const [done, setDone] = useState('');
  /** Decided or skipped here; the list may still have them for a moment. */
  const [passed, setPassed] = useState<ReadonlySet<string>>(new Set());
  const shown = useRef<HTMLDivElement>(null);
  const waiting = useQuery({
    queryKey: ['records', 'awaiting', step, 'queue'],
    queryFn: () => client.recordsAwaiting(step, { limit: SHOWN }),
    staleTime: 0,
    refetchInterval: LOOK_AGAIN_MS,
  });
  useEffect(() => {
    if (opened !== undefined) shown.current?.focus();
  }, [opened]);
  if (waiting.isPending) return <Waiting text={t('common.loading')} />;
  if (waiting.isError)
    return (
      <Page title={title}>
        <ErrorNotice error={waiting.error} retry={() => void waiting.refetch()} />
      </Page>
    );
  const rows = waiting.data.items;
  const after = (recordId: string | undefined, without: ReadonlySet<string>): WorkItem | undefined => {
    const left = rows.filter((row) => row.recordId !== recordId && !without.has(row.recordId));
    const at = rows.findIndex((row) => row.recordId === recordId);
    return left.find((row) => rows.indexOf(row) > at) ?? left[0];
  };
  const goOn = (text: string): void => {
    const without = new Set([...passed, ...(opened === undefined ? [] : [opened])]);
    setPassed(without);
    setDone(text);
    setOpened(after(opened, without)?.recordId);
  };
  const openNext = (): void => {
    setDone('');
    // What was skipped before comes again when nothing else is left.
    const next = after(undefined, passed) ?? rows[0];
    setOpened(next?.recordId);
  };
  const selected = rows.filter(({ recordId }) => chosen.has(recordId));
  const total = waiting.data.total;
  return (
    <Page
      title={title}
      lead={lead}
      actions={
        rows.length > 0 && (
          <Button kind="main" onClick={openNext}>
            {t('queue.openNext')}
          </Button>
        )
      }
    >
      <BatchProgress name={step} />
      {done && <Notice kind="good">{done}</Notice>}
      {opened !== undefined && (
        <div
          ref={shown}
          tabIndex={-1}
          role="group"
          aria-label={t('queue.record', { id: opened.slice(0, 8) })}
        >
          <p className="muted">{t('queue.keys')}</p>
          {step === 'sanitize' ? (
            <Sanitising
              key={opened}
              recordId={opened}
              onDone={(text) => {
                goOn(text);
                recordsChanged(queries);
              }}
            />
          ) : (
            <Attesting
              key={opened}
              recordId={opened}
              opensAtOnce
              onDone={(text) => {
                goOn(text);
                recordsChanged(queries);
              }}
            />
          )}
          <div className="form-end">
            <Button onClick={() => goOn('')}>{t('queue.skip')}</Button>
            <Button onClick={() => setOpened(undefined)}>{t('queue.toList')}</Button>
          </div>
        </div>
      )}
      <Panel
        title={t('queue.waiting', { count: total })}
        actions={
          rows.length > 0 && (
            <div className="form-end">
              <Button
                onClick={() =>
                  setChosen(
                    selected.length === rows.length ? new Set() : new Set(rows.map((row) => row.recordId)),
                  )
                }
              >
                {selected.length === rows.length ? t('queue.chooseNone') : t('queue.chooseAll')}
              </Button>
              <Button
                disabled={selected.length === 0 || isRunning(batch)}
                onClick={() => {
                  setOpened(undefined);
                  setChosen(new Set());
                  void runBatch(
                    step,
                    selected.map(({ recordId }) => recordId),
                    approveUnfaulted[step],
                    () => recordsChanged(queries),
                  );
                }}
              >
                {t('queue.approveChosen', { count: selected.length })}
              </Button>
            </div>
          )
        }
      >
        {rows.length === 0 ? (
          <Empty>{t('queue.empty')}</Empty>
        ) : (
          <Table
            caption={t('queue.waiting', { count: total })}
            rows={rows}
            keyOf={({ recordId, version }) => `${recordId}/${version}`}
            columns={[
              {
                header: t('queue.chosen'),
                cell: ({ recordId }) => (
                  <input
                    type="checkbox"
                    aria-label={t('queue.choose', { id: recordId.slice(0, 8) })}
                    checked={chosen.has(recordId)}
                    onChange={(event) => {
                      const next = new Set(chosen);
                      if (event.target.checked) next.add(recordId);
                      else next.delete(recordId);
                      setChosen(next);
                    }}
                  />
                ),
              },
              {
                header: t('queue.recordHeader'),
                cell: ({ recordId }) => (
                  <Link to="/records/$recordId" params={{ recordId }}>
                    {t('queue.record', { id: recordId.slice(0, 8) })}
                  </Link>
                ),
              },
              { header: t('queue.author'), cell: ({ author }) => nameOf(author) },
              {
                header: t('queue.profile'),
                cell: ({ profile }) => (profile === null ? '–' : profileText(profile)),
              },
              {
                header: t('queue.cameBack'),
                cell: ({ returned }) => (returned === null ? '–' : returnReason(returned.reasonCode)),
              },
              { header: t('queue.since'), cell: ({ since }) => timeText(since) },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}
