import {
  canonicalJson,
  type KeyPair,
  mclEngine,
  newSeed,
  receivingKeyPair,
  scopeKeyPair,
  signingKeyPair,
  toHex,
  unwrapSeed,
  type WrapOptions,
  wrapSeed,
} from '@medseal/crypto';
import type { ActAnswer, ActivationBegin, Keyring, OpenedRecord, OrganizationAnswer } from '../api.js';
import type { MedsealClient } from '../medseal-client.js';
import { certificateRequest } from './certificate-request.js';
import { acceptOrganizationKey } from './organization-trust.js';
import { openRecordAsOwner, type RecordContent } from './record-content.js';
import { DeviceRefusal, signAct } from './signed-act.js';

export interface ActivationInput {
  organization: string;
  activationCode: string;
  username: string;
  password: string;
  passphrase: string;
  /** SHA-256 of the ministry's root as the letter prints it, hex. */
  rootFingerprint?: string;
  /** Cost of the passphrase's key derivation; the default is right outside tests. */
  wrap?: WrapOptions;
}

const EPOCH = 1;
const SEED_VERSION = 1;

/** A patient's device: it holds the seed, from which every key comes, in memory while unlocked and nowhere else. */
export class PatientDevice {
  private constructor(
    private readonly seed: Uint8Array,
    readonly ledgerId: string,
    readonly scopes: Keyring['scopes'],
  ) {}

  /**
   * Activates the account: makes the keys, has the certificate signed, signs the ledger's activation.
   *
   * @throws ProblemError of the gateway; DeviceRefusal when the gateway's bytes or keys are not what they should be
   */
  static async activate(
    client: MedsealClient,
    input: ActivationInput,
  ): Promise<{ device: PatientDevice; answer: ActAnswer }> {
    if (input.passphrase === input.password) {
      throw new DeviceRefusal(
        'the passphrase is equal to the password, which the gateway sees; choose another',
      );
    }
    const begun = await client.beginActivation(input.organization, input.activationCode);
    const home = await trustedHome(client, input, begun);
    const seed = newSeed();
    const scopes = { ...begun.scopes, epoch: EPOCH };
    const device = new PatientDevice(seed, begun.ledgerId, scopes);
    const signing = signingKeyPair(seed);
    const engine = await mclEngine();
    const scopeKeys = [begun.scopes.general, begun.scopes.sensitive].map((scopeId) => ({
      scopeId,
      epoch: EPOCH,
      publicKey: toHex(scopeKeyPair(engine, seed, scopeId, EPOCH).publicKey),
    }));
    const receivingKey = toHex(device.receivingKeyPair().publicKey);
    const first = await client.activate({
      organization: input.organization,
      activationCode: input.activationCode,
      username: input.username,
      password: input.password,
      csr: await certificateRequest(begun.enrollmentId, signing),
      scopeKeys,
      receivingKeys: [{ epoch: EPOCH, publicKey: receivingKey }],
      wrapped: {
        seed: await wrapSeed(
          seed,
          input.passphrase,
          { userId: begun.ledgerId, version: SEED_VERSION },
          input.wrap,
        ),
      },
    });
    const expected = { ledgerId: begun.ledgerId, receivingKey, scopes: scopeKeys };
    const answer = await signAct(
      client,
      first,
      {
        channel: begun.channel,
        functionName: 'registry:activatePatient',
        mspId: home.mspId,
        checkArguments: (args) => {
          if (args.length !== 1 || canonicalJson(JSON.parse(args[0] ?? 'null')) !== canonicalJson(expected)) {
            throw new DeviceRefusal('the activation names other keys than this device made');
          }
        },
      },
      signing.secretKey,
    );
    return { device, answer };
  }

  /** Opens the wrapped seed of a signed-in patient. @throws CryptoError `WRONG_PASSPHRASE` */
  static async unlock(client: MedsealClient, passphrase: string): Promise<PatientDevice> {
    const ledgerId = client.session?.user.subject ?? (await client.me()).subject;
    const keyring = await client.keyring();
    const seed = await unwrapSeed(String(keyring.seed), passphrase, {
      userId: ledgerId,
      version: SEED_VERSION,
    });
    return new PatientDevice(seed, ledgerId, keyring.scopes);
  }

  receivingKeyPair(): KeyPair {
    return receivingKeyPair(this.seed);
  }

  /** Content of a record as `POST /records/{id}/open` gave it. @throws CryptoError naming what does not fit */
  async openRecord(opened: OpenedRecord): Promise<RecordContent> {
    const engine = await mclEngine();
    const { general, sensitive, epoch } = this.scopes;
    const scopeKeys = [general, sensitive].map((scopeId) => scopeKeyPair(engine, this.seed, scopeId, epoch));
    return openRecordAsOwner(opened, this.ledgerId, scopeKeys);
  }
}

/** The home hospital, after its custodian's key was accepted. */
async function trustedHome(
  client: MedsealClient,
  input: ActivationInput,
  begun: ActivationBegin,
): Promise<OrganizationAnswer> {
  const { items, rootCertificate } = await client.organizations();
  const home = items.find(({ id, mspId }) => id === input.organization || mspId === input.organization);
  if (home === undefined) throw new DeviceRefusal(`there is no organisation ${input.organization}`);
  if (rootCertificate === undefined)
    throw new DeviceRefusal("the gateway did not give the ministry's root certificate");
  for (const key of [...(begun.custodian ? [begun.custodian] : []), ...begun.agents]) {
    const owner = items.find(({ keys }) => keys.some(({ publicKey }) => publicKey === key.publicKey)) ?? home;
    await acceptOrganizationKey(
      owner.mspId,
      key,
      owner.caChain ?? [],
      rootCertificate,
      input.rootFingerprint,
    );
  }
  return home;
}
