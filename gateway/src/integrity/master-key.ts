import { Injectable } from '@nestjs/common';
import { type AuditParametersArgument, organizationKeyStatement } from '@medseal/chaincode';
import {
  canonicalJson,
  encodeAuditParameters,
  fromBase64,
  makeMasterKey,
  mclEngine,
  sha256Hex,
  toBase64,
  toHex,
} from '@medseal/crypto';
import { LedgerError } from '../fabric/ledger-client.js';
import type { Organization } from '../organizations/organization.js';
import { keysOfActive } from '../organizations/organization-keys.js';
import { readAuditParameters } from './audit-parameters.js';

const THRESHOLD = 2;

/** What the ceremony leaves behind: public values, and shares that only the extractors' agents open. */
interface Ceremony {
  version: number;
  fields: Pick<AuditParametersArgument, 'parameters' | 'shares'>;
  /** Base64, by MSP id. */
  sealedShares: Record<string, string>;
}

/**
 * The master key of identity keys, from its ceremony to the extractors. Every step looks at the ledger first, so that
 * what was cut short goes on, and nothing is done twice.
 */
@Injectable()
export class MasterKey {
  /**
   * By the ministry: makes the key once every admitted organisation has an agent key, and there are two or more; goes on
   * with what an earlier start made. @returns whether there are parameters now, with every share deposited
   */
  async hold(ministry: Organization): Promise<boolean> {
    const begun = await this.begun(ministry);
    if (begun === undefined && (await readAuditParameters(ministry)) !== null) return true;
    const made = begun ?? (await this.make(ministry));
    if (made === undefined) return false;
    if ((await readAuditParameters(ministry, made.version)) === null) {
      try {
        await put(ministry, made);
      } catch (error) {
        // An organisation has another agent key by now: the next round begins anew.
        if (error instanceof LedgerError && error.code === 'AUDIT_PARAMETERS_INVALID')
          await this.forget(ministry, made);
        throw error;
      }
    }
    await Promise.all(
      Object.entries(made.sealedShares).map(([mspId, share]) =>
        depositShare(ministry, made.version, mspId, fromBase64(share)),
      ),
    );
    await this.forget(ministry, made);
    return true;
  }

  private async begun({ database }: Organization): Promise<Ceremony | undefined> {
    const [row] = await database.query<{ made: string }>('SELECT made FROM master_key_ceremonies');
    return row && (JSON.parse(row.made) as Ceremony);
  }

  private async forget({ database }: Organization, { version }: Ceremony): Promise<void> {
    await database.query('DELETE FROM master_key_ceremonies WHERE version = $1', [version]);
  }

  /** The ceremony itself: the secret and the shares exist only within `makeMasterKey`. */
  private async make(ministry: Organization): Promise<Ceremony | undefined> {
    const extractors = await keysOfActive(ministry, 'agent');
    if (extractors === undefined || extractors.length < THRESHOLD) return undefined;
    const engine = await mclEngine();
    const { parameters, sealedShares } = await makeMasterKey(engine, { extractors, threshold: THRESHOLD });
    const made: Ceremony = {
      version: 1,
      fields: {
        parameters: toBase64(encodeAuditParameters(engine, parameters)),
        shares: sealedShares.map(({ mspId, sealed }, at) => ({
          mspId,
          publicKey: toHex(extractors[at]!.publicKey),
          shareDigest: sha256Hex(sealed),
        })),
      },
      sealedShares: Object.fromEntries(sealedShares.map(({ mspId, sealed }) => [mspId, toBase64(sealed)])),
    };
    await ministry.database.query('INSERT INTO master_key_ceremonies (version, made) VALUES ($1, $2)', [
      made.version,
      JSON.stringify(made),
    ]);
    return made;
  }
}

const put = async (
  { ledger, mspId, service }: Organization,
  { version, fields }: Ceremony,
): Promise<void> => {
  const publicKey = sha256Hex(fromBase64(fields.parameters));
  const statement = organizationKeyStatement({ mspId, kind: 'audit', epoch: version, publicKey });
  const signature = Buffer.from(service.sign(statement)).toString('base64');
  await ledger.submit(service, 'integrity:putAuditParameters', [
    canonicalJson({ ...fields, version, certificate: service.certificate, signature }),
  ]);
};

const depositShare = async (
  { ledger, service }: Organization,
  version: number,
  mspId: string,
  share: Uint8Array,
): Promise<void> => {
  try {
    await ledger.submit(service, 'integrity:depositMasterShare', [String(version)], {
      transient: { share },
      endorsingOrganizations: [mspId],
    });
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'PRIVATE_VALUE_EXISTS')) throw error;
  }
};
