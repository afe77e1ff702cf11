import { Injectable } from '@nestjs/common';
import type { CareTeamEntry } from '@medseal/chaincode';
import { erase, fromHex, mclEngine, openTeamKey, sealTeamKey } from '@medseal/crypto';
import { x25519PublicKey } from '../keystore/x25519.js';
import type { Organization } from '../organizations/organization.js';

/** Whoever keeps a copy of a team's key. */
export interface KeyHolder {
  /** Staff id. */
  subject: string;
  /** X25519, 32 bytes. */
  receivingSecretKey: Uint8Array;
}

export type RuledTeam = Pick<CareTeamEntry, 'teamId' | 'kind' | 'members'>;

interface HolderRow {
  subject: string;
  receiving_key: string;
}

interface CopyRow {
  team_id: string;
  public_key: string;
  sealed: Uint8Array;
}

/**
 * The secret keys of this hospital's care teams, kept only as copies sealed to one holder's receiving key each. Holders
 * are the members and the hospital's administrators, who hand keys on and are no members by that.
 */
@Injectable()
export class TeamKeys {
  /** Copies of a new key for everybody who is to hold it now. @returns how many there are */
  async keep(
    organization: Organization,
    team: RuledTeam,
    pair: { publicKey: string; secretKey: Uint8Array },
  ): Promise<number> {
    const holders = await holdersOf(organization, team);
    for (const holder of holders)
      await store(organization, { ...pair, teamId: team.teamId }, holder, pair.secretKey);
    return holders.length;
  }

  /**
   * The holder's copy of a team's key, current or earlier. The caller erases it.
   *
   * @returns undefined while nobody has made one for the holder's present receiving key
   */
  async open(
    { database }: Organization,
    publicKey: string,
    { subject, receivingSecretKey }: KeyHolder,
  ): Promise<Uint8Array | undefined> {
    const [copy] = await database.query<CopyRow>(
      'SELECT team_id, public_key, sealed FROM care_team_keys WHERE public_key = $1 AND subject = $2 AND receiving_key = $3',
      [publicKey, subject, x25519PublicKey(receivingSecretKey)],
    );
    return copy && openCopy(copy, receivingSecretKey);
  }

  /** The copy for the member's receiving key on the ledger, for a device that opens it; undefined as for `open`. */
  async sealedCopy(
    { database }: Organization,
    publicKey: string,
    subject: string,
  ): Promise<Uint8Array | undefined> {
    const [copy] = await database.query<Pick<CopyRow, 'sealed'>>(
      `SELECT k.sealed FROM care_team_keys k JOIN receiving_keys r
          ON r.subject = k.subject AND r.public_key = k.receiving_key
        WHERE k.public_key = $1 AND k.subject = $2`,
      [publicKey, subject],
    );
    return copy?.sealed;
  }

  /**
   * Whatever the holder has a copy of is sealed to those who are to hold it and have none: colleagues who joined, or
   * who got a new receiving key. Done at each sign-in, and by the administrator who enrols or resets somebody.
   */
  async handOn(organization: Organization, holder: KeyHolder): Promise<void> {
    const { database, mspId } = organization;
    const copies = await database.query<CopyRow>(
      'SELECT team_id, public_key, sealed FROM care_team_keys WHERE subject = $1 AND receiving_key = $2',
      [holder.subject, x25519PublicKey(holder.receivingSecretKey)],
    );
    const teams = await database.query<{ entry: CareTeamEntry }>(
      'SELECT entry FROM care_teams WHERE msp_id = $1',
      [mspId],
    );
    for (const { entry } of teams) {
      const own = copies.filter(({ team_id }) => team_id === entry.teamId);
      const holders = own.length === 0 ? [] : await holdersOf(organization, entry);
      for (const copy of own) {
        const lacking = await withoutCopy(organization, copy.public_key, holders);
        if (lacking.length === 0) continue;
        const secretKey = await openCopy(copy, holder.receivingSecretKey);
        for (const one of lacking) {
          await store(organization, { teamId: entry.teamId, publicKey: copy.public_key }, one, secretKey);
        }
        erase(secretKey);
      }
    }
  }

  /** Of those who have left for good. */
  async forgetLeavers({ database, mspId }: Organization, teamId: string): Promise<void> {
    await database.query(
      `DELETE FROM care_team_keys WHERE team_id = $2 AND subject IN (
         SELECT staff_id FROM staff WHERE msp_id = $1 AND status = 'revoked')`,
      [mspId, teamId],
    );
  }
}

const openCopy = async (copy: CopyRow, receivingSecretKey: Uint8Array): Promise<Uint8Array> => {
  const team = { teamId: copy.team_id, publicKey: fromHex(copy.public_key) };
  return (await openTeamKey(await mclEngine(), receivingSecretKey, copy.sealed, team)).secretKey;
};

const store = async (
  { database }: Organization,
  { teamId, publicKey }: { teamId: string; publicKey: string },
  { subject, receiving_key: receivingKey }: HolderRow,
  secretKey: Uint8Array,
): Promise<void> => {
  const team = { teamId, publicKey: fromHex(publicKey) };
  const sealed = await sealTeamKey(fromHex(receivingKey), secretKey, team);
  await database.query(
    `INSERT INTO care_team_keys (team_id, public_key, subject, receiving_key, sealed) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (public_key, subject, receiving_key) DO NOTHING`,
    [teamId, publicKey, subject, receivingKey, sealed],
  );
};

/** Staff in good standing with a receiving key: administrators, and whom the team's rule lets in. */
const holdersOf = async (
  { database, mspId }: Organization,
  { kind, members }: RuledTeam,
): Promise<HolderRow[]> =>
  database.query<HolderRow>(
    `SELECT s.staff_id AS subject, r.public_key AS receiving_key
       FROM staff s JOIN receiving_keys r ON r.subject = s.staff_id AND r.msp_id = s.msp_id
      WHERE s.msp_id = $1 AND s.status = 'active'
        AND (s.role = 'hospital-admin' OR $2 = 'treating' OR ($2 = 'duty' AND s.role = 'doctor')
          OR ($2 = 'named' AND s.staff_id = ANY($3)))
      ORDER BY s.staff_id`,
    [mspId, kind, members],
  );

const withoutCopy = async (
  { database }: Organization,
  publicKey: string,
  holders: readonly HolderRow[],
): Promise<HolderRow[]> => {
  const held = await database.query<HolderRow>(
    'SELECT subject, receiving_key FROM care_team_keys WHERE public_key = $1',
    [publicKey],
  );
  return holders.filter(
    ({ subject, receiving_key }) =>
      !held.some((one) => one.subject === subject && one.receiving_key === receiving_key),
  );
};
