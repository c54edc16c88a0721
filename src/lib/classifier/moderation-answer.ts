import type { CategoryRule } from '../../models/topic-classifier.js';
import type { CategoryScore } from '../../models/topic-verdict.js';
import { ClassifierFault } from './classifier-fault.js';

/** How many results are read of an answer to one input. */
const mostResults = 64;

/**
 * The scores in an answer of a moderation endpoint: `{results: [{categories, category_scores}]}`. Of several results the
 * highest counts; a category without a score counts as 1 or 0, as its flag says.
 *
 * @throws ClassifierFault `GARBLED` when the answer is no such thing, or has nothing to say of one of the categories
 */
export function scoresIn(answer: string, categories: readonly CategoryRule[]): CategoryScore[] {
  const results = membersOf(parsed(answer))['results'];
  if (!Array.isArray(results) || results.length === 0 || results.length > mostResults) throw garbled();
  return categories.map(({ category, topic, threshold }) => {
    const scores = results.map((result: unknown) => scoreOf(membersOf(result), category));
    return { category, topic, threshold, score: Math.max(...scores) };
  });
}

function scoreOf(result: Members, category: string): number {
  const score = memberOf(result['category_scores'], category);
  if (score !== undefined) {
    if (typeof score === 'number' && score >= 0 && score <= 1) return score;
    throw garbled();
  }
  const flag = memberOf(result['categories'], category);
  if (typeof flag !== 'boolean') throw garbled();
  return Number(flag);
}

type Members = Readonly<Record<string, unknown>>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw garbled();
  }
}

function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null) throw garbled();
  return { ...value };
}

/** A member of its own; `undefined` of what is no object. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function garbled(): ClassifierFault {
  return new ClassifierFault('GARBLED');
}
