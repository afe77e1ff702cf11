import { AxeBuilder } from '@axe-core/playwright';
import type { Visitor } from '../support/visitor';

type Results = Awaited<ReturnType<AxeBuilder['analyze']>>;
type Found = Pick<Results, 'violations' | 'incomplete'>;
type Options = Parameters<AxeBuilder['options']>[0];

/** As `AxeBuilder` leaves it in the page. */
interface Axe {
  run(what: Document, options: Options): Promise<Found>;
  getRules(tags?: readonly string[]): { ruleId: string }[];
}

/** Every level that axe has rules for, AAA, advice, trials and what it has given up among them. */
const LEVELS = [
  'wcag2a',
  'wcag2aa',
  'wcag2aaa',
  'wcag21a',
  'wcag21aa',
  'wcag22aa',
  'best-practice',
  'experimental',
  'deprecated',
];

const CONTRAST = ['color-contrast', 'color-contrast-enhanced'];

/** What axe leaves to a person, each with who looks instead. Nothing that it finds wrong is excused. */
const EXPLAINED: readonly { rules: string[]; within: string; because: string }[] = [
  {
    rules: ['hidden-content'],
    within: 'body',
    because:
      'says only that something is hidden; dialogs and the narrow menu are examined where they are opened',
  },
  {
    rules: ['identical-links-same-purpose'],
    within: 'tr, li',
    because: 'two records of one disease: the rest of the row or entry tells which (WCAG 2.4.4, in context)',
  },
  {
    rules: CONTRAST,
    within: '.chart svg',
    because: 'axe does not see what is behind the words of a plot: `faintWords` measures them',
  },
  {
    rules: CONTRAST,
    within: 'dialog[open]',
    because: 'axe takes what is below a dialog for being above its words: `faintWords` measures them',
  },
  {
    rules: CONTRAST,
    within: '.changed',
    because: 'an arrow between two texts, in the colour of the words beside it, which axe measures',
  },
];
const used = new Set<(typeof EXPLAINED)[number]>();

/** Least contrast of words, WCAG 2.2, 1.4.6. */
const CONTRAST_LEAST = 7;

// Only what is reported is described: describing what passed takes most of the time.
const OPTIONS = {
  resultTypes: ['violations', 'incomplete'],
  runOnly: { type: 'tag', values: LEVELS },
} satisfies Options;

/** Runs in the page: by rule, which of the explained places a target is in. */
const placesOf = ({ targets, places }: Record<'targets' | 'places', string[]>): string[][] =>
  targets.map((target) => places.filter((place) => document.querySelector(target)?.closest(place)));

async function reported(at: Visitor, { violations, incomplete }: Found): Promise<string[]> {
  const wrong = violations.flatMap(({ id, nodes }) => nodes.map((node) => ({ id, node })));
  const open = incomplete.flatMap(({ id, nodes }) =>
    nodes.map((node) => ({ id, node, target: String(node.target[0]) })),
  );
  const places = await at.page.evaluate(placesOf, {
    targets: open.map(({ target }) => target),
    places: EXPLAINED.map(({ within }) => within),
  });
  const unexplained = open.filter(({ id }, index) => {
    const explained = EXPLAINED.find(
      ({ rules, within }) => rules.includes(id) && places[index]?.includes(within),
    );
    if (explained) used.add(explained);
    return !explained;
  });
  return [
    ...wrong.map(({ id, node }) => `${id}: ${node.target.join(' ')}`),
    ...unexplained.map(({ id, node }) => `${id}, to be looked at: ${node.target.join(' ')}`),
  ];
}

/** Runs in the page: words in plots and dialogs that the box, bar or surface behind them leaves less contrast than `least`. */
const faintWords = (least: number): string[] => {
  const brightness = (colour: string): number => {
    const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour);
    if (!parts) throw new Error(`no opaque colour: ${colour}`);
    const [red = 0, green = 0, blue = 0] = parts.slice(1).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const surface = (word: Element): string => {
    const { left, right, top, bottom } = word.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const shapes = (word instanceof SVGElement && word.ownerSVGElement?.querySelectorAll('rect')) || [];
    const shape = [...shapes].findLast((one) => {
      const box = one.getBoundingClientRect();
      return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
    });
    if (shape) return getComputedStyle(shape).fill;
    for (let one: Element | null = word; one; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one);
      if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
    }
    throw new Error('no surface behind a word');
  };
  const words = [...document.querySelectorAll('.chart svg text, dialog[open] *')].filter(
    (element) =>
      element.checkVisibility() &&
      [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== ''),
  );
  return words.flatMap((word) => {
    const { fill, color } = getComputedStyle(word);
    const [one, other] = [brightness(word instanceof SVGElement ? fill : color), brightness(surface(word))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return contrast < least ? [`contrast ${contrast.toFixed(2)} of “${word.textContent}”`] : [];
  });
};

/** Runs in the page, where axe is already. */
const findings = async (options: Options): Promise<Found> => {
  const { violations, incomplete } = await (window as unknown as { axe: Axe }).axe.run(document, options);
  return { violations, incomplete };
};

/** Runs in the page: rules of no level that is asked for. */
const rulesLeftOut = (levels: string[]): string[] => {
  const { axe } = window as unknown as { axe: Axe };
  const asked = new Set(axe.getRules(levels).map(({ ruleId }) => ruleId));
  return axe.getRules().flatMap(({ ruleId }) => (asked.has(ruleId) ? [] : [`rule left out: ${ruleId}`]));
};

/** What is wrong with the page, of any level, and what axe leaves open without an explanation, in each colour scheme. */
export async function accessibilityFaults(at: Visitor): Promise<{ light: string[]; dark: string[] }> {
  // It runs in the page as it is: the policy lets the driver's own script in, and it is not brought in twice.
  const found = (await at.page.evaluate(() => 'axe' in window))
    ? await at.page.evaluate(findings, OPTIONS)
    : await new AxeBuilder({ page: at.page }).setLegacyMode().options(OPTIONS).analyze();
  const light = [
    ...(await at.page.evaluate(rulesLeftOut, LEVELS)),
    ...(await reported(at, found)),
    ...(await at.page.evaluate(faintWords, CONTRAST_LEAST)),
  ];
  await at.page.emulateMedia({ colorScheme: 'dark' });
  const dark = [
    ...(await reported(at, await at.page.evaluate(findings, OPTIONS))),
    ...(await at.page.evaluate(faintWords, CONTRAST_LEAST)),
  ];
  await at.page.emulateMedia({ colorScheme: 'light' });
  return { light, dark };
}

/** Explanations that no page has needed. */
export const needlessExplanations = (): string[] =>
  EXPLAINED.filter((one) => !used.has(one)).map(({ within }) => within);
