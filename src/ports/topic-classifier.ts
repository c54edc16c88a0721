import type { CategoryRule } from '../models/topic-classifier.js';
import type { BreakerState, TopicVerdict } from '../models/topic-verdict.js';

/**
 * A classifier outside of this process that says which topics a text is about.
 *
 * Asking it never rejects and never takes longer than its budget, waiting included: whatever keeps it from judging is a
 * verdict that says so. How many calls are under way, and how many wait, is bounded. The text goes to nobody else.
 */
export abstract class TopicClassifierPort {
  abstract readonly model: string;
  abstract readonly categories: readonly CategoryRule[];
  abstract readonly breaker: BreakerState;

  abstract classify(text: string): Promise<TopicVerdict>;
}
