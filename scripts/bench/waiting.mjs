import { fork } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../lib/prepare.mjs';

// How long a process that verifies proofs lets others wait meanwhile: it is asked every few milliseconds and answers
// from its main thread, as chaincode answers a transaction, while its other thread verifies.

const ASKED_EVERY_MS = 2;
const LIMIT_MS = 50;

/**
 * @param check what `verdictOn` of the contracts is asked, of an intact file
 * @returns `rows` `{ processes, during, asked, p50, p99, max }` in ms, from asking to answer; `verificationMs` of one proof
 *   on the clock; `longestBlockMs` that a main thread was kept from its work
 */
export async function waiting(check, { proofs, idleMs }) {
  const rows = [];
  let verificationMs = 0;
  let longestBlockMs = 0;
  for (const processes of [1, 3]) {
    const started = Array.from({ length: processes }, startProcess);
    try {
      // The first proof starts the thread and loads the engine.
      await Promise.all(started.map((one) => one.ask({ check })));
      const idle = await Promise.all(started.map((one) => one.whileAsked(() => pause(idleMs))));
      rows.push(rowOf(processes, 'idle', idle));
      const verifying = await Promise.all(
        started.map((one) =>
          one.whileAsked(async () => {
            const began = performance.now();
            for (let k = 0; k < proofs; k += 1) {
              const answer = await one.ask({ check });
              if (answer.verdict !== 'intact') throw new Error('an honest proof did not hold');
              longestBlockMs = Math.max(longestBlockMs, answer.longestBlockMs);
            }
            if (processes === 1) verificationMs = (performance.now() - began) / proofs;
          }),
        ),
      );
      rows.push(rowOf(processes, 'verifying', verifying));
    } finally {
      for (const { stop } of started) stop();
    }
  }
  return { rows, verificationMs: rounded(verificationMs), longestBlockMs: rounded(longestBlockMs) };
}

export const waitingLines = ({ rows, verificationMs, longestBlockMs }) => [
  `Others meanwhile, ms from asking a process to its answer (limit ${LIMIT_MS}); a proof of c = 460 takes ${verificationMs} ms:`,
  ...rows.map(
    ({ processes, during, asked, p50, p99, max }) =>
      `${processes} process${processes > 1 ? 'es' : ''} ${during}: ${asked} times asked, median ${p50}, 99 % ${p99}, longest ${max}`,
  ),
  `longest time that a process kept its main thread from answering: ${longestBlockMs} ms`,
];

function startProcess() {
  const child = fork(path.join(ROOT, 'scripts/bench/verifying-process.mjs'), { serialization: 'advanced' });
  const asked = new Map();
  let count = 0;
  child.on('message', ({ id, ...answer }) => {
    asked.get(id)(answer);
    asked.delete(id);
  });
  const ask = (question) =>
    new Promise((resolve) => {
      count += 1;
      asked.set(count, resolve);
      child.send({ id: count, ...question });
    });
  const whileAsked = async (act) => {
    const waits = [];
    const one = async () => {
      const began = performance.now();
      await ask({});
      waits.push(performance.now() - began);
    };
    const timer = setInterval(() => void one(), ASKED_EVERY_MS);
    await act();
    clearInterval(timer);
    return waits;
  };
  return { ask, whileAsked, stop: () => child.kill() };
}

function rowOf(processes, during, waitsOfEach) {
  const waits = waitsOfEach.flat().sort((left, right) => left - right);
  const at = (share) => rounded(waits[Math.min(waits.length - 1, Math.floor(share * waits.length))]);
  return { processes, during, asked: waits.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const rounded = (ms) => Number(ms.toFixed(1));
