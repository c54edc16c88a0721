import type { JsonObject } from './json.js';
import type { Policy } from './policy.js';
import type { CategoryRule } from './topic-classifier.js';

/**
 * What came of asking an external classifier. All but `ANSWERED` say that it did not judge the output:
 * `TIMEOUT` not within its time; `UNREACHABLE` no connection, or a broken one; `REFUSED` another status than 200, redirects
 * among them; `GARBLED` an answer that cannot be used; `BREAKER_OPEN` not asked, for it has failed too often; `BUSY` not asked,
 * for too many others are; `TOO_LONG` not asked, for the text is too long; `WITHHELD` not asked, for the gate had found a
 * credential in the output, or could not look at all of it.
 */
export const verdictOutcomes = [
  'ANSWERED',
  'TIMEOUT',
  'UNREACHABLE',
  'REFUSED',
  'GARBLED',
  'BREAKER_OPEN',
  'BUSY',
  'TOO_LONG',
  'WITHHELD',
] as const;
export type VerdictOutcome = (typeof verdictOutcomes)[number];

/** What a circuit breaker lets through: everything, one call to try, nothing. */
export const breakerStates = ['CLOSED', 'HALF_OPEN', 'OPEN'] as const;
export type BreakerState = (typeof breakerStates)[number];

/** A category as it was asked about: rule and score together, so that the verdict needs no setting to be read again. */
export interface CategoryScore extends CategoryRule {
  /** 0..1; `null` when the classifier did not judge. */
  readonly score: number | null;
}

/**
 * What an external classifier said of one output. It is recorded with the decision, which is made of it and not of the
 * classifier: the same output, policy, detectors and verdict always give the same decision.
 */
export interface TopicVerdict {
  readonly outcome: VerdictOutcome;
  readonly model: string;
  readonly categories: readonly CategoryScore[];
  /** The HTTP status of an answer that is `REFUSED`. */
  readonly status: number | null;
  /** How long the result waited for it, in milliseconds. */
  readonly latencyMs: number;
  /** As it was when the classifier was to be asked; `null` when it was `WITHHELD`. */
  readonly breaker: BreakerState | null;
}

/** Whether these rules want to know about any of the categories. */
export function wantsToKnow(
  categories: readonly CategoryRule[],
  { topics }: Pick<Policy, 'topics'>,
): boolean {
  return categories.some(({ topic }) => topics[topic].action !== 'OFF');
}

/** The categories of a classifier that did not judge. */
export function unscored(categories: readonly CategoryRule[]): CategoryScore[] {
  return categories.map(({ category, topic, threshold }) => ({ category, topic, threshold, score: null }));
}

/** The verdict on an output that was not to be shown to the classifier. */
export function withheldVerdict(model: string, categories: readonly CategoryRule[]): TopicVerdict {
  const scores = unscored(categories);
  return { outcome: 'WITHHELD', model, categories: scores, status: null, latencyMs: 0, breaker: null };
}

/** A verdict as the audit record keeps it. */
export function verdictPayload({ categories, ...verdict }: TopicVerdict): JsonObject {
  return { ...verdict, categories: categories.map((category) => ({ ...category })) };
}
