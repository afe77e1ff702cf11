import { Device } from '../app/device';
import { useSession } from '../app/session';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { SecretField, TextArea } from '../ui/fields';
import { errorsOf, required, useForm } from '../ui/form';
import { ErrorNotice } from '../ui/notice';
import { againError, passphraseError } from './passphrase';

const BLANK = { words: '', passphrase: '', passphraseAgain: '' };

/** The keys anew from the recovery words, in any browser, with a passphrase of their own from then on. */
export function RecoverForm({
  onDone,
  onCancel,
}: {
  onDone: (device: Device) => void;
  onCancel: () => void;
}) {
  const { keepDevice } = useSession();
  const form = useForm({
    initial: BLANK,
    validate: ({ words, passphrase, passphraseAgain }) =>
      errorsOf<typeof BLANK>({
        words: required(words, t('recover.wordsMissing')),
        passphrase: passphraseError(passphrase),
        passphraseAgain: againError(passphrase, passphraseAgain),
      }),
    send: ({ words, passphrase }) => Device.recover(words, passphrase),
    onDone: (device) => {
      keepDevice(device);
      onDone(device);
    },
  });
  return (
    <form ref={form.form} noValidate onSubmit={form.submit}>
      {form.failure && <ErrorNotice error={inWords(form.failure)} />}
      <p>{t('recover.lead')}</p>
      <TextArea
        {...form.field('words')}
        label={t('words.label')}
        required
        rows={4}
        isSecret
        hint={t('recover.wordsHint')}
      />
      <SecretField {...form.field('passphrase')} label={t('passphrase.new')} required autoComplete="off" />
      <SecretField
        {...form.field('passphraseAgain')}
        label={t('passphrase.newAgain')}
        required
        autoComplete="off"
      />
      <div className="form-end">
        <Button type="submit" kind="main" busy={form.busy}>
          {t('recover.do')}
        </Button>
        <Button onClick={onCancel}>{t('common.cancel')}</Button>
      </div>
    </form>
  );
}

/** The device's codes about words say what to do here. */
function inWords(failure: Error): Error {
  const code = (failure as { code?: unknown }).code;
  if (code === 'OPEN_FAILED') return new Error(t('recover.otherAccount'));
  if (code === 'BAD_ENCODING') return new Error(t('recover.wrongWords', { fault: failure.message }));
  return failure;
}
