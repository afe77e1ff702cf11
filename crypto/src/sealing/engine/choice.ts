import type { PairingEngine } from './engine.js';
import { mclEngine } from './mcl.js';
import { nobleEngine } from './noble.js';

/** mcl where the host runs WebAssembly, else the reference, which is slower and gives the same bytes. */
export const pairingEngine = async (): Promise<PairingEngine> =>
  runsWebAssembly() ? mclEngine() : nobleEngine();

/** The smallest module: a content-security policy shows only when something is compiled. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

const runsWebAssembly = (): boolean => {
  try {
    return new WebAssembly.Module(EMPTY_MODULE) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
};
