import type { Demand } from '../models/demand.js';
import { DomainError } from '../models/errors.js';

/** What became of one item of a batch. */
export type Outcome<R> = { readonly value: R } | { readonly error: unknown };

interface Waiting<I, R> {
  readonly item: I;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchLimits {
  /** What the items wait for, as a refusal names it. */
  readonly store: 'database' | 'registry' | 'queue';
  /** Items of one batch. */
  readonly maxBatch: number;
  /** Items that wait for theirs. */
  readonly maxWaiting: number;
  /**
   * From the start of a batch of several items to that of the next, in milliseconds: a batch costs much the same for one item as
   * for ten. An item that comes alone does not wait. None unless given.
   */
  readonly gapMs?: number;
  /**
   * Items of one batch that yield, in times when there are others: as many as bring it to this size, or a third of those. As many
   * as there is room for unless given.
   */
  readonly maxYielding?: number;
}

/** Items that yield, for each that does not, in a batch of many. */
const yieldingShare = 1 / 3;

/** So long after an item that does not yield, in milliseconds, the next such item is expected at any moment. */
const mixedTimesMs = 250;

/**
 * Group commit: what arrives while a batch is under way goes into the next one, so that a batch is one item on a quiet
 * machine and many on a busy one. Each item has its own answer. At most `maxWaiting` items
 * wait; the next is refused with `UNAVAILABLE`. Items that yield go behind the others, fewer than those in each batch or a
 * few, also while there are no others just then: a large batch of them would keep waiting who comes next. So they are slowed down
 * and never starved. What adds work is followed by two items that do it, so half would be as many as can last. What somebody
 * waits for with nothing else to do does not yield. After "Group Commit Timers and High Volume Transaction Systems", Helland et
 * al., 1987, whose timer is here for busy times alone.
 */
export class Batcher<I, R> {
  private readonly waiting: Waiting<I, R>[] = [];
  private yielding: Waiting<I, R>[] = [];
  private running = false;
  private otherAt = -Infinity;

  /** `run` answers each item in the order given; when it rejects, every item of the batch is rejected with that. */
  constructor(
    private readonly run: (items: readonly I[]) => Promise<readonly Outcome<R>[]>,
    private readonly limits: BatchLimits,
    private readonly yields: (item: I) => boolean = () => false,
    private readonly demandFor: (item: I) => Demand | undefined = () => undefined,
  ) {}

  submit(item: I): Promise<R> {
    if (this.length >= this.limits.maxWaiting) {
      return Promise.reject(
        new DomainError(
          'UNAVAILABLE',
          `${this.length} requests are waiting for the ${this.limits.store} already. Try again shortly.`,
        ),
      );
    }
    return new Promise<R>((resolve, reject) => {
      const yields = this.yields(item);
      if (!yields) this.otherAt = performance.now();
      (yields ? this.yielding : this.waiting).push({ item, resolve, reject });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    // Requests that were parsed in this turn of the event loop join the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.length > 0) {
      const batch = this.nextBatch();
      const begun = performance.now();
      try {
        const outcomes = await this.run(batch.map(({ item }) => item));
        batch.forEach((waiting, index) => {
          settle(waiting, outcomes[index]);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      await this.gather(batch.length, performance.now() - begun);
    }
    this.running = false;
  }

  private get length(): number {
    return this.waiting.length + this.yielding.length;
  }

  private nextBatch(): Waiting<I, R>[] {
    const { maxBatch, maxYielding = maxBatch } = this.limits;
    const mixed = performance.now() - this.otherAt < mixedTimesMs;
    const kept = Math.min(maxYielding, this.yielding.length, maxBatch - 1);
    const others = this.waiting.splice(0, maxBatch - kept);
    const room = maxBatch - others.length;
    const share = Math.max(maxYielding - others.length, Math.ceil(others.length * yieldingShare));
    const most = mixed ? Math.min(share, room) : room;
    const awaited = this.yielding.length > most ? this.takeAwaited(room) : [];
    return [...others, ...awaited, ...this.yielding.splice(0, Math.max(0, most - awaited.length))];
  }

  /** The first that somebody waits for, of those that yield. */
  private takeAwaited(most: number): Waiting<I, R>[] {
    const left = new Map<string, number>();
    const taken: Waiting<I, R>[] = [];
    this.yielding = this.yielding.filter((waiting) => {
      const demand = taken.length < most ? this.demandFor(waiting.item) : undefined;
      if (!demand) return true;
      const awaited = left.get(demand.sort) ?? demand.awaited();
      left.set(demand.sort, awaited - 1);
      if (awaited <= 0) return true;
      taken.push(waiting);
      return false;
    });
    return taken;
  }

  /** Lets the next batch grow, unless this one was too small to say that more will come. */
  private async gather(size: number, tookMs: number): Promise<void> {
    const { gapMs = 0, maxBatch } = this.limits;
    if (size < 2 || tookMs >= gapMs || this.length >= maxBatch) return;
    await new Promise<void>((resolve) => setTimeout(resolve, gapMs - tookMs));
  }
}

function settle<I, R>({ resolve, reject }: Waiting<I, R>, outcome: Outcome<R> | undefined): void {
  if (outcome === undefined) reject(new Error('The batch gave no answer for an item.'));
  else if ('error' in outcome) reject(outcome.error);
  else resolve(outcome.value);
}
