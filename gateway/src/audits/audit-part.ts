import type { AuditEntry } from '@medseal/chaincode';

/** The organisation's part in an audit that it is to be told of; undefined for others. */
export const partIn = (
  { hospital, auditorMspId }: Pick<AuditEntry, 'hospital' | 'auditorMspId'>,
  mspId: string,
): 'hospital' | 'auditor' | undefined => {
  if (mspId === hospital) return 'hospital';
  return mspId === auditorMspId ? 'auditor' : undefined;
};
