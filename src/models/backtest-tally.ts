import type { BacktestReport, DayCards, KindChanges, ReasonChanges } from './backtest.js';
import { reasonCodes, type ReasonCode } from './decision.js';
import { compared, type JudgedResult, mostExamples, type ReplayExample, type Verdict } from './replay.js';

/** How many kinds a report lists. */
const mostKinds = 100;

/** The members of a counter, while it is being counted. */
type Counting<T> = { -readonly [K in keyof T]: T[K] };

/** Counts what a policy would have changed, one result after the other. The memory taken grows with kinds and days alone. */
export class BacktestTally {
  readonly #counts = { decisions: 0, same: 0, otherwise: 0, newlyHeld: 0, newlyReleased: 0 };
  readonly #people = { releasedThoughRejected: 0, heldThoughApproved: 0 };
  readonly #cards = { before: 0, after: 0 };
  readonly #days = new Map<string, Counting<DayCards>>();
  readonly #kinds = new Map<string, Counting<KindChanges>>();
  readonly #reasons = new Map<ReasonCode, Counting<ReasonChanges>>();
  readonly #rejected: ReplayExample[] = [];
  readonly #released: ReplayExample[] = [];
  readonly #held: ReplayExample[] = [];

  get decisions(): number {
    return this.#counts.decisions;
  }

  /** Takes up what two policies say of a result. */
  add(result: JudgedResult, before: Verdict, after: Verdict): void {
    this.#counts.decisions += 1;
    this.#countCards(result, before, after);
    const kind = this.#kinds.get(result.kind) ?? noneOf(result.kind);
    this.#kinds.set(result.kind, kind);
    kind.decisions += 1;
    const comparison = compared(before.outcome, after.outcome);
    if (comparison === 'SAME') this.#counts.same += 1;
    else if (comparison === 'OTHERWISE') this.#counts.otherwise += 1;
    else if (comparison === 'NEWLY_HELD') {
      this.#count('newlyHeld', kind, after.codes);
      if (result.reviewStatus === 'APPROVED') this.#people.heldThoughApproved += 1;
      note(this.#held, result, before, after, after.detectors);
    } else {
      this.#count('newlyReleased', kind, before.codes);
      if (result.reviewStatus === 'REJECTED') {
        this.#people.releasedThoughRejected += 1;
        note(this.#rejected, result, before, after, before.detectors);
      } else note(this.#released, result, before, after, before.detectors);
    }
  }

  report(): BacktestReport {
    const changes = (one: KindChanges) => one.newlyHeld + one.newlyReleased;
    const kinds = [...this.#kinds.values()].sort(
      (one, other) => changes(other) - changes(one) || other.decisions - one.decisions,
    );
    return {
      ...this.#counts,
      ...this.#people,
      cards: this.#cards,
      days: [...this.#days.values()].sort((one, other) => (one.day < other.day ? -1 : 1)),
      kinds: kinds.slice(0, mostKinds),
      reasons: reasonCodes.flatMap((code) => this.#reasons.get(code) ?? []),
      examples: {
        releasedThoughRejected: this.#rejected,
        newlyReleased: this.#released,
        newlyHeld: this.#held,
      },
    };
  }

  #countCards({ createdAt }: JudgedResult, before: Verdict, after: Verdict): void {
    const day = createdAt.toISOString().slice(0, 10);
    const cards = this.#days.get(day) ?? { day, before: 0, after: 0 };
    this.#days.set(day, cards);
    for (const counter of [cards, this.#cards]) {
      counter.before += Number(before.outcome === 'HITL');
      counter.after += Number(after.outcome === 'HITL');
    }
  }

  #count(
    change: 'newlyHeld' | 'newlyReleased',
    kind: Counting<KindChanges>,
    codes: readonly ReasonCode[],
  ): void {
    this.#counts[change] += 1;
    kind[change] += 1;
    for (const code of codes) {
      const reason = this.#reasons.get(code) ?? { code, newlyHeld: 0, newlyReleased: 0 };
      reason[change] += 1;
      this.#reasons.set(code, reason);
    }
  }
}

function noneOf(kind: string): Counting<KindChanges> {
  return { kind, decisions: 0, newlyHeld: 0, newlyReleased: 0 };
}

function note(
  examples: ReplayExample[],
  { resultId, taskId, reviewId, kind }: JudgedResult,
  before: Verdict,
  after: Verdict,
  detectors: readonly string[],
): void {
  if (examples.length >= mostExamples) return;
  examples.push({
    resultId,
    taskId,
    reviewId,
    kind,
    before: before.outcome,
    after: after.outcome,
    detectors: detectors.slice(0, mostExamples),
  });
}
