import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

// CPU time and memory of processes as Linux counts them, threads included.

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU ms that a process has used since it began. */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Memory in MB: resident now and at its highest. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return { rss: megabytes('VmRSS'), highest: megabytes('VmHWM') };
}

/** Busy CPU ms of the whole machine since it started. */
function machineBusy() {
  const [user, nice, system, , , irq, softirq] = /^cpu\s+(.*)$/m
    .exec(readFileSync('/proc/stat', 'utf8'))[1]
    .split(' ')
    .map(Number);
  return ((user + nice + system + irq + softirq) * 1000) / TICKS_PER_SECOND;
}

/** Counts from now on. `pids` is `{name: pid}`; this process, the client, is counted as `client`. */
export function startUsage(pids) {
  const all = { ...pids, client: process.pid };
  const began = performance.now();
  const busy = machineBusy();
  const before = Object.fromEntries(Object.entries(all).map(([name, pid]) => [name, cpuOf(pid)]));
  return () => {
    const milliseconds = performance.now() - began;
    const cpu = Object.fromEntries(
      Object.entries(all).map(([name, pid]) => [name, cpuOf(pid) - before[name]]),
    );
    const ours = Object.values(cpu).reduce((sum, value) => sum + value, 0);
    const other = Math.max(0, machineBusy() - busy - ours);
    return { milliseconds, cpu, otherPercent: Math.round((100 * other) / milliseconds) };
  };
}
