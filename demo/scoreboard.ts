import type { Decision, Stats, TaskStatus } from './contract.ts';
import { isFinal } from './contract.ts';
import { percentilesOf } from './percentiles.ts';
import type { Percentiles } from './percentiles.ts';

/** The things that are only counted. */
export interface Counters {
  reconnects: number;
  repeatedSubmissions: number;
  failuresReported: number;
  sentBack: number;
  released: number;
  leasesLost: number;
  crashes: number;
  comebacks: number;
  carriedOut: number;
  approved: number;
  edited: number;
  rejected: number;
}

/** What the fleet looks like at one moment. */
export interface Snapshot {
  readonly elapsedMs: number;
  readonly total: number;
  readonly submitted: number;
  readonly finished: number;
  readonly stats: Stats | null;
  readonly serverAnswers: boolean;
  readonly submittedPerSecond: number;
  readonly finishedPerSecond: number;
  readonly toAssigned: Percentiles;
  readonly toFinal: Percentiles;
  /** How many results were held for each reason, most frequent first. */
  readonly held: readonly (readonly [reason: string, count: number])[];
  readonly heldInAll: number;
  readonly counters: Readonly<Counters>;
}

const windowMs = 5_000;

/** What the members of the fleet saw happen, and when. All times are of one monotonic clock, in ms. */
export class Scoreboard {
  readonly counters: Counters = {
    reconnects: 0,
    repeatedSubmissions: 0,
    failuresReported: 0,
    sentBack: 0,
    released: 0,
    leasesLost: 0,
    crashes: 0,
    comebacks: 0,
    carriedOut: 0,
    approved: 0,
    edited: 0,
    rejected: 0,
  };
  /** What must never happen and did. */
  readonly violations: string[] = [];
  stats: Stats | null = null;
  serverAnswers = true;

  readonly #total: number;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #begun = new Map<string, number>();
  readonly #accepted = new Map<string, string>();
  readonly #assigned = new Set<string>();
  readonly #finalResults = new Map<string, string>();
  readonly #toAssigned: number[] = [];
  readonly #toFinal: number[] = [];
  readonly #submittedAt: number[] = [];
  readonly #finishedAt: number[] = [];
  readonly #heldReviews = new Set<string>();
  readonly #heldFor = new Map<string, number>();

  constructor(total: number, now: () => number = () => performance.now()) {
    this.#total = total;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Which task each message became, for every submission that the server accepted. */
  get accepted(): ReadonlyMap<string, string> {
    return this.#accepted;
  }

  submitting(messageId: string): void {
    this.#begun.set(messageId, this.#now());
  }

  submitted(messageId: string, taskId: string): void {
    const before = this.#accepted.get(messageId);
    if (before === undefined) this.#submittedAt.push(this.#now());
    else if (before !== taskId)
      this.violations.push(`Message ${messageId} became two tasks: ${before} and ${taskId}.`);
    this.#accepted.set(messageId, taskId);
  }

  assigned(messageId: string): void {
    if (this.#assigned.has(messageId)) return;
    this.#assigned.add(messageId);
    this.#measure(messageId, this.#toAssigned);
  }

  /** A result was accepted and left the task in this status. */
  handedIn(messageId: string, resultId: string, status: TaskStatus): void {
    if (!isFinal(status)) return;
    const before = this.#finalResults.get(messageId);
    if (before !== undefined && before !== resultId) {
      this.violations.push(
        `Message ${messageId} was finished twice, by the results ${before} and ${resultId}.`,
      );
    }
    if (before === undefined) this.finished(messageId);
    this.#finalResults.set(messageId, resultId);
  }

  finished(messageId: string): void {
    this.#finishedAt.push(this.#now());
    this.#measure(messageId, this.#toFinal);
  }

  held(reviewId: string, decision: Decision | undefined): void {
    if (this.#heldReviews.has(reviewId)) return;
    this.#heldReviews.add(reviewId);
    for (const code of new Set(decision?.reasons.map((reason) => reason.code))) {
      this.#heldFor.set(code, (this.#heldFor.get(code) ?? 0) + 1);
    }
  }

  snapshot(): Snapshot {
    return {
      elapsedMs: this.#now() - this.#startedAt,
      total: this.#total,
      submitted: this.#accepted.size,
      finished: this.#finishedAt.length,
      stats: this.stats,
      serverAnswers: this.serverAnswers,
      submittedPerSecond: this.#rate(this.#submittedAt),
      finishedPerSecond: this.#rate(this.#finishedAt),
      toAssigned: percentilesOf(this.#toAssigned),
      toFinal: percentilesOf(this.#toFinal),
      held: [...this.#heldFor].sort(([, a], [, b]) => b - a),
      heldInAll: this.#heldReviews.size,
      counters: { ...this.counters },
    };
  }

  #measure(messageId: string, samples: number[]): void {
    const begun = this.#begun.get(messageId);
    if (begun !== undefined) samples.push(this.#now() - begun);
  }

  #rate(times: readonly number[]): number {
    const now = this.#now();
    const span = Math.min(windowMs, now - this.#startedAt);
    const recent = times.length - (times.findLastIndex((time) => time < now - windowMs) + 1);
    return span > 0 ? (recent * 1_000) / span : 0;
  }
}
