import type { ConsentAnswer } from '@medseal/client';
import { Badge } from '../ui/notice';
import { useOrganizationNames } from './organization-names';
import { statusInWords } from './words';

export function ConsentState({ consent }: { consent: ConsentAnswer }) {
  const organizationOf = useOrganizationNames();
  const { kind, short, more } = statusInWords(consent, organizationOf);
  return (
    <>
      <Badge kind={kind}>{short}</Badge> {more && <span className="muted">{more}</span>}
    </>
  );
}
