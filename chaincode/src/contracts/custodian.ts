import {
  acceptCustodianShare,
  answerEmergency,
  CryptoError,
  emergencyKeyOf,
  erase,
  fromBase64,
  fromHex,
  mclEngine,
  nobleEngine,
  receivingKeyPairOf,
  toBase64,
  toHex,
  utf8Decode,
} from '@medseal/crypto';
import type { Context } from 'fabric-contract-api';
import { countAnswer, countRefusal } from '../ledger/agent-log.js';
import { type Caller, callerOf, STAFF, timestampMs } from '../ledger/authorization.js';
import { requireCapsule } from '../ledger/capsules.js';
import { CustodianStore } from '../ledger/custodian-store.js';
import { requireEmergencyRead } from '../ledger/emergency-state.js';
import { refuseStaleProposal } from '../ledger/freshness.js';
import { Transient } from '../ledger/private-values.js';
import { ContractError, parseContractError } from '../errors.js';
import { provenAnswersArgument } from '../model/emergency-arguments.js';
import type {
  CustodianAnswerEntry,
  CustodianStatus,
  EmergencyFacts,
  EmergencyKeyEntry,
} from '../model/emergency-entries.js';
import { instantOf } from '../model/instants.js';
import { digest } from '../model/validation.js';
import { LedgerContract } from './contract-base.js';

const RECORDS = 'ehr';
/** Answers from here on are refusals. */
const ERROR_STATUS = 400;

/**
 * The chaincode `custodian`: an organisation's part in emergencies, apart from its agent. Evaluated only; it has no
 * state, and learns the ledger's facts from `ehr` on its own peer.
 */
export class CustodianContract extends LedgerContract {
  constructor() {
    super('custodian');
  }

  /** By the own organisation's service. */
  async getStatus(ctx: Context): Promise<CustodianStatus> {
    ownService(ctx);
    const store = new CustodianStore();
    const secretKey = store.secretKey();
    const publicKey = toHex(receivingKeyPairOf(secretKey).publicKey);
    erase(secretKey);
    return { publicKey, shares: store.shares() };
  }

  /** By the own organisation's service: opens the share and holds it against the key on the ledger before keeping it. */
  async keepShare(ctx: Context, keyDigest: string): Promise<{ kept: string }> {
    const { mspId } = ownService(ctx);
    const sealedShare = new Transient(ctx.stub).sealed('share');
    const entry = await ask<EmergencyKeyEntry | null>(ctx, 'registry:getEmergencyKey', [
      digest(keyDigest, 'digest'),
    ]);
    if (entry === null) throw new ContractError('EMERGENCY_KEY_MISSING', 'no emergency key of that digest');
    const store = new CustodianStore();
    const key = emergencyKeyOf(ctx.stub.getChannelID(), entry);
    await withKey(store, (custodianSecretKey) =>
      sharesRefused(async () =>
        // One multiplication: not worth the fast engine's memory, which waits for the first emergency.
        acceptCustodianShare(nobleEngine(), { key, mspId, custodianSecretKey, sealedShare }),
      ),
    );
    store.keepShare(keyDigest, sealedShare);
    return { kept: keyDigest };
  }

  /** By the reader of an open case: X to this custodian's share, X computed from the agents' proven answers. */
  async answer(
    ctx: Context,
    receiptId: string,
    recordId: string,
    version: string,
  ): Promise<CustodianAnswerEntry> {
    try {
      const answer = await answerFor(ctx, [receiptId, recordId, version]);
      countAnswer();
      return answer;
    } catch (error) {
      countRefusal(ctx, error, 'custodian:answer');
      throw error;
    }
  }
}

const answerFor = async (ctx: Context, args: string[]): Promise<CustodianAnswerEntry> => {
  const at = timestampMs(ctx.stub);
  refuseStaleProposal(at);
  const caller = callerOf(ctx);
  if (!STAFF.includes(caller.role)) {
    throw new ContractError('NOT_ALLOWED', `role ${caller.role} may not call this function`);
  }
  const facts = await ask<EmergencyFacts>(ctx, 'access:getEmergencyFacts', args);
  const channel = ctx.stub.getChannelID();
  requireEmergencyRead(facts, caller, instantOf(at));
  const transient = new Transient(ctx.stub);
  const given = transient.capsule();
  const { value: answers } = transient.json('answers', provenAnswersArgument);
  const { consent, emergency, entry, emergencyKey, receivingKey } = facts;
  const { capsule } = await requireCapsule(channel, entry, consent, given);
  const mspId = ctx.stub.getMspID();
  const store = new CustodianStore();
  const sealedShare = store.share(emergencyKey.digest);
  const sealed = await withKey(store, (custodianSecretKey) =>
    sharesRefused(async () =>
      answerEmergency(await mclEngine(), {
        key: emergencyKeyOf(channel, emergencyKey),
        mspId,
        custodianSecretKey,
        sealedShare,
        ...{ capsule: capsule.capsule, context: capsule.context, grant: capsule.grant },
        answers: answers.map((one) => ({ mspId: one.mspId, answer: fromBase64(one.answer) })),
        caseId: emergency.emergencyId,
        readerPublicKey: fromHex(receivingKey),
      }),
    ),
  );
  return { mspId, sealed: toBase64(sealed) };
};

/** The own organisation's service, on its own peer: nobody else has anything to do with key and shares. */
const ownService = (ctx: Context): Caller => {
  refuseStaleProposal(timestampMs(ctx.stub));
  const caller = callerOf(ctx);
  if (caller.role !== 'service') {
    throw new ContractError('NOT_ALLOWED', `role ${caller.role} may not call this function`);
  }
  if (caller.mspId !== ctx.stub.getMspID()) {
    throw new ContractError('WRONG_PEER', 'a custodian service is looked after by its own organisation');
  }
  return caller;
};

/** Public facts from this peer's own ledger, in the caller's name. */
const ask = async <Answer>({ stub }: Context, fn: string, args: string[]): Promise<Answer> => {
  const { status, message, payload } = await stub.invokeChaincode(
    RECORDS,
    [fn, ...args],
    stub.getChannelID(),
  );
  if (status >= ERROR_STATUS) {
    const refusal = parseContractError(message ?? '');
    throw refusal === undefined ? new Error(message) : new ContractError(refusal.code, refusal.sentence);
  }
  return JSON.parse(utf8Decode(payload ?? new Uint8Array())) as Answer;
};

const withKey = async <T>(
  store: CustodianStore,
  use: (custodianSecretKey: Uint8Array) => Promise<T>,
): Promise<T> => {
  const secretKey = store.secretKey();
  try {
    return await use(secretKey);
  } finally {
    erase(secretKey);
  }
};

/** What of the scheme's refusals concerns the caller, in the ledger's codes. */
const sharesRefused = async <T>(use: () => Promise<T>): Promise<T> => {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    switch (error.code) {
      case 'TOO_FEW_ANSWERS':
      case 'BAD_ARGUMENT':
        throw new ContractError('ANSWERS_NOT_PROVEN', error.message);
      case 'WRONG_CONTEXT':
        throw new ContractError('CUSTODIAN_KEY_MISSING', error.message);
      default:
        throw new ContractError('SHARE_INVALID', "the custodian's share is not usable");
    }
  }
};
