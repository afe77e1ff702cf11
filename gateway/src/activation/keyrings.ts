import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import type { Queries } from '../database/database.js';
import { invalid } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';

const BLOBS_BYTES_MAX = 64 * 1024;

/** A person's wrapped blobs: opaque here, opened by the passphrase on the person's device. */
@Injectable()
export class Keyrings {
  constructor(private readonly clock: Clock) {}

  /** @throws ProblemException 400 naming `wrapped` when it is too large */
  async put(
    organization: Organization,
    subject: string,
    blobs: object,
    queries: Queries = organization.database,
  ): Promise<void> {
    if (JSON.stringify(blobs).length > BLOBS_BYTES_MAX) {
      throw invalid('wrapped', `is larger than ${BLOBS_BYTES_MAX / 1024} KiB: keep only wrapped keys in it.`);
    }
    await queries.query(
      `INSERT INTO keyrings (subject, blobs, updated_at) VALUES ($1, $2, $3)
       ON CONFLICT (subject) DO UPDATE SET blobs = EXCLUDED.blobs, updated_at = EXCLUDED.updated_at`,
      [subject, await organization.keystore.sealRow(`keyrings/${subject}`, blobs), this.clock.now()],
    );
  }

  async remove({ database }: Organization, subject: string): Promise<void> {
    await database.query('DELETE FROM keyrings WHERE subject = $1', [subject]);
  }

  async get(organization: Organization, subject: string): Promise<object | undefined> {
    const [row] = await organization.database.query<{ blobs: Uint8Array }>(
      'SELECT blobs FROM keyrings WHERE subject = $1',
      [subject],
    );
    return row && organization.keystore.openRow<object>(`keyrings/${subject}`, row.blobs);
  }
}
