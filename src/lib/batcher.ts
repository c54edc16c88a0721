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
}

/**
 * Group commit: what arrives while a batch is under way goes into the next one, so that a batch is one item on a quiet
 * machine and many on a busy one. Each item has its own answer. At most `maxWaiting` items
 * wait; the next is refused with `UNAVAILABLE`. After "Group Commit Timers and High Volume Transaction Systems",
 * Helland et al., 1987, whose timer is here for busy times alone.
 */
export class Batcher<I, R> {
  private readonly waiting: Waiting<I, R>[] = [];
  private running = false;

  /** `run` answers each item in the order given; when it rejects, every item of the batch is rejected with that. */
  constructor(
    private readonly run: (items: readonly I[]) => Promise<readonly Outcome<R>[]>,
    private readonly limits: BatchLimits,
  ) {}

  submit(item: I): Promise<R> {
    if (this.waiting.length >= this.limits.maxWaiting) {
      return Promise.reject(
        new DomainError(
          'UNAVAILABLE',
          `${this.waiting.length} requests are waiting for the ${this.limits.store} already. Try again shortly.`,
        ),
      );
    }
    return new Promise<R>((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    // Requests that were parsed in this turn of the event loop join the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.limits.maxBatch);
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

  /** Lets the next batch grow, unless this one was too small to say that more will come. */
  private async gather(size: number, tookMs: number): Promise<void> {
    const { gapMs = 0, maxBatch } = this.limits;
    if (size < 2 || tookMs >= gapMs || this.waiting.length >= maxBatch) return;
    await new Promise<void>((resolve) => setTimeout(resolve, gapMs - tookMs));
  }
}

function settle<I, R>({ resolve, reject }: Waiting<I, R>, outcome: Outcome<R> | undefined): void {
  if (outcome === undefined) reject(new Error('The batch gave no answer for an item.'));
  else if ('error' in outcome) reject(outcome.error);
  else resolve(outcome.value);
}
