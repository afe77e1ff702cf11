import type { CustodianStatus } from '@medseal/chaincode';
import type { Organization } from '../organizations/organization.js';

/** The second chaincode, with a process and a key of its own at each organisation; it is only evaluated. */
export const CUSTODIAN_CHAINCODE = 'custodian';

/** Of the own organisation's custodian service. @throws LedgerError where it does not run */
export const custodianStatus = async ({ ledger, service }: Organization): Promise<CustodianStatus> => {
  const options = { chaincode: CUSTODIAN_CHAINCODE };
  return JSON.parse(
    (await ledger.evaluate(service, 'custodian:getStatus', [], options)).toString(),
  ) as CustodianStatus;
};

/** Hands the own custodian service its sealed share, which it opens and checks before it keeps it. */
export const keepShare = async (
  { ledger, service }: Organization,
  keyDigest: string,
  share: Uint8Array,
): Promise<void> => {
  await ledger.evaluate(service, 'custodian:keepShare', [keyDigest], {
    chaincode: CUSTODIAN_CHAINCODE,
    transient: { share },
  });
};
