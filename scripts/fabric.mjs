import { existsSync, readFileSync } from 'node:fs';
import { dataFolder, lockOwner, refusalOfNetwork } from './lib/data-folder.mjs';
import { fail } from './lib/fail.mjs';
import { demoOrganizations, fabricFolder, fabricNetwork, fabricOptions } from './lib/fabric.mjs';
import { prepare } from './lib/prepare.mjs';

// `npm run fabric -- up|down|status|logs|install`: Hyperledger Fabric on this machine, in the data folder.

const LOG_LINES = 40;
const began = Date.now();
const progress = (text) => console.log(`[${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s] ${text}`);
const [command, ...names] = process.argv.slice(2);
const folder = dataFolder();
const directory = fabricFolder(folder);

const commands = {
  async up() {
    const refusal = refusalOfNetwork(folder, 'fabric');
    if (refusal) fail(refusal);
    const { up } = fabricNetwork();
    const { version, profileFile } = await up(fabricOptions(folder, demoOrganizations(), progress));
    progress(`Fabric ${version} is up; connection profile: ${profileFile}`);
  },
  async down() {
    const owner = lockOwner(folder);
    if (owner !== undefined) fail(`${folder} is in use by npm start (process ${owner}); stop that instead.`);
    const stopped = await fabricNetwork().down(directory);
    console.log(
      stopped === 0 ? 'Nothing runs.' : `Stopped ${stopped} nodes; the data stays in ${directory}.`,
    );
  },
  async status() {
    const nodes = fabricNetwork().status(directory);
    if (nodes.length === 0) console.log(`There is no network in ${directory}.`);
    for (const { name, pid } of nodes) {
      console.log(`${name.padEnd(26)}${pid === undefined ? 'stopped' : `running (process ${pid})`}`);
    }
    process.exitCode = nodes.length > 0 && nodes.every(({ pid }) => pid !== undefined) ? 0 : 3;
  },
  async logs() {
    const { logFile, status } = fabricNetwork();
    const known = status(directory).map(({ name }) => name);
    for (const name of names) {
      if (!known.includes(name)) fail(`there is no node "${name}"; there are ${known.join(', ') || 'none'}.`);
    }
    for (const name of names.length > 0 ? names : known) {
      const file = logFile(directory, name);
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
      console.log(`== ${file}\n${lines.slice(-LOG_LINES).join('\n')}\n`);
    }
  },
  async install() {
    const { archivesFor, install, installFolder } = fabricNetwork();
    const programs = await install(archivesFor(process.platform, process.arch), installFolder(), progress);
    progress(`Fabric's programs are in ${programs}`);
  },
};

if (!Object.hasOwn(commands, command ?? '')) {
  fail(`say what to do: npm run fabric -- ${Object.keys(commands).join('|')} (logs takes names of nodes).`);
}
await prepare(progress);
try {
  await commands[command]();
} catch (error) {
  fail(error.message);
}
