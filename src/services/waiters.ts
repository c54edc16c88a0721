import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../models/errors.js';
import { type Signal, SignalPort } from '../ports/signals.js';

/** Connections that may wait in one process. */
const maxWaiters = 50_000;

/**
 * How long a waiter sleeps at most, in milliseconds. Signals are lost only with a connection, and who comes back from that
 * is told to look: this is for what nobody has thought of.
 */
const lookAgainMs = 20_000;

/** How long one stands aside that could make no use of a signal. Nobody tells it when it could. */
const standAsideMs = 4_000;

/** The names of what can be waited for. */
export const topics = {
  ready: (tenantId: string, kind: string): string => `ready ${tenantId} ${kind}`,
  feed: (tenantId: string): string => `feed ${tenantId}`,
  final: (taskId: string): string => `final ${taskId}`,
};

/** One long poll. It counts as told from the moment it is opened, so nothing that happens before its first look is lost. */
export interface Waiter {
  /** Resolves at a signal, when it is time to look again, or at `until`; `false` when there is no more point in looking. */
  next(until: number): Promise<boolean>;
  /** Leaves a signal to the next in line, and stands aside until it is time to look again: for whoever can make no use of it. */
  pass(): void;
  /** A signal that came and was not looked after goes to the next in line. */
  close(): void;
}

/** Holds the long polls of this process, a few hundred bytes each, and wakes them by signals. */
@Injectable()
export class Waiters implements OnApplicationShutdown {
  private readonly byTopic = new Map<string, Set<OpenWaiter>>();
  private readonly all = new Set<OpenWaiter>();
  private closing = false;
  private sleeping = 0;

  constructor(signals: SignalPort) {
    signals.subscribe({
      onSignal: (signal) => {
        this.tell(signal);
      },
      onResync: () => {
        for (const waiter of this.all) waiter.wake();
      },
    });
  }

  /** How many wait for a signal at this moment: they take memory and no time. */
  get asleep(): number {
    return this.sleeping;
  }

  /** @throws DomainError `UNAVAILABLE` when too many are waiting already. */
  wait(topicNames: readonly string[], signal?: AbortSignal): Waiter {
    if (this.all.size >= maxWaiters) {
      throw new DomainError(
        'UNAVAILABLE',
        `${this.all.size} requests are waiting already. Try again shortly.`,
      );
    }
    const waiter: OpenWaiter = new OpenWaiter(() => this.closing || signal?.aborted === true, {
      join: () => {
        for (const name of topicNames)
          this.byTopic.set(name, (this.byTopic.get(name) ?? new Set()).add(waiter));
      },
      leave: () => {
        this.leave(waiter, topicNames);
      },
      wakeNext: () => {
        for (const name of topicNames) this.wakeFirst(name, 1);
      },
      close: () => {
        this.leave(waiter, topicNames);
        this.all.delete(waiter);
      },
      sleep: (change) => {
        this.sleeping += change;
      },
    });
    this.all.add(waiter);
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
    for (const waiter of this.all) waiter.wake();
  }

  private tell(signal: Signal): void {
    switch (signal.topic) {
      case 'ready':
        this.wakeFirst(topics.ready(signal.tenantId, signal.kind), signal.count);
        break;
      case 'feed':
        this.wakeFirst(topics.feed(signal.tenantId), Infinity);
        break;
      case 'final':
        this.wakeFirst(topics.final(signal.taskId), Infinity);
        break;
    }
  }

  /** Those that have waited longest first; one that was woken goes to the end. */
  private wakeFirst(topic: string, count: number): void {
    const waiters = this.byTopic.get(topic);
    if (!waiters) return;
    const woken: OpenWaiter[] = [];
    for (const waiter of waiters) {
      if (woken.length >= count) break;
      woken.push(waiter);
    }
    for (const waiter of woken) {
      waiters.delete(waiter);
      waiters.add(waiter);
      waiter.wake();
    }
  }

  private leave(waiter: OpenWaiter, topicNames: readonly string[]): void {
    for (const name of topicNames) {
      const waiters = this.byTopic.get(name);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.byTopic.delete(name);
    }
  }
}

/** A waiter's place in the lines of its topics. */
interface Place {
  join(): void;
  leave(): void;
  wakeNext(): void;
  close(): void;
  sleep(change: 1 | -1): void;
}

class OpenWaiter implements Waiter {
  private told = true;
  private aside = false;
  private resolve: (() => void) | undefined;
  private closed = false;

  constructor(
    private readonly pointless: () => boolean,
    private readonly place: Place,
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
      const longest = this.aside ? standAsideMs : lookAgainMs;
      await this.sleep(Math.min(left, longest * (0.8 + 0.4 * Math.random())));
    }
    this.aside = false;
    if (this.pointless()) return false;
    this.place.join();
    this.told = false;
    return true;
  }

  pass(): void {
    this.aside = true;
    this.told = false;
    this.place.leave();
    this.place.wakeNext();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.place.close();
    if (this.told) this.place.wakeNext();
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    this.place.sleep(1);
    await new Promise<void>((resolve) => {
      this.resolve = resolve;
      timer = setTimeout(resolve, ms);
    });
    this.place.sleep(-1);
    clearTimeout(timer);
    this.resolve = undefined;
  }
}
