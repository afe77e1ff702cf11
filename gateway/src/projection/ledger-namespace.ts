/** The chaincode whose world state is ours (docs/flows.md). */
export const CHAINCODE = 'ehr';

/** Collection of staff names, held by every hospital. */
export const STAFF_COLLECTION = 'hospitals';

/** The collection that only `mspId`'s peers hold. */
export const implicitCollection = (mspId: string): string => `_implicit_org_${mspId}`;

/** The collections whose values an organisation's peers hold. */
export const heldCollections = ({
  mspId,
  kind,
}: {
  mspId: string;
  kind: 'ministry' | 'hospital';
}): ReadonlySet<string> =>
  new Set([implicitCollection(mspId), ...(kind === 'hospital' ? [STAFF_COLLECTION] : [])]);

const SEPARATOR = '\u0000';

/** Type and parts of Fabric's composite key (NUL type NUL part NUL …); undefined for any other key. */
export function parseCompositeKey(raw: string): { type: string; parts: string[] } | undefined {
  if (raw.length < 3 || !raw.startsWith(SEPARATOR) || !raw.endsWith(SEPARATOR)) return undefined;
  const [type = '', ...parts] = raw.slice(1, -1).split(SEPARATOR);
  return { type, parts };
}
