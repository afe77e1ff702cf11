import type { Response } from 'express';
import { eventId, isAfter, type StreamPlace } from './event-id.js';
import type { AddressedNotice, Notice, NoticeListener } from './notice.js';

/** A reader this far behind is let go; it comes back with the id of the last event it had. */
const UNREAD_BYTES_MAX = 1_048_576;
/** Ms that a reader waits before it comes back. */
const RETRY_MS = 2_000;

/** One open answer of `GET /events`, as the WHATWG's server-sent events. */
export class NoticeStream implements NoticeListener {
  /** What came while the stream was still told what it had missed. */
  #waiting: AddressedNotice[] | undefined = [];

  constructor(
    readonly subject: string,
    readonly role: NoticeListener['role'],
    readonly sessionId: string,
    private told: StreamPlace,
    private readonly response: Response,
  ) {}

  begin(): void {
    this.response.status(200);
    this.response.header('Content-Type', 'text/event-stream; charset=utf-8');
    this.response.header('Cache-Control', 'no-store');
    // Proxies would otherwise hold notices back.
    this.response.header('X-Accel-Buffering', 'no');
    this.#write(`retry: ${RETRY_MS}\n\n`);
  }

  get toldUntilMs(): number {
    return this.told.untilMs;
  }

  /** From the ledger, of before the stream was opened; those told already are left out. */
  tellMissed(notices: readonly AddressedNotice[]): void {
    for (const addressed of notices) this.#tell(addressed);
  }

  /** Everything before block `height` has been told: notices come as they happen from now on. */
  ready(height: number, complete: boolean): void {
    this.#move({ blockNumber: height, position: 0, index: 0 });
    // What was too long ago is not told one by one: the reader looks at everything anew.
    this.#event(complete ? 'ready' : 'reload', {});
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const addressed of waiting) this.#tell(addressed);
  }

  tell(addressed: AddressedNotice): void {
    if (this.#waiting === undefined) this.#tell(addressed);
    else this.#waiting.push(addressed);
  }

  /** @param untilMs everything that ended up to then is told with this */
  tellExpired(notices: readonly Notice[], untilMs: number): void {
    if (this.#waiting !== undefined) return;
    this.told = { ...this.told, untilMs };
    for (const notice of notices) this.#event('notice', notice);
  }

  keepAlive(): void {
    this.#write(': still here\n\n');
  }

  end(): void {
    this.response.end();
  }

  #tell({ notice, blockNumber, position, index }: AddressedNotice): void {
    if (!isAfter({ blockNumber, position, index }, this.told)) return;
    this.#move({ blockNumber, position, index });
    this.#event('notice', notice);
  }

  #move(place: Omit<StreamPlace, 'untilMs'>): void {
    if (isAfter(place, this.told)) this.told = { ...place, untilMs: this.told.untilMs };
  }

  #event(event: string, data: object): void {
    this.#write(`id: ${eventId(this.told)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #write(text: string): void {
    if (this.response.writableEnded || this.response.destroyed) return;
    if (this.response.writableLength > UNREAD_BYTES_MAX) this.response.destroy();
    else this.response.write(text);
  }
}
