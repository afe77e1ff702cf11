import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './prepare.mjs';

const FILE = path.join(ROOT, 'docs/results/authorization-mutations.json');

/** What became of each check that was removed, kept on disk after each one so that a run can go on where it was. */
export class MutationResults {
  #checks;
  #reasons;
  #done;
  #commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();

  /** @param reasons by the check's name, why its removal shows in no cell */
  constructor(checks, reasons, isAfresh) {
    this.#checks = checks;
    this.#reasons = reasons;
    const kept = existsSync(FILE) && !isAfresh ? JSON.parse(readFileSync(FILE, 'utf8')).mutations : [];
    // A check whose lines have changed since is tried again.
    const isSame = (one) =>
      checks.some(({ name, removed }) => name === one.name && removed === one.removed) &&
      one.outcome !== 'not viable';
    this.#done = new Map(kept.filter(isSame).map((one) => [one.name, one]));
  }

  has = ({ name }) => this.#done.has(name);

  /** @param result {outcome: 'red' | 'survived' | 'not viable', cells?, why?} */
  add({ name, removed }, result) {
    this.#done.set(name, { name, removed, ...result, commit: this.#commit });
    this.write();
  }

  count = (outcome) => [...this.#done.values()].filter((one) => one.outcome === outcome).length;

  get unexplained() {
    return [...this.#done.values()].filter(
      ({ name, outcome }) =>
        outcome === 'not viable' || (outcome === 'survived' && this.#reasons[name] === undefined),
    );
  }

  get summary() {
    return (
      `${this.#done.size} of ${this.#checks.length} checks removed: ${this.count('red')} turned a cell red, ` +
      `${this.count('survived')} survived, ${this.count('not viable')} not viable`
    );
  }

  write() {
    const mutations = this.#checks.flatMap((check) => {
      const one = this.#done.get(check.name);
      if (one === undefined) return [];
      return one.outcome === 'survived' ? [{ ...one, reason: this.#reasons[check.name] ?? null }] : [one];
    });
    const report = {
      commit: this.#commit,
      seed: "none: the values sent are the system's random numbers and decide nothing",
      date: new Date().toISOString(),
      checks: this.#checks.length,
      tried: mutations.length,
      red: this.count('red'),
      survived: this.count('survived'),
      notViable: this.count('not viable'),
      notTried: this.#checks.filter((check) => !this.has(check)).map(({ name }) => name),
      mutations,
    };
    mkdirSync(path.dirname(FILE), { recursive: true });
    writeFileSync(FILE, `${JSON.stringify(report, null, 2)}\n`);
  }
}
