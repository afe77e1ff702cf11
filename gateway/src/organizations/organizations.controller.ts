import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type {
  CareTeamEntry,
  OrganizationAuthoritiesEntry,
  OrganizationEntry,
  OrganizationKeyEntry,
} from '@medseal/chaincode';
import { readEmergencyKey, type PublicEmergencyKey } from '../emergencies/emergency-key.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { Public } from '../http/decorators.js';
import type { Page } from '../http/paging.js';
import { ChannelAuthorities } from './channel-authorities.js';
import { OrganizationRegistry, type Organization } from './organization.js';

interface OrganizationAnswer {
  /** What sign-in calls it; the MSP id where another process serves it. */
  id: string;
  mspId: string;
  name: string;
  kind: 'ministry' | 'hospital';
  code: string;
  status: 'active' | 'suspended';
  /** Whether this process takes sign-ins for it. */
  signIn: boolean;
  keys: Omit<OrganizationKeyEntry, 'schema' | 'mspId'>[];
  /** Keys that consents to its care teams are made to; see GET /consents/grantees/{id}. */
  careTeams: Pick<CareTeamEntry, 'teamId' | 'kind' | 'epoch' | 'publicKey'>[];
  /** PEM: between the organisation's certificates and the ministry's root. */
  caChain: string[];
  /** The ministry's signed word on which authorities issue its certificates; null until it has given it. */
  authorities: Omit<OrganizationAuthoritiesEntry, 'schema' | 'mspId'> | null;
}

@ApiTags('organizations')
@Public()
@Controller('organizations')
export class OrganizationsController {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly channel: ChannelAuthorities,
  ) {}

  /** Organisations on the ledger with their public keys, and the emergency key, null while there is none; a device judges each key by its signature and certificate. */
  @Get()
  async list(): Promise<
    Page<OrganizationAnswer> & { rootCertificate: string; emergencyKey: PublicEmergencyKey | null }
  > {
    const [asked] = this.organizations.all();
    const entries = await evaluateJson<OrganizationEntry[]>(asked!, 'registry:getOrganizations', []);
    const certified = await evaluateJson<OrganizationAuthoritiesEntry[]>(
      asked!,
      'registry:getOrganizationAuthorities',
      [],
    );
    const items = await Promise.all(
      entries.map((entry) =>
        this.answer(
          asked!,
          entry,
          certified.find(({ mspId }) => mspId === entry.mspId),
        ),
      ),
    );
    const emergencyKey = await readEmergencyKey(asked!);
    const rootCertificate = asked!.authority.root;
    return { items, nextCursor: null, total: items.length, rootCertificate, emergencyKey };
  }

  private async answer(
    asked: Organization,
    entry: OrganizationEntry,
    certified: OrganizationAuthoritiesEntry | undefined,
  ): Promise<OrganizationAnswer> {
    const keys = await evaluateJson<OrganizationKeyEntry[]>(asked, 'registry:getOrganizationKeys', [
      entry.mspId,
    ]);
    const served = this.organizations.get(entry.mspId);
    return {
      id: served?.slug ?? entry.mspId,
      mspId: entry.mspId,
      name: entry.name,
      kind: entry.kind,
      code: entry.code,
      status: entry.status,
      signIn: served !== undefined,
      keys: keys.map(({ kind, epoch, publicKey, certificate, signature }) => ({
        kind,
        epoch,
        publicKey,
        certificate,
        signature,
      })),
      careTeams: await careTeamsOf(asked, entry.mspId),
      caChain:
        served?.authority.intermediates ?? (await this.channel.intermediates(asked)).get(entry.mspId) ?? [],
      authorities: certified
        ? {
            authorities: certified.authorities,
            certificate: certified.certificate,
            signature: certified.signature,
          }
        : null,
    };
  }
}

const careTeamsOf = async (
  { database }: Organization,
  mspId: string,
): Promise<OrganizationAnswer['careTeams']> => {
  const rows = await database.query<{ entry: CareTeamEntry }>(
    'SELECT entry FROM care_teams WHERE msp_id = $1 ORDER BY kind, team_id',
    [mspId],
  );
  return rows.map(({ entry: { teamId, kind, epoch, publicKey } }) => ({ teamId, kind, epoch, publicKey }));
};
