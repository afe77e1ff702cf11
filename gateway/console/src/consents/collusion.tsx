import { useQuery } from '@tanstack/react-query';
import type { ConsentAnswer, GranteeReference, Keyring } from '@medseal/client';
import { useOrganizations } from '../app/organizations';
import { client } from '../app/session';
import { Notice } from '../ui/notice';
import { useOrganizationNames } from './organization-names';
import { listText } from './words';

type Scope = 'general' | 'sensitive';
const SCOPES: readonly Scope[] = ['general', 'sensitive'];

/** The owner's scopes with the epochs that they have now. */
export const useOwnScopes = () =>
  useQuery({
    queryKey: ['keyring', 'scopes'],
    queryFn: async () => (await client.keyring()).scopes,
  });

const epochOf = ({ epoch, epochs }: Keyring['scopes'], scope: Scope): number => epochs?.[scope] ?? epoch;

/** What enforces the limits of a consent that is being made, and what is possible if those who do break their word (T1). */
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
  const own = useOwnScopes();
  const needed = useQuery({
    queryKey: ['grantee', grantee.kind, grantee.id],
    queryFn: () => client.grantee(grantee),
  });
  const keepers = (organizations.data?.items ?? [])
    .filter(
      (one) =>
        one.mspId !== mspId && one.status !== 'suspended' && one.keys.some(({ kind }) => kind === 'agent'),
    )
    .map(({ name }) => name);
  if (needed.data === undefined || own.data === undefined || keepers.length === 0) return null;
  const held = own.data;
  return (
    <WhatColludersOpen
      keepers={keepers}
      threshold={needed.data.threshold}
      opened={scopes.map((scope) => ({ scope, epoch: epochOf(held, scope) }))}
    />
  );
}

/** The same of a consent that was given: by its own keepers, categories and key periods. */
export function CollusionOfConsent({ consent }: { consent: ConsentAnswer }) {
  const organizationOf = useOrganizationNames();
  const own = useOwnScopes();
  if (own.data === undefined) return null;
  const held = own.data;
  const opened = consent.scopes.flatMap(({ scopeId, epoch }) =>
    SCOPES.filter((scope) => held[scope] === scopeId).map((scope) => ({ scope, epoch })),
  );
  return (
    <WhatColludersOpen
      keepers={consent.agents.map(({ mspId }) => organizationOf(mspId))}
      threshold={consent.threshold}
      opened={opened}
    />
  );
}

function WhatColludersOpen({
  keepers,
  threshold,
  opened,
}: {
  keepers: readonly string[];
  threshold: number;
  opened: readonly { scope: Scope; epoch: number }[];
}) {
  const withheld = SCOPES.filter((one) => !opened.some(({ scope }) => scope === one));
  const given = listText(opened.map(({ scope, epoch }) => `“${scope}” of key period ${epoch}`));
  return (
    <Notice kind="warning" title="Who keeps to these limits">
      <p>
        {listText(keepers)} each hold a part of this consent and answer only for its types, dates and purpose.{' '}
        {threshold} of them are needed for every reading.
      </p>
      <p>
        If {threshold} of them broke their word together with the reader, they could open every record of
        yours in the category {given}: other dates, types and purposes included.
        {withheld.length > 0 &&
          ` They could open nothing in the category ${listText(withheld.map((scope) => `“${scope}”`))}, and nothing`}
        {withheld.length === 0 && ' They could open nothing'} of another key period.
      </p>
    </Notice>
  );
}
