import { statSync } from 'node:fs';
import path from 'node:path';
import { completeRecord } from '../support/complete-record';
import { changeByte, filesBelow } from '../support/files';
import { checkPage } from './examination';
import type { Stage } from './stage';

/** Somebody changes a byte of the cloud's object on disk while the report is looked at. */
export function tamperingFlow(stage: () => Stage): void {
  test('the report marks the row whose object was changed, and no other', async () => {
    const { product } = stage();
    const author = await product.as('sundar');
    const registrationNo = product.user('geetha').registrationNo ?? '';
    const written = {
      effectiveDate: '2020-05-05',
      disease: 'Cut finger',
      document: { problems: [{ text: 'Cut' }] },
    };
    const { recordId } = await author.writeRecord({ registrationNo, ...written });
    await completeRecord(product, author, recordId);
    // Written last, so the newest files are this record's.
    const objects = filesBelow(path.join(product.folder, 'objects'));
    const [file = ''] = objects.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);

    const at = await stage().signedIn(product.user('sundar'), '/report');
    const marked = at.page.locator('tr.marked');
    await at.sees(at.text(/Everything shown is as it was written/));
    expect(await marked.count()).toBe(0);
    changeByte(file, statSync(file).size - 1, (byte) => byte ^ 1);
    try {
      await at.pressButton('Check again');
      await at.sees(at.text('Something has been changed.'));
      expect(await marked.count()).toBe(1);
      await at.sees(marked.filter({ hasText: 'Cut finger' }).filter({ hasText: 'Changed' }));
      await at.sees(at.text(`of record ${recordId.slice(0, 8)}`));
      await checkPage(at, 'Blockchain Report, something changed');
      await at.pressButton('Check everything');
      await at.sees(at.text('1 parts have been changed.').or(at.text('One part has been changed.')).first());
    } finally {
      changeByte(file, statSync(file).size - 1, (byte) => byte ^ 1);
    }
    await at.pressButton('Check again');
    await at.sees(at.text(/Everything shown is as it was written/));
    expect(await marked.count()).toBe(0);
  });
}
