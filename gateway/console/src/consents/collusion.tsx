import { useQuery } from '@tanstack/react-query';
import type { GranteeReference } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client } from '../app/session';
import { Notice } from '../ui/notice';
import { listText } from './words';

type Scope = 'general' | 'sensitive';

/** What enforces the limits of a consent, and what is possible if those who do break their word (T1). */
export function CollusionNotice({
  grantee,
  mspId,
  scopes,
}: {
  grantee: GranteeReference;
  mspId: string;
  scopes: readonly Scope[];
}) {
  const organizations = useOrganizations();
  const keyring = useQuery({
    queryKey: ['keyring', 'scopes'],
    queryFn: async () => (await client.keyring()).scopes,
  });
  const needed = useQuery({
    queryKey: ['grantee', grantee.kind, grantee.id],
    queryFn: () => client.grantee(grantee),
  });
  const agents = (organizations.data?.items ?? [])
    .filter(
      (one) =>
        one.mspId !== mspId && one.status !== 'suspended' && one.keys.some(({ kind }) => kind === 'agent'),
    )
    .map(({ name }) => name);
  const threshold = needed.data?.threshold;
  const epoch = keyring.data?.epoch;
  if (threshold === undefined || epoch === undefined || agents.length === 0) return null;
  const given = listText(scopes.map((scope) => `“${scope}”`));
  const withheld = (['general', 'sensitive'] as const).filter((scope) => !scopes.includes(scope));
  return (
    <Notice kind="warning" title="Who keeps to these limits">
      <p>
        {listText(agents)} each hold a part of this consent and answer only for the types, dates and purpose
        above. {threshold} of them are needed for every reading.
      </p>
      <p>
        If {threshold} of them broke their word together with the reader, they could open every record of
        yours in the category {given} of the present key period ({epoch}): other dates, types and purposes
        included.
        {withheld.length > 0 &&
          ` They could open nothing in the category ${listText(withheld.map((scope) => `“${scope}”`))}, and nothing`}
        {withheld.length === 0 && ' They could open nothing'} of another key period.
      </p>
    </Notice>
  );
}
