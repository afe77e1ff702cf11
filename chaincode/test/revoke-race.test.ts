import { setTimeout as sleep } from 'node:timers/promises';
import { figure } from '../../test/support/figures';
import { privateKeys } from '../src/ledger/keys';
import { Clinic } from './support/clinic';
import { Consents, type MadeConsent, type Owner, type Reader, type SealedRecord } from './support/consents';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  type Person,
  refusalOf,
  VALLEY,
} from './support/health-network';

/**
 * A reader asks every agent without a pause while the owner revokes. An agent counts as knowing of the revocation from
 * when its own peer has delivered the block; whatever is asked afterwards has to be refused. A drill takes more
 * revocations (`MEDSEAL_REVOCATIONS`); a fifth of them happen while one agent's organisation is down.
 */

const REVOCATIONS = Number(process.env['MEDSEAL_REVOCATIONS'] ?? 30);
const AT_ONCE = 10;
const AGENTS = [LAKESIDE, MINISTRY, VALLEY];
const UP_MEANWHILE = [MINISTRY, CITY, LAKESIDE];

interface Ask {
  agent: string;
  /** The newest block that the agent's own peer was known to have when the question was sent. */
  knewBlock: number;
  endedAt: number;
  outcome: string;
}

interface Prepared {
  made: MadeConsent;
  receiptId: string;
}

interface Race {
  consentId: string;
  revokedIn: number;
  asks: Ask[];
  /** Blocks of receipts that became VALID meanwhile. */
  receiptsIn: number[];
  commitMs: number;
  /** From the block at the agent's own peer to its last answer, 0 if there was none any more; one an agent. */
  lastAnswerMs: number[];
}

let ledger: HealthNetwork;
let clinic: Clinic;
let consents: Consents;
let doctor: Person;
let reader: Reader;
let owner: Owner;
let record: SealedRecord;
/** The newest block of each agent's own peer, and when it came. */
const heights = new Map<string, { block: number; at: Map<number, number> }>();
const watches = new Map<string, { close(): void }>();

beforeAll(async () => {
  ledger = await HealthNetwork.start([...MSP_IDS, VALLEY]);
  clinic = new Clinic(ledger);
  await clinic.found();
  consents = new Consents(ledger, clinic);
  await consents.registerAgents();
  const author = await clinic.staff(LAKESIDE, 'doctor');
  doctor = await clinic.staff(CITY, 'doctor');
  reader = await consents.registerKey(doctor);
  owner = await consents.owner(LAKESIDE);
  record = await consents.record(author, owner);
  await Promise.all(AGENTS.map((agent) => watch(agent)));
});

afterAll(async () => {
  for (const events of watches.values()) events.close();
  await ledger?.stop();
});

/** Follows the blocks of an agent's own peer, from those already known. */
const watch = async (agent: string): Promise<void> => {
  const known = heights.get(agent) ?? { block: -1, at: new Map<number, number>() };
  heights.set(agent, known);
  const events = await ledger.blocks(clinic.service(agent), known.block + 1);
  watches.set(agent, events);
  void (async () => {
    try {
      for await (const block of events) {
        known.block = Number(block.getNumber());
        known.at.set(known.block, performance.now());
      }
    } catch {
      // The peer was stopped: the watch begins again with it.
    }
  })();
};

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await sleep(1);
};

/** `answered`, the contract's code, or `unreachable`. */
const outcomeOf = async (call: Promise<unknown>): Promise<string> => {
  let isAnswered = false;
  try {
    return (await refusalOf(call.then(() => (isAnswered = true)))).code;
  } catch {
    return isAnswered ? 'answered' : 'unreachable';
  }
};

const prepare = async (): Promise<Prepared> => {
  const made = await consents.activate({ owner, reader, agents: AGENTS }, AGENTS.slice(0, 2));
  const receipt = await consents.receipt(doctor, made.argument.consentId, [record.entry.recordId]);
  return { made, receiptId: receipt.receiptId };
};

const race = async ({ made, receiptId }: Prepared, asked: readonly string[]): Promise<Race> => {
  const { consentId } = made.argument;
  const asks: Ask[] = [];
  const receiptsIn: number[] = [];
  let revokedIn = Infinity;
  let isRevoked = false;

  const keepAsking = async (agent: string): Promise<void> => {
    for (let refusedKnowing = 0; refusedKnowing < 2;) {
      const knewBlock = heights.get(agent)!.block;
      const outcome = await outcomeOf(consents.ask(doctor, agent, { receiptId, record, terms: made.terms }));
      asks.push({ agent, knewBlock, endedAt: performance.now(), outcome });
      if (knewBlock >= revokedIn) refusedKnowing++;
    }
  };
  const keepReceipting = async (): Promise<void> => {
    while (!isRevoked) {
      const argument = { basis: 'consent', consentId, recordIds: [record.entry.recordId] };
      const outcome = await outcomeOf(
        ledger
          .submitWithId(doctor, 'access:receipt', [newDigest(), argument], { endorsers: UP_MEANWHILE })
          .then(({ blockNumber }) => receiptsIn.push(blockNumber)),
      );
      if (outcome === 'CONSENT_REVOKED') return;
    }
  };

  const readers = Promise.all([
    ...asked.flatMap((agent) => [agent, agent]).map(keepAsking),
    keepReceipting(),
  ]);
  await until(() => asked.every((agent) => asks.some((ask) => ask.agent === agent)));
  await sleep(Math.random() * 30);
  const began = performance.now();
  const { blockNumber } = await ledger.submitWithId(owner.person, 'consent:revoke', [consentId], {
    endorsers: UP_MEANWHILE,
  });
  const commitMs = performance.now() - began;
  revokedIn = blockNumber;
  isRevoked = true;
  await until(() => asked.every((agent) => heights.get(agent)!.block >= revokedIn));
  await readers;
  const lastAnswerMs = asked.map((agent) => {
    const ends = asks.filter((ask) => ask.agent === agent && ask.outcome === 'answered');
    return Math.max(
      0,
      Math.max(...ends.map(({ endedAt }) => endedAt)) - heights.get(agent)!.at.get(revokedIn)!,
    );
  });
  return { consentId, revokedIn, asks, receiptsIn, commitMs, lastAnswerMs };
};

/** The reader was served, and after the revocation nobody answered and no receipt became VALID. */
const judge = ({ asks, receiptsIn, revokedIn }: Race, asked: readonly string[]): void => {
  for (const agent of asked) {
    const own = asks.filter((ask) => ask.agent === agent);
    expect(own.some(({ outcome }) => outcome === 'answered')).toBe(true);
    const knowing = own.filter(({ knewBlock }) => knewBlock >= revokedIn);
    expect(knowing.length).toBeGreaterThan(1);
    expect(new Set(knowing.map(({ outcome }) => outcome))).toEqual(new Set(['CONSENT_REVOKED']));
  }
  expect(receiptsIn.filter((block) => block > revokedIn)).toEqual([]);
};

const inPortions = async (count: number, use: (portion: Prepared[]) => Promise<void>): Promise<void> => {
  for (let left = count; left > 0; left -= AT_ONCE)
    await use(await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, prepare)));
};

const purge = (agent: string, consentId: string) =>
  ledger.submit(clinic.service(agent), 'consent:purgeShare', [consentId], { endorsers: [agent] });

const report = (what: string, races: readonly Race[]): void => {
  const spread = (values: number[]) => {
    const sorted = values.toSorted((left, right) => left - right);
    const at = (share: number) => Math.round(10 * sorted[Math.floor((sorted.length - 1) * share)]!) / 10;
    return `p50 ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)}`;
  };
  const outcomes = races.flatMap(({ asks }) => asks.map(({ outcome }) => outcome));
  figure({
    what,
    revocations: races.length,
    answered: outcomes.filter((outcome) => outcome === 'answered').length,
    refused: outcomes.filter((outcome) => outcome === 'CONSENT_REVOKED').length,
    receipts: races.reduce((sum, { receiptsIn }) => sum + receiptsIn.length, 0),
    'revocation signed to VALID, ms': spread(races.map(({ commitMs }) => commitMs)),
    "block at an agent's peer to its last answer in flight, ms": spread(
      races.flatMap(({ lastAnswerMs }) => lastAnswerMs),
    ),
  });
};

const DOWN = Math.max(1, Math.floor(REVOCATIONS / 5));

test(`from its commit on no agent answers, ${REVOCATIONS - DOWN} times`, async () => {
  const races: Race[] = [];
  await inPortions(REVOCATIONS - DOWN, async (portion) => {
    for (const prepared of portion) {
      const run = await race(prepared, AGENTS);
      judge(run, AGENTS);
      races.push(run);
    }
  });
  report('all agents up', races);
}, 3_600_000);

test(`it counts at once while an agent is down, ${DOWN} times, and that agent purges when it is back`, async () => {
  const up = AGENTS.filter((agent) => agent !== VALLEY);
  const share = (agent: string, consentId: string) =>
    ledger.evaluate<Record<string, string | null>>(clinic.service(agent), 'registry:getPrivate', [
      [privateKeys.share(consentId)],
    ]);
  const races: Race[] = [];
  await inPortions(DOWN, async (portion) => {
    watches.get(VALLEY)?.close();
    ledger.network.stopPeer(VALLEY);
    const runs: Race[] = [];
    for (const prepared of portion) {
      const run = await race(prepared, up);
      judge(run, up);
      runs.push(run);
      for (const agent of up) {
        await purge(agent, run.consentId);
        expect(Object.values(await share(agent, run.consentId))).toEqual([null]);
      }
      expect(await outcomeOf(purge(VALLEY, run.consentId))).toBe('unreachable');
    }
    await ledger.network.startPeer(VALLEY);
    await watch(VALLEY);
    await until(() => heights.get(VALLEY)!.block >= runs.at(-1)!.revokedIn);
    for (const [at, { made, receiptId }] of portion.entries()) {
      const { consentId } = made.argument;
      expect(Object.values(await share(VALLEY, consentId))).toEqual([expect.any(String)]);
      const asked = consents.ask(doctor, VALLEY, { receiptId, record, terms: made.terms });
      expect(await outcomeOf(asked)).toBe('CONSENT_REVOKED');
      await purge(VALLEY, runs[at]!.consentId);
      expect(Object.values(await share(VALLEY, consentId))).toEqual([null]);
    }
    races.push(...runs);
  });
  report('one agent down', races);
}, 3_600_000);
