import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../models/errors.js';
import { type Signal, SignalPort } from '../ports/signals.js';
import type { Ticket } from '../ports/task-queue.js';
import { OpenWaiter, type Reserved, type Waiter, type WaitOptions } from './open-waiter.js';

/** Connections that may wait in one process. */
const maxWaiters = 50_000;

/** The names of what can be waited for. */
export const topics = {
  ready: (tenantId: string, kind: string): string => `ready ${tenantId} ${kind}`,
  feed: (tenantId: string): string => `feed ${tenantId}`,
  final: (taskId: string): string => `final ${taskId}`,
};

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
