import { useOrganizations } from '../app/organizations';
import { useUser } from '../app/session';
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
    <Dialog title={`Letter for ${name}`} onClose={onClose} wide>
      <Notice kind="warning">
        Print or hand over this letter now: the activation code is not shown again. If it gets lost, make a
        new one on the patient’s page.
      </Notice>
      <CopyText label="Registration number" text={registrationNo} />
      <CopyText label="Activation code" text={activationCode} />
      <CopyText label="Root fingerprint" text={grouped(rootFingerprint)} />
      {card && <CopyText label="Card code" text={card} />}
      <p>
        To activate the account, open {window.location.origin}/activate, choose {hospital} and enter the
        activation code. The page shows the fingerprint of the ministry’s root: it must be the one above.
      </p>
      <div className="form-end no-print">
        <Button kind="main" onClick={() => window.print()}>
          Print
        </Button>
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}
