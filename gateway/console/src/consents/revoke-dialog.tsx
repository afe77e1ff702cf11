import { useMutation } from '@tanstack/react-query';
import type { ConsentAnswer } from '@medseal/client';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ErrorNotice } from '../ui/notice';
import { dropGrant } from './begun-grants';
import { useGranteeName } from './grantee-name';
import { useDevice } from './use-device';

export function RevokeDialog({
  consent,
  onClose,
  onDone,
}: {
  consent: ConsentAnswer;
  onClose: () => void;
  onDone: () => void;
}) {
  const nameOf = useGranteeName();
  const { withDevice, dialog } = useDevice();
  const revoking = useMutation({
    mutationFn: () => withDevice((device) => device.call('revokeConsent', consent.consentId)),
    onSuccess: () => {
      dropGrant(consent.consentId);
      onDone();
    },
  });
  return (
    <Dialog title="Revoke the consent?" onClose={onClose}>
      {revoking.isError && <ErrorNotice error={revoking.error} />}
      <p>
        {nameOf(consent.grantee)} can open nothing more under it from the moment it is on the ledger. What was
        read before is known to the reader; its copies are to be erased by the day that you agreed.
      </p>
      <p>
        If you fear that those who kept its parts work together with the reader, make new keys for future
        records afterwards, under Keys.
      </p>
      <div className="form-end">
        <Button kind="danger" busy={revoking.isPending} onClick={() => revoking.mutate()}>
          Revoke
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
      {dialog}
    </Dialog>
  );
}
