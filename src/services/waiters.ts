import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../models/errors.js';
import { type Signal, SignalPort } from '../ports/signals.js';

/** Connections that may wait in one process. */
const maxWaiters = 50_000;

/** A lost signal costs this long at most, in milliseconds. */
const lookAgainMs = 5_000;

const topicOf = {
  ready: (tenantId: string, kind: string) => `ready ${tenantId} ${kind}`,
  feed: (tenantId: string) => `feed ${tenantId}`,
  final: (taskId: string) => `final ${taskId}`,
};

export const topics = topicOf;

/** One long poll. It counts as told from the moment it is opened, so nothing that happens before its first look is lost. */
export interface Waiter {
  /** Resolves at a signal, when it is time to look again, or at `until`; `false` when there is no more point in looking. */
  next(until: number): Promise<boolean>;
  close(): void;
}

/** Holds the long polls of this process, a few hundred bytes each, and wakes them by signals. */
@Injectable()
export class Waiters implements OnApplicationShutdown {
  private readonly byTopic = new Map<string, Set<OpenWaiter>>();
  private open = 0;
  closing = false;

  constructor(signals: SignalPort) {
    signals.subscribe({
      onSignal: (signal) => {
        this.tell(signal);
      },
      onResync: () => {
        for (const waiters of this.byTopic.values()) for (const waiter of waiters) waiter.wake();
      },
    });
  }

  /** @throws DomainError `UNAVAILABLE` when too many are waiting already. */
  wait(topicNames: readonly string[], signal?: AbortSignal): Waiter {
    if (this.open >= maxWaiters) {
      throw new DomainError('UNAVAILABLE', `${this.open} requests are waiting already. Try again shortly.`);
    }
    const waiter = new OpenWaiter(
      topicNames,
      () => this.closing || signal?.aborted === true,
      (closed) => {
        this.forget(closed);
      },
    );
    this.open += 1;
    for (const name of topicNames) {
      const waiters = this.byTopic.get(name) ?? new Set();
      waiters.add(waiter);
      this.byTopic.set(name, waiters);
    }
    signal?.addEventListener(
      'abort',
      () => {
        waiter.wake();
      },
      { once: true },
    );
    return waiter;
  }

  /** Ends every wait: the process is going. */
  onApplicationShutdown(): void {
    this.drain();
  }

  drain(): void {
    this.closing = true;
    for (const waiters of this.byTopic.values()) for (const waiter of waiters) waiter.wake();
  }

  private tell(signal: Signal): void {
    switch (signal.topic) {
      case 'ready':
        this.wakeFirst(topicOf.ready(signal.tenantId, signal.kind), signal.count);
        break;
      case 'feed':
        this.wakeFirst(topicOf.feed(signal.tenantId), Infinity);
        break;
      case 'final':
        this.wakeFirst(topicOf.final(signal.taskId), Infinity);
        break;
    }
  }

  /** Those that have waited longest first; one that was woken goes to the end. */
  private wakeFirst(topic: string, count: number): void {
    const waiters = this.byTopic.get(topic);
    if (!waiters) return;
    let left = count;
    for (const waiter of [...waiters].slice(0, Number.isFinite(count) ? count : undefined)) {
      if (left <= 0) return;
      left -= 1;
      waiters.delete(waiter);
      waiters.add(waiter);
      waiter.wake();
    }
  }

  private forget(waiter: OpenWaiter): void {
    this.open -= 1;
    for (const name of waiter.topicNames) {
      const waiters = this.byTopic.get(name);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.byTopic.delete(name);
    }
  }
}

class OpenWaiter implements Waiter {
  private told = true;
  private resolve: (() => void) | undefined;
  private closed = false;

  constructor(
    readonly topicNames: readonly string[],
    private readonly pointless: () => boolean,
    private readonly onClose: (waiter: OpenWaiter) => void,
  ) {}

  wake(): void {
    this.told = true;
    this.resolve?.();
  }

  async next(until: number): Promise<boolean> {
    const left = until - Date.now();
    if (this.pointless()) return false;
    if (!this.told) {
      if (left <= 0) return false;
      await this.sleep(Math.min(left, lookAgainMs * (0.8 + 0.4 * Math.random())));
    }
    this.told = false;
    return !this.pointless();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onClose(this);
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.resolve = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.resolve = undefined;
  }
}
