import type { ClinicalItem } from '@medseal/client';
import { t } from '../i18n';
import { dayText } from '../ui/values';

/** An item in one line of text. */
export const lineOfItem = ({ text, code, value, unit, range, date, abnormal }: ClinicalItem): string =>
  [
    text,
    code && `(${code.display === text ? code.code : [code.display, code.code].filter(Boolean).join(', ')})`,
    value !== undefined && [value, unit].filter((part) => part !== undefined).join(' '),
    range && t('records.usual', { range }),
    date && dayText(date),
    abnormal && t('records.abnormal'),
  ]
    .filter(Boolean)
    .join(' ');
