import type { Topic } from '../../../models/policy.js';

/**
 * What speaks for a topic in one language: phrases in small letters, parted by commas. The last word of a phrase may
 * have one of the language's endings. `*` stands for the rest of a word at a phrase's end, and for the beginning of one
 * at its start.
 */
export interface TopicWords {
  /** Each is all but enough by itself. */
  readonly telling: string;
  /** What the topic is about, by how seldom it is meant otherwise. */
  readonly sure: string;
  readonly likely: string;
  readonly maybe: string;
  /** Advice, a promise, a judgement or a claim as this topic makes them. */
  readonly claims: string;
  /** What may be part of one. */
  readonly hints: string;
  /** Verbs that are a claim where a clause begins with them as an order. */
  readonly orders: string;
}

/** What one language has to say of topics. */
export interface TopicLanguage {
  readonly topics: Readonly<Record<Topic, TopicWords>>;
  /** How one gives advice, whatever about. */
  readonly advice: string;
  /** What may be part of a claim, whatever about. */
  readonly hints: string;
  /** Verbs that are advice where a clause begins with them as an order, whatever about. */
  readonly orders: string;
  /** Phrases that mean something else than their words: the words in them count for nothing. */
  readonly idioms: string;
  /** How a service, a shop or a kitchen talks about its own business. */
  readonly business: string;
  /** How one declines to advise, or sends somebody to who may. */
  readonly refusals: string;
  /** Words that take back what a clause before them said: what follows is not covered by its refusal. */
  readonly turns: string;
  /** Words with which a clause begins that is a condition, or no more than a matter. */
  readonly conditions: string;
  /** Words behind which a clause begins. */
  readonly joints: string;
  /** Words by which a reader knows the language. */
  readonly common: string;
  /** What may stand at the end of a word that is declined. */
  readonly endings: string;
}
