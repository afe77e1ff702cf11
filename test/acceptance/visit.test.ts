import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ProblemError, sealOnDevice } from '@medseal/client';
import { completeRecord } from '../support/complete-record';
import { startPaper } from '../support/fixture';
import { Product, ROOT } from '../support/product';

interface PaperRow {
  effectiveDate: string;
  patient: string;
  doctor: string;
  disease: string;
}

const paper = JSON.parse(readFileSync(path.join(ROOT, 'scripts/demo/paper.json'), 'utf8')) as {
  records: PaperRow[];
};

/** As a device would make it. */
const documentBundle = (text: string) => ({
  resourceType: 'Bundle',
  type: 'document',
  identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' },
  timestamp: '2020-04-01T09:00:00Z',
  entry: [
    {
      fullUrl: 'urn:uuid:180f219f-97a8-486d-99d9-ed631fe4fc57',
      resource: {
        resourceType: 'Composition',
        status: 'final',
        type: { coding: [{ system: 'http://loinc.org', code: '11488-4', display: 'Consult note' }] },
        date: '2020-04-01',
        author: [{ display: 'Dr. Anuradha' }],
        title: 'Visit',
        section: [
          {
            title: 'Notes',
            text: { status: 'additional', div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>` },
          },
        ],
      },
    },
  ],
});

describe("one visit, end to end, on the paper's rows", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startPaper();
  }, 240_000);

  afterAll(async () => {
    await product?.stop();
    product?.remove();
  }, 60_000);

  test('the report shows five records in date order, every previous hash verified', async () => {
    const client = await product.as('sundar');
    const report = await client.report();
    expect(report.rows.map((row) => [row.ehrDate, row.patient, row.doctor, row.disease])).toEqual(
      paper.records.map((row) => [row.effectiveDate, row.patient, row.doctor, row.disease]),
    );
    expect(report.rows.map((row) => row.prevHashValid)).toEqual([true, true, true, true, true]);
    expect(report).toMatchObject({ chainValid: true, firstInvalid: null });
    expect(new Set(report.rows.map((row) => row.hash)).size).toBe(5);
  });

  test("the two patients' chains link each record to the one before", async () => {
    const client = await product.as('sundar');
    const { rows } = await client.report();
    for (const patient of ['Geetha', 'Arul']) {
      const chain = rows.filter((row) => row.patient === patient);
      expect(chain[0]?.prevHash).toBe('0'.repeat(64));
      for (let index = 1; index < chain.length; index++)
        expect(chain[index]?.prevHash).toBe(chain[index - 1]?.hash);
    }
  });

  test('a full walk verifies', async () => {
    const client = await product.as('administrator', 'city').catch(() => product.as('sundar'));
    expect(await client.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
  });

  test('owner and author open the record and read what was written', async () => {
    const author = await product.as('sundar');
    const { rows } = await author.report();
    const row = rows.find((one) => one.patient === 'Geetha' && one.doctor === 'Dr. Sundar');
    const recordId = row?.recordId ?? '';
    const written = paper.records.find((one) => one.patient === 'Geetha' && one.doctor === 'Dr. Sundar');
    const opened = await author.openRecordDecrypted(recordId);
    expect(opened.receipt).toMatchObject({ recordIds: [recordId], basis: 'author' });
    const text = `Seen for ${written?.disease}.`;
    expect(opened.document).toEqual({
      progressNotes: [{ text, date: written?.effectiveDate }],
      problems: [{ text: written?.disease, date: written?.effectiveDate }],
    });

    const { client, device } = await product.deviceOf('geetha');
    const content = await device.openRecord(await client.openRecord(recordId));
    expect(content.document).toEqual(opened.bundle);
    expect(content.titleLine).toMatchObject({ date: written?.effectiveDate, disease: written?.disease });
  });

  test("a record written before its owner's activation opens for the owner by the slot added then", async () => {
    const { client, device } = await product.deviceOf('arul');
    const { rows } = await client.report();
    const first = rows.find((row) => row.prevHash === '0'.repeat(64));
    const content = await device.openRecord(await client.openRecord(first?.recordId ?? ''));
    expect(content.titleLine).toMatchObject({ disease: 'Finger Injury' });
  });

  test('a device-sealed record opens for owner and author, and joins the chain', async () => {
    const author = await product.as('anuradha');
    const registrationNo = product.user('geetha').registrationNo ?? '';
    const before = (await author.report()).rows.filter((row) => row.patient === 'Geetha');
    const prepared = await author.prepareRecord({
      registrationNo,
      scope: 'sensitive',
      recordType: 'OPConsultation',
      effectiveDate: '2020-04-01',
    });
    const written = {
      document: documentBundle('device-sealed content'),
      selector: { date: '2020-04-01', recordType: 'OPConsultation', scope: 'sensitive' as const },
      titleLine: { date: '2020-04-01', disease: 'migraine' },
    };
    const body = await sealOnDevice(prepared, written);
    await author.submitSealedRecord(body);
    const done = await completeRecord(product, author, prepared.recordId);
    expect(done).toMatchObject({ status: 'chained', next: null });

    const { client, device } = await product.deviceOf('geetha');
    expect((await device.openRecord(await client.openRecord(prepared.recordId))).document).toEqual(
      written.document,
    );
    expect((await author.openRecordDecrypted(prepared.recordId)).document).toEqual(written.document);
    const after = (await author.report()).rows.filter((row) => row.patient === 'Geetha');
    expect(after).toHaveLength(before.length + 1);
    expect(after.at(-1)?.prevHash).toBe(before.at(-1)?.hash);
  });

  test('nobody else opens it: other doctor, administrator, other hospital, other patient', async () => {
    const author = await product.as('sundar');
    const { rows } = await author.report();
    const recordId =
      rows.find((row) => row.doctor === 'Dr. Sundar' && row.patient === 'Geetha')?.recordId ?? '';
    for (const username of ['anuradha', 'rajini', 'arul', 'siva', 'verifier1']) {
      const client = await product.as(username);
      const refused = await client.openRecord(recordId).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ProblemError);
      const absent = (await client
        .openRecord('f'.repeat(32))
        .catch((error: unknown) => error)) as ProblemError;
      expect({ ...(refused as ProblemError).body, requestId: '', instance: '' }).toEqual({
        ...absent.body,
        requestId: '',
        instance: '',
      });
    }
  });

  test('another hospital sees that entries exist, and no name, date or disease', async () => {
    const client = await product.as('rajini');
    const { rows } = await client.report();
    for (const row of rows.filter(({ doctor }) => doctor !== 'Dr. Rajini')) {
      expect([row.patient, row.ehrDate, row.disease]).toEqual([null, null, null]);
    }
  });

  test('everything is there after Ctrl-C and a second start', async () => {
    const { folder, port } = product;
    const before = await (await product.as('sundar')).report();
    await product.stop();
    product = await Product.start({ folder, port, demo: 'paper' });
    const after = await (await product.as('sundar')).report();
    expect(after.rows).toEqual(before.rows);
    expect(after.chainValid).toBe(true);
  }, 120_000);
});
