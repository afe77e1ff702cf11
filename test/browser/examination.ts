import type { Visitor } from '../support/visitor';
import { accessibilityFaults } from './accessibility';

export const NARROW = { width: 320, height: 640 };
/** No dialog scrolls in it: axe does not see what is behind words that are scrolled half out. */
const TALL = { width: 1280, height: 2400 };
const WIDE = { width: 1280, height: 800 };

/** Waits until nothing is under way, on the page or in the dialog in front: what it was opened by waits for it. */
export async function settled(at: Visitor): Promise<void> {
  await at.page.waitForFunction(() => {
    const asked = document.activeElement?.closest('dialog[open]') ?? document;
    return asked.querySelector('h1, h2') && !asked.querySelector('.waiting, .spinner, [aria-busy=true]');
  });
}

/** Runs in the page: what sticks out of the window, and places that a Tab would reach out of turn. */
const layoutFaults = (): string[] => {
  const faults: string[] = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const wide = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 1,
    );
    faults.push(
      `${scrollWidth} px wide: ${wide.slice(-3).map(({ tagName, className }) => `${tagName}.${className}`)}`,
    );
  }
  for (const element of document.querySelectorAll<HTMLElement>('[tabindex]'))
    if (element.tabIndex > 0) faults.push(`tabindex ${element.tabIndex}`);
  return faults;
};

/** What was examined: addresses without a dialog in front, titles of dialogs. */
export const examined = { addresses: new Set<string>(), dialogs: new Set<string>() };

/** Everything that a page of the console must be, whoever looks at it; with a dialog in front, the dialog. */
export async function checkPage(at: Visitor, name: string): Promise<void> {
  await settled(at);
  const dialog = at.page.locator('dialog[open]').last();
  if ((await dialog.count()) === 0) examined.addresses.add(new URL(at.page.url()).pathname);
  else examined.dialogs.add((await dialog.getByRole('heading').first().textContent()) ?? '');
  await at.page.setViewportSize(TALL);
  const { light, dark } = await accessibilityFaults(at);
  await at.page.setViewportSize(NARROW);
  const narrow = await at.page.evaluate(layoutFaults);
  await at.page.setViewportSize(WIDE);
  expect({ name, light, dark, narrow }).toEqual({ name, light: [], dark: [], narrow: [] });
}
