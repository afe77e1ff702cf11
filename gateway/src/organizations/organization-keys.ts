import {
  type OrganizationEntry,
  organizationKeyStatement,
  type OrganizationKeyEntry,
  type OrganizationKeyKind,
} from '@medseal/chaincode';
import { canonicalJson, fromHex } from '@medseal/crypto';
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

/** A kind of key of every active organisation, in the order of the MSP ids; undefined while one of them has none. */
export const keysOfActive = async (
  asking: Organization,
  kind: OrganizationKeyKind,
): Promise<{ mspId: string; publicKey: Uint8Array }[] | undefined> => {
  const organizations = await evaluateJson<OrganizationEntry[]>(asking, 'registry:getOrganizations', []);
  const found: { mspId: string; publicKey: Uint8Array }[] = [];
  for (const { mspId } of organizations.filter(({ status }) => status === 'active')) {
    const keys = await evaluateJson<OrganizationKeyEntry[]>(asking, 'registry:getOrganizationKeys', [mspId]);
    const key = keys.find((entry) => entry.kind === kind);
    if (key === undefined) return undefined;
    found.push({ mspId, publicKey: fromHex(key.publicKey) });
  }
  return found.sort((left, right) => (left.mspId < right.mspId ? -1 : 1));
};
