import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pause } from './closed-loop.mjs';

// A patient of the demo consents to a doctor of the other hospital, who reads: through REST, on the running product.

const require = createRequire(import.meta.url);
const GRANTS = 5;
const POLL_MS = 20;

/**
 * @param folder of a product with the paper's demo
 * @returns `grantToFirstReadMs`: from the first signature of each of some grants until a record has been read under it,
 *   sorted; `operations`: opening a record, the receipt's commit included
 */
export async function consentReading(folder) {
  const { completeByRoles, MedsealClient, PatientDevice } = require('@medseal/client');
  const { url, users } = JSON.parse(readFileSync(path.join(folder, 'demo.json'), 'utf8'));
  const as = async (is) => {
    const user = users.find(is);
    const client = new MedsealClient(url);
    await client.login(user.organization, user.username, user.password);
    return { user, client };
  };
  const city = ({ organization }) => organization === 'city';
  const owner = await as((user) => city(user) && user.passphrase !== undefined);
  const reader = await as((user) => user.organization === 'lakeside' && user.role === 'doctor');
  const author = await as((user) => city(user) && user.role === 'doctor');
  const { registrationNo } = owner.user;
  const { recordId } = await author.client.writeRecord({
    registrationNo,
    effectiveDate: '2020-03-04',
    disease: 'Fever',
    recordType: 'OPConsultation',
    document: { progressNotes: [{ text: 'Seen for fever. '.repeat(100) }] },
  });
  const [sanitizer, verifier] = await Promise.all(
    ['sanitizer', 'verifier'].map(
      async (role) => (await as((user) => city(user) && user.role === role)).client,
    ),
  );
  await completeByRoles(recordId, { author: author.client, sanitizer, verifier });
  const device = await PatientDevice.unlock(owner.client, owner.user.passphrase);
  const wish = {
    grantee: { kind: 'person', id: reader.user.subject, mspId: 'LakesideMSP' },
    scopes: ['general'],
    terms: {
      purpose: 'CAREMGT',
      recordTypes: ['OPConsultation'],
      dateRange: { from: '2020-01-01', to: '2030-12-31' },
      dataEraseAt: '2039-01-01T00:00:00.000Z',
    },
    expiresAt: '2038-01-01T00:00:00.000Z',
  };
  const open = (consentId) => reader.client.openRecordDecrypted(recordId, 'TREATMENT', consentId);

  const grantToFirstReadMs = [];
  let consentId;
  for (let count = 0; count < GRANTS; count++) {
    const body = await device.makeConsent(owner.client, wish);
    const began = performance.now();
    await device.signConsent(owner.client, body);
    ({ consentId } = body.fields);
    await untilRead(() => open(consentId));
    grantToFirstReadMs.push(Math.round(performance.now() - began));
    if (count < GRANTS - 1) await device.revokeConsent(owner.client, consentId);
  }
  grantToFirstReadMs.sort((a, b) => a - b);
  return { grantToFirstReadMs, operations: { 'open under consent': () => open(consentId) } };
}

/** Shares are accepted, and openings handed over, by services in their own time. */
async function untilRead(read) {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!/PENDING$|NOT_ACTIVE$/.test(error.code)) throw error;
    }
    await pause(POLL_MS);
  }
}
