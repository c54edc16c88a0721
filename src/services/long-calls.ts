import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../models/errors.js';
import { Settings } from './settings.js';

/** What a call stays open for: to follow events, or to wait for something. */
export type LongCallSort = 'EVENT_STREAM' | 'LONG_POLL';

/** A call that stays open. */
export interface LongCall {
  readonly sort: LongCallSort;
  readonly tenantId: string;
  /** The hash of its credential: calls with the same one are asked about once. */
  readonly credentialHash: string;
  /** Whether the credential still stands for the same caller. */
  readonly stands: () => Promise<boolean>;
  /** Ends the call. */
  readonly end: () => void;
}

/** A credential is asked about again after so long, in milliseconds. */
const lookAgainMs = 4_000;
/** How many are asked about at once. */
const mostAtOnce = 500;
/** When a call that found no room may come again, in seconds. */
const retryAfterS = 5;

const names: Readonly<Record<LongCallSort, string>> = {
  EVENT_STREAM: 'event streams',
  LONG_POLL: 'waiting requests',
};

interface Open extends LongCall {
  askedAt: number;
}

/**
 * The calls of this process that stay open: so many of a tenant, and none for longer than its credential is good. What is
 * revoked or has expired ends within some seconds, and not when its caller hangs up.
 */
@Injectable()
export class LongCalls implements OnApplicationShutdown {
  private readonly logger = new Logger(LongCalls.name);
  private readonly open = new Set<Open>();
  private readonly counts = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly settings: Settings) {}

  /**
   * Counts a call until what is returned is called.
   *
   * @throws DomainError `RATE_LIMITED` when the tenant has as many of its sort as it may
   */
  begin(call: LongCall): () => void {
    const { sort, tenantId } = call;
    const key = `${sort} ${tenantId}`;
    const count = this.counts.get(key) ?? 0;
    const most = this.mostOf(sort);
    if (count >= most) {
      throw new DomainError(
        'RATE_LIMITED',
        `The tenant has ${count} ${names[sort]} open here and may have ${most}: close some, or try again in ${retryAfterS} s.`,
        { retryAfterS },
      );
    }
    this.counts.set(key, count + 1);
    const entry: Open = { ...call, askedAt: performance.now() };
    this.open.add(entry);
    this.lookSoon();
    return () => {
      if (this.open.delete(entry)) this.release(key);
    };
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.open.clear();
  }

  private mostOf(sort: LongCallSort): number {
    return sort === 'EVENT_STREAM' ? this.settings.maxEventStreams : this.settings.maxLongPolls;
  }

  private release(key: string): void {
    const left = (this.counts.get(key) ?? 1) - 1;
    if (left > 0) this.counts.set(key, left);
    else this.counts.delete(key);
  }

  private lookSoon(): void {
    this.timer ??= setTimeout(() => {
      void this.look();
    }, lookAgainMs).unref();
  }

  /** Asks about the credentials that have not been asked about for long. Never rejects. */
  private async look(): Promise<void> {
    const before = performance.now() - lookAgainMs;
    const due = Map.groupBy(
      [...this.open].filter(({ askedAt }) => askedAt <= before),
      ({ credentialHash }) => credentialHash,
    );
    const calls = [...due.values()];
    for (let from = 0; from < calls.length; from += mostAtOnce)
      await Promise.all(calls.slice(from, from + mostAtOnce).map((same) => this.ask(same)));
    this.timer = undefined;
    if (this.open.size > 0) this.lookSoon();
  }

  private async ask(same: readonly Open[]): Promise<void> {
    const now = performance.now();
    for (const call of same) call.askedAt = now;
    try {
      if (await same[0]?.stands()) return;
    } catch (error) {
      // Nothing is read for the call either while the database is away; it is asked again.
      this.logger.warn({ err: error }, 'It could not be asked whether a credential still stands.');
      return;
    }
    for (const call of same) call.end();
  }
}
