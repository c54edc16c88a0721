import { topics, type Topic } from '../../models/policy.js';
import { outsideRefusals } from './refused-clauses.js';
import type { FoundPhrase, PhraseSense } from './topic-phrases.js';

/** Words of a sentence that count once. */
interface Stretch {
  readonly first: number;
  readonly last: number;
  weight: number;
}

const english = 0;

/** A subject and a claim about it are enough from here on. */
const enough = 4;

/** How far a topic may be behind another in a sentence that is about both. */
const mostBehind = 2;

/** From where on subjects are enough without a claim, unless it is a question. */
const enoughAlone: Readonly<Record<Topic, number>> = {
  POLITICS: 3,
  HEALTH_ADVICE: 6,
  FINANCIAL_ADVICE: 6,
  LEGAL_CLAIMS: 5,
};

/** What subjects must weigh at least for claims to count. */
const leastSubject: Readonly<Record<Topic, number>> = {
  POLITICS: 2,
  HEALTH_ADVICE: 1,
  FINANCIAL_ADVICE: 1,
  LEGAL_CLAIMS: 2,
};

/** What a mere hint at a claim weighs. */
const hint = 1;

/** How much claims, mere hints at them and a sentence's business count at most: it is not the number that tells. */
const mostClaims = 3;
const mostHints: Readonly<Record<Topic, number>> = {
  POLITICS: 2,
  HEALTH_ADVICE: 2,
  FINANCIAL_ADVICE: 1,
  LEGAL_CLAIMS: 1,
};
const mostBusiness = 2;

/** What the phrases of one language in a sentence weigh at most for each topic, whatever stands within another. */
class MostWeights {
  readonly #subjects = topics.map(() => 0);
  readonly #claims = topics.map(() => 0);
  #telling = 0;

  add({ subjects, claims, orders, telling }: PhraseSense): void {
    for (let index = 0; index < topics.length; index += 1) {
      this.#subjects[index] = (this.#subjects[index] ?? 0) + (subjects[index] ?? 0);
      this.#claims[index] = (this.#claims[index] ?? 0) + Math.max(claims[index] ?? 0, orders[index] ?? 0);
    }
    this.#telling |= telling;
  }

  /** Whether they may be enough for a topic: for most sentences that is no, and soon known. */
  mayBeEnough(topic: Topic, index: number): boolean {
    const subject = this.#subjects[index] ?? 0;
    if (subject === 0) return false;
    const claim = Math.min(mostClaims, this.#claims[index] ?? 0);
    if (claim > 0 && subject + claim >= enough) return true;
    return subject >= enoughAlone[topic] || (this.#telling & (1 << index)) !== 0;
  }

  clear(): void {
    this.#subjects.fill(0);
    this.#claims.fill(0);
    this.#telling = 0;
  }
}

/** What is found of one language. */
class FoundWords {
  readonly phrases: FoundPhrase[] = [];
  readonly most = new MostWeights();

  clear(): void {
    if (this.phrases.length === 0) return;
    this.phrases.length = 0;
    this.most.clear();
  }
}

/** A sentence, of which phrases are found one by one and which is then weighed. One is used for all sentences of a text. */
export class WeighedSentence {
  readonly #languages: readonly FoundWords[];

  /** @param languages how many there are. */
  constructor(languages: number) {
    this.#languages = Array.from({ length: languages }, () => new FoundWords());
  }

  get isEmpty(): boolean {
    return this.#languages.every(({ phrases }) => phrases.length === 0);
  }

  /** A refusal counts in neighbouring languages, too: what declines in Spanish may be read as Portuguese beside it. */
  add(phrase: FoundPhrase): void {
    const { sense } = phrase;
    for (const [language, found] of this.#languages.entries()) {
      if (language === sense.language) found.most.add(sense);
      else if (!sense.refusal || language === english || sense.language === english) continue;
      found.phrases.push(phrase);
    }
  }

  clear(): void {
    for (const found of this.#languages) found.clear();
  }

  /**
   * The topics that the sentence is about, in English and in the languages of which it has at least as many common words
   * as of English.
   *
   * @param units those of the sentence's text, as phrases are searched for in them.
   * @param commonWords counts the words of the sentence by which one knows a language, for each language.
   */
  topics(asks: boolean, units: Uint16Array, commonWords: () => readonly number[]): readonly Topic[] {
    const weights = topics.map(() => 0);
    let common: readonly number[] | undefined;
    for (const [language, { phrases, most }] of this.#languages.entries()) {
      if (phrases.length === 0) continue;
      const possible = topics.filter((topic, index) => most.mayBeEnough(topic, index));
      if (possible.length === 0) continue;
      common ??= commonWords();
      if ((common[language] ?? 0) < (language === english ? 0 : (common[english] ?? 0))) continue;
      const meant = withoutIdioms(phrases);
      for (const { phrases: said, besideRefusal } of outsideRefusals(meant, units)) {
        const business = Math.min(mostBusiness, weightOf(stretchesOf(said, ({ sense }) => sense.business)));
        for (const topic of possible) {
          const index = topics.indexOf(topic);
          const weight = topicWeight(topic, index, said, { asks, business, besideRefusal });
          weights[index] = Math.max(weights[index] ?? 0, weight);
        }
      }
    }
    const heaviest = Math.max(...weights);
    return topics.filter((_, index) => (weights[index] ?? 0) >= Math.max(enough, heaviest - mostBehind));
  }
}

/** The phrases, the last first, that are no part of one that means something else. */
function withoutIdioms(found: readonly FoundPhrase[]): FoundPhrase[] {
  let idiom = Infinity;
  let telling = Infinity;
  return found
    .toReversed()
    .sort((one, other) => other.last - one.last || one.first - other.first)
    .filter(({ sense, first }) => {
      const counts = sense.refusal ? telling > first : idiom > first;
      if (sense.idiom || sense.refusal) idiom = Math.min(first, idiom);
      if (sense.telling !== 0) telling = Math.min(first, telling);
      return counts;
    });
}

interface Circumstances {
  readonly asks: boolean;
  readonly business: number;
  readonly besideRefusal: boolean;
}

/** How much speaks for a topic in one language; less than {@link enough} where it is not enough. */
function topicWeight(
  topic: Topic,
  index: number,
  meant: readonly FoundPhrase[],
  { asks, business, besideRefusal }: Circumstances,
): number {
  const subjects = stretchesOf(meant, ({ sense }) => sense.subjects[index] ?? 0);
  if (subjects.length === 0) return 0;
  const claims = stretchesOf(meant, ({ sense, begins }) => {
    const claim = sense.claims[index] ?? 0;
    const most = begins ? Math.max(claim, sense.orders[index] ?? 0) : claim;
    return besideRefusal && most === hint ? 0 : most;
  });
  const both = bestWeight(topic, subjects, claims) - business;
  const alone = weightOf(subjects) - business;
  const tells = business === 0 && meant.some(({ sense }) => (sense.telling & (1 << index)) !== 0);
  return tells || (!asks && !besideRefusal && alone >= enoughAlone[topic])
    ? Math.max(both, alone, enough)
    : both;
}

/** The phrases with a weight that are not within another of them; each has the most weight of those within it. */
function stretchesOf(
  found: readonly FoundPhrase[],
  weightIn: (phrase: FoundPhrase) => number,
): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let around: Stretch | undefined;
  for (const phrase of found) {
    const weight = weightIn(phrase);
    if (weight === 0) continue;
    if (around !== undefined && phrase.first >= around.first) {
      around.weight = Math.max(around.weight, weight);
      continue;
    }
    around = { first: phrase.first, last: phrase.last, weight };
    stretches.push(around);
  }
  return stretches;
}

function weightOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { weight }) => sum + weight, 0);
}

/** What subjects and claims weigh together; a word that may be either is one of them. 0 unless there is enough of both. */
function bestWeight(topic: Topic, subjects: readonly Stretch[], claims: readonly Stretch[]): number {
  return Math.max(
    sumOf(topic, subjects, apartFrom(claims, subjects)),
    sumOf(topic, apartFrom(subjects, claims), claims),
  );
}

function sumOf(topic: Topic, subjects: readonly Stretch[], claims: readonly Stretch[]): number {
  const subject = weightOf(subjects);
  if (subject < leastSubject[topic]) return 0;
  let hints = 0;
  let others = 0;
  for (const { weight } of claims) {
    if (weight === hint) hints += 1;
    else others += weight;
  }
  const claim = Math.min(mostClaims, Math.min(mostHints[topic], hints) + others);
  return claim === 0 ? 0 : subject + claim;
}

/** The stretches that share no word with the others; in both lists the last comes first. */
function apartFrom(found: readonly Stretch[], others: readonly Stretch[]): readonly Stretch[] {
  let at = 0;
  return found.filter(({ first, last }) => {
    while ((others[at]?.first ?? -1) >= last) at += 1;
    return (others[at]?.last ?? -1) <= first;
  });
}
