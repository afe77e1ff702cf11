import { useEffect, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { client, noticeFailure, useSession } from './session';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** After so long without a touch somebody else may stand at the screen. */
export const IDLE_MS = 15 * MINUTE_MS;
export const WARNING_MS = MINUTE_MS;
/** The service ends a session that asked nothing for 30 minutes; writing a long note is no reason to. */
const KEPT_ALIVE_MS = 5 * MINUTE_MS;
/** How often windows of one browser tell each other that somebody is there. */
const TOLD_MS = 5 * SECOND_MS;
const TOUCHES = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * Locks the page when nobody touches it, with a warning beforehand; what was entered stays behind the lock. Where
 * somebody asked to be remembered the session stays, and only a patient's keys are forgotten.
 */
export function IdleWatch() {
  const { lock, keepDevice } = useSession();
  const [secondsLeft, setSecondsLeft] = useState<number>();
  const touched = useRef(0);
  const stay = useRef<() => void>(undefined);
  const sessions = useQuery({ queryKey: ['sessions', 'own'], queryFn: client.sessions, staleTime: Infinity });
  const isRemembered = sessions.data?.items.find(({ current }) => current)?.remember === true;

  useEffect(() => {
    const others = new BroadcastChannel('medseal.touched');
    let isWarned = false;
    let told = 0;
    let asked = Date.now();
    touched.current ||= Date.now();
    const touch = (): void => {
      touched.current = Date.now();
      if (touched.current - told < TOLD_MS) return;
      told = touched.current;
      others.postMessage(told);
    };
    // Once warned, one answers the question: a stray key is not an answer.
    const onTouch = (): void => {
      if (!isWarned) touch();
    };
    stay.current = touch;
    others.addEventListener('message', ({ data }: MessageEvent<number>) => {
      touched.current = Math.max(touched.current, data);
    });
    for (const name of TOUCHES) window.addEventListener(name, onTouch, { capture: true, passive: true });
    const timer = setInterval(() => {
      const now = Date.now();
      const left = IDLE_MS - (now - touched.current);
      if (left <= 0) {
        touched.current = now;
        if (isRemembered) keepDevice(undefined);
        else void lock();
        return;
      }
      isWarned = !isRemembered && left <= WARNING_MS;
      setSecondsLeft(isWarned ? Math.ceil(left / SECOND_MS) : undefined);
      if (now - asked < KEPT_ALIVE_MS || now - touched.current > KEPT_ALIVE_MS) return;
      asked = now;
      client.me().catch(noticeFailure);
    }, SECOND_MS);
    return () => {
      clearInterval(timer);
      others.close();
      for (const name of TOUCHES) window.removeEventListener(name, onTouch, { capture: true });
    };
  }, [isRemembered, keepDevice, lock]);

  if (secondsLeft === undefined) return null;
  const onStay = (): void => {
    stay.current?.();
    setSecondsLeft(undefined);
  };
  return (
    <Dialog title={t('idle.title')} onClose={onStay}>
      <p>{t('idle.text', { count: secondsLeft })}</p>
      <div className="form-end">
        <Button kind="main" onClick={onStay}>
          {t('idle.stay')}
        </Button>
        <Button onClick={() => void lock()}>{t('idle.leave')}</Button>
      </div>
    </Dialog>
  );
}
