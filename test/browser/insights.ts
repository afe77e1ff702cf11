import { readFileSync } from 'node:fs';
import type { Download } from 'playwright-core';
import { MedsealClient } from '@medseal/client';
import type { Visitor } from '../support/visitor';
import { checkPage } from './examination';
import { HOSPITAL, type Stage } from './stage';

/** Compressed JavaScript that somebody loads who has not signed in. */
const FIRST_PAGE_BYTES = 200_000;
const PDF_BEGINS = '%PDF-';

async function receiptOf({ product, patient }: Stage): Promise<Record<string, unknown>> {
  const owner = new MedsealClient(product.url);
  await owner.login('city', patient.username, patient.password);
  const { items } = await owner.accessLog(patient.registrationNo);
  return { ...items[0]!.statement };
}

const savedBy = async (at: Visitor, button: string): Promise<string> => {
  const download: Promise<Download> = at.page.waitForEvent('download');
  await at.pressButton(button);
  return readFileSync(await (await download).path(), 'latin1');
};

/** Who shows a receipt, and what is counted; by keyboard. */
export function insightFlow(stage: () => Stage): void {
  test('the first page stays small', async () => {
    const at = await stage().atTheDoor();
    await at.sees(at.page.locator('option', { hasText: HOSPITAL }).first().locator('..'));
    const bytes = await at.page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter(({ name }) => name.endsWith('.js'))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    );
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(FIRST_PAGE_BYTES);
  });

  test('anybody verifies a receipt without signing in, pasted or as a file', async () => {
    const statement = await receiptOf(stage());
    const at = await stage().atTheDoor();
    await at.follow('Verify a document or a receipt');
    await at.sees(at.heading('Verify a document or a receipt'));
    await at.pressButton('Verify');
    await at.sees(at.text('Choose a file, or paste its text.'));
    await at.type('Or paste its text', 'a receipt');
    await at.pressButton('Verify');
    await at.sees(at.text(/^This is not a file of this kind/));
    await at.type('Or paste its text', JSON.stringify(statement));
    await at.pressButton('Verify');
    await at.sees(at.text('Genuine: this receipt is on the ledger exactly as it stands here.'));
    await at.sees(at.text(HOSPITAL));
    await at.pressButton('Verify another one');
    const changed = JSON.stringify({ ...statement, reader: '0'.repeat(32) });
    const asked = at.page.waitForEvent('filechooser');
    await at.enter(at.page.getByLabel('Choose a file'));
    const chooser = await asked;
    await chooser.setFiles({
      name: 'receipt.json',
      mimeType: 'application/json',
      buffer: Buffer.from(changed),
    });
    await at.sees(at.text('Changed: the ledger has a receipt of this number, and it says something else.'));
    await at.sees(at.text('receipt.json'));
    await checkPage(at, 'Verify, something changed');
  });

  test('an administrator sees plots, the table behind each, and saves its rows', async () => {
    const at = await stage().signedIn(stage().role('hospital-admin'));
    await at.menu('Reports');
    await at.choose('Period', 'The last 10 years');
    await at.sees(at.page.getByRole('img', { name: /^Visits and admissions, .*: \d+ in all/ }));
    await at.sees(at.text(/diseases are left out: fewer than 5 patients/));
    await at.enter(at.page.getByText('Visits and admissions: the table behind'));
    const saved = await savedBy(at, 'Save as CSV: Visits and admissions');
    expect(saved).toContain('Month,Outpatient visits,Admissions\r\n');
    expect(saved.split('\r\n').length).toBeGreaterThan(2);
    await at.enter(at.page.getByText('Audit results: the table behind'));
    await at.sees(at.page.getByRole('columnheader', { name: 'Intact' }));
  });

  test('an administrator sees how the network is', async () => {
    const at = await stage().signedIn(stage().role('hospital-admin'));
    await at.menu('Network');
    await at.sees(at.row('Lakeside Hospital').filter({ hasText: /\d+ blocks/ }));
    await at.sees(at.page.getByRole('img', { name: /^Blocks an hour in the last 24 hours: \d/ }));
    // The sealed file of a record was proven; the other one has failed since.
    await at.sees(at.text(/^[1-9]\d* of \d+ stored files/));
  });

  test('the blockchain report is saved as a table and as a printable file', async () => {
    const at = await stage().signedIn(stage().product.user('sundar'), '/report');
    await at.sees(at.text(/Everything shown is as it was written/));
    const rows = await at.page.getByRole('row').filter({ hasText: 'Valid' }).count();
    const table = await savedBy(at, 'Save as CSV');
    expect(table.trim().split('\r\n')).toHaveLength(rows + 1);
    expect(table).toContain('leg pain');
    expect((await savedBy(at, 'Save as PDF')).slice(0, PDF_BEGINS.length)).toBe(PDF_BEGINS);
    const days = () => at.page.locator('td[data-label="EHR date"]').allTextContents();
    const oldestFirst = await days();
    expect(oldestFirst.length).toBeGreaterThan(2);
    await at.choose('Order', 'Newest first');
    await at.page.waitForFunction(
      (day) => document.querySelector('td[data-label="EHR date"]')?.textContent === day,
      oldestFirst.at(-1),
    );
    expect(await days()).toEqual(oldestFirst.reverse());
    await at.type('Search patient, doctor or disease', 'leg pain');
    await at.press('Enter');
    await at.seesNot(at.row('fever').first());
    await at.sees(at.row('leg pain').first());
    await at.follow('Blocks');
    await at.sees(at.page.getByRole('img', { name: /Every link holds\.$/ }));
  });
}
