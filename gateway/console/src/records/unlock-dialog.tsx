import { useState } from 'react';
import { Device } from '../app/device';
import { useSession } from '../app/session';
import { t } from '../i18n';
import { RecoverForm } from '../keys/recover-form';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SecretField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';

/** Asks for the passphrase, which opens the patient's keys in this browser and is sent nowhere. */
export function UnlockDialog({ onClose, onDone }: { onClose: () => void; onDone: (device: Device) => void }) {
  const { keepDevice } = useSession();
  const [isForgotten, setIsForgotten] = useState(false);
  const form = useForm({
    initial: { passphrase: '' },
    validate: ({ passphrase }) =>
      errorsOf({ passphrase: passphrase === '' ? t('unlock.missing') : undefined }),
    send: ({ passphrase }) => Device.unlock(passphrase),
    onDone: (device) => {
      keepDevice(device);
      onDone(device);
    },
  });
  if (isForgotten)
    return (
      <Dialog key="recover" title={t('unlock.recover')} onClose={onClose}>
        <RecoverForm onDone={onDone} onCancel={() => setIsForgotten(false)} />
      </Dialog>
    );
  return (
    <Dialog title={t('unlock.title')} onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <SecretField
          {...form.field('passphrase')}
          label={t('unlock.passphrase')}
          required
          autoComplete="off"
          hint={t('unlock.hint')}
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            {t('unlock.do')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button kind="quiet" onClick={() => setIsForgotten(true)}>
            {t('unlock.forgot')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
