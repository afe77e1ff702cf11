import type { Context } from 'fabric-contract-api';
import { ContractError } from '../../errors.js';
import { authorizeQuery, type Query } from '../../ledger/authorization.js';
import { consentsOf, isMemberByRule, readStatus } from '../../ledger/consent-state.js';
import { worldKeys } from '../../ledger/keys.js';
import { MAX_RECORDS } from '../../ledger/limits.js';
import { grantedScopes } from '../../ledger/scopes.js';
import { granteeArgument } from '../../model/consent-arguments.js';
import type { ConsentEntry, ConsentPreview, ConsentStatus, Grantee } from '../../model/consent-entries.js';
import type { RecordEntry, StaffEntry } from '../../model/entries.js';
import { id, parseJson } from '../../model/validation.js';

/**
 * What a member of staff, or a care team, could open of a patient's records now, and which public rule decides. The
 * terms are not public: a record under a consent may still be outside its types, dates or purpose.
 */
export const preview = async (
  ctx: Context,
  ledgerId: string,
  granteeJson: string,
): Promise<ConsentPreview[]> => {
  const query = await authorizeQuery(ctx, { roles: ['patient', 'auditor', 'service'] });
  const owner = id(ledgerId, 'ledgerId');
  if (query.caller.role === 'patient' && query.caller.subject !== owner) {
    throw new ContractError('NOT_ALLOWED', 'a patient asks about their own records only');
  }
  const grantee = parseJson(granteeJson, granteeArgument, 'grantee');
  const staff = grantee.kind === 'person' ? await query.world.get(worldKeys.staff(grantee.id)) : undefined;
  const consents = await concerning(query, owner, grantee, staff);
  const indexed = await query.world.list('patientRecord', [owner], MAX_RECORDS);
  const previews: ConsentPreview[] = [];
  for (const { parts } of indexed) {
    const head = await query.world.get(worldKeys.record(parts[1] ?? ''));
    if (head === undefined) continue;
    const entry = await query.world.get(worldKeys.recordVersion(head.recordId, head.version));
    if (entry !== undefined)
      previews.push({ recordId: head.recordId, ...decide(entry, consents, grantee, staff) });
  }
  return previews;
};

interface Concerned {
  consent: ConsentEntry;
  status: ConsentStatus;
  needsEncounter: boolean;
}

/** Consents to the grantee or, for a person, to a team whose rule lets them in. */
const concerning = async (
  query: Query,
  ledgerId: string,
  grantee: Pick<Grantee, 'kind' | 'id'>,
  staff: StaffEntry | undefined,
): Promise<Concerned[]> => {
  const found: Concerned[] = [];
  const { world } = query;
  for (const consent of await consentsOf(world, ledgerId)) {
    const { kind, id: granteeId } = consent.grantee;
    const team = kind === 'careTeam' ? await world.get(worldKeys.careTeam(granteeId)) : undefined;
    const isDirect = kind === grantee.kind && granteeId === grantee.id;
    const isMember = team !== undefined && staff !== undefined && isMemberByRule(team, staff);
    if (!isDirect && !isMember) continue;
    const { status } = await readStatus(query, consent);
    found.push({ consent, status, needsEncounter: team?.kind === 'treating' });
  }
  // What opens without more comes first.
  return found.sort((left, right) => Number(left.needsEncounter) - Number(right.needsEncounter));
};

/** The first rule that opens decides; where none does, the first consent that once might have. */
const decide = (
  entry: RecordEntry,
  consents: readonly Concerned[],
  grantee: Pick<Grantee, 'kind' | 'id'>,
  staff: StaffEntry | undefined,
): Omit<ConsentPreview, 'recordId'> => {
  const closed = { opens: false, needsEncounter: false, consentId: null };
  if (grantee.kind === 'person' && staff?.status !== 'active')
    return { ...closed, rule: 'notInGoodStanding' };
  if (grantee.kind === 'person' && entry.author === grantee.id) {
    return { ...closed, opens: true, rule: 'author' };
  }
  const covering = consents.filter(({ consent }) => grantedScopes(entry, consent).length > 0);
  const deciding = covering.find(({ status }) => status === 'active') ?? covering[0];
  if (deciding === undefined) return { ...closed, rule: 'noConsent' };
  const { consent, status, needsEncounter } = deciding;
  return { opens: status === 'active', rule: RULES[status], needsEncounter, consentId: consent.consentId };
};

const RULES: Readonly<Record<ConsentStatus, ConsentPreview['rule']>> = {
  active: 'consent',
  granted: 'consentNotActive',
  ended: 'consentEnded',
  expired: 'consentExpired',
  revoked: 'consentRevoked',
};
