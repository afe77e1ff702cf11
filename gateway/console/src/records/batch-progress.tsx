import { Link } from '@tanstack/react-router';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { closeBatch, isRunning, stopBatch, useBatch } from './batch';

/** How far a batch is, and what came of each record that it did not finish. */
export function BatchProgress({ name }: { name: string }) {
  const batch = useBatch();
  if (batch?.name !== name) return null;
  const { results, total, isStopping } = batch;
  const running = isRunning(batch);
  const done = results.filter(({ outcome }) => outcome === 'done').length;
  const others = results.filter(({ outcome }) => outcome !== 'done');
  return (
    <Notice
      kind={others.length > 0 ? 'warning' : running ? 'info' : 'good'}
      title={
        running ? t('queue.running', { done: results.length, total }) : t('queue.ended', { done, total })
      }
    >
      {running && (
        <>
          <progress aria-label={t('queue.progress')} value={results.length} max={total} />
          <p>{t('queue.mayLeave')}</p>
        </>
      )}
      {others.length > 0 && (
        <ul>
          {others.map(({ recordId, outcome, detail }) => (
            <li key={recordId}>
              <Link to="/records/$recordId" params={{ recordId }}>
                {t('queue.record', { id: recordId.slice(0, 8) })}
              </Link>
              : {outcome === 'left' ? t('queue.left') : t('queue.failed')} {detail}
            </li>
          ))}
        </ul>
      )}
      {running ? (
        <Button disabled={isStopping} onClick={stopBatch}>
          {t('queue.stop')}
        </Button>
      ) : (
        <Button onClick={closeBatch}>{t('queue.seen')}</Button>
      )}
    </Notice>
  );
}
