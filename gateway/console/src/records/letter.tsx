import { useOrganizations } from '../app/organizations';
import { useUser } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Notice } from '../ui/notice';
import { CopyText, grouped } from '../ui/values';

/** The letter for a patient; its code is shown this once. */
export function Letter({
  name,
  registrationNo,
  card,
  activationCode,
  rootFingerprint,
  onClose,
}: {
  name: string;
  registrationNo: string;
  card?: string;
  activationCode: string;
  rootFingerprint: string;
  onClose: () => void;
}) {
  const { organization } = useUser();
  const hospital = useOrganizations().data?.items.find(({ id }) => id === organization)?.name ?? organization;
  return (
    <Dialog title={t('letter.title', { name })} onClose={onClose} wide>
      <Notice kind="warning">{t('letter.once')}</Notice>
      <CopyText label={t('letter.registrationNo')} text={registrationNo} />
      <CopyText label={t('letter.activationCode')} text={activationCode} />
      <CopyText label={t('letter.fingerprint')} text={grouped(rootFingerprint)} />
      {card && <CopyText label={t('letter.card')} text={card} />}
      <p>{t('letter.how', { address: `${window.location.origin}/activate`, hospital })}</p>
      <div className="form-end no-print">
        <Button kind="main" onClick={() => window.print()}>
          {t('letter.print')}
        </Button>
        <Button onClick={onClose}>{t('letter.done')}</Button>
      </div>
    </Dialog>
  );
}
