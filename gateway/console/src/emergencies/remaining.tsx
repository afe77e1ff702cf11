import { useEffect, useState } from 'react';
import { t } from '../i18n';
import { spanText } from '../i18n/locale';

const SECOND_MS = 1_000;

/** How long records can still be opened; counts down. */
export function Remaining({ until, onOver }: { until: string; onOver: () => void }) {
  const [now, setNow] = useState(() => Date.now());
  const left = Date.parse(until) - now;
  const isOver = left <= 0;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, [isOver]);
  useEffect(() => {
    if (isOver) onOver();
  }, [isOver, onOver]);
  return (
    <strong role="timer">
      {isOver ? t('emergency.over') : t('emergency.left', { time: spanText(left) })}
    </strong>
  );
}
