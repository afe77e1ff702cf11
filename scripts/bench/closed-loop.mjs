import { memoryOf, startUsage } from './usage.mjs';

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/**
 * Runs `operation` from `inFlight` callers, each beginning the next when its last has answered, and measures after a
 * warm-up. Latencies in ms; `cpu` in ms an operation by process; `otherPercent` is CPU that other programs used (100 =
 * one core). The first failure ends the row and is its `error`.
 */
export async function closedLoop(operation, { inFlight, seconds, warmUpSeconds, pids }) {
  const latencies = [];
  let measuring = false;
  let running = true;
  let failure;
  const caller = async () => {
    while (running && failure === undefined) {
      const began = performance.now();
      try {
        await operation();
      } catch (error) {
        failure ??= error;
        return;
      }
      if (measuring) latencies.push(performance.now() - began);
    }
  };
  const callers = Array.from({ length: inFlight }, caller);
  await pause(warmUpSeconds * 1000);
  const used = startUsage(pids);
  measuring = true;
  await pause(seconds * 1000);
  measuring = false;
  const { cpu, milliseconds, otherPercent } = used();
  running = false;
  await Promise.all(callers);
  if (failure !== undefined) return { inFlight, error: failure.message.split('\n')[0] };
  latencies.sort((a, b) => a - b);
  const count = latencies.length;
  if (count === 0) return { inFlight, error: `no operation ended within ${seconds} s` };
  return {
    inFlight,
    count,
    perSecond: round((count * 1000) / milliseconds),
    p50: round(percentile(latencies, 0.5)),
    p95: round(percentile(latencies, 0.95)),
    p99: round(percentile(latencies, 0.99)),
    cpu: Object.fromEntries(Object.entries(cpu).map(([name, value]) => [name, round(value / count, 2)])),
    memory: Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, memoryOf(pid)])),
    otherPercent,
  };
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function round(value, digits = 1) {
  return Number(value.toFixed(digits));
}
