import { X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CareTeamEntry } from '@medseal/chaincode';
import {
  canonicalJson,
  erase,
  mclEngine,
  newReaderKeyPair,
  proveReaderKey,
  sha256Hex,
  toHex,
} from '@medseal/crypto';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { type Committed, LedgerError, type LedgerIdentity } from '../fabric/ledger-client.js';
import type { BusinessRequest } from '../http/business-request.js';
import { type LedgerAnswer, ledgerAnswer } from '../http/ledger-answer.js';
import { invalid, notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import type { Organization } from '../organizations/organization.js';
import { type RuledTeam, TeamKeys } from './team-keys.js';
import { isMember, TeamMembership } from './team-membership.js';

/** Teams that every hospital has: their members are a rule. */
const RULES = ['treating', 'duty'] as const;
const ATTEMPTS_MAX = 3;
const REPEATED: readonly string[] = ['COMMIT_UNKNOWN', 'VERSION_CONFLICT'];

/** A care team of the own hospital. */
export interface CareTeamView {
  teamId: string;
  kind: CareTeamEntry['kind'];
  epoch: number;
  publicKey: string;
  /** Staff ids of a named team; the others are rules. */
  members: string[];
  /** Whether the caller is one of them; in a treating team for patients with an open encounter. */
  isMember: boolean;
  ledger?: LedgerAnswer;
}

/** Puts care teams and their keys on the ledger; each put is the next epoch with a new key. */
@Injectable()
export class CareTeams {
  constructor(
    private readonly keys: TeamKeys,
    private readonly membership: TeamMembership,
  ) {}

  /** At start, by the service: the teams that are rules, where they are missing. */
  async putRules(organization: Organization): Promise<void> {
    if (organization.kind !== 'hospital') return;
    await organization.projection.reached((await organization.ledger.height()) - 1);
    for (const kind of RULES) {
      const teamId = ruleTeamId(organization, kind);
      if ((await current(organization, teamId)) === null) await this.renewRule(organization, kind);
    }
  }

  /** By the service: a new key, known to who is to hold it now. New grants are made to it. */
  async renewRule(organization: Organization, kind: 'treating' | 'duty'): Promise<void> {
    const team = { teamId: ruleTeamId(organization, kind), kind, members: [] };
    const committed = await this.put(organization, organization.service, team);
    if (committed !== undefined) await organization.projection.reached(committed.blockNumber);
    // What tells that this team's key is due goes only with its own renewal.
    await this.keys.forgetLeavers(organization, team.teamId);
  }

  /** @throws ProblemException 400 naming `members` */
  async create(user: SessionUser, business: BusinessRequest, members: string[]): Promise<CareTeamView> {
    return this.putNamed(user, business.deriveId('careTeam'), members);
  }

  /** Other members, and a new key. @throws ProblemException 404 for no named team of the own hospital; 400 as `create` */
  async change(user: SessionUser, teamId: string, members: string[]): Promise<CareTeamView> {
    const team = (await this.membership.teamsOf(user.organization)).find((one) => one.teamId === teamId);
    if (team?.kind !== 'named') throw notFound();
    return this.putNamed(user, teamId, members);
  }

  /** Named teams of somebody who leaves get a new key without them; one that would be empty stays as it is. */
  async leave(user: SessionUser, subject: string): Promise<void> {
    for (const { teamId, kind, members } of await this.membership.teamsOf(user.organization)) {
      const others = members.filter((member) => member !== subject);
      if (kind === 'named' && others.length > 0 && others.length < members.length)
        await this.putNamed(user, teamId, others);
    }
  }

  /** The own hospital's. */
  async list(user: SessionUser): Promise<CareTeamView[]> {
    return (await this.membership.teamsOf(user.organization)).map((team) => viewOf(user, team));
  }

  private async putNamed(user: SessionUser, teamId: string, members: string[]): Promise<CareTeamView> {
    const { organization } = user;
    await requireStaff(organization, members);
    const committed = await this.put(organization, user.identity(), { teamId, kind: 'named', members });
    const entry = await current(organization, teamId);
    if (entry === null) throw notFound();
    const ledger = committed && ledgerAnswer(committed);
    return { ...viewOf(user, entry), ...(ledger === undefined ? {} : { ledger }) };
  }

  /** @returns undefined when the ledger has it although its commit was not seen */
  private async put(
    organization: Organization,
    identity: LedgerIdentity,
    team: RuledTeam,
  ): Promise<Committed | undefined> {
    const engine = await mclEngine();
    const pair = newReaderKeyPair(engine);
    const publicKey = toHex(pair.publicKey);
    const certificateHash = sha256Hex(new X509Certificate(identity.certificate).raw);
    const { proof } = proveReaderKey(engine, pair.secretKey, { mspId: organization.mspId, certificateHash });
    // Copies first: a key on the ledger that nobody holds would never open anything.
    const holders = await this.keys.keep(organization, team, { publicKey, secretKey: pair.secretKey });
    erase(pair.secretKey);
    if (holders === 0) return undefined;
    for (let attempt = 1; ; attempt++) {
      const known = await current(organization, team.teamId);
      if (known?.publicKey === publicKey) return undefined;
      const entry = { ...team, publicKey, proof: toHex(proof), epoch: (known?.epoch ?? 0) + 1 };
      try {
        return await organization.ledger.submit(identity, 'consent:putCareTeam', [canonicalJson(entry)]);
      } catch (error) {
        const again = error instanceof LedgerError && REPEATED.includes(error.code);
        if (!again || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  }
}

/** The same at each start; nobody else can compute it and use it up. */
const ruleTeamId = ({ keystore }: Organization, kind: 'treating' | 'duty'): string =>
  keystore.indexHmac('careTeam', kind).slice(0, 32);

const current = (organization: Organization, teamId: string): Promise<CareTeamEntry | null> =>
  evaluateJson<CareTeamEntry | null>(organization, 'consent:getCareTeam', [teamId]);

const requireStaff = async ({ database, mspId }: Organization, members: string[]): Promise<void> => {
  const found = await database.query<{ staff_id: string }>(
    `SELECT staff_id FROM staff WHERE msp_id = $1 AND status = 'active' AND staff_id = ANY($2)`,
    [mspId, members],
  );
  const known = new Set(found.map(({ staff_id }) => staff_id));
  const at = members.findIndex((member) => !known.has(member));
  if (at >= 0)
    throw invalid(`members[${at}]`, 'is no active member of this hospital’s staff: see GET /users.');
};

const viewOf = (user: SessionUser, team: CareTeamEntry): CareTeamView => {
  const { teamId, kind, epoch, publicKey, members } = team;
  return { teamId, kind, epoch, publicKey, members, isMember: isMember(user, team) };
};
