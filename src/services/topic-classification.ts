import { Injectable } from '@nestjs/common';
import type { ContentHit } from '../models/content-hit.js';
import { isJsonObject } from '../models/json-reader.js';
import type { JsonValue } from '../models/json.js';
import { type Policy, topics } from '../models/policy.js';
import {
  type BreakerState,
  type TopicVerdict,
  type VerdictOutcome,
  wantsToKnow,
  withheldVerdict,
} from '../models/topic-verdict.js';
import { TopicClassifierPort } from '../ports/topic-classifier.js';
import { gateError } from './content-hits.js';

/** What fires when the external classifier could not judge. */
export const topicClassifier = 'TOPIC_CLASSIFIER';

/** Hears of each verdict. */
export type VerdictListener = (verdict: TopicVerdict) => void;

/** Asks the external classifier about outputs, where there is one and the policy wants to know. */
@Injectable()
export class TopicClassification {
  readonly #listeners: VerdictListener[] = [];

  constructor(private readonly classifier: TopicClassifierPort) {}

  get breaker(): BreakerState {
    return this.classifier.breaker;
  }

  onVerdict(listener: VerdictListener): void {
    this.#listeners.push(listener);
  }

  /** @param hits what the gate itself has found in the output under the same rules */
  async ask(
    output: JsonValue,
    rules: Policy,
    hits: readonly ContentHit[],
  ): Promise<TopicVerdict | undefined> {
    const { model, categories } = this.classifier;
    if (!wantsToKnow(categories, rules)) return undefined;
    const text = staysInside(hits) ? undefined : textOf(output);
    if (text === '') return undefined;
    const verdict =
      text === undefined ? withheldVerdict(model, categories) : await this.classifier.classify(text);
    for (const listener of this.#listeners) listener(verdict);
    return verdict;
  }
}

/**
 * The verdict that a decision was made with, as the gate would have it under these rules: none when they do not want to know,
 * and none of the scores when what fires under them would have kept the output from being sent.
 */
export function recalledVerdict(
  verdict: TopicVerdict,
  rules: Policy,
  hits: readonly ContentHit[],
): TopicVerdict | undefined {
  if (!wantsToKnow(verdict.categories, rules)) return undefined;
  return staysInside(hits) ? withheldVerdict(verdict.model, verdict.categories) : verdict;
}

/** What fires by a verdict: a hit for each topic, or one that holds what was not judged. */
export function hitsOfVerdict(verdict: TopicVerdict, rules: Policy): readonly ContentHit[] {
  if (verdict.outcome === 'ANSWERED') return topicHits(verdict, rules);
  return [gateError(topicClassifier, `The topic classifier ${verdict.model} ${faults[verdict.outcome]}.`)];
}

const faults: Readonly<Record<Exclude<VerdictOutcome, 'ANSWERED'>, string>> = {
  TIMEOUT: 'did not answer in time',
  UNREACHABLE: 'could not be reached',
  REFUSED: 'refused to answer',
  GARBLED: 'gave an answer that cannot be used',
  BREAKER_OPEN: 'has failed too often and was not asked',
  BUSY: 'was too busy to be asked',
  TOO_LONG: 'was not asked, for the output is too long for it',
  WITHHELD: 'was not asked, for credentials and what the gate cannot read are not sent out',
};

/** Credentials are not sent out, and what the gate could not look at might hold some. Either holds the result by itself. */
function staysInside(hits: readonly ContentHit[]): boolean {
  return hits.some(({ reason }) => reason.code === 'SECRET' || reason.code === 'GATE_ERROR');
}

function topicHits({ categories, model }: TopicVerdict, rules: Policy): ContentHit[] {
  return topics.flatMap((topic): ContentHit[] => {
    const { action } = rules.topics[topic];
    const over = categories
      .filter(({ score, threshold, ...rule }) => rule.topic === topic && score !== null && score >= threshold)
      .sort((one, other) => (other.score ?? 0) - (one.score ?? 0));
    const [highest] = over;
    if (action === 'OFF' || highest === undefined) return [];
    const detail = `The topic classifier ${model} gives ${highest.category} ${highest.score}; ${highest.threshold} is enough.`;
    const reason = { code: 'SENSITIVE_TOPIC', detector: `TOPIC/${topic}`, detail, ...nowhere } as const;
    return [{ reason, action, matched: '' }];
  });
}

const nowhere = { pointer: null, start: null, end: null } as const;

/**
 * An output as a text to be classified: every string and number as it was written, each on a line of its own behind the name
 * that it stands under. It does not depend on the order of an object's members.
 */
function textOf(output: JsonValue): string {
  const lines: string[] = [];
  const visit = (value: JsonValue, label: string): void => {
    if (typeof value === 'string' || typeof value === 'number') lines.push(`${label}${value}`);
    else if (typeof value !== 'object' || value === null) return;
    else if (isJsonObject(value)) {
      for (const name of Object.keys(value).sort()) {
        const member = value[name] ?? null;
        if (typeof member === 'object' || typeof member === 'boolean') lines.push(name);
        visit(member, `${name}: `);
      }
    } else for (const entry of value) visit(entry, '');
  };
  visit(output, '');
  return lines.join('\n').trim();
}
