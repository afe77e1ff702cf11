import type { Browser } from 'playwright-core';
import { describeInBrowser, launchChromium } from '../support/chromium';
import { startPaper } from '../support/fixture';
import type { Product } from '../support/product';
import { administratorFlow } from './administrator';
import { consentFlow } from './consents';
import { doctorFlow } from './doctor';
import { emergencyFlow } from './emergencies';
import { guardianFlow } from './guardians';
import { auditFlow, queueFlow } from './integrity';
import { insightFlow } from './insights';
import { interruptionFlows } from './interruptions';
import { keysFlow } from './keys';
import { ministryFlow } from './ministry';
import { activationFlow, patientFlow } from './patient';
import { coverageCheck, pageChecks } from './pages';
import { paperFlow } from './paper';
import { sessionFlows } from './sessions';
import { Stage } from './stage';
import { tamperingFlow } from './tampering';

// Generous for a slow machine; each wait inside has a deadline of its own.
jest.setTimeout(180_000);

/** They go on from each other in this order. */
const FLOWS = [
  administratorFlow,
  activationFlow,
  doctorFlow,
  auditFlow,
  patientFlow,
  consentFlow,
  keysFlow,
  guardianFlow,
  emergencyFlow,
  ministryFlow,
  insightFlow,
  interruptionFlows,
  sessionFlows,
  queueFlow,
  tamperingFlow,
  pageChecks,
  paperFlow,
  coverageCheck,
];

/** The console in Chromium on one running product. */
describeInBrowser('the console', () => {
  let product: Product;
  let browser: Browser;
  let current: Stage;

  beforeAll(async () => {
    [product, browser] = await Promise.all([startPaper(), launchChromium()]);
    current = new Stage(product, browser);
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await product?.stop();
    product?.remove();
  }, 60_000);

  for (const flow of FLOWS) flow(() => current.during(flow));

  test('no page of these flows threw, logged an error or met the content-security policy', async () => {
    expect(await current.closeAll()).toEqual([]);
  });
});
