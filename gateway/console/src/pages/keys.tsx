import { useState } from 'react';
import { Device } from '../app/device';
import { useSession } from '../app/session';
import { NewKeys } from '../keys/new-keys';
import { againError, passphraseError } from '../keys/passphrase';
import { RecoverForm } from '../keys/recover-form';
import { RecoveryWords } from '../keys/recovery-words';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { SecretField } from '../ui/fields';
import { errorsOf, useForm } from '../ui/form';
import { ErrorNotice, Notice } from '../ui/notice';
import { Page, Panel } from '../ui/page';

/** What a patient does with the own keys, which are in this browser while unlocked and nowhere else. */
export function KeysPage() {
  const [words, setWords] = useState('');
  const [isOnPaper, setIsOnPaper] = useState(false);
  return (
    <Page
      title="Keys"
      lead="Your keys open your records and sign your consents. Your passphrase opens the keys, in this browser."
    >
      <div className="columns">
        <ChangePassphrase />
        <AskForWords
          isOnPaper={isOnPaper}
          onWords={(shown) => {
            setIsOnPaper(false);
            setWords(shown);
          }}
        />
      </div>
      <NewKeys />
      {/* Beside the panels: what is printed is the dialog alone. */}
      {words && (
        <Dialog title="Your recovery words" onClose={() => setWords('')} wide>
          <RecoveryWords
            words={words}
            onDone={() => {
              setWords('');
              setIsOnPaper(true);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

const BLANK = { present: '', passphrase: '', passphraseAgain: '' };

function ChangePassphrase() {
  const { keepDevice } = useSession();
  const [done, setDone] = useState('');
  const [isForgotten, setIsForgotten] = useState(false);
  const form = useForm({
    initial: BLANK,
    validate: ({ present, passphrase, passphraseAgain }) =>
      errorsOf<typeof BLANK>({
        present: present === '' ? 'Enter your present passphrase.' : undefined,
        passphrase:
          passphrase === present ? 'Choose another one than the present.' : passphraseError(passphrase),
        passphraseAgain: againError(passphrase, passphraseAgain),
      }),
    send: ({ present, passphrase }) => Device.changePassphrase(present, passphrase),
    onDone: (device) => {
      keepDevice(device);
      form.setValues(BLANK);
      setDone('The passphrase was changed. The recovery words stay the same.');
    },
  });
  return (
    <Panel title="Passphrase">
      {done && <Notice kind="good">{done}</Notice>}
      <form
        ref={form.form}
        noValidate
        onSubmit={(event) => {
          setDone('');
          form.submit(event);
        }}
      >
        {form.failure && <ErrorNotice error={form.failure} />}
        <SecretField {...form.field('present')} label="Present passphrase" required autoComplete="off" />
        <SecretField
          {...form.field('passphrase')}
          label="New passphrase"
          required
          autoComplete="off"
          hint="Not your password, which the hospital’s gateway sees."
        />
        <SecretField
          {...form.field('passphraseAgain')}
          label="New passphrase again"
          required
          autoComplete="off"
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Change passphrase
          </Button>
          <Button kind="quiet" onClick={() => setIsForgotten(true)}>
            I forgot my passphrase
          </Button>
        </div>
      </form>
      {isForgotten && (
        <Dialog title="Recover your keys" onClose={() => setIsForgotten(false)}>
          <RecoverForm
            onCancel={() => setIsForgotten(false)}
            onDone={() => {
              setIsForgotten(false);
              setDone('Your keys are unlocked, and the new passphrase opens them from now on.');
            }}
          />
        </Dialog>
      )}
    </Panel>
  );
}

function AskForWords({ isOnPaper, onWords }: { isOnPaper: boolean; onWords: (words: string) => void }) {
  const { keepDevice } = useSession();
  const form = useForm({
    initial: { passphrase: '' },
    validate: ({ passphrase }) =>
      errorsOf({ passphrase: passphrase === '' ? 'Enter your passphrase.' : undefined }),
    send: ({ passphrase }) => Device.recoveryWords(passphrase),
    onDone: ({ device, result }) => {
      keepDevice(device);
      form.setValues({ passphrase: '' });
      onWords(result);
    },
  });
  return (
    <Panel title="Recovery words">
      {isOnPaper && <Notice kind="good">You have the words on paper. Keep it in a safe place.</Notice>}
      <p>
        24 words that open your keys when you forget your passphrase, also in another browser. You wrote them
        down when you activated your account; if the paper is lost, write them down again.
      </p>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <SecretField {...form.field('passphrase')} label="Passphrase" required autoComplete="off" />
        <div className="form-end">
          <Button type="submit" busy={form.busy}>
            Show the words
          </Button>
        </div>
      </form>
    </Panel>
  );
}
