import { useQuery } from '@tanstack/react-query';
import { client, useUser } from './session';

const MOST = 200;

/** Doctors by id, for names beside ids and for choosing one; the first 200. */
export function useDoctors() {
  const { organization } = useUser();
  const query = useQuery({ queryKey: ['doctors', 'all'], queryFn: () => client.doctors({ limit: MOST }) });
  const items = query.data?.items ?? [];
  const names = new Map(items.map(({ id, name }) => [id, name]));
  return {
    query,
    /** The own hospital's. */
    own: items.filter((doctor) => doctor.organization === organization && doctor.status === 'active'),
    nameOf: (id: string | undefined) => (id === undefined ? undefined : (names.get(id) ?? undefined)),
  };
}
