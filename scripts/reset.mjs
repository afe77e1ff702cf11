import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { dataFolder } from './lib/data-folder.mjs';
import { fail } from './lib/fail.mjs';
import { fabricFolder, fabricNetwork } from './lib/fabric.mjs';

const runningNodes = (folder) =>
  fabricNetwork()
    .status(fabricFolder(folder))
    .filter(({ pid }) => pid !== undefined)
    .map(({ name }) => name);

// Removes all state, after making sure that it is Medseal's and that nobody uses it.
const folder = dataFolder();
if (!existsSync(folder)) {
  console.log(`Nothing to reset: ${folder} does not exist.`);
} else {
  if (
    !existsSync(path.join(folder, 'logs')) &&
    !existsSync(path.join(folder, 'network')) &&
    !existsSync(fabricFolder(folder))
  ) {
    fail(`${folder} does not look like a Medseal data folder; remove it by hand if you mean it.`);
  }
  const lock = path.join(folder, 'lock');
  if (existsSync(lock)) {
    const owner = Number(readFileSync(lock, 'utf8'));
    try {
      process.kill(owner, 0);
      fail(`${folder} is in use (process ${owner}); stop it first.`);
    } catch (error) {
      if (error.code === 'EPERM') fail(`${folder} is in use (process ${owner}); stop it first.`);
    }
  }
  if (existsSync(fabricFolder(folder)) && runningNodes(folder).length > 0) {
    fail(
      `${folder} has running nodes (${runningNodes(folder).join(', ')}); stop them with: npm run fabric -- down`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`Removed ${folder}; the next npm start begins anew.`);
}
