import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Response } from 'express';
import { SessionsService } from '../auth/sessions.service.js';
import { Clock } from '../clock.js';
import { tooManyRequests } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { type Organization, OrganizationRegistry } from '../organizations/organization.js';
import { type BlockChanges, blockChanges } from '../projection/block-changes.js';
import { heldCollections } from '../projection/ledger-namespace.js';
import { Projections } from '../projection/projections.js';
import { type StreamPlace } from './event-id.js';
import { LedgerNotices } from './ledger-notices.js';
import type { AddressedNotice } from './notice.js';
import { NoticeStream } from './notice-stream.js';

/** A browser opens six connections to one address: the rest is for everything else. */
const STREAMS_OF_A_SESSION_MAX = 4;
/** Ended sessions and expired consents are looked for this often while somebody listens. */
const TICK_MS = 1_000;
const TICKS_OF_KEEP_ALIVE = 15;
/** Blocks that are read again for somebody who comes back. */
const REPLAYED_BLOCKS_MAX = 1_000;
const REPLAY_TIMEOUT_MS = 30_000;

interface Listening {
  readonly streams: Set<NoticeStream>;
  /** Blocks are told one batch after the other. */
  telling: Promise<void>;
}

/** Open streams of notices; what they tell comes out of committed blocks. */
@Injectable()
export class EventsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(EventsService.name);
  private readonly listening = new Map<string, Listening>();
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;
  private ticking: Promise<void> | undefined;

  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly projections: Projections,
    private readonly notices: LedgerNotices,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    for (const organization of this.organizations.all()) {
      const listening: Listening = { streams: new Set(), telling: Promise.resolve() };
      this.listening.set(organization.mspId, listening);
      this.projections.of(organization).onBlocks((blocks) => {
        if (listening.streams.size === 0) return;
        listening.telling = listening.telling.then(() => this.tell(organization, listening, blocks));
      });
    }
    this.timer = setInterval(() => {
      this.ticking ??= this.tick().finally(() => (this.ticking = undefined));
    }, TICK_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    for (const { streams } of this.listening.values()) for (const stream of streams) stream.end();
    await this.ticking;
    await Promise.all([...this.listening.values()].map(({ telling }) => telling));
  }

  /** Answers with the caller's notices until the caller leaves or the session ends. @throws ProblemException 429 */
  open(user: SessionUser, response: Response, last: StreamPlace | undefined): void {
    const { organization, subject, role, sessionId } = user;
    const { streams } = this.listening.get(organization.mspId)!;
    const own = [...streams].filter((stream) => stream.sessionId === sessionId);
    if (own.length >= STREAMS_OF_A_SESSION_MAX) {
      throw tooManyRequests(
        'TOO_MANY_STREAMS',
        `A session has at most ${STREAMS_OF_A_SESSION_MAX} streams of events: close another one.`,
        TICKS_OF_KEEP_ALIVE,
      );
    }
    const { height } = this.projections.of(organization);
    const now = { blockNumber: height, position: 0, index: 0, untilMs: this.clock.now() };
    // A place beyond the end is of another ledger.
    const from = last === undefined || last.blockNumber > height ? now : last;
    const stream = new NoticeStream(subject, role, sessionId, from, response);
    streams.add(stream);
    const left = new AbortController();
    response.on('close', () => {
      streams.delete(stream);
      left.abort();
    });
    stream.begin();
    void this.tellMissed(organization, stream, from, height, left.signal);
  }

  private async tellMissed(
    organization: Organization,
    stream: NoticeStream,
    { blockNumber: from }: StreamPlace,
    height: number,
    left: AbortSignal,
  ): Promise<void> {
    const isShort = height - from <= REPLAYED_BLOCKS_MAX;
    try {
      if (isShort && from < height) {
        const signal = AbortSignal.any([left, AbortSignal.timeout(REPLAY_TIMEOUT_MS)]);
        const collections = heldCollections(organization);
        for await (const { number, block, privateData } of organization.ledger.blocks(from, { signal })) {
          const changes = blockChanges(block, privateData, collections);
          stream.tellMissed(await this.notices.of(organization, changes, [stream]));
          if (number >= height - 1) break;
        }
        signal.throwIfAborted();
      }
      stream.ready(height, isShort);
    } catch (error) {
      if (left.aborted) return;
      this.logger.warn(`Missed notices of ${organization.mspId} wait: ${(error as Error).message}`);
      stream.end();
    }
  }

  private async tell(
    organization: Organization,
    { streams }: Listening,
    blocks: readonly BlockChanges[],
  ): Promise<void> {
    try {
      const listeners = [...new Map([...streams].map((stream) => [stream.subject, stream])).values()];
      const notices: AddressedNotice[] = [];
      for (const block of blocks) notices.push(...(await this.notices.of(organization, block, listeners)));
      if (notices.length === 0) return;
      await this.endThoseOver(organization, streams);
      for (const addressed of notices)
        for (const stream of streams) if (stream.subject === addressed.to) stream.tell(addressed);
    } catch (error) {
      this.logger.warn(`Notices of ${organization.mspId} wait: ${(error as Error).message}`);
      // Whoever comes back is told from the ledger.
      for (const stream of streams) stream.end();
    }
  }

  private async tick(): Promise<void> {
    this.ticks += 1;
    for (const organization of this.organizations.all()) {
      const { streams } = this.listening.get(organization.mspId)!;
      if (streams.size === 0) continue;
      try {
        await this.endThoseOver(organization, streams);
        await this.tellExpired(organization, streams);
      } catch (error) {
        this.logger.warn(
          `Streams of ${organization.mspId} are looked after later: ${(error as Error).message}`,
        );
      }
      if (this.ticks % TICKS_OF_KEEP_ALIVE === 0) for (const stream of streams) stream.keepAlive();
    }
  }

  private async endThoseOver(organization: Organization, streams: Set<NoticeStream>): Promise<void> {
    const ids = [...new Set([...streams].map(({ sessionId }) => sessionId))];
    const inForce = await this.sessions.inForce(organization, ids);
    for (const stream of streams) {
      if (inForce.has(stream.sessionId) || !ids.includes(stream.sessionId)) continue;
      streams.delete(stream);
      stream.end();
    }
  }

  private async tellExpired(organization: Organization, streams: Set<NoticeStream>): Promise<void> {
    const all = [...streams];
    const now = this.clock.now();
    const from = Math.min(...all.map(({ toldUntilMs }) => toldUntilMs));
    const listeners = [...new Map(all.map((stream) => [stream.subject, stream])).values()];
    const expired = await this.notices.expired(organization, from, now, listeners);
    for (const stream of all) {
      const own = expired.filter(
        ({ to, expiredMs }) => to === stream.subject && expiredMs > stream.toldUntilMs,
      );
      stream.tellExpired(
        own.map(({ notice }) => notice),
        now,
      );
    }
  }
}
