import { clauseComma, wordSpace } from './phrase-text.js';
import type { FoundPhrase } from './topic-phrases.js';

/** Phrases that are weighed together. */
export interface SaidTogether {
  readonly phrases: readonly FoundPhrase[];
  /** Whether the same sentence declines to advise: what only touches a topic is part of that, and what advises is not. */
  readonly besideRefusal: boolean;
}

/** Before how many words of its clause an order still begins it: `but please stop`. */
const mostBeforeOrder = 2;
/** The same of a condition: `but if it hurts`. */
const mostBeforeCondition = 1;

/**
 * What a sentence says outside of the clauses that decline to advise. A refusal speaks for its own clause only: whoever
 * adds that they are no doctor has still said what they say beside it. A clause ends with a comma, a colon or a bracket,
 * and before a word like `but`. Conditions (`before you change your dose, …`) say nothing by themselves.
 *
 * @param phrases those of one language in the sentence, the last first.
 * @param units those of the sentence's text.
 */
export function outsideRefusals(
  phrases: readonly FoundPhrase[],
  units: Uint16Array,
): readonly SaidTogether[] {
  if (!phrases.some(({ sense }) => sense.refusal)) return [{ phrases, besideRefusal: false }];
  const said: { phrases: FoundPhrase[]; besideRefusal: true }[] = [];
  let open: FoundPhrase[] | undefined;
  for (const clause of clausesOf(phrases, units)) {
    if (clause.some(({ sense }) => sense.refusal)) {
      open = undefined;
      continue;
    }
    if (open === undefined) said.push({ phrases: (open = []), besideRefusal: true });
    if (
      !clause.some(({ sense, first }) => sense.condition && beginsClause(units, first, mostBeforeCondition))
    )
      open.push(...clause);
  }
  return said;
}

/** The phrases by clause, the last clause and the last phrase first. Only what is an order of the clause begins it. */
function clausesOf(phrases: readonly FoundPhrase[], units: Uint16Array): readonly FoundPhrase[][] {
  const clauses: FoundPhrase[][] = [];
  let clause: FoundPhrase[] = [];
  let behind = phrases[0]?.first ?? 0;
  for (const phrase of phrases) {
    if (units.subarray(phrase.first, behind).includes(clauseComma)) {
      clauses.push(clause);
      clause = [];
    }
    clause.push({ ...phrase, begins: phrase.begins && beginsClause(units, phrase.first, mostBeforeOrder) });
    behind = phrase.first;
    if (phrase.sense.turn) {
      clauses.push(clause);
      clause = [];
    }
  }
  clauses.push(clause);
  return clauses;
}

/** Whether a clause begins with a word, or with a few before it. */
function beginsClause(units: Uint16Array, first: number, mostBefore: number): boolean {
  let words = 0;
  for (let at = first - 1; at >= 0 && units[at] !== 0 && units[at] !== clauseComma; at -= 1) {
    if (units[at] === wordSpace) words += 1;
    if (words > mostBefore) return false;
  }
  return true;
}
