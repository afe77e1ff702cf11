import { t } from '../i18n';
import { useWidth } from './use-width';
import './charts.css';

export interface PicturedBlock {
  number: number;
  valid: boolean;
  /** As its bytes give it; null where they cannot be read. */
  hash: string | null;
  /** Of the header before it, as this one says. */
  previousHash: string | null;
}

const WIDTH_LEAST = 132;
const GAP = 34;
const HEIGHT = 118;

/** The link to the block before holds: what this header says is what that one's bytes give. */
const holds = (block: PicturedBlock, before: PicturedBlock): boolean =>
  block.previousHash !== null && block.previousHash === before.hash;

const short = (hash: string | null): string => (hash === null ? '?' : `${hash.slice(0, 8)}…`);

/**
 * Blocks that follow each other, the oldest first, each holding the hash of the one before. As many of the newest as
 * there is room for; the table that stands with it says the same in words.
 */
export function ChainPicture({ blocks }: { blocks: readonly PicturedBlock[] }) {
  const [frame, width] = useWidth<HTMLDivElement>(640);
  const most = Math.max(1, Math.floor((width + GAP) / (WIDTH_LEAST + GAP)));
  const shown = blocks.slice(-most);
  const box = Math.min(200, (width - GAP * (shown.length - 1)) / Math.max(1, shown.length));
  const broken = shown.filter((block, at) => !block.valid || (at > 0 && !holds(block, shown[at - 1]!)));
  const from = shown[0]?.number ?? 0;
  const to = shown.at(-1)?.number ?? 0;
  return (
    <div ref={frame} className="chart chain-picture">
      <svg
        role="img"
        aria-label={
          broken.length === 0
            ? t('chain.whole', { from: String(from), to: String(to) })
            : t('chain.broken', { numbers: broken.map(({ number }) => number).join(', ') })
        }
        viewBox={`0 0 ${width} ${HEIGHT}`}
        height={HEIGHT}
      >
        {shown.map((block, at) => {
          const x = at * (box + GAP);
          const before = shown[at - 1];
          const isBroken = before !== undefined && !holds(block, before);
          return (
            <g key={block.number}>
              {before && (
                <g>
                  <path className={isBroken ? 'link broken' : 'link'} d={`M${x} 88 H${x - GAP + 6}`} />
                  <path
                    className={isBroken ? 'link broken' : 'link'}
                    d={`M${x - GAP + 12} 82 L${x - GAP + 4} 88 L${x - GAP + 12} 94`}
                  />
                </g>
              )}
              <g className={block.valid ? undefined : 'broken'}>
                <rect className="box" x={x + 1} y={2} width={box - 2} height={HEIGHT - 4} rx={7} />
                <text className="number" x={x + 12} y={24}>
                  {t('chain.block', { number: String(block.number) })}
                </text>
                <text className="soft" x={x + 12} y={44}>
                  {t('chain.own')}
                </text>
                <text className="code" x={x + 12} y={58}>
                  {short(block.hash)}
                </text>
                <text className="soft" x={x + 12} y={78}>
                  {t('chain.before')}
                </text>
                <text className="code" x={x + 12} y={92}>
                  {block.number === 0 ? t('chain.first') : short(block.previousHash)}
                </text>
                {!block.valid && (
                  <text className="verdict" x={x + 12} y={110}>
                    {t('chain.changed')}
                  </text>
                )}
              </g>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
