import { isWordAt, plainText, type PlainText } from '../../models/plain-text.js';
import type { KeywordRule } from '../../models/policy.js';
import { KeywordAutomaton, type KeywordHit } from './keyword-automaton.js';
import { isWordEdge } from './word-edges.js';

/** A keyword found in a text's plain form. */
export interface FoundKeyword {
  readonly rule: KeywordRule;
  readonly start: number;
  readonly end: number;
}

interface Term {
  readonly rule: KeywordRule;
  /** The letters and digits, without what stands between them. */
  readonly units: string;
  /** After how many units another word of the term begins. */
  readonly breaks: readonly number[];
  /** The whole term where its signs matter (`c++`), and how many signs it begins with. */
  readonly exact?: { readonly text: string; readonly lead: number };
}

/** A text's letters and digits, without what stands between them. */
interface Squeezed {
  readonly units: string;
  /** Where each unit stands in the plain text. */
  readonly places: readonly number[];
  /** How many of the units before this one are followed by something else than the next unit. */
  readonly gaps: readonly number[];
}

/**
 * A list of keywords, compiled once, found in one pass over a text however long the list is.
 *
 * A term matches in any case, accent and look-alike. Its words may be joined by spaces or `-_./:` and the like, or
 * written as one (`secretKey`, `SECRET_KEY`), but not across the end of a sentence. A term whose letters are all spaced
 * out (`p a s s w o r d`) is found, too.
 */
export class KeywordList {
  readonly #terms: readonly Term[];
  readonly #automaton: KeywordAutomaton;

  constructor(rules: readonly KeywordRule[]) {
    this.#terms = rules.filter((rule) => rule.action !== 'OFF').flatMap(termsOf);
    this.#automaton = new KeywordAutomaton(this.#terms.map((term) => term.units));
  }

  /** A measure of the memory that the list takes. */
  get size(): number {
    return this.#automaton.size;
  }

  search(text: PlainText, report: (found: FoundKeyword) => void): void {
    const squeezed = squeeze(text.folded);
    this.#automaton.search(squeezed.units, (hit) => {
      const term = this.#terms[hit.keyword];
      const found = term && placeOf(term, hit, squeezed, text);
      if (found) report(found);
    });
  }
}

/**
 * A term as it is written, and in small and in capital letters where that makes a difference: a letter and its capital
 * may look like different ASCII letters.
 */
function termsOf(rule: KeywordRule): Term[] {
  const written = rule.term.trim();
  const forms = [written, written.toLowerCase(), written.toUpperCase()].map((form) => plainText(form).folded);
  return [...new Set(forms)].map((folded) => {
    const { units, gaps } = squeeze(folded);
    const breaks = [...units].flatMap((_, index) => (gapsIn(gaps, index, index + 1) > 0 ? [index + 1] : []));
    if (/^[\p{L}\p{N}\p{M}\s\-_./\\:'"]*$/u.test(folded)) return { rule, units, breaks };
    return { rule, units, breaks, exact: { text: folded, lead: folded.search(/[\p{L}\p{N}]/u) } };
  });
}

function squeeze(folded: string): Squeezed {
  const places: number[] = [];
  const gaps: number[] = [];
  const parts: string[] = [];
  let count = 0;
  let from = 0;
  for (let index = 0; index <= folded.length; index += 1) {
    if (index < folded.length && isWordAt(folded, index)) {
      const last = places.at(-1);
      if (last !== undefined && last !== index - 1) count += 1;
      places.push(index);
      gaps.push(count);
    } else {
      parts.push(folded.slice(from, index));
      from = index + 1;
    }
  }
  return { units: parts.join(''), places, gaps };
}

/** How many gaps stand between the units `first` and `last`. */
function gapsIn(gaps: readonly number[], first: number, last: number): number {
  return (gaps[Math.min(last, gaps.length - 1)] ?? 0) - (gaps[first] ?? 0);
}

function placeOf(
  term: Term,
  hit: KeywordHit,
  { places, gaps }: Squeezed,
  text: PlainText,
): FoundKeyword | undefined {
  const first = hit.last - hit.length + 1;
  const start = places[first] ?? 0;
  const end = (places[hit.last] ?? 0) + 1;
  if (!isWordEdge(text.plain, start)) return undefined;
  if (term.rule.match !== 'PREFIX' && !isWordEdge(text.plain, end)) return undefined;
  if (term.exact) {
    const from = start - term.exact.lead;
    if (from < 0 || !text.folded.startsWith(term.exact.text, from)) return undefined;
    return { rule: term.rule, start: from, end: from + term.exact.text.length };
  }
  const count = gapsIn(gaps, first, hit.last);
  if (count > 0) {
    const gapAfter = (units: number): string =>
      text.folded.slice((places[first + units - 1] ?? 0) + 1, places[first + units] ?? 0);
    const spacedOut = hit.length > 2 && count === hit.length - 1;
    const open = spacedOut ? [...Array(hit.length - 1).keys()].map((unit) => unit + 1) : term.breaks;
    const joins = open.map(gapAfter).filter((gap) => gap !== '');
    const joined = spacedOut ? isLetterGap : isWordGap;
    if (joins.length !== count || !joins.every(joined)) return undefined;
  }
  return { rule: term.rule, start, end };
}

function isLetterGap(gap: string): boolean {
  return /^[^\p{L}\p{N}]{1,2}$/u.test(gap);
}

function isWordGap(gap: string): boolean {
  return /^[\s\-_./\\:'"*`~|+]{1,64}$/.test(gap) && !/[.!?]\s/.test(gap);
}
