import { useCallback } from 'react';
import { useOrganizations } from '../app/organizations';

/** Name of an organisation by its MSP id. */
export function useOrganizationNames(): (mspId: string) => string {
  const { data } = useOrganizations();
  return useCallback((mspId) => data?.items.find((one) => one.mspId === mspId)?.name ?? mspId, [data]);
}
