import { DomainError } from '../models/errors.js';
import { type ItemTraits, Lane, type LaneLimits, sizeOf, type Waiting } from './lane.js';

/** What became of one item of a batch. */
export type Outcome<R> = { readonly value: R } | { readonly error: unknown };

export interface BatchLimits extends LaneLimits {
  /** What the items wait for, as a refusal names it. */
  readonly store: 'database' | 'registry' | 'queue';
  /** Items that wait for theirs. */
  readonly maxWaiting: number;
  /**
   * From the start of a batch of several items to that of the lane's next, in milliseconds: a batch costs much the same for one
   * item as for ten. An item that comes alone does not wait. None unless given.
   */
  readonly gapMs?: number;
  /** Batches that run at once, of different lanes. One unless given. */
  readonly maxRunning?: number;
  /** Items of one batch of a lane in which much waits, while there are other lanes. As many as else unless given. */
  readonly maxContended?: number;
}

/** A lane in which so much waits, as large as so many items, has batches of its own. */
const ownBatch = 8;

/** So long after an item of another lane, in milliseconds, its next one is expected at any moment. */
const contendedMs = 5_000;

/** A batch that took longer, in milliseconds, has waited for the store more than it has worked. */
const mostRestMs = 250;

interface Arrival {
  readonly lane: string;
  readonly at: number;
}

const none: Arrival = { lane: '', at: -Infinity };

/**
 * Group commit: what arrives while a batch is under way goes into the next one, so that a batch is one item on a quiet
 * machine and many on a busy one. Each item has its own answer. At most `maxWaiting` items
 * wait; the next is refused with `UNAVAILABLE`. After "Group Commit Timers and High Volume Transaction Systems", Helland et
 * al., 1987, whose timer is here for busy times alone.
 *
 * A lane has one batch under way at a time. Lanes in which little waits share one, so that many of them cost no more than one does.
 * A lane in which much waits has its own; while there are other lanes these are small, and it rests after each for as long as
 * that took: what answers lead to takes time, too, and who comes next finds half of it free.
 */
export class Batcher<I, R> {
  /** The lanes in which something waits or has waited just now, in the order of their turns. */
  private readonly lanes = new Map<string, Lane<I, R>>();
  /** Lanes that have a batch under way, or rest. */
  private readonly busy = new Set<string>();
  private waiting = 0;
  private running = 0;
  private isStarting = false;
  private latest = none;
  /** The latest of another lane than that. */
  private latestOther = none;

  /** `run` answers each item in the order given; when it rejects, every item of the batch is rejected with that. */
  constructor(
    private readonly run: (items: readonly I[]) => Promise<readonly Outcome<R>[]>,
    private readonly limits: BatchLimits,
    private readonly traits: ItemTraits<I> = {},
  ) {}

  submit(item: I): Promise<R> {
    if (this.waiting >= this.limits.maxWaiting) {
      return Promise.reject(
        new DomainError(
          'UNAVAILABLE',
          `${this.waiting} requests are waiting for the ${this.limits.store} already. Try again shortly.`,
        ),
      );
    }
    return new Promise<R>((resolve, reject) => {
      const name = this.traits.laneOf?.(item) ?? '';
      this.laneFor(name).push({ item, size: this.traits.sizeOf?.(item) ?? 1, resolve, reject });
      this.waiting += 1;
      if (this.latest.lane !== name) this.latestOther = this.latest;
      this.latest = { lane: name, at: performance.now() };
      this.wake();
    });
  }

  private laneFor(name: string): Lane<I, R> {
    const lane = this.lanes.get(name) ?? new Lane<I, R>(this.limits, this.traits);
    this.lanes.set(name, lane);
    return lane;
  }

  /** Requests that are parsed in this turn of the event loop join the first batch. */
  private wake(): void {
    if (this.isStarting || this.running >= this.maxRunning) return;
    this.isStarting = true;
    setImmediate(() => {
      this.isStarting = false;
      this.start();
    });
  }

  private get maxRunning(): number {
    return this.limits.maxRunning ?? 1;
  }

  /** Starts as many batches as may run. */
  private start(): void {
    while (this.running < this.maxRunning) {
      const names = this.nextLanes();
      if (names.length === 0) return;
      void this.drain(names);
    }
  }

  /** Those whose turn it is, of the lanes that are free: one in which much waits, or all others. */
  private nextLanes(): readonly string[] {
    const small: string[] = [];
    for (const [name, lane] of this.lanes) {
      if (lane.isIdle) this.lanes.delete(name);
      if (lane.length === 0 || this.busy.has(name)) continue;
      if (lane.size < ownBatch) small.push(name);
      else if (small.length === 0) return [name];
    }
    return small;
  }

  private async drain(names: readonly string[]): Promise<void> {
    this.running += 1;
    for (const name of names) this.busy.add(name);
    const batch = this.take(names);
    const begun = performance.now();
    try {
      const outcomes = await this.run(batch.map(({ item }) => item));
      batch.forEach((waiting, index) => {
        settle(waiting, outcomes[index]);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.running -= 1;
    const restMs = this.restAfter(names, batch, performance.now() - begun);
    if (restMs <= 0) this.free(names);
    else {
      this.start();
      setTimeout(() => this.free(names), restMs);
    }
  }

  private free(names: readonly string[]): void {
    for (const name of names) this.busy.delete(name);
    this.start();
  }

  private take(names: readonly string[]): Waiting<I, R>[] {
    const { maxBatch, maxContended = maxBatch } = this.limits;
    const most = names.length > 1 || this.isAlone(names) ? maxBatch : maxContended;
    const batch: Waiting<I, R>[] = [];
    for (const name of names) {
      const lane = this.lanes.get(name);
      if (!lane || batch.length === most) break;
      batch.push(...lane.next(most - batch.length));
      // What is left has its next turn behind the others.
      this.lanes.delete(name);
      this.lanes.set(name, lane);
    }
    this.waiting -= batch.length;
    return batch;
  }

  /** Whether no other lanes are about. */
  private isAlone(names: readonly string[]): boolean {
    const since = performance.now() - contendedMs;
    return [this.latest, this.latestOther].every(({ lane, at }) => at < since || names.includes(lane));
  }

  /** So many milliseconds after a batch the next of its lanes may begin: others may be about, or it may grow. */
  private restAfter(names: readonly string[], batch: readonly Waiting<I, R>[], tookMs: number): number {
    const { gapMs = 0, maxBatch } = this.limits;
    const left = gapMs - tookMs;
    const isOwn = names.length === 1 && sizeOf(batch) >= ownBatch;
    if (isOwn && !this.isAlone(names)) return Math.max(Math.min(tookMs, mostRestMs), left);
    const waiting = names.reduce((sum, name) => sum + (this.lanes.get(name)?.length ?? 0), 0);
    // One that was small does not say that more will come.
    return batch.length < 2 || waiting >= maxBatch ? 0 : left;
  }
}

function settle<I, R>({ resolve, reject }: Waiting<I, R>, outcome: Outcome<R> | undefined): void {
  if (outcome === undefined) reject(new Error('The batch gave no answer for an item.'));
  else if ('error' in outcome) reject(outcome.error);
  else resolve(outcome.value);
}
