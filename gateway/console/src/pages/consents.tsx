import { OwnerConsents } from '../consents/owner-consents';
import { ReaderConsents } from '../consents/reader-consents';
import { useUser } from '../app/session';

export function ConsentsPage() {
  const { role } = useUser();
  return role === 'patient' ? <OwnerConsents /> : <ReaderConsents />;
}
