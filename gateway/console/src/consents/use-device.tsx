import { type ReactNode, useState } from 'react';
import type { Device } from '../app/device';
import { useSession } from '../app/session';
import { t } from '../i18n';
import { UnlockDialog } from '../records/unlock-dialog';

/** Acts that need the owner's keys: the passphrase is asked for where they are locked. */
export function useDevice(): {
  withDevice: <Result>(act: (device: Device) => Promise<Result>) => Promise<Result>;
  dialog: ReactNode;
} {
  const { device } = useSession();
  const [waiting, setWaiting] = useState<{ go: (device: Device) => void; stop: () => void }>();
  return {
    withDevice: (act) =>
      device
        ? act(device)
        : new Promise((resolve, reject) =>
            setWaiting({
              go: (unlocked) => void act(unlocked).then(resolve, reject),
              stop: () => reject(new Error(t('unlock.stillLocked'))),
            }),
          ),
    dialog: waiting && (
      <UnlockDialog
        onClose={() => {
          setWaiting(undefined);
          waiting.stop();
        }}
        onDone={(unlocked) => {
          setWaiting(undefined);
          waiting.go(unlocked);
        }}
      />
    ),
  };
}
