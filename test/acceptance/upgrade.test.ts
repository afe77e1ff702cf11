import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync } from 'node:zlib';
import { completeRecord } from '../support/complete-record';
import { describeIf } from '../support/network';
import { Product, ROOT } from '../support/product';

const FIXTURES = path.join(ROOT, 'test/fixtures');
/** What the version before this one left; the drill opens those of all earlier ones. */
const PREVIOUS = '0.1.0-steps.tar.br';
const names = readdirSync(FIXTURES).filter(
  (name) => name === PREVIOUS || (process.env['MEDSEAL_FIXTURES'] === 'all' && name.endsWith('.tar.br')),
);

/** Data that an earlier version left behind opens in this one (scripts/fixture.mjs keeps it). */
describeIf('keptData')('data folders of earlier versions', () => {
  describe.each(names)('the data folder %s', (name) => {
    let product: Product;

    beforeAll(async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'medseal-upgrade-'));
      const tar = `${folder}.tar`;
      writeFileSync(tar, brotliDecompressSync(readFileSync(path.join(FIXTURES, name))));
      execFileSync('tar', ['-xf', tar, '-C', folder]);
      rmSync(tar);
      product = await Product.start({ folder, demo: 'paper' });
    }, 120_000);

    afterAll(async () => {
      await product?.stop();
      product?.remove();
    }, 60_000);

    test('opens: chains verify, owner and author read what was written then', async () => {
      const author = await product.as('sundar');
      const report = await author.report();
      expect(report).toMatchObject({ chainValid: true, firstInvalid: null });
      expect(report.rows).toHaveLength(5);
      expect(await author.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
      const row = report.rows.find((one) => one.patient === 'Geetha' && one.doctor === 'Dr. Sundar');
      const opened = await author.openRecordDecrypted(row?.recordId ?? '');
      const { client, device } = await product.deviceOf('geetha');
      const content = await device.openRecord(await client.openRecord(row?.recordId ?? ''));
      expect(content.document).toEqual(opened.bundle);
    });

    test('goes on: a new record joins the old chain', async () => {
      const author = await product.as('sundar');
      const before = (await author.report()).rows.filter((row) => row.patient === 'Geetha');
      const { recordId } = await author.writeRecord({
        registrationNo: product.user('geetha').registrationNo ?? '',
        effectiveDate: '2020-05-05',
        disease: 'cough',
        document: { progressNotes: [{ text: 'Written by a later version.' }] },
      });
      await completeRecord(product, author, recordId);
      const after = await author.report();
      const row = after.rows.find((one) => one.recordId === recordId);
      expect(before.map(({ hash }) => hash)).toContain(row?.prevHash);
      expect(after.chainValid).toBe(true);
    });

    if (name.includes('consents')) {
      test('consents given then are read under, revoked, and requests answered', async () => {
        const { client: owner, device } = await product.deviceOf('geetha');
        const consent = (await owner.consents()).items.find(({ status }) => status === 'active');
        const reader = await product.as('rajini');
        const row = (await owner.report()).rows.find((one) => one.patient === 'Geetha');
        const open = () =>
          reader.openRecordDecrypted(row?.recordId ?? '', 'TREATMENT', consent?.consentId ?? '');
        expect((await open()).receipt).toBeTruthy();
        await device.revokeConsent(owner, consent?.consentId ?? '');
        await expect(open()).rejects.toMatchObject({ code: 'CONSENT_REVOKED' });
        const [request] = (await owner.consentRequests()).items.filter(({ answer }) => answer === null);
        await device.denyRequest(owner, request?.requestId ?? '');
        expect((await owner.consentRequests()).items).toContainEqual(
          expect.objectContaining({ requestId: request?.requestId, answer: 'denied' }),
        );
      });
    }

    if (name.includes('steps')) {
      test('records under way in the five steps go on under the policy they were begun under; audits go on', async () => {
        const author = await product.as('sundar');
        const manager = await product.as('administrator', 'ministry');
        const set = await fetch(`${product.url}/api/v1/parameters`, {
          method: 'PUT',
          headers: {
            authorization: `Bearer ${manager.session?.token}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ recordSteps: ['chain'], attestThreshold: 2 }),
        });
        expect(await set.json()).toMatchObject({ policyVersion: 2 });
        // What the hospital's service could not upload then, it uploads by itself.
        const waiting = ['blinded', 'sanitized', 'uploaded'];
        const all = (await author.records({ limit: 100 })).items;
        const open = all.filter(({ status }) => waiting.includes(status));
        expect(open).toHaveLength(3);
        for (const { recordId } of open) {
          await completeRecord(product, author, recordId);
          expect(await author.record(recordId)).toMatchObject({
            status: 'chained',
            policyVersion: 1,
            steps: ['blind', 'sanitize', 'upload', 'attest', 'chain'],
            panel: { threshold: 1 },
          });
        }
        const auditor = await product.as('auditor', 'lakeside');
        const then = (await auditor.audits({ limit: 100 })).items;
        expect(then.map(({ kind, status }) => `${kind} ${status}`)).toEqual(
          expect.arrayContaining(['sealed intact', 'sanitized intact']),
        );
        for (const { auditId } of then) expect((await auditor.audit(auditId)).proof).not.toBeNull();
        const { recordId } = then[0]!;
        for (const kind of ['sealed', 'sanitized'] as const) {
          const { auditId } = await auditor.openAudit({ recordId, kind });
          while ((await auditor.audit(auditId)).closedAt === null) await sleep(200);
          expect((await auditor.audit(auditId)).status).toBe('intact');
        }
        expect(await author.verify()).toMatchObject({ chainValid: true, firstInvalid: null });
      });
    }

    test('asks the patients of then for their choices: the ward that treats is given a standing consent', async () => {
      const { client, device } = await product.deviceOf('geetha');
      expect((await client.me()).openChoices).toEqual(
        expect.arrayContaining(['researchConsent', 'standingConsent']),
      );
      await device.choose(client, { researchConsent: false, standingConsent: true });
      expect((await client.me()).openChoices).not.toContain('standingConsent');
      const { items } = await client.choices();
      const { consentId } = items.find(({ choice }) => choice === 'standingConsent')!;
      expect(await client.consent(consentId ?? '')).toMatchObject({
        grantee: { kind: 'careTeam' },
        missing: [],
      });
    });
  });
});
