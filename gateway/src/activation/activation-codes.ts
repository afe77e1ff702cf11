import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { newEnrollmentId } from '../organizations/enrollment-id.js';
import type { Queries } from '../database/database.js';
import type { Organization } from '../organizations/organization.js';
import { DeviceActs } from '../transactions/device-acts.js';

/** Kind of the device-signed act that uses a code up. */
export const ACTIVATION = 'activation';

/** A code that was printed and not used yet. */
export interface ActivationCode {
  /** HMAC of the code; the code itself is stored nowhere. */
  code: string;
  ledgerId: string;
  enrollmentId: string | null;
  /** The CA's enrolment secret, sealed; there until it was used. */
  secret: Uint8Array | null;
  /** PEM; there once the enrolment was used up. */
  certificate: string | null;
}

interface Row {
  code: string;
  ledger_id: string;
  enrollment_id: string | null;
  secret: Uint8Array | null;
  certificate: string | null;
}

/** Crockford's base 32: no letter that looks like a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const CODE_BYTES = 15;
const GROUP = 4;

/** 120 bits as 24 letters and digits in groups of four. */
export function activationCodeOf(bytes: Uint8Array): string {
  if (bytes.length !== CODE_BYTES) throw new RangeError(`bytes: ${CODE_BYTES} expected`);
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let i = 0; i < (CODE_BYTES * 8) / 5; i++) {
    text = ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return (text.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
}

/** As people type it: any case, with or without dashes and spaces, O for 0, I and L for 1. */
export const normalCode = (typed: string): string =>
  typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');

/** One-time codes that let a patient make the keys of their account. */
@Injectable()
export class ActivationCodes {
  constructor(
    private readonly clock: Clock,
    private readonly acts: DeviceActs,
  ) {}

  /**
   * The code made of these bytes for a patient; the same bytes again give the same code, others replace it.
   *
   * @param bytes 15 secret random bytes
   */
  async issue(organization: Organization, ledgerId: string, bytes: Uint8Array): Promise<string> {
    const code = activationCodeOf(bytes);
    const hash = hashOf(organization, code);
    await organization.database.transaction(async (queries) => {
      const known = await queries.query('SELECT 1 FROM activation_codes WHERE code = $1', [hash]);
      if (known.length > 0) return;
      await queries.query(
        `INSERT INTO activation_codes (code, ledger_id, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (ledger_id) DO UPDATE SET code = EXCLUDED.code
         WHERE activation_codes.used_at IS NULL`,
        [hash, ledgerId, this.clock.now()],
      );
      // Whoever began with the letter that is void now does not finish with it.
      await this.acts.withdraw(ledgerId, ACTIVATION, queries);
    });
    return code;
  }

  /** Undefined alike for a code that was never given and one that was used. */
  async find(organization: Organization, typed: string): Promise<ActivationCode | undefined> {
    const [row] = await organization.database.query<Row>(
      'SELECT code, ledger_id, enrollment_id, secret, certificate FROM activation_codes WHERE code = $1 AND used_at IS NULL',
      [hashOf(organization, typed)],
    );
    return (
      row && {
        code: row.code,
        ledgerId: row.ledger_id,
        enrollmentId: row.enrollment_id,
        secret: row.secret,
        certificate: row.certificate,
      }
    );
  }

  /** Whether the code is neither used nor replaced; holds on to the row until the transaction ends. */
  async isCurrent(found: ActivationCode, queries: Queries): Promise<boolean> {
    const rows = await queries.query(
      'SELECT code FROM activation_codes WHERE code = $1 AND used_at IS NULL FOR UPDATE',
      [found.code],
    );
    return rows.length > 0;
  }

  /** The id to enrol under: a new one where the last was used up, because the CA enrols an id once. */
  async enrollmentId(organization: Organization, found: ActivationCode): Promise<string> {
    if (found.enrollmentId !== null && found.certificate === null) return found.enrollmentId;
    const enrollmentId = newEnrollmentId();
    await organization.database.query(
      'UPDATE activation_codes SET enrollment_id = $2, secret = NULL, certificate = NULL WHERE code = $1',
      [found.code, enrollmentId],
    );
    return enrollmentId;
  }

  async keepSecret(organization: Organization, found: ActivationCode, secret: string): Promise<void> {
    await organization.database.query('UPDATE activation_codes SET secret = $2 WHERE code = $1', [
      found.code,
      await organization.keystore.sealRow(secretContext(found), secret),
    ]);
  }

  async secretOf(organization: Organization, found: ActivationCode): Promise<string | undefined> {
    if (found.secret === null) return undefined;
    return organization.keystore.openRow<string>(secretContext(found), found.secret);
  }

  async keepCertificate(
    organization: Organization,
    found: ActivationCode,
    certificate: string,
  ): Promise<void> {
    await organization.database.query(
      'UPDATE activation_codes SET certificate = $2, secret = NULL WHERE code = $1',
      [found.code, certificate],
    );
  }

  async markUsed(queries: Queries, ledgerId: string): Promise<void> {
    await queries.query('UPDATE activation_codes SET used_at = $2, secret = NULL WHERE ledger_id = $1', [
      ledgerId,
      this.clock.now(),
    ]);
  }
}

const hashOf = (organization: Organization, typed: string): string =>
  organization.keystore.indexHmac('activationCode', normalCode(typed));

const secretContext = ({ ledgerId }: ActivationCode): string => `activation_codes/${ledgerId}/secret`;
