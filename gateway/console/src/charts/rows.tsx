import { numberText } from '../i18n/locale';
import { useWidth } from './use-width';

const ROW = 40;

/** One bar a name, its number at the end; for what has no order in time. */
export function Rows({
  label,
  items,
}: {
  /** What the picture shows, for those who do not see it. */
  label: string;
  items: readonly { name: string; value: number }[];
}) {
  const [frame, width] = useWidth<HTMLDivElement>(640);
  const most = Math.max(1, ...items.map(({ value }) => value));
  const room = width - 60;
  return (
    <div ref={frame} className="chart">
      <svg
        role="img"
        aria-label={label}
        viewBox={`0 0 ${width} ${items.length * ROW}`}
        height={items.length * ROW}
      >
        {items.map(({ name, value }, at) => (
          <g key={name}>
            <text x={0} y={at * ROW + 13}>
              {name}
            </text>
            <rect
              className="series-0"
              x={0}
              y={at * ROW + 18}
              width={Math.max(2, (value / most) * room)}
              height={14}
              rx={2}
            />
            <text x={Math.max(2, (value / most) * room) + 6} y={at * ROW + 30}>
              {numberText(value)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}
