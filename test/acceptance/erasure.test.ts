import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peer } from '@hyperledger/fabric-protos';
import {
  type DocumentStatement,
  type ErasureCertificate,
  MedsealClient,
  PatientDevice,
  ProblemError,
} from '@medseal/client';
import { decodeHeader, headerDigest, openAsRecipient } from '@medseal/crypto';
import { completeRecord } from '../support/complete-record';
import { contentOf, filesBelow } from '../support/files';
import { figure } from '../support/figures';
import { startPaper } from '../support/fixture';
import { KeyedScan } from '../support/keyed-scan';
import { digitMarker, marker, MarkerScan } from '../support/markers';
import { can, testIf } from '../support/network';
import type { Product } from '../support/product';

/** Patients with markers of their own; the drill erases more. */
const PATIENTS = Number(process.env['MEDSEAL_ERASURES'] ?? 1);
const ORGANIZATIONS = ['CityMSP', 'LakesideMSP', 'MinistryMSP'];
const PASSWORD = 'a password of the patient';
const PASSPHRASE = 'a passphrase of the patient';
/** LevelDB writes its files anew some time after a purge. */
const SETTLED_WITHIN_MS = 30_000;

/** Transient fields that a peer keeps as they are, or a gateway has in its database until they are sent. */
const SEALED_FIELDS = new Set(['private', 'share', 'delivery', 'request']);
const NEEDLE_BYTES = 24;

interface Planted {
  registrationNo: string;
  ledgerId: string;
  values: Record<string, string>;
  records: string[];
  consentId: string;
  /** What the reader under the consent holds. */
  receiptId: string;
  statement: DocumentStatement;
  client: MedsealClient;
  device: PatientDevice;
}

/**
 * Adversary: whoever has every disk (peers' blocks, tables and logs, gateway's database with its write-ahead log, objects)
 * and every key that organisations keep. Before an erasure their keys open what was planted; afterwards the keys that
 * remain open none of it, and of the bytes that were given to anybody none is left, whatever key they had.
 */
describe('erasure, to the last byte', () => {
  const captureFile = path.join(process.env['TMPDIR'] ?? '/tmp', `medseal-erasure-${process.pid}.jsonl`);
  const patients: Planted[] = [];
  let product: Product;
  let city: MedsealClient;
  let before: Scanned;
  let keysBefore: Record<string, Buffer>;
  let objectsBefore: string[];
  let needles: Buffer[];
  const certificates: ErasureCertificate[] = [];

  beforeAll(async () => {
    product = await startPaper({ environment: { MEDSEAL_CAPTURE: captureFile } });
    city = await product.as('administrator', 'city');
    objectsBefore = objects();
    const captured = captureSize();
    for (let count = 0; count < PATIENTS; count++) patients.push(await plant(count));
    if (!can('captureProposals')) return;
    needles = needlesOf(readFileSync(captureFile).subarray(captured));
    keysBefore = keysOf();
    before = scan(keysBefore);
  }, 600_000);

  afterAll(async () => {
    await product?.stop();
    product?.remove();
    rmSync(captureFile, { force: true });
  }, 60_000);

  const captureSize = (): number => (can('captureProposals') ? statSync(captureFile).size : 0);

  const plant = async (count: number): Promise<Planted> => {
    const given = {
      name: marker('patientName'),
      birthDate: '1931-07-23',
      contactNo: digitMarker(),
      email: `${marker('mail')}@example.org`,
      address: marker('street'),
      guardian: { name: marker('guardianName'), relationship: marker('relation'), contactNo: digitMarker() },
    };
    const texts = { note: marker('note'), disease: marker('disease'), problem: marker('problem') };
    const reasons = { reason: marker('reason'), elsewhere: marker('elsewhere') };
    const written = {
      effectiveDate: '2026-05-01',
      disease: texts.disease,
      document: { progressNotes: [{ text: texts.note }], problems: [{ text: texts.problem }] },
    };
    const made = await city.createPatient(given);
    const { registrationNo, ledgerId } = made;
    const visit = async (by: MedsealClient, doctorId: string, reason: string, card?: string) =>
      by.openEncounter(registrationNo, {
        class: 'AMB',
        doctorId,
        reason,
        period: { start: '2026-05-01T09:00:00Z' },
        ...(card === undefined ? {} : { card }),
      });
    const [author, reader] = [await product.as('sundar'), await product.as('rajini')];
    const lakeside = await product.as('administrator', 'lakeside');
    const subjectOf = (username: string): string => product.user(username).subject;
    const opened = await visit(city, subjectOf('sundar'), reasons.reason);
    await visit(lakeside, subjectOf('rajini'), reasons.elsewhere, made.card?.code ?? '');
    // One while the patient has no keys, one at the other hospital, one that is amended, one sensitive.
    const records: string[] = [];
    const write = async (by: MedsealClient, more: object = {}): Promise<string> => {
      const { recordId } = await by.writeRecord({ registrationNo, ...written, ...more });
      await completeRecord(product, by, recordId);
      records.push(recordId);
      return recordId;
    };
    await write(author);
    const username = `planted${count}`;
    const client = new MedsealClient(product.url);
    const { device } = await PatientDevice.activate(client, {
      organization: 'city',
      activationCode: made.activationCode ?? '',
      username,
      password: PASSWORD,
      passphrase: PASSPHRASE,
    });
    await client.login('city', username, PASSWORD);
    await write(reader);
    const read = await write(author, { recordType: 'OPConsultation' });
    await write(author, { scope: 'sensitive' });
    await city.closeEncounter(registrationNo, opened.id);
    await city.changePatient(registrationNo, { address: `${given.address} b` });

    const terms = {
      purpose: 'CAREMGT' as const,
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
      dataEraseAt: '2039-01-01T00:00:00.000Z',
    };
    const expiresAt = '2038-01-01T00:00:00.000Z';
    const asked = await reader.requestConsent({ registrationNo, ...terms, expiresAt });
    const requestId = await until(async () =>
      (await client.consentRequests()).items.some((one) => one.requestId === asked.requestId)
        ? asked.requestId
        : undefined,
    );
    const grantee = { kind: 'person' as const, id: subjectOf('rajini'), mspId: 'LakesideMSP' };
    const wish = { grantee, scopes: ['general' as const], terms, expiresAt };
    const body = await device.makeConsent(client, { ...wish, requestId });
    await device.signConsent(client, body);
    const { consentId } = body.fields;
    // Asked again, and not answered.
    await reader.requestConsent({ registrationNo, ...terms, expiresAt });
    const answer = await until(() => openedUnder(reader, read, consentId));
    await until(async () => ((await client.consentRequests()).items.length >= 2 ? true : undefined));
    await author.report();
    return {
      registrationNo,
      ledgerId,
      records,
      consentId,
      receiptId: answer.receipt.receiptId,
      statement: answer.statement,
      client,
      device,
      values: {
        'patient.name': given.name,
        'patient.contactNo': given.contactNo,
        'patient.email': given.email,
        'patient.address': given.address,
        'guardian.name': given.guardian.name,
        'guardian.relationship': given.guardian.relationship,
        'guardian.contactNo': given.guardian.contactNo,
        'encounter.reason': reasons.reason,
        'encounter.elsewhere': reasons.elsewhere,
        disease: texts.disease,
        note: texts.note,
        problem: texts.problem,
        registrationNo,
      },
    };
  };

  /** Undefined until everything that the reader needs has been handed over. */
  const openedUnder = async (
    reader: MedsealClient,
    recordId: string,
    consentId: string,
  ): Promise<{ receipt: { receiptId: string }; statement: DocumentStatement } | undefined> => {
    try {
      const path = `/records/${recordId}/open`;
      const { body } = await reader.http.request<{
        receipt: { receiptId: string };
        statement: DocumentStatement;
      }>('POST', path, {
        body: { purpose: 'TREATMENT', consentId },
        query: { decrypt: 'true', statement: 'true' },
      });
      return body;
    } catch (error) {
      if (error instanceof ProblemError && /PENDING$|^CONSENT_NOT_ACTIVE$/.test(error.code)) return undefined;
      throw error;
    }
  };

  const until = async <Result>(look: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(200);
    }
  };

  const stored = (): string[] =>
    filesBelow(product.folder).filter((file) => !/demo(-progress)?\.json$/.test(file));
  const objects = (): string[] =>
    filesBelow(path.join(product.folder, 'objects')).filter((file) => /[0-9a-f]{64}$/.test(file));

  /** Every secret of 32 bytes in the organisations' keystores. */
  const keysOf = (): Record<string, Buffer> =>
    Object.fromEntries(
      ORGANIZATIONS.flatMap((mspId) => {
        const folder = path.join(product.folder, 'gateway', mspId, 'keystore');
        const files = readdirSync(folder, { recursive: true }).map(String);
        return files
          .filter((file) => statSync(path.join(folder, file)).size === 32)
          .map((file) => [`${mspId}/${file}`, readFileSync(path.join(folder, file))]);
      }),
    );

  interface Scanned {
    /** `patient.name with CityMSP/erasure/…`. */
    opened: Set<string>;
    /** `database: patient.name`. */
    plain: Set<string>;
    bytes: number;
  }

  const scan = (keys: Record<string, Buffer>): Scanned => {
    const markers = patients.map(({ values }) => new MarkerScan(values));
    const hitsOf = (bytes: Buffer): string[] => markers.flatMap((one) => one.hits(bytes));
    const keyed = new KeyedScan(keys);
    const opened = new Set<string>();
    const plain = new Set<string>();
    let bytes = 0;
    for (const file of stored()) {
      const content = contentOf(file);
      bytes += content.length;
      for (const hit of hitsOf(content)) plain.add(`${path.relative(product.folder, file)}: ${hit}`);
      for (const { key, plaintext } of keyed.find(content)) {
        const text = plaintext.toString('latin1');
        for (const { values } of patients) {
          for (const [name, value] of Object.entries(values)) {
            if (text.includes(value)) opened.add(`${name} with ${key.replace(/[0-9a-f]{32}$/, '…')}`);
          }
        }
      }
    }
    return { opened, plain, bytes };
  };

  /** Planted values in records that a custodian's key opens, whatever the ledger says about them. */
  const openedByCustodians = async (keys: Record<string, Buffer>): Promise<string[]> => {
    const found: string[] = [];
    for (const file of objects()) {
      const bytes = readFileSync(file);
      const header = (() => {
        try {
          return decodeHeader(bytes);
        } catch {
          return undefined;
        }
      })();
      const sealed = objects().find((one) => header !== undefined && one.endsWith(header.sealedDigest));
      if (header === undefined || sealed === undefined) continue;
      const { record, sealedDigest, dekCommitment } = header;
      const facts = { record, sealedDigest, dekCommitment, headerDigest: headerDigest(bytes) };
      for (const mspId of ORGANIZATIONS) {
        const secretKey = keys[`${mspId}/custodian.key`];
        if (secretKey === undefined) continue;
        try {
          const recipient = { kind: 'custodian' as const, id: mspId, secretKey };
          const plaintext = await openAsRecipient({
            sealed: readFileSync(sealed),
            header: bytes,
            facts,
            recipient,
          });
          const text = Buffer.from(plaintext).toString();
          for (const { values } of patients)
            for (const [name, value] of Object.entries(values)) if (text.includes(value)) found.push(name);
        } catch {
          // Not for this custodian.
        }
      }
    }
    return [...new Set(found)].sort();
  };

  /** Which of the bytes that peers were given, sealed to whomever, lie in a file; by their place. */
  const leftOf = (wanted: readonly Buffer[]): string[] =>
    stored().flatMap((file) => {
      const content = contentOf(file);
      const count = wanted.filter((needle) => content.includes(needle)).length;
      return count === 0 ? [] : [`${path.relative(product.folder, file)}: ${count}`];
    });

  testIf('captureProposals')(
    'before: the erasure keys find every field, wherever it lies; the custodian’s the record of one without keys',
    async () => {
      expect([...before.plain]).toEqual([]);
      const found = (mspId: string) =>
        new Set(
          [...before.opened]
            .filter((hit) => hit.endsWith(`with ${mspId}/erasure/…`))
            .map((hit) => hit.split(' ')[0]),
        );
      expect([...found('CityMSP')]).toEqual(
        expect.arrayContaining([
          'patient.name',
          'patient.contactNo',
          'patient.email',
          'patient.address',
          'guardian.name',
          'guardian.relationship',
          'guardian.contactNo',
          'encounter.reason',
          'disease',
          'registrationNo',
        ]),
      );
      expect([...found('LakesideMSP')]).toEqual(
        expect.arrayContaining(['encounter.elsewhere', 'disease', 'registrationNo', 'patient.name']),
      );
      // The gateways' own rows: kept answers, requests that were made.
      expect([...before.opened].some((hit) => hit.endsWith('with LakesideMSP/database.key'))).toBe(true);
      expect(await openedByCustodians(keysBefore)).toEqual(['disease', 'note', 'problem']);
      expect(needles.length).toBeGreaterThan(20);
      expect(leftOf(needles).length).toBeGreaterThan(2);
      expect(objects().length - objectsBefore.length).toBeGreaterThanOrEqual(PATIENTS * 8);
    },
    120_000,
  );

  test('erased: every organisation attests', async () => {
    const began = performance.now();
    for (const [at, { registrationNo, ledgerId, client, device }] of patients.entries()) {
      if (at % 2 === 0) await city.erasePatient(registrationNo);
      else await device.requestErasure(client, registrationNo);
      certificates.push(
        await until(async () => {
          const certificate = await new MedsealClient(product.url).erasureCertificate(ledgerId);
          return certificate.status === 'erased' ? certificate : undefined;
        }),
      );
    }
    figure({ erasedPatients: PATIENTS, milliseconds: Math.round(performance.now() - began) });
    for (const { attestations } of certificates)
      expect(attestations.map(({ organization }) => organization)).toEqual(ORGANIZATIONS);
    expect(objects()).toEqual(objectsBefore);
  }, 600_000);

  testIf('captureProposals')(
    'afterwards: the keys that remain find nothing, nor would the destroyed ones; no byte that was given out is left',
    async () => {
      const keysAfter = keysOf();
      const gone = Object.keys(keysBefore).filter((name) => !(name in keysAfter));
      expect(gone.length).toBeGreaterThanOrEqual(PATIENTS * 2);
      const deadline = performance.now() + SETTLED_WITHIN_MS;
      for (;;) {
        const left = leftOf(needles);
        if (left.length > 0 && performance.now() < deadline) {
          await sleep(500);
          continue;
        }
        expect(left).toEqual([]);
        break;
      }
      // None of the keys that remain is a new one: those from before are all that there are.
      expect(Object.keys(keysAfter).filter((name) => !keysBefore[name]?.equals(keysAfter[name]!))).toEqual(
        [],
      );
      const after = scan(keysBefore);
      expect([[...after.opened], [...after.plain]]).toEqual([[], []]);
      expect(await openedByCustodians(keysBefore)).toEqual([]);
      const keys = Object.keys(keysBefore).length;
      figure({ scannedBytes: after.bytes, keys, givenValues: needles.length });
    },
    300_000,
  );

  test('and yet: chains verify, the report says erased, the certificates hold', async () => {
    // The scans held up this process: what the server closed meanwhile is noticed first.
    await sleep(200);
    const manager = await product.as('administrator', 'ministry');
    const walked = await manager.verify();
    expect([walked.chainValid, walked.invalidCount]).toEqual([true, 0]);
    const report = await city.report({ limit: 200 });
    expect([report.chainValid, report.firstInvalid]).toEqual([true, null]);
    const anybody = new MedsealClient(product.url);
    for (const [at, { records, receiptId, consentId, statement }] of patients.entries()) {
      const rows = report.rows.filter(({ recordId }) => records.includes(recordId));
      expect(rows).toHaveLength(records.length);
      for (const row of rows) expect(row).toMatchObject({ erased: true, patient: null, prevHashValid: true });
      const receipt = {
        format: 'medseal/receipt/1' as const,
        channel: 'health',
        receiptId,
        reader: product.user('rajini').subject,
        organization: 'LakesideMSP',
        basis: 'consent',
        consentId,
        recordIds: [records[2]!],
      };
      expect((await anybody.verifyStatement(certificates[at]!)).verdict).toBe('valid');
      expect((await anybody.verifyStatement(receipt)).verdict).toBe('erased');
      expect((await anybody.verifyStatement(statement)).verdict).toBe('erased');
    }
  }, 120_000);

  test('a scan that finds nothing would find something', () => {
    const { values } = patients[0]!;
    const key = createHash('sha256').update('a key').digest();
    expect(new KeyedScan({ key }).find(sealed(key, JSON.stringify(values)))).toHaveLength(1);
    const text = '{"a":"rather more"}';
    const inBase64 = Buffer.from(
      JSON.stringify({ sealed: sealed(key, text).subarray(1).toString('base64') }),
    );
    expect(new KeyedScan({ key }).find(inBase64)[0]?.plaintext.toString('latin1')).toContain(text);
    expect(new KeyedScan({ other: Buffer.alloc(32) }).find(inBase64)).toEqual([]);
  });
});

/** As `sealPrivateValue` lays it out; the tag is nobody's concern here. */
const sealed = (key: Buffer, text: string): Buffer => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([Buffer.of(9, 1), nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
};

/** A piece from the middle of everything that was sealed and given to a peer, as it is and in base64. */
const needlesOf = (captured: Buffer): Buffer[] => {
  const needles = new Map<string, Buffer>();
  const add = (bytes: Uint8Array): void => {
    const from = Math.max(0, Math.floor(bytes.length / 2) - NEEDLE_BYTES);
    const needle = Buffer.from(bytes.subarray(from, from + NEEDLE_BYTES));
    if (needle.length === NEEDLE_BYTES) needles.set(needle.toString('hex'), needle);
  };
  const addText = (text: string): void => {
    add(Buffer.from(text));
    add(Buffer.from(text, 'base64'));
  };
  for (const line of captured.toString('latin1').split('\n').filter(Boolean)) {
    const { bytes } = JSON.parse(line) as { bytes: string };
    const proposal = peer.Proposal.deserializeBinary(
      peer.SignedProposal.deserializeBinary(Buffer.from(bytes, 'base64')).getProposalBytes_asU8(),
    );
    const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
    for (const [name, value] of payload.getTransientmapMap().toArray()) {
      if (!SEALED_FIELDS.has(name)) continue;
      const field = Buffer.from(value as Uint8Array);
      if (name === 'private') {
        const values = JSON.parse(field.toString()) as { value: string }[];
        for (const one of values) addText(one.value);
      } else if (name === 'share') {
        const { scopes } = JSON.parse(field.toString()) as { scopes: { sealedShare: string }[] };
        for (const { sealedShare } of scopes) addText(sealedShare);
      } else {
        add(field);
        add(Buffer.from(field.toString('base64')));
      }
    }
  }
  return [...needles.values()];
};
