import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/**
 * A patient's device: the client library in a process of its own. Takes one JSON command a line, `{id, do, ...}`, answers
 * with one, `{id, answer}` or `{id, error: {code, message}}`. It tells its secrets to the test that started it, through
 * the pipe between the two.
 */

const require = createRequire(import.meta.url);

/** What was drawn with 32 bytes: seed, polynomials, salts. */
const drawn = [];
const draw = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
globalThis.crypto.getRandomValues = (array) => {
  const filled = draw(array);
  if (filled.byteLength === 32) drawn.push(Buffer.from(filled).toString('hex'));
  return filled;
};

const { MedsealClient, PatientDevice } = require('@medseal/client');
const { mclEngine, receivingKeyPair, scopeKeyPair, signingKeyPair } = require('@medseal/crypto');

let client;
let device;
let passphrase;

const commands = {
  async activate({ url, ...input }) {
    ({ passphrase } = input);
    const made = await PatientDevice.activate(new MedsealClient(url), input);
    device = made.device;
    return { ledgerId: device.ledgerId, status: made.answer.status };
  },
  async login({ url, organization, username, password }) {
    client = new MedsealClient(url);
    await client.login(organization, username, password);
  },
  async unlock(input) {
    ({ passphrase } = input);
    device = await PatientDevice.unlock(client, passphrase);
  },
  async grant({ wish }) {
    const body = await device.makeConsent(client, wish);
    return { fields: body.fields, answer: await device.signConsent(client, body) };
  },
  revoke: ({ consentId }) => device.revokeConsent(client, consentId),
  async secrets() {
    const { seed, scopes } = device;
    const engine = await mclEngine();
    const hex = (bytes) => Buffer.from(bytes).toString('hex');
    const scope = (id) => hex(scopeKeyPair(engine, seed, id, scopes.epoch).secretKey);
    return {
      passphrase,
      seed: hex(seed),
      signingKey: hex(signingKeyPair(seed).secretKey),
      receivingKey: hex(receivingKeyPair(seed).secretKey),
      generalKey: scope(scopes.general),
      sensitiveKey: scope(scopes.sensitive),
      drawn,
    };
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, do: name, ...input } = JSON.parse(line);
  const tell = (message) => process.stdout.write(`${JSON.stringify({ id, ...message })}\n`);
  commands[name](input).then(
    (answer) => tell({ answer }),
    ({ code, message }) => tell({ error: { code: code ?? 'NONE', message } }),
  );
});
process.stdout.write('{"ready":true}\n');
