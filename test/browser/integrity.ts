import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RecordDetails } from '@medseal/client';
import { filesBelow } from '../support/files';
import type { Visitor } from '../support/visitor';
import { checkPage } from './examination';
import type { Stage } from './stage';

const UPLOADS_MS = 60_000;

/** The record that the doctor has just sent, on its way to the patient's chain; by keyboard. */
export function stepsFlow(stage: () => Stage): void {
  describe('the steps of a record', () => {
    let sanitiser: Visitor;

    const opened = async (at: Visitor): Promise<void> => {
      await at.enter(at.page.getByRole('link', { name: `Record ${stage().recordId.slice(0, 8)}` }));
    };

    test('wait for the sanitiser, who sees what is replaced and why, and may give it back', async () => {
      sanitiser = await stage().signedIn(stage().role('sanitizer'));
      await sanitiser.sees(sanitiser.heading('Waiting for you'));
      await opened(sanitiser);
      await sanitiser.sees(sanitiser.text(/^Every signature holds\./));
      await sanitiser.sees(
        sanitiser
          .row(/Patient|entry\[/)
          .filter({ hasText: 'Personal: blinded by the author' })
          .first(),
      );
      expect(await sanitiser.page.getByText(stage().patient.name).count()).toBe(0);
      await checkPage(sanitiser, 'To sanitise');
      await sanitiser.pressButton('Give back …');
      await sanitiser.pressButton('Give back');
      await sanitiser.sees(sanitiser.text('Choose the reason.'));
      await checkPage(sanitiser, 'Give back, refused');
      await sanitiser.choose('Reason', 'More is replaced than must be');
      await sanitiser.pressButton('Give back');
      await sanitiser.sees(sanitiser.text('The record was given back to its author.'));
      await sanitiser.sees(sanitiser.text(/^The sanitiser gave this record back on .*: More is replaced/));
    });

    test('go on when the author blinds it anew, and the sanitiser approves', async () => {
      const doctor = await stage().signedIn(stage().product.user('sundar'));
      await doctor.sees(doctor.row('More is replaced than must be'));
      await opened(doctor);
      await doctor.pressButton('Blind now');
      const steps = doctor.page.getByRole('list', { name: 'Steps of this record' });
      await doctor.sees(steps.getByText('Next: the sanitiser'));
      await doctor.leave();
      await sanitiser.menu('Generate Sanitized File');
      await sanitiser.sees(sanitiser.row(stage().recordId.slice(0, 8)));
      await sanitiser.pressButton('Open next');
      await sanitiser.sees(sanitiser.text(/^Every signature holds\./));
      await checkPage(sanitiser, 'Generate Sanitized File, opened');
      await sanitiser.press('Control+Shift+Enter');
      await sanitiser.sees(sanitiser.heading('Give the record back'));
      // Not approved by the keys of the page behind a dialog.
      await sanitiser.press('Escape');
      await sanitiser.press('Control+Enter');
      await sanitiser.sees(sanitiser.text('The record is sanitised.'));
      await sanitiser.leave();
    });

    test('let a verifier compare the original with what the cloud holds, and approve', async () => {
      await stage().recordReaches('uploaded');
      const at = await stage().signedIn(await stage().verifierOf(stage().recordId));
      await at.menu('Attest Records');
      await at.sees(at.row(stage().recordId.slice(0, 8)));
      await at.pressButton('Open next');
      await at.sees(at.text(/^What the cloud gave back is what the ledger says/));
      await at.sees(at.heading('Original'));
      await at.sees(at.text('Wheezes since the rains began.'));
      await at.sees(at.heading('In the cloud'));
      await at.sees(at.row(/^Composition\.section/).first());
      await checkPage(at, 'To attest');
      await at.press('Control+Enter');
      await at.sees(at.text('You have approved the record.'));
      await at.leave();
      await stage().recordReaches('chained');
    });
  });
}

/** Several records at once, of those that the flows before have sent; by keyboard. */
export function queueFlow(stage: () => Stage): void {
  let count = 0;

  test('a sanitiser approves all that wait at once, and goes on elsewhere meanwhile', async () => {
    const at = await stage().signedIn(stage().role('sanitizer'), '/sanitizing');
    await at.sees(at.page.getByRole('checkbox').first());
    count = await at.page.getByRole('checkbox').count();
    expect(count).toBeGreaterThan(1);
    await at.pressButton('Choose all');
    await at.pressButton(`Check and approve ${count} records`);
    await at.menu('Dashboard');
    await at.menu('Generate Sanitized File');
    await at.sees(at.text(`${count} of ${count} records were approved.`));
    await at.pressButton('Close');
    await at.sees(at.text('Nothing waits for you at the moment.'));
    await at.leave();
  });

  test('a verifier gives one back and approves the others at once', async () => {
    const at = await stage().signedIn(stage().role('verifier'), '/attesting');
    const boxes = at.page.getByRole('checkbox');
    // Both files of each are on their way to the cloud.
    await boxes.nth(count - 1).waitFor({ timeout: UPLOADS_MS });
    await at.pressButton('Open next');
    await at.sees(at.text(/^What the cloud gave back is what the ledger says/));
    await at.press('Control+Shift+Enter');
    await at.sees(at.heading('Give the record back'));
    await at.choose('Reason', 'The document is not what it should be');
    await at.pressButton('Give back');
    await at.sees(at.text('The record was given back to its author.'));
    await at.pressButton('Back to the list');
    await at.seesNot(boxes.nth(count - 1));
    await at.pressButton('Choose all');
    await at.pressButton(`Check and approve ${count - 1} records`);
    await at.sees(at.text(`${count - 1} of ${count - 1} records were approved.`));
    await at.leave();
  });
}

/** An auditor of another organisation asks for proofs; by keyboard. */
export function auditFlow(stage: () => Stage): void {
  describe('an audit', () => {
    let auditor: Visitor;

    const ask = async (kind: string, verdict: string): Promise<void> => {
      await auditor.menu('Audits');
      await auditor.pressButton('Open an audit');
      await auditor.type('Record', 'Seasonal asthma');
      await auditor.pressButton('Open the audit');
      await auditor.sees(auditor.text(/^Enter the id of the record/));
      await auditor.type('Record', stage().recordId);
      await auditor.choose('File', kind);
      await auditor.pressButton('Open the audit');
      await auditor.sees(auditor.heading('Verdict'));
      await auditor.page.getByText(verdict, { exact: true }).waitFor({ timeout: 60_000 });
    };

    test('goes from the challenge to its verdict by itself, and the record says when it was last proven', async () => {
      auditor = await stage().signedIn(stage().role('auditor', 'lakeside'));
      await ask('Sealed record', 'Intact');
      await ask('Sanitised document', 'Intact');
      await auditor.sees(auditor.text('Every block is there, unchanged.'));
      const doctor = await stage().signedIn(stage().product.user('sundar'), `/records/${stage().recordId}`);
      await doctor.sees(doctor.text(/^Sanitised document: \d/));
      await doctor.sees(doctor.text(/^Sealed record: /));
      await doctor.pressButton('Compare with the original');
      await doctor.sees(doctor.heading('In the cloud'));
      await doctor.sees(doctor.row(/^Composition\.section.*blinded by the author/).first());
      await doctor.sees(doctor.row(/^Composition\.custodian.*replaced by the sanitiser/).first());
      // Each step says what it left behind.
      const step = (name: string) =>
        doctor.page
          .getByRole('list', { name: 'Steps of this record' })
          .getByRole('listitem')
          .filter({ hasText: name });
      await doctor.sees(step('Blind').getByText('Package for the sanitiser'));
      await doctor.sees(step('Sanitise').getByText('Address in the cloud'));
      await doctor.sees(step('Attest').getByText(/\d of \d needed/));
      await doctor.sees(step('Chain').getByText('Previous hash', { exact: true }));
      await doctor.leave();
    });

    test('of a file that was changed fails, and the hospital is told', async () => {
      const { product, recordId } = stage();
      const details: RecordDetails = await (await product.as('sundar')).record(recordId);
      const { digest } = details.integrity!.sanitized!.object;
      const file = filesBelow(path.join(product.folder, 'objects')).find((one) => one.includes(digest))!;
      const whole = readFileSync(file);
      const admin = await stage().signedIn(stage().role('hospital-admin'), '/audits');
      await admin.sees(admin.row('Sanitised document').filter({ hasText: 'Intact' }).first());
      try {
        const altered = Buffer.from(whole);
        altered[statSync(file).size >> 1]! ^= 1;
        writeFileSync(file, altered);
        await ask('Sanitised document', 'Failed');
        await admin.sees(admin.text(/^Audit failed:/));
        await admin.sees(admin.row('Sanitised document').filter({ hasText: 'Failed' }).first());
      } finally {
        writeFileSync(file, whole);
      }
      await admin.leave();
      await auditor.leave();
    });
  });
}
