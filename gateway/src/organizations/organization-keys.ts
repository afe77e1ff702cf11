import {
  organizationKeyStatement,
  type OrganizationKeyEntry,
  type OrganizationKeyKind,
} from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import type { Organization } from './organization.js';

/** Puts one of the organisation's keys on the ledger, vouched for by its service; nothing if it is there already. */
export const putOrganizationKey = async (
  organization: Organization,
  kind: OrganizationKeyKind,
  publicKey: string,
): Promise<void> => {
  const { ledger, mspId, service } = organization;
  const known = await evaluateJson<OrganizationKeyEntry[]>(organization, 'registry:getOrganizationKeys', [
    mspId,
  ]);
  const current = known.find((entry) => entry.kind === kind);
  if (current?.publicKey === publicKey) return;
  const key = { mspId, kind, epoch: (current?.epoch ?? 0) + 1, publicKey };
  const signature = Buffer.from(service.sign(organizationKeyStatement(key))).toString('base64');
  await ledger.submit(service, 'registry:putOrganizationKey', [
    canonicalJson({ ...key, certificate: service.certificate, signature }),
  ]);
};
