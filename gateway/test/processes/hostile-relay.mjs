import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

/**
 * The half of a hostile gateway that its devices talk to, before the real gateway at `process.argv[2]`: keeps all that
 * passes, and does to it what its last command said. One JSON command a line, `{id, do, ...}`, answered with `{id, answer}`.
 *
 * - `honest`
 * - `edit` {method, path, at, value}: puts `value` at the place `at` of the answer's JSON; `path` is a regular expression
 * - `send` the same of the request
 * - `flip` {stage, share}: one bit of the bytes to be signed, at that share of their length
 * - `exchange` {method, path, otherPath, body}: does another act with the caller's session and passes its answer on
 * - `repeat`: asks for every signature twice
 * - `withhold` {after}: signatures beyond that many are kept back and called committed
 * - `kept`: answers what passed
 */

const target = process.argv[2];
const kept = [];
let mode = { do: 'honest' };
let signatures = 0;
let repeated;

const forward = async (method, path, headers, body) => {
  const response = await fetch(`${target}${path}`, {
    method,
    headers: { ...headers, host: new URL(target).host },
    ...(body === '' ? {} : { body }),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? 'application/json',
    text: await response.text(),
  };
};

const put = (value, at, replacement) => {
  const [first, ...rest] = at;
  if (first === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[first] = put(copy[first], rest, replacement);
  return copy;
};

const matches = (method, path) => method === mode.method && new RegExp(mode.path).test(path);
const edited = (text) => JSON.stringify(put(JSON.parse(text), mode.at, mode.value));

const flipped = (text) => {
  const answer = JSON.parse(text);
  const { signing } = answer;
  if (signing === undefined || signing.stage !== mode.stage) return text;
  const bytes = Buffer.from(signing.bytes, 'base64');
  bytes[Math.floor(bytes.length * mode.share)] ^= 1 << (Math.floor(mode.share * 1e6) % 8);
  return JSON.stringify({ ...answer, signing: { ...signing, bytes: bytes.toString('base64') } });
};

const isSigning = (path) => /\/transactions\/[^/]+\/sign$/.test(path);

const answerTo = async (method, path, headers, body) => {
  if (mode.do === 'send' && matches(method, path)) return forward(method, path, headers, edited(body));
  if (mode.do === 'exchange' && matches(method, path))
    return forward('POST', mode.otherPath, headers, JSON.stringify(mode.body));
  if (mode.do === 'withhold' && isSigning(path) && signatures++ >= mode.after) {
    const ledger = { transactionId: 'ab'.repeat(32), blockNumber: 9, validationCode: 'VALID' };
    const text = JSON.stringify({ status: 'committed', ledger, missing: [] });
    return { status: 200, type: 'application/json', text };
  }
  if (mode.do === 'repeat' && isSigning(path)) {
    if (repeated === undefined) {
      repeated = await forward(method, path, headers, body);
      const first = kept.findLast(({ answer }) => answer.includes('"signing"'));
      return { status: 202, type: 'application/json', text: first.answer };
    }
    const answer = repeated;
    repeated = undefined;
    return answer;
  }
  const answer = await forward(method, path, headers, body);
  if (mode.do === 'edit' && matches(method, path)) return { ...answer, text: edited(answer.text) };
  if (mode.do === 'flip' && answer.text.includes('"signing"'))
    return { ...answer, text: flipped(answer.text) };
  return answer;
};

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const { method, url, headers } = request;
  const passed = Object.fromEntries(
    ['authorization', 'content-type', 'idempotency-key', 'accept', 'if-match']
      .filter((name) => headers[name] !== undefined)
      .map((name) => [name, headers[name]]),
  );
  const { status, type, text } = await answerTo(method, url, passed, body);
  kept.push({ method, path: url, headers: passed, body, answer: text });
  response.writeHead(status, { 'content-type': type });
  response.end(text);
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`{"ready":true,"url":"http://127.0.0.1:${server.address().port}"}\n`);
});

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, ...command } = JSON.parse(line);
  if (command.do !== 'kept') {
    mode = command;
    signatures = 0;
    repeated = undefined;
  }
  const answer = command.do === 'kept' ? kept : null;
  process.stdout.write(`${JSON.stringify({ id, answer })}\n`);
});
