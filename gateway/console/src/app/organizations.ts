import { useQuery } from '@tanstack/react-query';
import { client } from './session';

/** Organisations on the ledger; they change rarely. */
export const useOrganizations = () =>
  useQuery({ queryKey: ['organizations'], queryFn: client.organizations, staleTime: 300_000 });
