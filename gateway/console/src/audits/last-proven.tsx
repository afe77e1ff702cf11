import type { RecordAnswer } from '@medseal/client';
import { Badge } from '../ui/notice';
import { timeText } from '../ui/values';
import { FILES } from './words';

/** Of a record's two files: when an audit last found each intact, or that one failed since. */
export const LastProven = ({ proven }: { proven: NonNullable<RecordAnswer['lastProven']> }) => (
  <ul className="plain">
    {(['sealed', 'sanitized'] as const).map((kind) => {
      const { provenAt, failed } = proven[kind];
      return (
        <li key={kind}>
          {FILES[kind]}: {provenAt === null ? 'not audited yet' : timeText(provenAt)}
          {failed && (
            <>
              {' '}
              <Badge kind="bad">Failed {timeText(failed.at)}</Badge>
            </>
          )}
        </li>
      );
    })}
  </ul>
);
