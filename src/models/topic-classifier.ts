import { type Topic, topics } from './policy.js';

/** A category of an external classifier, the topic that it stands for here, and from which score on it counts. */
export interface CategoryRule {
  /** As the classifier's answers name it. */
  readonly category: string;
  readonly topic: Topic;
  /** Above 0, at most 1. A score of exactly this counts. */
  readonly threshold: number;
}

/** How an external classifier is asked. */
export interface TopicClassifierSettings {
  /** What `v1/moderations` is added to. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`; `undefined` for a classifier that needs none. A secret. */
  readonly key: string | undefined;
  readonly model: string;
  readonly categories: readonly CategoryRule[];
  /** How long one result waits for it at most, in milliseconds. */
  readonly budgetMs: number;
  /** The longest text that it is sent, in UTF-16 code units. */
  readonly maxLength: number;
  /** How many calls are under way at a time. */
  readonly concurrency: number;
}

/** How many categories are read. */
const mostCategories = 64;

/**
 * Reads rules as a setting writes them: `category:TOPIC:threshold`, with commas between. Answers a fault in words when it
 * cannot be read, when there is no rule at all, or when a category is named twice.
 */
export function parseCategoryRules(text: string): readonly CategoryRule[] | string {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > mostCategories) return `must name at most ${mostCategories} categories`;
  const rules: CategoryRule[] = [];
  for (const [index, part] of parts.entries()) {
    const at = `entry ${index + 1}`;
    const last = part.lastIndexOf(':');
    const first = part.lastIndexOf(':', last - 1);
    const [category, name] = [part.slice(0, Math.max(0, first)), part.slice(first + 1, last)];
    const topic = topics.find((one) => one === name);
    const threshold = part.slice(last + 1);
    if (last <= first || !/^[\x21-\x7e]{1,200}$/.test(category)) {
      return `must be category:TOPIC:threshold with commas between; ${at} is not`;
    }
    if (topic === undefined) return `must name one of ${topics.join(', ')} in ${at}`;
    if (!/^(?:0\.\d{1,6}|1(?:\.0{1,6})?)$/.test(threshold) || Number(threshold) === 0) {
      return `must have a threshold above 0 and not above 1 in ${at}`;
    }
    if (rules.some((rule) => rule.category === category))
      return `must name each category once; ${at} does again`;
    rules.push({ category, topic, threshold: Number(threshold) });
  }
  return rules;
}
