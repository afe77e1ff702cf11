import { useDoctors } from '../app/doctors';
import { useOrganizationNames } from './organization-names';

/** Name of whom a consent is to, as far as it is known here. */
export function useGranteeName(): (grantee: { kind: string; id: string; mspId: string }) => string {
  const { nameOf } = useDoctors();
  const organizationOf = useOrganizationNames();
  return ({ kind, id, mspId }) =>
    kind === 'emergency'
      ? 'Emergency access'
      : kind === 'careTeam'
        ? `Care team of ${organizationOf(mspId)}`
        : kind === 'guardian'
          ? `Guardian ${id.slice(0, 8)}`
          : (nameOf(id) ?? `Staff ${id.slice(0, 8)}`);
}
