import type { ChannelConfig, Identity, SignedData } from '../types.js';

export const READERS = '/Channel/Application/Readers';
export const WRITERS = '/Channel/Application/Writers';

/** How far a proposal's or a stream request's time may be from the peer's (`peer.authentication.timewindow`). */
export const TIME_WINDOW_MS = 15 * 60 * 1000;

/** @throws Error with the text of Fabric's policy checker (core/policy/policy.go). */
export function checkPolicy(config: ChannelConfig, path: string, signed: SignedData): void {
  refuse(config, path, config.policy(path).refusal([signed]));
}

/** The same for an identity whose signature was already verified. */
export function checkIdentity(config: ChannelConfig, path: string, identity: Identity): void {
  refuse(config, path, config.policy(path).refusalOfIdentities([identity]));
}

function refuse(config: ChannelConfig, path: string, refusal: string | undefined): void {
  if (refusal === undefined) return;
  throw new Error(
    `Failed evaluating policy on signed data during check policy on channel [${config.channelId}] ` +
      `with policy [${path}]: [${refusal}]`,
  );
}
