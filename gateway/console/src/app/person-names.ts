import { t } from '../i18n';
import { useDoctors } from './doctors';
import { useUser } from './session';

/** Names of staff ids, as far as they are known here: one's own, and doctors'. */
export function usePersonNames(): (subject: string) => string {
  const { subject: own } = useUser();
  const { nameOf } = useDoctors();
  return (subject) =>
    subject === own ? t('common.you') : (nameOf(subject) ?? t('common.staff', { id: subject.slice(0, 8) }));
}
