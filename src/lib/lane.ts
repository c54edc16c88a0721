import type { Demand } from '../models/demand.js';

/** What a batcher asks about its items. What is left out holds for none of them. */
export interface ItemTraits<I> {
  /** Whether the item goes behind those that do not yield. */
  readonly yields?: (item: I) => boolean;
  /** Who waits for what the item brings: as many as are awaited go like those that do not yield. */
  readonly demandFor?: (item: I) => Demand | undefined;
  /** Items of one lane never wait for those of another, unless all batches that may run are running. */
  readonly laneOf?: (item: I) => string;
  /** How many others it is as large as; 1 unless given. */
  readonly sizeOf?: (item: I) => number;
}

export interface LaneLimits {
  /** Items of one batch. */
  readonly maxBatch: number;
  /**
   * Items of one batch that yield, in times when there are others: as many as bring it to this size, or a third of those. As many
   * as there is room for unless given.
   */
  readonly maxYielding?: number;
}

export interface Waiting<I, R> {
  readonly item: I;
  readonly size: number;
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Items that yield, for each that does not, in a batch of many. */
const yieldingShare = 1 / 3;

/** So long after an item that does not yield, in milliseconds, the next such item is expected at any moment. */
const mixedTimesMs = 250;

/**
 * The items of one sort that wait for their batch. Items that yield go behind the others, fewer than those in each batch or a
 * few, also while there are no others just then: a large batch of them would keep waiting who comes next. So they are slowed down
 * and never starved. What adds work is followed by two items that do it, so half would be as many as can last. One that is larger
 * than its share waits until the shares of several batches make up for it ("Efficient Fair Queuing Using Deficit Round Robin",
 * Shreedhar and Varghese, 1995). What somebody waits for with nothing else to do does not yield.
 */
export class Lane<I, R> {
  private readonly waiting: Waiting<I, R>[] = [];
  private yielding: Waiting<I, R>[] = [];
  private otherAt = -Infinity;
  /** What those that yield have left of their shares, for the first of them is larger. */
  private saved = 0;
  /** Of all that wait, together. */
  size = 0;

  constructor(
    private readonly limits: LaneLimits,
    private readonly traits: ItemTraits<I>,
  ) {}

  get length(): number {
    return this.waiting.length + this.yielding.length;
  }

  /** Whether nothing waits, and what it knows of what came last says no more about what comes next. */
  get isIdle(): boolean {
    return this.length === 0 && !this.isMixed;
  }

  private get isMixed(): boolean {
    return performance.now() - this.otherAt < mixedTimesMs;
  }

  push(waiting: Waiting<I, R>): void {
    const yields = this.traits.yields?.(waiting.item) === true;
    if (!yields) this.otherAt = performance.now();
    (yields ? this.yielding : this.waiting).push(waiting);
    this.size += waiting.size;
  }

  /** Takes what is next in turn: one item at least, and no more than there is room for. */
  next(room: number): Waiting<I, R>[] {
    const { maxYielding = room } = this.limits;
    const kept = Math.min(maxYielding, this.yielding.length, room - 1);
    const others = this.waiting.splice(0, room - kept);
    const left = room - others.length;
    const share = Math.max(maxYielding - others.length, Math.ceil(others.length * yieldingShare));
    const most = this.isMixed ? Math.min(share, left) : left;
    const awaited = this.yielding.length > most ? this.takeAwaited(left) : [];
    const batch = [
      ...others,
      ...awaited,
      ...this.takeYielding(most - awaited.length, others.length + awaited.length > 0),
    ];
    this.size -= sizeOf(batch);
    return batch;
  }

  /** The first of those that yield, up to a size; what is larger has to save up for its turn while there are others. */
  private takeYielding(most: number, others: boolean): Waiting<I, R>[] {
    this.saved += Math.max(0, most);
    let count = 0;
    for (const { size } of this.yielding) {
      if (size > this.saved && (others || count > 0)) break;
      this.saved = Math.max(0, this.saved - size);
      count += 1;
    }
    const next = this.yielding[count];
    this.saved = next ? Math.min(this.saved, next.size) : 0;
    return this.yielding.splice(0, count);
  }

  /** The first that somebody waits for, of those that yield. */
  private takeAwaited(most: number): Waiting<I, R>[] {
    const left = new Map<string, number>();
    const taken: Waiting<I, R>[] = [];
    this.yielding = this.yielding.filter((waiting) => {
      const demand = taken.length < most ? this.traits.demandFor?.(waiting.item) : undefined;
      if (!demand) return true;
      const awaited = left.get(demand.sort) ?? demand.awaited();
      left.set(demand.sort, awaited - 1);
      if (awaited <= 0) return true;
      taken.push(waiting);
      return false;
    });
    return taken;
  }
}

/** How large they are together. */
export function sizeOf(items: readonly { readonly size: number }[]): number {
  return items.reduce((sum, { size }) => sum + size, 0);
}
