import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AuditedKind, AuditEntry, AuditParametersEntry } from '@medseal/chaincode';
import { fromBase64, mclEngine, type PairingEngine, sha256Hex, toBase64 } from '@medseal/crypto';
import { Clinic } from '../../chaincode/test/support/clinic';
import {
  CITY,
  HealthNetwork,
  LAKESIDE,
  MINISTRY,
  MSP_IDS,
  newDigest,
  newId,
  type Person,
} from '../../chaincode/test/support/health-network';
import { type AuditedRecord, Integrity, type Signer } from '../../chaincode/test/support/integrity';
import { blockFrames } from '../../test/support/blocks';
import { readAuditQuestion } from '../src/verify/audit-arguments';
import { judgeFile, judgeProof } from '../src/verify/audit-judge';
import { type AuditAct, ExportedLedger } from '../src/verify/exported-ledger';

const COMMAND = resolve(__dirname, '../bin/medseal-audit.cjs');
const MINUTE = 60_000;

/** One chain of blocks with audits that ended in every way, and what the cloud holds of two records. */
describe('audits verified by anybody, from exported blocks', () => {
  let network: HealthNetwork;
  let clinic: Clinic;
  let integrity: Integrity;
  let engine: PairingEngine;
  let record: AuditedRecord;
  let other: AuditedRecord;
  let blocks: string;
  let ledger: ExportedLedger;
  const audits: Record<string, AuditEntry> = {};

  const inFile = (name: string, bytes: Uint8Array): string => {
    const file = join(network.directory, name);
    writeFileSync(file, bytes);
    return file;
  };
  const command = (...args: string[]) =>
    new Promise<{ status: number; answer: Record<string, unknown>; stderr: string }>((done) => {
      execFile(COMMAND, args, (error, stdout, stderr) =>
        done({
          status: error === null ? 0 : Number(error.code),
          answer: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>),
          stderr,
        }),
      );
    });
  /** Blocks that say what a test wants them to say, past what their signatures would show. */
  class Forged extends ExportedLedger {
    act: (act: AuditAct) => Partial<AuditAct> = () => ({});
    parameters: Partial<AuditParametersEntry> = {};

    override auditActs(auditId: string): readonly AuditAct[] {
      return super.auditActs(auditId).map((act) => ({ ...act, ...this.act(act) }));
    }

    override async auditParameters(version: number) {
      const fact = (await super.auditParameters(version))!;
      return { ...fact, entry: { ...fact.entry, ...this.parameters } };
    }
  }
  let forged: Forged;
  const proofJudged = (audit: AuditEntry, on = ledger, of = record) =>
    judgeProof(on, engine, {
      auditId: audit.auditId,
      ...(audit.kind === 'sanitized' && { signedFile: of.stored.sanitized.signedFile }),
    });
  const fileJudged = (changed: Partial<Parameters<typeof judgeFile>[2]> = {}, on = ledger) =>
    judgeFile(on, engine, {
      recordId: record.entry.recordId,
      version: 1,
      kind: 'sanitized',
      object: record.stored.sanitized.content,
      signedFile: record.stored.sanitized.signedFile,
      ...changed,
    });

  beforeAll(async () => {
    engine = await mclEngine();
    network = await HealthNetwork.start();
    clinic = new Clinic(network);
    await clinic.found();
    integrity = new Integrity(network, clinic);
    await integrity.registerAgents();
    const ministry = clinic.service(MINISTRY);
    await integrity.put(ministry, await integrity.ceremony(ministry, 1, MSP_IDS));
    for (const mspId of MSP_IDS) await integrity.deposit(ministry, 1, mspId);
    const recordSteps = ['blind', 'sanitize', 'upload', 'attest', 'chain'];
    await network.submit(clinic.manager, 'registry:setParameters', [{ policyVersion: 2, recordSteps }]);
    const people = {
      sanitizer: await clinic.staff(CITY, 'sanitizer'),
      verifier: await clinic.staff(CITY, 'verifier'),
    };
    const patient = await clinic.registerPatient(CITY);
    const signer: Signer = await integrity.signer(await integrity.doctor(CITY), [CITY, MINISTRY]);
    record = await integrity.audited(signer, patient, people);
    other = await integrity.audited(signer, patient, people);
    const auditor = await clinic.staff(LAKESIDE, 'auditor');
    const prover = clinic.service(CITY);
    const revealed = (kind: AuditedKind) => integrity.revealed(auditor, record, kind);
    const proven = async (
      kind: AuditedKind,
      proofOf = (audit: AuditEntry): Promise<Uint8Array | string> => integrity.proofOf(record, audit),
      transient = kind === 'sealed' ? {} : integrity.replacedSetOf(record),
    ) => {
      const audit = await revealed(kind);
      return integrity.prove(prover, audit, await proofOf(audit), transient);
    };
    audits['sealed'] = await proven('sealed');
    audits['sanitized'] = await proven('sanitized');
    audits['of another'] = await proven('sanitized', (audit) => integrity.proofOf(other, audit));
    audits['malformed'] = await proven('sealed', async () => 'no proof!');
    audits['given up'] = await proven('sealed', async () => '');
    audits['replaced set'] = await proven('sanitized', undefined, {});
    audits['unproven'] = await revealed('sealed');
    audits['open'] = await integrity.openAudit(auditor, record.entry, 'sealed');
    await expired(auditor, prover);
    blocks = join(network.directory, 'exported');
    mkdirSync(blocks);
    for (const { number, block } of blockFrames(join(network.directory)))
      writeFileSync(join(blocks, `${number}.block`), block.serializeBinary());
    ledger = new ExportedLedger(blocks);
    forged = new Forged(blocks);
  }, 120_000);

  const expired = async (auditor: Person, service: Person): Promise<void> => {
    const unanswered = await integrity.openAudit(auditor, record.entry, 'sealed');
    network.advanceTime(91 * MINUTE);
    audits['expired'] = await integrity.expire(service, audits['unproven']!.auditId);
    audits['aborted'] = await integrity.expire(service, unanswered.auditId);
  };

  afterAll(async () => network?.stop());

  test('a stored proof holds: every step recomputed, in either engine', async () => {
    expect(ledger.invalid).toEqual([]);
    const { auditId, recordId } = audits['sealed']!;
    const anchored = ['--blocks', blocks, '--genesis', ledger.genesisHash];
    expect(await command('proof', auditId, ...anchored)).toEqual({
      status: 0,
      stderr: '',
      answer: {
        kind: 'proof',
        verdict: 'valid',
        reasons: [],
        auditId,
        of: { recordId, version: 1, kind: 'sealed', blocks: 10, size: 10 },
        ledger: { status: 'intact', reason: null },
        recomputed: { status: 'intact', reason: null },
        transactionId: expect.stringMatching(/^[0-9a-f]{64}$/),
        blockNumber: expect.any(Number),
        asOfBlock: ledger.height - 1,
        genesisHash: ledger.genesisHash,
        firstInvalid: null,
      },
    });
    const signedFile = inFile('signed', record.stored.sanitized.signedFile);
    const ofSanitised = ['proof', audits['sanitized']!.auditId, '--blocks', blocks];
    expect(await readAuditQuestion(ofSanitised).ask(ledger)).toMatchObject({
      verdict: 'unknown',
      reasons: [expect.stringContaining('give its signed file with --signed-file')],
    });
    const withNoble = await command(...ofSanitised, '--signed-file', signedFile, '--engine', 'noble');
    expect([withNoble.status, withNoble.answer['verdict'], withNoble.stderr]).toEqual([
      0,
      'valid',
      expect.stringContaining(`compare its hash ${ledger.genesisHash}`),
    ]);
  });

  test('a proof that failed is not valid, and the ledger is confirmed; without a proof there is nothing to tell', async () => {
    for (const [name, reason] of [
      ['of another', 'does not hold'],
      ['malformed', 'malformed'],
      ['expired', 'no proof'],
      ['given up', 'no proof'],
    ] as const) {
      const failed = { status: 'failed', reason };
      expect(await proofJudged(audits[name]!)).toMatchObject({
        verdict: 'invalid',
        ledger: failed,
        recomputed: failed,
        reasons: [`The audit is failed (${reason}).`],
      });
    }
    for (const [name, why] of [
      ['replaced set', 'that set is not on the ledger'],
      ['open', 'The audit is opened: there is no proof'],
      ['aborted', 'The audit is aborted (no contribution): there is no proof'],
    ] as const)
      expect(await proofJudged(audits[name]!)).toMatchObject({
        verdict: 'unknown',
        recomputed: null,
        reasons: [expect.stringContaining(why)],
      });
    expect(await judgeProof(ledger, engine, { auditId: newDigest() })).toMatchObject({
      verdict: 'unknown',
      of: null,
      reasons: ['The ledger has no such audit.'],
    });
    const foreign = await proofJudged(audits['sanitized']!, ledger, other);
    expect([foreign.verdict, foreign.reasons]).toEqual([
      'unknown',
      [expect.stringContaining('--signed-file is of another file')],
    ]);
  });

  /** Adversary: endorsers who agreed on a verdict that the transactions do not give. */
  test('another verdict than the transactions give is found, whatever part of them it is about', async () => {
    const { auditId } = audits['sanitized']!;
    const claimed = audits['of another']!;
    const judged = async (name: string, change: (act: AuditAct) => Partial<AuditAct>, audit = auditId) => {
      forged.act = (act) => (act.functionName === `integrity:${name}` ? change(act) : {});
      return proofJudged({ ...audits['sanitized']!, auditId: audit }, forged);
    };
    const saysIntact = await judged(
      'prove',
      ({ entry }) => ({ entry: { ...entry, status: 'intact', reason: null } }),
      claimed.auditId,
    );
    expect(saysIntact).toMatchObject({
      verdict: 'invalid',
      reasons: [
        'The ledger says intact, the proof failed (does not hold).',
        'The audit is failed (does not hold).',
      ],
    });
    const last = ledger.auditActs(auditId).at(-1)!;
    const proof = Buffer.from(fromBase64(last.args[1]!));
    proof[proof.length - 1]! ^= 1;
    const flipped = await judged('prove', ({ args }) => ({ args: [args[0]!, toBase64(proof)] }));
    expect(flipped.recomputed).toEqual({ status: 'failed', reason: 'does not hold' });
    const { entry } = last;
    for (const [changed, what] of [
      [{ size: entry.size - 1 }, 'blocks were challenged'],
      [{ seed: newDigest() }, 'the seed is not what'],
      [{ tagHash: newDigest() }, "the tag is not the record's"],
      [{ hospital: LAKESIDE }, "the hospital is not the record's"],
      [{ kind: 'sealed' }, 'opened for another file'],
      [{ blocks: 1 }, 'the number of blocks'],
    ] as const) {
      const of = await judged('prove', () => ({ entry: { ...entry, ...changed } as AuditEntry }));
      expect([of.verdict, of.reasons[0]]).toEqual(['invalid', expect.stringContaining(what)]);
    }
    for (const [name, change, what] of [
      ['reveal', { args: [auditId, newDigest()] }, 'not the one committed to'],
      ['contribute', { args: [auditId, newDigest()] }, 'the seed is not what'],
      ['contribute', { submitter: LAKESIDE }, 'no third organisation'],
      ['openAudit', { submitter: CITY }, "from the record's own hospital"],
      ['openAudit', { transactionId: newDigest() }, 'the id is not that of the transaction'],
    ] as const) {
      const { verdict, reasons } = await judged(name, () => change);
      expect([verdict, reasons]).toEqual([
        'invalid',
        expect.arrayContaining([expect.stringContaining(what)]),
      ]);
    }
    const late = await judged('prove', () => ({ at: new Date(8.64e15).toISOString() }));
    expect([late.verdict, late.reasons]).toEqual(['unknown', [expect.stringContaining('came after')]]);
  });

  test('a whole file holds, or everything is named that does not', async () => {
    const { sanitized, sealed } = record.stored;
    const { recordId, integrity: part } = record.entry;
    const [object, signedFile] = [inFile('object', sanitized.content), inFile('file', sanitized.signedFile)];
    const args = ['file', recordId, '--version', '1', '--kind', 'sanitized', '--blocks', blocks];
    const whole = readAuditQuestion([...args, '--object', object, '--signed-file', signedFile]);
    expect(await whole.ask(ledger)).toMatchObject({
      kind: 'file',
      verdict: 'valid',
      reasons: [],
      of: { recordId, version: 1, kind: 'sanitized' },
      signer: { mspId: CITY, subject: record.signer.subject, keyEpoch: 1 },
    });
    const flipped = sanitized.content.map((byte, at) => (at === 200 ? byte ^ 1 : byte));
    const altered = await command(
      ...args,
      '--object',
      inFile('flipped', flipped),
      '--signed-file',
      signedFile,
    );
    expect([altered.status, altered.answer['reasons']]).toEqual([
      1,
      [
        `object: its SHA-256 is not the address ${part!.sanitized!.object.digest} on the ledger.`,
        'digest: the stored object is not the one of the tag.',
        'authenticators: the authenticators of these of the 5 blocks do not hold: 1.',
      ],
    ]);
    const reasonsOf = async (changed: Parameters<typeof fileJudged>[0]) =>
      (await fileJudged(changed)).reasons;
    expect(await reasonsOf({ object: sanitized.content.subarray(0, 500) })).toEqual([
      "object: it has 500 bytes, and the ledger's 530.",
      expect.stringMatching(/^digest: /),
      expect.stringMatching(/^authenticators: .*: 4\.$/),
    ]);
    expect(await reasonsOf({ ...other.stored.sanitized, object: other.stored.sanitized.content })).toEqual([
      expect.stringMatching(/^signed file: its SHA-256/),
      'tag: the signed file has another tag than the ledger.',
      'tag: the tag is of another record or version.',
    ]);
    const wrongSigned = Buffer.from(sanitized.signedFile);
    wrongSigned[wrongSigned.length - 1]! ^= 1;
    expect(await reasonsOf({ signedFile: wrongSigned })).toEqual([
      expect.stringMatching(/^signed file: its SHA-256/),
      expect.stringMatching(/^authenticators: .*: 4\.$/),
    ]);
    expect(await reasonsOf({ signedFile: new Uint8Array(7) })).toHaveLength(2);
    // The contract's tests seal no bytes: the address is of none, and all else holds.
    expect(
      await reasonsOf({ kind: 'sealed', object: sealed.content, signedFile: sealed.signedFile }),
    ).toEqual([expect.stringMatching(/^object: its SHA-256 is not the address/)]);
    expect(await fileJudged({ version: 2 })).toMatchObject({
      verdict: 'unknown',
      reasons: ['The ledger has no such version of a record.'],
    });
  });

  /** Adversary: endorsers who put parameters of their own, with a master key that they know. */
  test('the master public key is the one that the ministry signed, or nothing is told', async () => {
    const foreign = await integrity.ceremony(clinic.service(LAKESIDE), 1, MSP_IDS);
    const digest = sha256Hex(fromBase64(foreign.parameters));
    const { certificate } = clinic.service(MINISTRY);
    const judged = async (changed: Partial<AuditParametersEntry>) => {
      forged.act = () => ({});
      forged.parameters = changed;
      const { verdict, reasons } = await proofJudged(audits['sealed']!, forged);
      expect([(await fileJudged({}, forged)).verdict, verdict]).toEqual(['unknown', 'unknown']);
      return reasons[0];
    };
    const why = (what: string) =>
      expect.stringContaining(`The master public key of version 1 is not the ministry's: ${what}`);
    const keys = { parameters: foreign.parameters, digest };
    expect(await judged({ ...foreign, digest, mspId: LAKESIDE })).toEqual(why('LakesideMSP put it'));
    expect(await judged({ ...foreign, digest })).toEqual(why('the certificate does not chain'));
    expect(await judged({ ...keys, certificate })).toEqual(why("the signature of the ministry's service"));
    expect(await judged({ ...keys, digest: newDigest() })).toEqual(why('digest or version'));
    expect(await judged({ version: 2 })).toEqual(why('digest or version'));
  });

  test('one altered byte of any block is enough to tell nothing', async () => {
    const folder = join(network.directory, 'altered');
    mkdirSync(folder);
    for (const file of readdirSync(blocks)) copyFileSync(join(blocks, file), join(folder, file));
    const { blockNumber, args } = ledger.auditActs(audits['sealed']!.auditId).at(-1)!;
    const target = join(folder, `${blockNumber}.block`);
    const bytes = readFileSync(target);
    bytes[bytes.indexOf(args[1]!) + 600]! ^= 1;
    writeFileSync(target, bytes);
    const altered = await command('proof', audits['sealed']!.auditId, '--blocks', folder);
    expect([altered.status, altered.answer]).toEqual([
      2,
      expect.objectContaining({
        verdict: 'unknown',
        reasons: [expect.stringContaining(`block ${blockNumber}`)],
        firstInvalid: expect.objectContaining({ kind: 'block', id: String(blockNumber) }),
      }),
    ]);
    expect(new ExportedLedger(blocks, 'ab'.repeat(32)).invalid[0]).toMatchObject({ kind: 'block', id: '0' });
  });

  test('what is asked wrongly is said, with the argument and what it must be', async () => {
    const { auditId } = audits['sealed']!;
    const file = ['file', newId(), '--blocks', blocks];
    const named = [...file, '--version', '1', '--kind', 'sealed'];
    for (const [args, what] of [
      [[], 'usage: medseal-audit'],
      [['proof'], 'usage: medseal-audit'],
      [['proof', auditId], '--blocks is missing: name the folder'],
      [['proof', 'ab', '--blocks', blocks], 'the audit id must be 64 lower-case hex'],
      [['proof', auditId, '--blocks', blocks, '--genesis', 'x'], '--genesis must be 64'],
      [['proof', auditId, '--blocks', blocks, '--engine', 'other'], '--engine must be mcl or noble'],
      [['proof', auditId, '--blocks', blocks, '--wrong'], "Unknown option '--wrong'"],
      [['file', 'ab', '--blocks', blocks], 'the record id must be 32'],
      [file, '--version must be a whole number'],
      [[...file, '--version', '1', '--kind', 'other'], '--kind must be sealed or sanitized'],
      [named, '--object is missing'],
      [[...named, '--object', join(blocks, 'none')], 'cannot be read'],
    ] as const)
      expect(() => readAuditQuestion([...args])).toThrow(what);
    const { status, answer, stderr } = await command('proof', auditId, '--blocks', join(blocks, 'none'));
    expect([status, answer, stderr]).toEqual([
      2,
      {},
      expect.stringMatching(/^medseal-audit: .* name the folder of the blocks/),
    ]);
  });
});
