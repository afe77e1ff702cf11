import { TestBed } from '../harness';

// Generous for a slow machine; each wait inside has a deadline of its own.
jest.setTimeout(240_000);

let bed: Promise<TestBed> | undefined;

/**
 * The one bed of a test file, whose describe blocks use it one after the other: made when the first asks for it, ended
 * after the last. A block finds it with its gateway running, leaves it like that, and with what it needs nobody else
 * may have; time goes on from block to block, so that those that move it come late.
 */
export const sharedBed = (): Promise<TestBed> => (bed ??= TestBed.start());

afterAll(async () => {
  await (await bed)?.stop();
});
