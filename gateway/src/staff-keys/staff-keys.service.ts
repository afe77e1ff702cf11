import { Injectable } from '@nestjs/common';
import type { ConsentKeyEntry, ReceivingKeyEntry } from '@medseal/chaincode';
import { checkDeviceRequest, isCertificateOf } from '../activation/device-request.js';
import { Keyrings } from '../activation/keyrings.js';
import { AccountsService } from '../auth/accounts.service.js';
import { Clock } from '../clock.js';
import { putReaderKey } from '../consents/reader-keys.js';
import { needsRenewal } from '../fabric/certificate-renewal.js';
import { evaluateJson } from '../fabric/evaluate-json.js';
import { invalid, problem, type ProblemException } from '../http/problem.js';
import type { KeyHolder, SessionUser } from '../http/session-user.js';
import { newEnrollmentId } from '../organizations/enrollment-id.js';
import { Settings } from '../settings/settings.service.js';
import { registerReceivingKey } from '../users/staff-enrollment.js';
import type { CertificateRequest, PublicKeysRequest } from './staff-keys.dto.js';

export interface StaffKeysAnswer {
  keyHolder: KeyHolder;
  mspId: string;
  channel: string;
  /** PEM; null before the device has one. */
  certificate: string | null;
  /** Subject of the certificate request that a device may send now. */
  enrollmentId: string;
  /** On the ledger; public, hex. */
  receivingKey: string | null;
  readerKey: string | null;
}

/** Keys of staff on devices of their own: made there; certificate, public keys and wrapped blobs come here. */
@Injectable()
export class StaffKeysService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly keyrings: Keyrings,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  async get({ organization, subject, certificate, keyHolder }: SessionUser): Promise<StaffKeysAnswer> {
    const [receiving, reader] = await Promise.all([
      evaluateJson<ReceivingKeyEntry | null>(organization, 'registry:getReceivingKey', [subject]),
      evaluateJson<ConsentKeyEntry | null>(organization, 'consent:getConsentKey', [subject]),
    ]);
    return {
      keyHolder,
      mspId: organization.mspId,
      channel: organization.ledger.channel,
      certificate: certificate === '' ? null : certificate,
      enrollmentId: newEnrollmentId(),
      receivingKey: receiving?.publicKey ?? null,
      readerKey: reader?.publicKey ?? null,
    };
  }

  /**
   * Has the device's certificate signed: its first one, or, for the same key, the next. May be repeated.
   *
   * @throws ProblemException 400 naming what is wrong; 409 `KEYS_AT_GATEWAY`, `DEVICE_KEYS_NOT_ALLOWED`, `DEVICE_ENROLLED`;
   *   503 `CA_UNAVAILABLE`
   */
  async certify(
    user: SessionUser,
    { enrollmentId, csr, wrapped }: CertificateRequest,
  ): Promise<{ certificate: string }> {
    requireOnDevice(user);
    const { organization, role, subject, certificate: current } = user;
    const request = await checkDeviceRequest(csr, enrollmentId);
    if (typeof request === 'string') throw invalid('csr', `${request}.`);
    if (current === '') await this.settings.requireDeviceKeys(organization);
    else if (!isCertificateOf(current, request.publicKey)) throw enrolled();
    else if (!needsRenewal(current, this.clock.now())) return { certificate: current };
    let certificate: string;
    try {
      const secret = await organization.ca.register({ enrollmentId, role, subject });
      ({ certificate } = await organization.ca.enroll(enrollmentId, secret, request.pem));
    } catch (cause) {
      throw problem(
        503,
        'CA_UNAVAILABLE',
        'The organisation’s certificate authority gave no certificate: begin again with GET /staff-keys.',
        undefined,
        { headers: { 'Retry-After': '5' }, cause },
      );
    }
    await organization.database.transaction(async (queries) => {
      // Of two devices at once one is first, and the account is that one's.
      if (!(await this.accounts.keepCertificate(user, certificate, queries))) throw enrolled();
      await this.keyrings.put(organization, subject, wrapped, queries);
    });
    return { certificate };
  }

  /** Puts the device's public keys on the ledger, each by a transaction that the device signs. @throws SigningNeeded */
  async register(
    user: SessionUser,
    { receivingKey, readerKey, proof }: PublicKeysRequest,
  ): Promise<StaffKeysAnswer> {
    requireOnDevice(user);
    const { organization } = user;
    const identity = user.identity();
    // The ministry's staff never see content: nobody gives them a consent.
    const isReader = organization.kind === 'hospital';
    if (isReader && readerKey === undefined)
      throw invalid('readerKey', 'is missing: send the key and its proof.');
    if (isReader && proof === undefined) throw invalid('proof', 'is missing: prove that the key is yours.');
    await registerReceivingKey(organization, identity, receivingKey);
    if (isReader && readerKey !== undefined && proof !== undefined)
      await putReaderKey(organization, identity, { publicKey: readerKey, proof });
    return this.get(user);
  }
}

const requireOnDevice = ({ keyHolder }: SessionUser): void => {
  if (keyHolder === 'device') return;
  throw problem(
    409,
    'KEYS_AT_GATEWAY',
    'Your keys are held by the gateway: ask your administrator for a sign-in with keys on your device.',
  );
};

const enrolled = (): ProblemException =>
  problem(
    409,
    'DEVICE_ENROLLED',
    'A device with other keys has this account: unlock it there, or ask your administrator to reset your sign-in.',
  );
