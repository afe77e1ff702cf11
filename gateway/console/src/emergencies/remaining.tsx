import { useEffect, useState } from 'react';

const SECOND_MS = 1_000;

const leftText = (ms: number): string => {
  const seconds = Math.floor(ms / SECOND_MS);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min left`;
  return minutes > 0 ? `${minutes} min left` : `${seconds} s left`;
};

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
  return <strong role="timer">{isOver ? 'The window is over' : leftText(left)}</strong>;
}
