import { numberText } from '../i18n/locale';
import { useWidth } from './use-width';

export interface Series {
  name: string;
  values: readonly number[];
}

const HEIGHT = 210;
const BOTTOM = 24;
const TOP = 10;
const LABEL_PX = 70;

/** The least of 1, 2, 5 times a power of ten that four steps reach `most` with. */
export function stepFor(most: number): number {
  const wanted = Math.max(1, most / 4);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 2, 5].find((one) => one * power >= wanted) ?? 10) * power;
}

/** Columns over time, one on top of the other; the table behind says the same. */
export function Columns({
  label,
  categories,
  series,
}: {
  /** What the picture shows, for those who do not see it. */
  label: string;
  categories: readonly string[];
  series: readonly Series[];
}) {
  const [frame, width] = useWidth<HTMLDivElement>(640);
  const totals = categories.map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const step = stepFor(Math.max(1, ...totals));
  const top = Math.max(step, Math.ceil(Math.max(...totals) / step) * step);
  const left = 14 + 7 * numberText(top).length;
  const high = HEIGHT - TOP - BOTTOM;
  const y = (value: number): number => TOP + high - (value / top) * high;
  const band = (width - left) / Math.max(1, categories.length);
  const every = Math.max(1, Math.ceil(LABEL_PX / band));
  return (
    <div ref={frame} className="chart">
      <svg role="img" aria-label={label} viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT}>
        {Array.from({ length: top / step + 1 }, (_, at) => at * step).map((value) => (
          <g key={value}>
            <line className="axis" x1={left} x2={width} y1={y(value)} y2={y(value)} />
            <text className="soft" x={left - 6} y={y(value) + 4} textAnchor="end">
              {numberText(value)}
            </text>
          </g>
        ))}
        {categories.map((category, at) => {
          let below = 0;
          return (
            <g key={category}>
              {series.map(({ name, values }, index) => {
                const value = values[at] ?? 0;
                if (value === 0) return null;
                below += value;
                return (
                  <rect
                    key={name}
                    className={`series-${index % 7}`}
                    x={left + at * band + band * 0.15}
                    width={Math.max(1, band * 0.7)}
                    y={y(below)}
                    height={y(below - value) - y(below)}
                  >
                    <title>{`${category}, ${name}: ${numberText(value)}`}</title>
                  </rect>
                );
              })}
              {at % every === 0 && (at + every <= categories.length || at === 0) && (
                <text className="soft" x={left + at * band + 1} y={HEIGHT - 6}>
                  {category}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      {series.length > 1 && (
        <ul className="legend">
          {series.map(({ name }, index) => (
            <li key={name} className={`series-${index % 7}`}>
              {name}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
