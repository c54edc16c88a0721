import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../models/errors.js';
import { type Signal, SignalPort } from '../ports/signals.js';
import type { LedgerView, Needs } from '../ports/ledger.js';
import type { Ticket } from '../ports/task-queue.js';

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
  /** Whether its taker was asked, in a unit of work that has been committed: then that is looked at first. */
  served(): boolean;
  /** The tickets that it was handed: they are its own to use or to give back. */
  take(): readonly Ticket[];
  /** A signal that came and was not looked after goes to the next in line. Returns tickets that it was handed and has not taken. */
  close(): readonly Ticket[];
}

export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** How many tickets it can be handed; none unless given. */
  readonly room?: number;
  /** Takes tickets for it in a unit of work of somebody else. */
  readonly taker?: Taker;
}

/** Leases tasks for one that waits while a unit of work makes them ready. */
export interface Taker {
  /** What it has to see, besides the tasks. */
  readonly needs: Needs;
  /** Returns the tickets that it can make no use of; `undefined` when there is nobody any more to take them. */
  take(view: LedgerView, tickets: readonly Ticket[]): readonly Ticket[] | undefined;
  /** Told when the unit of work was rejected, though it may have been kept: who waits will never hear of it. */
  lost(): void;
}

/** One that sleeps, and is kept for a unit of work under way: nothing else is handed to it. */
export interface Reserved {
  readonly taker: Taker;
  /** Wakes it when its taker was asked and that is committed; else it sleeps on. */
  readonly settle: (served: boolean) => void;
}

/** Holds the long polls of this process, a few hundred bytes each, wakes them by signals and hands them tickets. */
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
  wait(topicNames: readonly string[], { signal, room = 0, taker }: WaitOptions = {}): Waiter {
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
      room,
      taker,
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

  /**
   * Hands tickets to those that sleep on a topic, who have waited longest first, in equal shares. They have found the queue empty, so
   * nobody who came before is passed over. Returns the tickets that there was no room for.
   */
  offer(topic: string, tickets: readonly Ticket[]): readonly Ticket[] {
    const line = this.byTopic.get(topic);
    if (!line || this.closing) return tickets;
    const share = tickets.length > 1 ? Math.ceil(tickets.length / Math.max(1, sleepersOf(line))) : 1;
    let left = tickets;
    for (const waiter of line) {
      if (left.length === 0) break;
      const taken = waiter.offer(left.slice(0, share));
      left = left.slice(taken);
      if (taken > 0) toTheEnd(line, waiter);
    }
    return left;
  }

  /** Keeps the one that has slept longest on a topic for a ticket that a unit of work is about to make; it has to be settled. */
  reserve(topic: string): Reserved | undefined {
    const line = this.byTopic.get(topic);
    if (!line || this.closing) return undefined;
    for (const waiter of line) {
      const reserved = waiter.reserve();
      if (!reserved) continue;
      toTheEnd(line, waiter);
      return reserved;
    }
    return undefined;
  }

  /** How many tickets those that sleep on a topic have room for. */
  roomFor(topic: string): number {
    let room = 0;
    for (const waiter of this.byTopic.get(topic) ?? []) room += waiter.room;
    return room;
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
      toTheEnd(waiters, waiter);
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

function sleepersOf(line: ReadonlySet<OpenWaiter>): number {
  let count = 0;
  for (const { room } of line) if (room > 0) count += 1;
  return count;
}

function toTheEnd(line: Set<OpenWaiter>, waiter: OpenWaiter): void {
  line.delete(waiter);
  line.add(waiter);
}

/** A waiter's place in the lines of its topics. */
interface Place {
  join(): void;
  leave(): void;
  wakeNext(): void;
  close(): void;
  sleep(change: 1 | -1): void;
  readonly room: number;
  readonly taker: Taker | undefined;
}

class OpenWaiter implements Waiter {
  private told = true;
  private aside = false;
  private resolve: (() => void) | undefined;
  private closed = false;
  private handed: readonly Ticket[] = [];
  private reserved = false;
  private timeIsUp = false;
  private wasServed = false;

  constructor(
    private readonly pointless: () => boolean,
    private readonly place: Place,
  ) {}

  wake(): void {
    this.told = true;
    if (!this.reserved) this.resolve?.();
  }

  reserve(): Reserved | undefined {
    const { taker } = this.place;
    if (!taker || this.room === 0) return undefined;
    this.reserved = true;
    return {
      taker,
      settle: (served) => {
        this.reserved = false;
        this.wasServed = served;
        if (served || this.told || this.timeIsUp) this.resolve?.();
      },
    };
  }

  served(): boolean {
    const { wasServed } = this;
    this.wasServed = false;
    return wasServed;
  }

  /** How many tickets it can be handed: none while it is awake, or about to be. */
  get room(): number {
    const sleeps = this.resolve && !this.told && !this.wasServed;
    return sleeps && !this.reserved && this.handed.length === 0 ? this.place.room : 0;
  }

  /** Returns how many of the tickets, the first, it has taken. */
  offer(tickets: readonly Ticket[]): number {
    const { room } = this;
    if (room === 0) return 0;
    this.handed = tickets.slice(0, room);
    this.resolve?.();
    return this.handed.length;
  }

  take(): readonly Ticket[] {
    const { handed } = this;
    this.handed = [];
    return handed;
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
    if (this.wasServed) return true;
    if (this.pointless()) return false;
    this.place.join();
    // Whoever was handed tickets may not look into the queue.
    this.told &&= this.handed.length > 0;
    return true;
  }

  pass(): void {
    this.aside = true;
    this.told = false;
    this.place.leave();
    this.place.wakeNext();
  }

  close(): readonly Ticket[] {
    const left = this.take();
    if (this.closed) return left;
    this.closed = true;
    this.place.close();
    if (this.told) this.place.wakeNext();
    return left;
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    this.place.sleep(1);
    await new Promise<void>((resolve) => {
      this.resolve = resolve;
      this.timeIsUp = false;
      timer = setTimeout(() => {
        this.timeIsUp = true;
        if (!this.reserved) resolve();
      }, ms);
    });
    this.place.sleep(-1);
    clearTimeout(timer);
    this.resolve = undefined;
  }
}
