import { Injectable } from '@nestjs/common';
import {
  type CareTeamEntry,
  type ConsentEntry,
  type ConsentKeyEntry,
  type ConsentPreview,
  type ConsentState,
  type ConsentStatus,
  type DataErasureEntry,
  type GranteeKind,
  DEFAULT_CONSENT_THRESHOLD,
  type ParametersEntry,
} from '@medseal/chaincode';
import { canonicalJson } from '@medseal/crypto';
import { TeamMembership } from '../care-teams/team-membership.js';
import { emergencyGrantee, readEmergencyKey, type PublicEmergencyKey } from '../emergencies/emergency-key.js';
import { evaluateJson, evaluateList } from '../fabric/evaluate-json.js';
import { LedgerError } from '../fabric/ledger-client.js';
import { page, type Page, type PageRequest, pageOfArray } from '../http/paging.js';
import { invalid, notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { ConsentActs, type GrantStep } from './consent-acts.service.js';

/** A consent as its owner and its grantee see it; the terms are not public. */
export interface ConsentView extends Omit<ConsentEntry, 'schema' | 'agents'> {
  status: ConsentStatus;
  /** In the order of the consent's scheme, with what each has said of its share; null: nothing yet. */
  agents: {
    mspId: string;
    publicKey: string;
    answer: 'accepted' | 'complained' | null;
    code: string | null;
  }[];
  /** MSP ids of agents whose purge after the consent's end is not done yet. */
  purging: string[];
  /** For its owner: base64 of the terms as the owner's device sealed them to itself; null where it did not. */
  ownTerms?: string | null;
  /** When the grantee's organisation said that it holds nothing of the consent any more; null until it does. */
  dataErased: { organization: string; at: string; transactionId: string } | null;
  /** Epoch of the grantee's key as it is registered now, null where there is none; the consent's own is `grantee.epoch`. */
  granteeEpoch: number | null;
  /** For its owner: what the owner's device has yet to sign, see POST /consents/{id}/resume. */
  missing?: GrantStep[];
}

interface OwnersPart {
  readonly missing: ReadonlyMap<string, GrantStep[]>;
  readonly terms: ReadonlyMap<string, string>;
}

/** What a device needs to make a consent for this grantee. */
export interface GranteeAnswer {
  channel: string;
  threshold: number;
  grantee: {
    kind: GranteeKind;
    id: string;
    mspId: string;
    publicKey: string;
    proof: string;
    certificateHash: string;
    /** PEM; null for a key of 0.1.0 whose holder has not signed in since. */
    certificate: string | null;
    epoch: number;
  };
  /** Where the grantee is one: what the device checks. */
  emergencyKey?: PublicEmergencyKey;
}

/** Consents out of the ledger. */
@Injectable()
export class ConsentsService {
  constructor(
    private readonly acts: ConsentActs,
    private readonly membership: TeamMembership,
  ) {}

  /** The caller's own, as owner or as grantee; newest first. */
  async list(user: SessionUser, request: PageRequest): Promise<Page<ConsentView>> {
    const { organization, subject, role } = user;
    const isOwner = role === 'patient';
    const toCaller = await this.granted(user);
    const states = isOwner
      ? [...(await evaluateList<ConsentState>(organization, 'consent:listConsents', [subject])), ...toCaller]
      : toCaller;
    const owners = isOwner ? await this.ownersPart(user) : undefined;
    const views = states
      .map((state) => viewOf(state, owners))
      .sort(
        (left, right) =>
          right.grantedAt.localeCompare(left.grantedAt) || (right.consentId < left.consentId ? -1 : 1),
      );
    return pageOfArray(views, request, ({ consentId }) => consentId);
  }

  /** @throws ProblemException 404 for everybody but its owner and its grantee */
  async get(user: SessionUser, consentId: string): Promise<ConsentView> {
    const state = await this.find(user, consentId);
    if (state.consent.ledgerId !== user.subject) return viewOf(state, undefined);
    return viewOf(state, await this.ownersPart(user));
  }

  /** @throws ProblemException 404 unless the caller is the consent's owner */
  async requireOwn(user: SessionUser, consentId: string): Promise<ConsentState> {
    const state = await this.find(user, consentId);
    if (state.consent.ledgerId !== user.subject) throw notFound();
    return state;
  }

  /** @throws ProblemException 404 for a grantee without a registered key */
  async grantee(
    { organization }: Pick<SessionUser, 'organization'>,
    id: string,
    kind: GranteeKind,
  ): Promise<GranteeAnswer> {
    if (!/^[0-9a-f]{16,64}$/.test(id)) throw notFound();
    const emergencyKey = kind === 'emergency' ? await currentKey(organization, id) : undefined;
    const entry = emergencyKey
      ? emergencyGrantee(emergencyKey)
      : kind === 'person' || kind === 'guardian'
        ? await evaluateJson<ConsentKeyEntry | null>(organization, 'consent:getConsentKey', [id])
        : await careTeam(organization, id);
    if (entry === null) throw notFound();
    const parameters = await evaluateJson<ParametersEntry | null>(organization, 'registry:getParameters', []);
    const { mspId, publicKey, proof, certificateHash, certificate = null, epoch } = entry;
    return {
      channel: organization.ledger.channel,
      threshold: parameters?.consentThreshold ?? DEFAULT_CONSENT_THRESHOLD,
      grantee: { kind, id, mspId, publicKey, proof, certificateHash, certificate, epoch },
      ...(emergencyKey && { emergencyKey }),
    };
  }

  /** What this grantee would see now of the caller's records, and which rule decides. */
  async preview(
    { organization, subject }: SessionUser,
    grantee: string | undefined,
    kind: 'person' | 'careTeam',
  ): Promise<Page<ConsentPreview>> {
    if (grantee === undefined || !/^[0-9a-f]{16,64}$/.test(grantee)) {
      throw invalid('grantee', 'must be a staff id or team id.');
    }
    const items = await evaluateJson<ConsentPreview[]>(organization, 'consent:preview', [
      subject,
      canonicalJson({ kind, id: grantee }),
    ]);
    return page(items, null, items.length);
  }

  private async ownersPart({ organization, subject }: SessionUser): Promise<OwnersPart> {
    return {
      missing: await this.acts.missing(organization, subject),
      terms: await this.acts.ownTerms(organization, subject),
    };
  }

  /** To the caller, and to care teams that the caller is in now. */
  private async granted(user: SessionUser): Promise<ConsentState[]> {
    const { organization, subject } = user;
    const toPerson = await evaluateList<ConsentState>(organization, 'consent:listConsentsTo', [subject]);
    const known = new Set(toPerson.map(({ consent }) => consent.consentId));
    if (user.role === 'patient') return toPerson;
    const toTeams = (await this.membership.consentIds(user)).filter((id) => !known.has(id));
    const others = toTeams.map((id) => evaluateJson<ConsentState>(organization, 'consent:getConsent', [id]));
    return [...toPerson, ...(await Promise.all(others))];
  }

  private async find(user: SessionUser, consentId: string): Promise<ConsentState> {
    const { organization, subject } = user;
    if (!/^[0-9a-f]{32}$/.test(consentId)) throw notFound();
    let state: ConsentState;
    try {
      state = await evaluateJson<ConsentState>(organization, 'consent:getConsent', [consentId]);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'CONSENT_NOT_FOUND') throw notFound();
      throw error;
    }
    const isOwner = state.consent.ledgerId === subject;
    if (!isOwner && (await this.membership.standing(user, state.consent)) === undefined) throw notFound();
    return state;
  }
}

/** @throws ProblemException 404 for any but the current one: nothing new is granted to another */
const currentKey = async (organization: Organization, digest: string): Promise<PublicEmergencyKey> => {
  const key = await readEmergencyKey(organization);
  if (key?.digest !== digest) throw notFound();
  return key;
};

const careTeam = async (organization: Organization, teamId: string): Promise<CareTeamEntry | null> =>
  /^[0-9a-f]{32}$/.test(teamId)
    ? evaluateJson<CareTeamEntry | null>(organization, 'consent:getCareTeam', [teamId])
    : null;

const viewOf = (
  { consent, status, answers, purging, dataErasure, granteeEpoch }: ConsentState,
  owners: OwnersPart | undefined,
): ConsentView => {
  const { schema: _schema, agents, ...fields } = consent as ConsentEntry & { schema: number };
  return {
    ...fields,
    status,
    agents: agents.map(({ mspId, publicKey }) => {
      const said = answers.find((answer) => answer.mspId === mspId);
      return { mspId, publicKey, answer: said?.answer ?? null, code: said?.code ?? null };
    }),
    purging,
    dataErased: dataErasure === null ? null : dataErasedOf(dataErasure),
    granteeEpoch,
    ...(owners === undefined
      ? {}
      : {
          ownTerms: owners.terms.get(consent.consentId) ?? null,
          missing: owners.missing.get(consent.consentId) ?? [],
        }),
  };
};

const dataErasedOf = ({
  mspId,
  at,
  transactionId,
}: DataErasureEntry): NonNullable<ConsentView['dataErased']> => ({
  organization: mspId,
  at,
  transactionId,
});
