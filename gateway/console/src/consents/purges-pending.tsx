import { useQuery } from '@tanstack/react-query';
import { client } from '../app/session';
import { Notice } from '../ui/notice';
import { useGranteeName } from './grantee-name';
import { useOrganizationNames } from './organization-names';
import { listText } from './words';

const CONSENTS_MAX = 200;
const LOOK_AGAIN_MS = 4_000;

/** Consents that are over and whose parts some organisation has still to delete. */
export function PurgesPending() {
  const nameOf = useGranteeName();
  const organizationOf = useOrganizationNames();
  const consents = useQuery({
    queryKey: ['consents', 'purging'],
    queryFn: () => client.consents({ limit: CONSENTS_MAX }),
    staleTime: 0,
    refetchInterval: ({ state }) =>
      state.data?.items.some(({ purging }) => purging.length > 0) ? LOOK_AGAIN_MS : false,
  });
  const pending = (consents.data?.items ?? []).filter(({ purging }) => purging.length > 0);
  if (pending.length === 0) return null;
  return (
    <Notice kind="warning" title="Consents that are over">
      <ul>
        {pending.map(({ consentId, grantee, status, purging }) => (
          <li key={consentId}>
            {nameOf(grantee)}, {status}: purge pending at {listText(purging.map(organizationOf))}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
