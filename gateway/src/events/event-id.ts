import { invalid } from '../http/problem.js';

/** Where a stream is: everything up to this place of the ledger and this moment has been told. */
export interface StreamPlace {
  readonly blockNumber: number;
  /** Of the transaction in its block. */
  readonly position: number;
  /** Of the notice among those of its transaction, from 1; 0: none of them. */
  readonly index: number;
  /** Ms since the epoch, for what no block tells: consents that expire. */
  readonly untilMs: number;
}

const ID = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(\d{1,15})$/;

export const eventId = ({ blockNumber, position, index, untilMs }: StreamPlace): string =>
  `${blockNumber}.${position}.${index}.${untilMs}`;

/** Reads a `Last-Event-ID`. @throws ProblemException 400 for one that no stream gave */
export const parseEventId = (text: string): StreamPlace => {
  const parts = ID.exec(text);
  if (parts === null)
    throw invalid('Last-Event-ID', 'must be the id of an event of this service: leave it out to begin anew.');
  const [blockNumber, position, index, untilMs] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  return { blockNumber, position, index, untilMs };
};

/** Whether the notice at `place` comes after everything that a stream at `told` has had. */
export const isAfter = (place: Omit<StreamPlace, 'untilMs'>, told: StreamPlace): boolean =>
  place.blockNumber !== told.blockNumber
    ? place.blockNumber > told.blockNumber
    : place.position !== told.position
      ? place.position > told.position
      : place.index > told.index;
