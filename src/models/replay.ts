import { decisionOutcomes, type Decision, type DecisionOutcome, type ReasonCode } from './decision.js';
import type { ReviewStatus } from './review.js';
import type { Stage } from './task.js';

/** A result that the gate judged, with what became of it. */
export interface JudgedResult {
  readonly resultId: string;
  readonly taskId: string;
  readonly kind: string;
  readonly stage: Stage;
  readonly confidence: number;
  /** As JSON text: it is read where it is judged. */
  readonly output: string;
  /** What the gate decided then. */
  readonly decision: Decision;
  readonly reviewId: string | null;
  readonly reviewStatus: ReviewStatus | null;
  readonly createdAt: Date;
}

/** What of a decision comparisons are about. */
export interface Verdict {
  readonly outcome: DecisionOutcome;
  readonly codes: readonly ReasonCode[];
  /** What fired, each detector once. */
  readonly detectors: readonly string[];
}

export function verdictOf({ outcome, reasons }: Decision): Verdict {
  return {
    outcome,
    codes: [...new Set(reasons.map(({ code }) => code))],
    detectors: [...new Set(reasons.map(({ detector }) => detector))],
  };
}

/** How a verdict differs from another. RETRY and DENY hold a result as HITL does: it is not released. */
export const comparisons = ['SAME', 'NEWLY_HELD', 'NEWLY_RELEASED', 'OTHERWISE'] as const;
export type Comparison = (typeof comparisons)[number];

export function compared(before: DecisionOutcome, after: DecisionOutcome): Comparison {
  if (before === after) return 'SAME';
  if (before === 'APPROVE') return 'NEWLY_HELD';
  return after === 'APPROVE' ? 'NEWLY_RELEASED' : 'OTHERWISE';
}

/** The pairs of outcomes that are compared as one of these. */
export function pairsOf(comparison: Comparison): readonly (readonly [DecisionOutcome, DecisionOutcome])[] {
  return decisionOutcomes.flatMap((before) =>
    decisionOutcomes
      .filter((after) => compared(before, after) === comparison)
      .map((after) => [before, after] as const),
  );
}

/** One result that is judged otherwise, by its ids alone. */
export interface ReplayExample {
  readonly resultId: string;
  readonly taskId: string;
  readonly reviewId: string | null;
  readonly kind: string;
  readonly before: DecisionOutcome;
  readonly after: DecisionOutcome;
  /** What fired under the policy that holds it. */
  readonly detectors: readonly string[];
}

/** How many examples of each sort are kept. */
export const mostExamples = 20;

/** The lowest id that UUIDv7 (RFC 9562) gives at this time, or for times before 1970 the lowest of all. */
export function firstIdAt(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`;
}
