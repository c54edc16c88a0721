import { topics, type Topic } from '../../models/policy.js';
import type { PhraseMeaning, PhraseRole } from './topic-phrases.js';

/** A phrase that stands in a sentence: where it begins among the searched units, and where its last unit stands. */
export interface FoundPhrase {
  readonly meaning: PhraseMeaning;
  readonly first: number;
  readonly last: number;
}

/** Words of a sentence that count once. */
interface Stretch {
  readonly first: number;
  readonly last: number;
  weight: number;
}

const english = 0;

/** A subject and a claim about it are enough from here on. */
const enough = 4;

/** From where on subjects are enough without a claim; for the other topics they never are. */
const enoughAlone: Readonly<Partial<Record<Topic, number>>> = { POLITICS: 5, LEGAL_CLAIMS: 6 };

/** How much claims, mere hints at them and a sentence's business count at most: it is not the number that tells. */
/** One word that may mean anything is no subject. */
const leastSubject = 2;

const mostClaims = 3;
const mostHints = 1;
const mostBusiness = 2;

/** The topics that a sentence is about, going by the phrases in it. */
export function topicsOf(found: readonly FoundPhrase[]): Topic[] {
  const languages = languagesOf(found);
  const read = found
    .filter(({ meaning }) => languages.has(meaning.language))
    .sort(
      (one, other) =>
        other.last - one.last || one.first - other.first || other.meaning.weight - one.meaning.weight,
    );
  const meant = withoutIdioms(read);
  return topics.filter((topic) => [...languages].some((language) => isAbout(topic, language, meant)));
}

/** English, and the languages of which a sentence has at least as many common words as of English. */
function languagesOf(found: readonly FoundPhrase[]): ReadonlySet<number> {
  const words = new Map([[english, 0]]);
  for (const { meaning } of found) {
    const { language, role } = meaning;
    words.set(language, (words.get(language) ?? 0) + (role === 'COMMON' ? 1 : 0));
  }
  const least = words.get(english) ?? 0;
  return new Set(
    [...words]
      .filter(([language, count]) => language === english || count >= least)
      .map(([language]) => language),
  );
}

/** The phrases, which the last comes first of, that are no part of one that means something else. */
function withoutIdioms(found: readonly FoundPhrase[]): FoundPhrase[] {
  const idioms = new Map<number, number>();
  return found.filter(({ meaning: { language, role }, first }) => {
    const idiom = idioms.get(language) ?? Infinity;
    if (role === 'IDIOM' || role === 'REFUSAL') idioms.set(language, Math.min(first, idiom));
    return role === 'REFUSAL' || idiom > first;
  });
}

function isAbout(topic: Topic, language: number, meant: readonly FoundPhrase[]): boolean {
  const own = meant.filter(
    ({ meaning }) =>
      meaning.language === language && (meaning.topic === undefined || meaning.topic === topic),
  );
  if (own.some(({ meaning }) => meaning.role === 'TELLING')) return true;
  const subjects = stretchesOf(own, ['SUBJECT']);
  if (subjects.length === 0 || own.some(({ meaning }) => meaning.role === 'REFUSAL')) return false;
  const claims = stretchesOf(own, ['CLAIM', 'ORDER']);
  const business = Math.min(mostBusiness, weightOf(stretchesOf(own, ['BUSINESS'])));
  if (weightOf(subjects) - business >= (enoughAlone[topic] ?? Infinity)) return true;
  return bestWeight(subjects, claims) - business >= enough;
}

/** The phrases with one of the roles that are not within another of them; each has the most weight of those within it. */
function stretchesOf(found: readonly FoundPhrase[], roles: readonly PhraseRole[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { meaning, first, last } of found) {
    if (!roles.includes(meaning.role)) continue;
    const around = stretches.at(-1);
    if (around === undefined || first < around.first) stretches.push({ first, last, weight: meaning.weight });
    else around.weight = Math.max(around.weight, meaning.weight);
  }
  return stretches;
}

function weightOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { weight }) => sum + weight, 0);
}

/** What subjects and claims weigh together; a word that may be either is one of them. 0 unless there is enough of both. */
function bestWeight(subjects: readonly Stretch[], claims: readonly Stretch[]): number {
  const pairs = [
    [weightOf(subjects), claimWeight(apartFrom(claims, subjects))],
    [weightOf(apartFrom(subjects, claims)), claimWeight(claims)],
  ] as const;
  return Math.max(
    ...pairs.map(([subject, claim]) => (subject >= leastSubject && claim > 0 ? subject + claim : 0)),
  );
}

function claimWeight(claims: readonly Stretch[]): number {
  const hints = claims.filter(({ weight }) => weight === 1).length;
  const others = claims.filter(({ weight }) => weight > 1);
  return Math.min(mostClaims, Math.min(mostHints, hints) + weightOf(others));
}

/** The stretches that share no word with the others. */
function apartFrom(found: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  return found.filter(({ first, last }) =>
    others.every((other) => other.last <= first || other.first >= last),
  );
}
