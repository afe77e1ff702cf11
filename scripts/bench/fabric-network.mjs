import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/prepare.mjs';

const MODULE = path.join(ROOT, 'network/fabric/dist/index.js');

/** Why Fabric cannot be measured here; undefined when it can. */
export async function fabricProblem() {
  if (!existsSync(MODULE)) return 'network/fabric is not part of this checkout';
  return 'its benchmark is not connected yet';
}

export async function* fabricNetworks() {}
