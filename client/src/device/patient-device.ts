import {
  canonicalJson,
  fromBase64,
  type KeyPair,
  mclEngine,
  newSeed,
  readerKeyPair,
  receivingKeyPair,
  scopeKeyPair,
  seedToWords,
  signingKeyPair,
  toHex,
  wordsToSeed,
  type WrapOptions,
} from '@medseal/crypto';
import type {
  ActAnswer,
  ActivationBegin,
  ChoicesBody,
  ConsentAnswer,
  GrantBody,
  GranteeAnswer,
  Keyring,
  OpenedRecord,
  OrganizationAnswer,
  TermsOfConsent,
} from '../api.js';
import type { MedsealClient } from '../medseal-client.js';
import { certificateRequest } from './certificate-request.js';
import { actOfSlot, keysOfHeader, type MadeSlot, makeSlot, nextScopeKey } from './epochs.js';
import { openRecordAsReader } from './consent-reading.js';
import { nextReaderKey, signQuestions } from './guardian.js';
import { actOfReceipt } from './reading-acts.js';
import { actsOfChoices, type ChoicesMade, wishOfChoice } from './choices.js';
import { acceptEmergencyKey } from './emergency-key.js';
import { type Home, homeOf } from './home.js';
import { type AcceptedKey, actOnOne, actsOfGrant, type ConsentWish, makeConsent } from './consent-grant.js';
import { type ActivationFacts, openFacts, unwrapKeyring, wrapKeyring } from './keyring.js';
import { isOutdated } from './outdated.js';
import { openOwnCopy, type OwnCopy, sealOwnCopy } from './own-copy.js';
import {
  acceptOrganizationKey,
  acceptReaderKey,
  certificateFingerprint,
  type Trust,
} from './organization-trust.js';
import { openRecordAsOwner, type RecordContent } from './record-content.js';
import { type ActProgress, DeviceRefusal, type IntendedAct, signActs } from './signed-act.js';

export interface ActivationInput {
  organization: string;
  activationCode: string;
  username: string;
  password: string;
  passphrase: string;
  /** SHA-256 of the ministry's root as the letter prints it, hex. */
  rootFingerprint?: string;
  /** What is decided together with the activation; what is left out is asked at the next sign-in. */
  choices?: ChoicesMade;
  /** Cost of the passphrase's key derivation; the default is right outside tests. */
  wrap?: WrapOptions;
}

/** The health record's channel has this name on every network. */
const CHANNEL = 'health';
const EPOCH = 1;

const SCOPES = ['general', 'sensitive'] as const;
type ScopeLabel = (typeof SCOPES)[number];

/** A patient's device: it holds the seed, from which every key comes, in memory while unlocked and nowhere else. */
export class PatientDevice {
  private constructor(
    private readonly seed: Uint8Array,
    readonly ledgerId: string,
    readonly scopes: Keyring['scopes'],
    /** SHA-256 of the ministry's root at the activation, hex. */
    private readonly root: string | undefined,
  ) {
    const { epoch, epochs = { general: epoch, sensitive: epoch } } = scopes;
    this.epochs = { ...epochs };
  }

  /** Current epoch of each scope. */
  private readonly epochs: Record<ScopeLabel, number>;
  /** MSP id of the home hospital, once it has been asked for: it stays. */
  private homeMspId: string | undefined;

  private static fromKeyring(
    seed: Uint8Array,
    ledgerId: string,
    { scopes }: Keyring,
    facts: ActivationFacts | undefined,
  ): PatientDevice {
    const own = facts && { general: facts.general, sensitive: facts.sensitive };
    return new PatientDevice(seed, ledgerId, { ...scopes, ...own }, facts?.root);
  }

  /**
   * Activates the account: makes the keys, has the certificate signed, signs the ledger's activation, then the choices.
   *
   * @returns `unmade`: why choices are still open although the account is active; they are asked again at a sign-in
   * @throws ProblemError of the gateway; DeviceRefusal when the gateway's bytes or keys are not what they should be
   */
  static async activate(
    client: MedsealClient,
    input: ActivationInput,
  ): Promise<{ device: PatientDevice; answer: ActAnswer; unmade?: Error }> {
    if (input.passphrase === input.password) {
      throw new DeviceRefusal(
        'the passphrase is equal to the password, which the gateway sees; choose another',
      );
    }
    const begun = await client.beginActivation(input.organization, input.activationCode);
    const home = await trustedHome(client, input, begun);
    const root = certificateFingerprint(home.rootCertificate);
    const seed = newSeed();
    const scopes = { ...begun.scopes, epoch: EPOCH };
    const device = new PatientDevice(seed, begun.ledgerId, scopes, root);
    device.homeMspId = home.mspId;
    const signing = signingKeyPair(seed);
    const engine = await mclEngine();
    const scopeKeys = [begun.scopes.general, begun.scopes.sensitive].map((scopeId) => ({
      scopeId,
      epoch: EPOCH,
      publicKey: toHex(scopeKeyPair(engine, seed, scopeId, EPOCH).publicKey),
    }));
    const receivingKey = toHex(device.receivingKeyPair().publicKey);
    const choices = await device.choicesOf(input.choices ?? {}, begun.choices, home, input.rootFingerprint);
    const first = await client.activate({
      organization: input.organization,
      activationCode: input.activationCode,
      username: input.username,
      password: input.password,
      csr: await certificateRequest(begun.enrollmentId, signing),
      scopeKeys,
      receivingKeys: [{ epoch: EPOCH, publicKey: receivingKey }],
      ...choices,
      wrapped: await wrapKeyring(
        seed,
        input.passphrase,
        begun.ledgerId,
        { root, general: begun.scopes.general, sensitive: begun.scopes.sensitive },
        input.wrap,
      ),
    });
    const expected = { ledgerId: begun.ledgerId, receivingKey, scopes: scopeKeys };
    const answer = await signActs(
      client,
      first,
      [
        {
          channel: begun.channel,
          functionName: 'registry:activatePatient',
          mspId: home.mspId,
          checkArguments: (args) => {
            if (
              args.length !== 1 ||
              canonicalJson(JSON.parse(args[0] ?? 'null')) !== canonicalJson(expected)
            ) {
              throw new DeviceRefusal('the activation names other keys than this device made');
            }
          },
        },
      ],
      signing.secretKey,
      'first',
    );
    try {
      await signActs(
        client,
        answer,
        actsOfChoices(choices, { channel: begun.channel, mspId: home.mspId }),
        signing.secretKey,
      );
    } catch (error) {
      return { device, answer, unmade: error as Error };
    }
    return { device, answer };
  }

  /**
   * Opens the wrapped seed of a signed-in patient. The ministry's root and the scopes are those of the activation: the
   * gateway can exchange neither later.
   *
   * @throws CryptoError `WRONG_PASSPHRASE`; `OPEN_FAILED` where the facts were changed
   */
  static async unlock(client: MedsealClient, passphrase: string): Promise<PatientDevice> {
    const { ledgerId, keyring } = await ownKeyring(client);
    const { seed, facts } = await unwrapKeyring(keyring, passphrase, ledgerId);
    return PatientDevice.fromKeyring(seed, ledgerId, keyring, facts);
  }

  /**
   * The device anew from its recovery words, with a passphrase of its own from then on. What it keeps to since its
   * activation opens with the right words alone: others would lock the patient out.
   *
   * @throws CryptoError `BAD_ENCODING` for words that are none, `OPEN_FAILED` for another patient's; DeviceRefusal for an
   *   account of 0.1.0 whose passphrase was never changed
   */
  static async recover(
    client: MedsealClient,
    words: string,
    passphrase: string,
    wrap?: WrapOptions,
  ): Promise<PatientDevice> {
    const { ledgerId, keyring } = await ownKeyring(client);
    const seed = wordsToSeed(words);
    if (keyring.facts === undefined)
      throw new DeviceRefusal('the account is of an earlier version: change the passphrase once before');
    const facts = await openFacts(seed, ledgerId, keyring);
    const device = PatientDevice.fromKeyring(seed, ledgerId, keyring, facts);
    await device.changePassphrase(client, passphrase, wrap);
    return device;
  }

  /** The seed as 24 words for paper: whoever reads them holds all of the patient's keys. */
  recoveryWords(): string {
    return seedToWords(this.seed);
  }

  /** Wraps the seed anew; the other blobs stay. */
  async changePassphrase(client: MedsealClient, passphrase: string, wrap?: WrapOptions): Promise<void> {
    const { scopes: _scopes, ...blobs } = await client.keyring();
    const { general, sensitive } = this.scopes;
    const root = this.root ?? certificateFingerprint((await this.currentHome(client)).rootCertificate);
    const facts = { root, general, sensitive };
    const wrapped = await wrapKeyring(this.seed, passphrase, this.ledgerId, facts, wrap);
    await client.putKeyring({ ...blobs, ...wrapped });
  }

  receivingKeyPair(): KeyPair {
    return receivingKeyPair(this.seed);
  }

  /**
   * Makes a consent and signs all its transactions. Every organisation's key is accepted only with its signature and a
   * certificate of its own authority under the ministry's root; so is the grantee's key, with a proof of possession.
   *
   * @param rootFingerprint of the letter; without it the root of the activation is trusted
   * @throws ProblemError; CryptoError; DeviceRefusal. A grant that stopped half-way goes on with `signConsent`
   */
  async grantConsent(client: MedsealClient, wish: ConsentWish, rootFingerprint?: string): Promise<ActAnswer> {
    return this.signConsent(client, await this.makeConsent(client, wish, rootFingerprint));
  }

  /** As `grantConsent`, but nothing is sent yet: the body may be kept and signed with `signConsent`. */
  async makeConsent(client: MedsealClient, wish: ConsentWish, rootFingerprint?: string): Promise<GrantBody> {
    const reader = await client.grantee(wish.grantee);
    return this.consentFor(wish, reader, await this.currentHome(client), rootFingerprint);
  }

  private async consentFor(
    wish: ConsentWish,
    { channel, threshold, grantee, emergencyKey }: GranteeAnswer,
    { organizations, rootCertificate }: Home,
    rootFingerprint?: string,
  ): Promise<GrantBody> {
    const trust: Trust = { rootCertificate, fingerprint: rootFingerprint ?? this.root, organizations };
    const trusted = async (of: OrganizationAnswer, kind: 'agent' | 'handover'): Promise<AcceptedKey[]> => {
      const key = of.keys.findLast((one) => one.kind === kind);
      if (key === undefined) return [];
      await acceptOrganizationKey(trust, of.mspId, key);
      return [{ mspId: of.mspId, publicKey: key.publicKey }];
    };
    const active = organizations.filter(({ status }) => status !== 'suspended');
    const engine = await mclEngine();
    if (grantee.kind === 'emergency')
      await acceptEmergencyKey(engine, trust, { channel, emergencyKey, grantee });
    else await acceptReaderKey(trust, grantee);
    return makeConsent(engine, {
      channel,
      ledgerId: this.ledgerId,
      wish,
      scopeKeys: wish.scopes.map((scope) =>
        scopeKeyPair(engine, this.seed, this.scopes[scope], this.epochs[scope]),
      ),
      reader: grantee,
      agents: (await Promise.all(active.map((one) => trusted(one, 'agent')))).flat(),
      threshold,
      ownCopy: (consentId, salt) => sealOwnCopy(this.seed, consentId, wish, salt),
      receivers: (
        await Promise.all(
          active.filter(({ mspId }) => mspId === grantee.mspId).map((one) => trusted(one, 'handover')),
        )
      ).flat(),
    });
  }

  /** Signs what of a consent is not on the ledger yet. */
  async signConsent(
    client: MedsealClient,
    body: GrantBody,
    onProgress?: (progress: ActProgress) => void,
  ): Promise<ActAnswer> {
    return this.sign(
      client,
      await client.grantConsent(body),
      (signer) => actsOfGrant(body, signer),
      onProgress,
    );
  }

  /** What the owner agreed to; undefined where no device kept it. @throws CryptoError; DeviceRefusal */
  async openOwnTerms(
    consent: Pick<ConsentAnswer, 'consentId' | 'termsCommitment' | 'ownTerms'>,
  ): Promise<TermsOfConsent | undefined> {
    const { ownTerms } = consent;
    if (!ownTerms) return undefined;
    return (await openOwnCopy(this.seed, consent, ownTerms)).terms ?? undefined;
  }

  async denyRequest(client: MedsealClient, requestId: string): Promise<ActAnswer> {
    return this.sign(client, await client.denyRequest(requestId), (signer) => [
      actOnOne('consent:deny', requestId, signer),
    ]);
  }

  async revokeConsent(client: MedsealClient, consentId: string): Promise<ActAnswer> {
    return this.sign(client, await client.revokeConsent(consentId), (signer) => [
      actOnOne('consent:revoke', consentId, signer),
    ]);
  }

  /**
   * Makes choices, each given, withheld or left as it is, and signs them.
   *
   * @throws as `grantConsent`; what stopped half-way is still open, or goes on with `signConsent`
   */
  async choose(
    client: MedsealClient,
    made: ChoicesMade,
    rootFingerprint?: string,
    onProgress?: (progress: ActProgress) => void,
  ): Promise<ActAnswer> {
    const { items } = await client.choices();
    const keyOf = async (choice: 'standingConsent' | 'emergencyGrant'): Promise<GranteeAnswer | null> => {
      const grantee = items.find((one) => one.choice === choice)?.grantee;
      return grantee === undefined || grantee === null ? null : client.grantee(grantee);
    };
    const grantees = {
      standingConsent: made.standingConsent ? await keyOf('standingConsent') : null,
      emergencyGrant: made.emergencyGrant ? await keyOf('emergencyGrant') : null,
    };
    const body = await this.choicesOf(made, grantees, await this.currentHome(client), rootFingerprint);
    return this.sign(client, await client.choose(body), (signer) => actsOfChoices(body, signer), onProgress);
  }

  /**
   * Strong revocation: a new key for a scope. Earlier records get a slot of it by `addSlots`, consents are granted again
   * by `grantAgain`; what colluding agents kept of former consents opens nothing that has the new key alone.
   *
   * @throws ProblemError; DeviceRefusal for a present key that is not of this seed
   */
  async advanceScope(client: MedsealClient, scope: ScopeLabel): Promise<ActAnswer> {
    await this.followEpochs(client);
    const epoch = this.epochs[scope] + 1;
    const next = nextScopeKey(await mclEngine(), this.seed, this.scopes[scope], epoch);
    const { publicKey } = next.key;
    const first = await client.advanceScope(this.scopes[scope], { epoch, publicKey });
    const answer = await this.sign(client, first, (signer) => [next.actFor(signer)]);
    this.epochs[scope] = epoch;
    return answer;
  }

  /**
   * Gives every record that lacks one a key slot of its scope's current epoch. It may stop anywhere: what is done is on
   * the ledger, and the next call goes on with the rest.
   *
   * @returns how many were added, and which records do not open
   */
  async addSlots(
    client: MedsealClient,
    onProgress?: (progress: { added: number; total: number }) => void,
  ): Promise<{ added: number; unopened: { recordId: string; version: number }[] }> {
    const engine = await mclEngine();
    const unopened: { recordId: string; version: number }[] = [];
    let added = 0;
    for await (const page of pages((query) => client.lackingSlots(query))) {
      const made: MadeSlot[] = [];
      for (const lacking of page.items) {
        const slot = await makeSlot(engine, this.seed, lacking);
        if (slot === undefined) unopened.push({ recordId: lacking.recordId, version: lacking.version });
        else made.push(slot);
      }
      if (made.length > 0) {
        const before = added;
        const first = await client.addSlots(made.map(({ slot }) => slot));
        await this.sign(
          client,
          first,
          (signer) => made.map((slot) => actOfSlot(slot, signer)),
          ({ done }) => onProgress?.({ added: before + done, total: before + page.total }),
        );
      }
      added += made.length;
      onProgress?.({ added, total: added + Math.max(0, page.total - made.length) });
    }
    return { added, unopened };
  }

  /**
   * An own consent once more, with the keys that its scopes and its grantee have now, all else from the owner's own copy;
   * then the former one is revoked. Where it stopped between the two, it is not granted twice.
   *
   * @throws DeviceRefusal where no device kept a copy; CryptoError `OPEN_FAILED` for one that is not this owner's or
   *   another consent's; as `grantConsent`
   */
  async grantAgain(client: MedsealClient, consentId: string, rootFingerprint?: string): Promise<ActAnswer> {
    const former = await client.consent(consentId);
    if (!former.ownTerms) throw new DeviceRefusal('no device kept what was decided: grant a new consent');
    const wish = await openOwnCopy(this.seed, { ...former, consentId }, former.ownTerms);
    await this.followEpochs(client);
    const answer =
      (await this.grantedAs(client, wish, consentId)) ??
      (await this.grantConsent(client, wish, rootFingerprint));
    await this.revokeConsent(client, consentId);
    return answer;
  }

  /** A consent in force other than the former, of the current epochs and signed to its end, that is as wished. */
  private async grantedAs(
    client: MedsealClient,
    wish: OwnCopy,
    formerId: string,
  ): Promise<ActAnswer | undefined> {
    for await (const consent of this.consentsInForce(client)) {
      const { consentId, grantee, ownTerms, missing = [] } = consent;
      if (consentId === formerId || grantee.id !== wish.grantee.id) continue;
      if (!ownTerms || missing.length > 0 || this.isOutdated(consent)) continue;
      const copy = await openOwnCopy(this.seed, consent, ownTerms);
      if (canonicalJson(copy) === canonicalJson(wish)) return { consentId };
    }
    return undefined;
  }

  /** Registers a key with which this patient can be made a guardian; the next one if there is one. */
  async registerReaderKey(client: MedsealClient): Promise<ActAnswer> {
    const next = nextReaderKey(await mclEngine(), this.seed, await client.guardianKey());
    const first = await client.putGuardianKey(next.key);
    return this.sign(client, first, (signer) => [next.actFor(signer)]);
  }

  /**
   * Reads a record of an owner who made this patient a guardian: signs the receipt and a question to each agent, and
   * opens the answers here.
   *
   * @throws ProblemError; CryptoError; DeviceRefusal
   */
  async readAsGuardian(client: MedsealClient, recordId: string, consentId: string): Promise<RecordContent> {
    const first = await client.beginGuardianRead(recordId, consentId);
    const signer = await this.signer(client);
    const answer = await this.sign(client, first, () => [
      actOfReceipt({ recordIds: [recordId], basis: 'consent', consentId }, signer),
    ]);
    const { secretKey } = signingKeyPair(this.seed);
    const signed = signQuestions(answer, recordId, signer, secretKey);
    const opened = await client.guardianAnswers(recordId, { consentId, ...signed });
    const reader = readerKeyPair(await mclEngine(), this.seed, opened.consent.grantee.epoch);
    return (await openRecordAsReader(opened, reader.secretKey)).content;
  }

  /** Consents in force that are not of their scopes' current epochs, or not to the grantee's key as it is now. */
  async outdatedConsents(client: MedsealClient): Promise<ConsentAnswer[]> {
    await this.followEpochs(client);
    const outdated: ConsentAnswer[] = [];
    for await (const consent of this.consentsInForce(client))
      if (this.isOutdated(consent)) outdated.push(consent);
    return outdated;
  }

  private isOutdated(consent: ConsentAnswer): boolean {
    const current = SCOPES.map((label) => ({ scopeId: this.scopes[label], epoch: this.epochs[label] }));
    return isOutdated(consent, current);
  }

  /** Own ones. */
  private async *consentsInForce(client: MedsealClient): AsyncGenerator<ConsentAnswer> {
    for await (const { items } of pages((query) => client.consents(query)))
      for (const consent of items) {
        const { ledgerId, status } = consent;
        if (ledgerId === this.ledgerId && (status === 'active' || status === 'granted')) yield consent;
      }
  }

  /**
   * Another device of the patient, or an act whose answer was lost, may have gone on to a next epoch.
   *
   * @throws DeviceRefusal for a scope or a key that is not this device's
   */
  private async followEpochs(client: MedsealClient): Promise<void> {
    const engine = await mclEngine();
    for (const { scopeId, label, epoch, publicKey } of (await client.scopes()).items) {
      const isOwn =
        this.scopes[label] === scopeId &&
        toHex(scopeKeyPair(engine, this.seed, scopeId, epoch).publicKey) === publicKey;
      if (!isOwn) throw new DeviceRefusal('the ledger has another key of a scope than this device makes');
      this.epochs[label] = epoch;
    }
  }

  private async choicesOf(
    made: ChoicesMade,
    grantees: ActivationBegin['choices'],
    home: Home,
    rootFingerprint?: string,
  ): Promise<ChoicesBody> {
    const grant = async (choice: 'standingConsent' | 'emergencyGrant'): Promise<ChoicesBody> => {
      const given = made[choice];
      if (given === undefined) return {};
      if (given === false) return { [choice]: false };
      const reader = grantees[choice];
      if (reader === null) throw new DeviceRefusal(`${choice} cannot be given yet`);
      const { kind, mspId } = reader.grantee;
      if (choice === 'standingConsent' && (kind !== 'careTeam' || mspId !== home.mspId))
        throw new DeviceRefusal('the standing consent is for a care team of the home hospital');
      if (choice === 'emergencyGrant' && kind !== 'emergency')
        throw new DeviceRefusal('the emergency grant is for the emergency key');
      const wish = wishOfChoice(reader.grantee, given, new Date());
      return { [choice]: await this.consentFor(wish, reader, home, rootFingerprint) };
    };
    return {
      ...(made.researchConsent === undefined ? {} : { researchConsent: made.researchConsent }),
      ...(await grant('standingConsent')),
      ...(await grant('emergencyGrant')),
    };
  }

  /**
   * Has everything of the patient erased, everywhere, for good. The answer names the certificate's address: the account
   * is gone soon after.
   */
  async requestErasure(client: MedsealClient, registrationNo: string): Promise<ActAnswer> {
    return this.sign(client, await client.beginErasure(registrationNo), (signer) => [
      actOnOne('registry:requestErasure', this.ledgerId, signer),
    ]);
  }

  private async sign(
    client: MedsealClient,
    first: ActAnswer,
    actsFor: (signer: { channel: string; mspId: string }) => IntendedAct[],
    onProgress?: (progress: ActProgress) => void,
  ): Promise<ActAnswer> {
    const acts = actsFor(await this.signer(client));
    return signActs(client, first, acts, signingKeyPair(this.seed).secretKey, 'end', onProgress);
  }

  /** Who signs; another channel's ledger would not know the patient's key. */
  private async signer(client: MedsealClient): Promise<{ channel: string; mspId: string }> {
    return { channel: CHANNEL, mspId: this.homeMspId ?? (await this.currentHome(client)).mspId };
  }

  /** Asked anew for every grant: keys of organisations change. */
  private async currentHome(client: MedsealClient): Promise<Home> {
    const home = await homeOf(client);
    this.homeMspId = home.mspId;
    return home;
  }

  /** Content of a record as `POST /records/{id}/open` gave it. @throws CryptoError naming what does not fit */
  async openRecord(opened: OpenedRecord): Promise<RecordContent> {
    const { general, sensitive } = this.scopes;
    const header = fromBase64(opened.header, 'header');
    const scopeKeys = keysOfHeader(await mclEngine(), this.seed, [general, sensitive], header);
    return openRecordAsOwner(opened, this.ledgerId, scopeKeys);
  }
}

/** The home hospital, after its custodian's and the agents' keys were accepted. */
async function trustedHome(
  client: MedsealClient,
  input: ActivationInput,
  begun: ActivationBegin,
): Promise<Home> {
  const home = await homeOf(client, input.organization);
  const { organizations, rootCertificate } = home;
  const trust: Trust = { rootCertificate, fingerprint: input.rootFingerprint, organizations };
  for (const key of [...(begun.custodian ? [begun.custodian] : []), ...begun.agents]) {
    const owner =
      organizations.find(({ keys }) => keys.some(({ publicKey }) => publicKey === key.publicKey)) ?? home;
    await acceptOrganizationKey(trust, owner.mspId, key);
  }
  return home;
}

/** The wrapped blobs of who is signed in. */
async function ownKeyring(client: MedsealClient): Promise<{ ledgerId: string; keyring: Keyring }> {
  const ledgerId = client.session?.user.subject ?? (await client.me()).subject;
  return { ledgerId, keyring: await client.keyring() };
}

/** One page of a list after the other. */
async function* pages<Items extends { nextCursor: string | null }>(
  load: (query: { cursor?: string }) => Promise<Items>,
): AsyncGenerator<Items> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await load(cursor === undefined ? {} : { cursor });
    yield page;
    cursor = page.nextCursor;
  }
}
