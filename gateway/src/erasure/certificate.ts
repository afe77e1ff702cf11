import type { ErasureState } from '@medseal/chaincode';

export const ERASURE_FORMAT = 'medseal/erasure/1';

/** Printed on every certificate. */
export const ERASURE_LIMIT =
  'A store that secretly kept an object, with a key holder of that record, still opens it.';

/**
 * The certificate of erasure once `status` is `erased`; until then how far it is. It is signed by the ledger: each of its
 * transactions is endorsed, in a block, and found there by `POST /verify` or the command `npm run verify`.
 */
export interface ErasureCertificate {
  format: typeof ERASURE_FORMAT;
  channel: string;
  status: 'erasing' | 'erased';
  ledgerId: string;
  /** MSP id of the home hospital. */
  home: string;
  requestedAt: string;
  requestedBy: 'patient' | 'hospital-admin';
  /** Of the request. */
  transactionId: string;
  /** Null until every organisation has attested. */
  erasedAt: string | null;
  attestations: { organization: string; at: string; transactionId: string }[];
  /** MSP ids that have still to attest. */
  waitingFor: string[];
  /** MSP ids that were suspended when the others had attested, and had not; left out where there are none. */
  unattested?: string[];
  /** Until when the law has an organisation that is waited for keep its records; left out where it has none. */
  keptUntil?: Record<string, string>;
  limit: string;
}

export const certificateOf = (
  channel: string,
  { erasure, attestations, keptUntil }: ErasureState,
): ErasureCertificate => {
  const { unattested = [] } = erasure;
  // What comes after it was issued does not change a certificate.
  const counted = attestations.filter(({ mspId }) => !unattested.includes(mspId));
  const settled = new Set([...unattested, ...counted.map(({ mspId }) => mspId)]);
  const kept = Object.entries(keptUntil).filter(([mspId]) => !settled.has(mspId));
  return {
    format: ERASURE_FORMAT,
    channel,
    status: erasure.erasedAt === null ? 'erasing' : 'erased',
    ledgerId: erasure.ledgerId,
    home: erasure.homeMsp,
    requestedAt: erasure.requestedAt,
    requestedBy: erasure.requestedBy,
    transactionId: erasure.transactionId,
    erasedAt: erasure.erasedAt,
    attestations: counted.map(({ mspId, at, transactionId }) => ({
      organization: mspId,
      at,
      transactionId,
    })),
    waitingFor: erasure.organizations.filter((mspId) => !settled.has(mspId)),
    ...(unattested.length === 0 ? {} : { unattested }),
    ...(kept.length === 0 ? {} : { keptUntil: Object.fromEntries(kept) }),
    limit: ERASURE_LIMIT,
  };
};
