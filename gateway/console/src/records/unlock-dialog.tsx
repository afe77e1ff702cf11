import { useState } from 'react';
import { Device } from '../app/device';
import { useSession } from '../app/session';
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
      errorsOf({ passphrase: passphrase === '' ? 'Enter your passphrase.' : undefined }),
    send: ({ passphrase }) => Device.unlock(passphrase),
    onDone: (device) => {
      keepDevice(device);
      onDone(device);
    },
  });
  if (isForgotten)
    return (
      <Dialog key="recover" title="Recover your keys" onClose={onClose}>
        <RecoverForm onDone={onDone} onCancel={() => setIsForgotten(false)} />
      </Dialog>
    );
  return (
    <Dialog title="Unlock your keys" onClose={onClose}>
      <form ref={form.form} noValidate onSubmit={form.submit}>
        {form.failure && <ErrorNotice error={form.failure} />}
        <SecretField
          {...form.field('passphrase')}
          label="Passphrase"
          required
          autoComplete="off"
          hint="Not your password. It stays in this browser; the keys are forgotten when you sign out or reload."
        />
        <div className="form-end">
          <Button type="submit" kind="main" busy={form.busy}>
            Unlock
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="quiet" onClick={() => setIsForgotten(true)}>
            I forgot my passphrase
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
