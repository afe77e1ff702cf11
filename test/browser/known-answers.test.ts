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
}

const ADDRESS = 'http://localhost/';
const CRYPTO = path.join(__dirname, '../../crypto/test');

describeInBrowser('the known answers of re-encryption, in Chromium', () => {
  test('come out to the byte, and what was sealed opens, in both engines', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'medseal-page-'));
    const browser = await launchChromium();
    try {
      const bundler = path.join(__dirname, '../support/bundle.mjs');
      execFileSync(process.execPath, [bundler, path.join(CRYPTO, 'support/known-answers-page.ts'), folder]);
      const vectors = JSON.parse(
        readFileSync(path.join(CRYPTO, 'reencryption-vectors.json'), 'utf8'),
      ) as Vectors;
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
      const answers = await page.evaluate<KnownAnswers[], Vectors>(
        (given) =>
          (globalThis as unknown as { knownAnswers: (v: Vectors) => Promise<KnownAnswers[]> }).knownAnswers(
            given,
          ),
        vectors,
      );
      expect(answers.map(({ engine }) => engine)).toEqual(['mcl', 'noble']);
      for (const { computed, opened } of answers) {
        expect(computed).toEqual(vectors.computed);
        expect(opened).toEqual(Array.from({ length: 4 }, () => vectors.computed['kek']));
      }
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
