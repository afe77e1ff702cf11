import { Device } from '../app/device';
import { useSession } from '../app/session';
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
        words: required(words, 'the 24 recovery words'),
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
      <p>
        Enter the words that you wrote down when you activated your account, and choose a new passphrase. They
        are used in this browser and sent nowhere.
      </p>
      <TextArea
        {...form.field('words')}
        label="Recovery words"
        required
        rows={4}
        isSecret
        hint="24 words in their order, with spaces between them."
      />
      <SecretField {...form.field('passphrase')} label="New passphrase" required autoComplete="off" />
      <SecretField
        {...form.field('passphraseAgain')}
        label="New passphrase again"
        required
        autoComplete="off"
      />
      <div className="form-end">
        <Button type="submit" kind="main" busy={form.busy}>
          Recover
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}

/** The device's codes about words say what to do here. */
function inWords(failure: Error): Error {
  const code = (failure as { code?: unknown }).code;
  if (code === 'OPEN_FAILED')
    return new Error('These are recovery words of another account. Take the paper of this one.');
  if (code === 'BAD_ENCODING')
    return new Error(`Something is wrong with the words: ${failure.message}. Compare them with your paper.`);
  return failure;
}
