import { canonicalJson, sha256Hex, utf8, utf8Decode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import type { Caller } from './authorization.js';
import { privateKeys } from './keys.js';
import type { PeerPrivateValues } from './private-values.js';

/** What a place is taken for. */
export interface Deposited {
  id: string;
  at: string;
}

/** `taken` where every place that was looked at is: then the one taken longest ago. */
export interface DepositPlace {
  key: string;
  taken: Deposited | undefined;
}

/** Places that are looked at before a deposit is refused. */
const TRIES = 20;

/**
 * How much one sender may lay down at another organisation: so many places there, each free again once what it was taken
 * for is done with. They are private values of the receiver, whose peer alone endorses a deposit; every sender has places
 * of their own, so that nobody waits for anybody else, and they never become more.
 */
export class DepositSlots {
  constructor(
    private readonly peer: PeerPrivateValues,
    private readonly kind: 'request' | 'delivery' | 'reason',
    private readonly count: number,
    private readonly isDone: (deposited: Deposited) => boolean | Promise<boolean>,
  ) {}

  /** A place for the deposit of that random id. */
  async find(caller: Caller, depositId: string): Promise<DepositPlace> {
    // Begins anywhere, so that deposits made at once seldom want the same place.
    const first = Number.parseInt(depositId.slice(0, 8), 16);
    let longest: DepositPlace | undefined;
    for (let at = 0; at < Math.min(TRIES, this.count); at++) {
      const key = placeOf(this.kind, caller, (first + at) % this.count);
      const value = await this.peer.read(key);
      const taken = value === undefined ? undefined : (JSON.parse(utf8Decode(value)) as Deposited);
      if (taken === undefined || (await this.isDone(taken))) return { key, taken: undefined };
      if (longest?.taken === undefined || taken.at < longest.taken.at) longest = { key, taken };
    }
    return longest!;
  }

  /** Takes a place that is free. @throws ContractError TOO_MANY_DEPOSITS */
  async take(caller: Caller, deposit: Deposited): Promise<void> {
    const place = await this.find(caller, deposit.id);
    if (place.taken !== undefined) {
      throw new ContractError(
        'TOO_MANY_DEPOSITS',
        `${this.peer.mspId} holds as much of this sender as one may lay down there: try again later`,
      );
    }
    await this.put(place, deposit);
  }

  async put({ key }: DepositPlace, { id, at }: Deposited): Promise<void> {
    await this.peer.put(key, utf8(canonicalJson({ id, at })));
  }
}

/** An organisation's services have their places together: its authority could name any number of them. */
const placeOf = (kind: string, { mspId, role, subject }: Caller, place: number): string =>
  privateKeys.depositSlot(
    sha256Hex(canonicalJson({ kind, mspId, sender: role === 'service' ? '' : subject, place })),
  );
