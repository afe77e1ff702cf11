import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeInBrowser, launchChromium } from '../support/chromium';

/** As crypto/test/support/known-answers-page.ts takes and gives them. */
interface Vectors {
  computed: Record<string, string>;
  opened: unknown;
}
interface KnownAnswers {
  engine: string;
  computed: Record<string, string>;
  opened: string[];
  audit: { computed: Record<string, string>; checked: string[] };
}

const ADDRESS = 'http://localhost/';
const CRYPTO = path.join(__dirname, '../../crypto/test');

describeInBrowser('the known answers of re-encryption and auditing, in Chromium', () => {
  test('come out to the byte, what was sealed opens and what was signed holds, in both engines', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'medseal-page-'));
    const browser = await launchChromium();
    try {
      const bundler = path.join(__dirname, '../support/bundle.mjs');
      execFileSync(process.execPath, [bundler, path.join(CRYPTO, 'support/known-answers-page.ts'), folder]);
      const vectors = JSON.parse(
        readFileSync(path.join(CRYPTO, 'reencryption-vectors.json'), 'utf8'),
      ) as Vectors;
      const audit = JSON.parse(readFileSync(path.join(CRYPTO, 'audit-vectors.json'), 'utf8')) as Record<
        string,
        string
      >;
      const page = await browser.newPage();
      await page.route(`${ADDRESS}**`, (route) => {
        const name = path.basename(new URL(route.request().url()).pathname);
        return name === ''
          ? route.fulfill({
              contentType: 'text/html',
              body: '<script type="module" src="/page.js"></script>',
            })
          : existsSync(path.join(folder, name))
            ? route.fulfill({ contentType: 'text/javascript', body: readFileSync(path.join(folder, name)) })
            : route.fulfill({ status: 404 });
      });
      await page.goto(ADDRESS);
      await page.waitForFunction(() => 'knownAnswers' in globalThis);
      const answers = await page.evaluate<KnownAnswers[], [Vectors, Record<string, string>]>(
        ([given, signed]) =>
          (
            globalThis as unknown as {
              knownAnswers: (v: Vectors, a: Record<string, string>) => Promise<KnownAnswers[]>;
            }
          ).knownAnswers(given, signed),
        [vectors, audit],
      );
      expect(answers.map(({ engine }) => engine)).toEqual(['mcl', 'noble']);
      for (const { computed, opened, audit: signed } of answers) {
        expect(computed).toEqual(vectors.computed);
        expect(opened).toEqual(Array.from({ length: 4 }, () => vectors.computed['kek']));
        expect(signed.computed).toEqual(audit);
        expect(signed.checked).toEqual(['sanitised', 'intact', 'failed', 'intact', 'failed']);
      }
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
