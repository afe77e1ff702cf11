import type { RecordAnswer } from '@medseal/client';
import { t } from '../i18n';
import { Badge } from '../ui/notice';
import { timeText } from '../ui/values';
import { fileText } from './words';

/** Of a record's two files: when an audit last found each intact, or that one failed since. */
export const LastProven = ({ proven }: { proven: NonNullable<RecordAnswer['lastProven']> }) => (
  <ul className="plain">
    {(['sealed', 'sanitized'] as const).map((kind) => {
      const { provenAt, failed } = proven[kind];
      return (
        <li key={kind}>
          {provenAt === null
            ? t('audit.neverProven', { file: fileText(kind) })
            : t('audit.provenAt', { file: fileText(kind), at: timeText(provenAt) })}
          {failed && (
            <>
              {' '}
              <Badge kind="bad">{t('audit.failedAt', { at: timeText(failed.at) })}</Badge>
            </>
          )}
        </li>
      );
    })}
  </ul>
);
