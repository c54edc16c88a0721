import type { TextSegment } from '../../models/output-text.js';
import { isWordAt, plainText } from '../../models/plain-text.js';
import type { KeywordRule } from '../../models/policy.js';
import { KeywordAutomaton } from './keyword-automaton.js';
import { hasDisguise, isDisguised, leetAlphabet } from './leet.js';
import type { SlicedWork } from '../../models/sliced-work.js';
import { isWordEdge, isWordStart } from './word-edges.js';
import { plainAlphabet, WordStream } from './word-stream.js';

/** A keyword found in a text's plain form; one that goes on in the next text ends where its text does. */
export interface FoundKeyword {
  readonly rule: KeywordRule;
  readonly segment: TextSegment;
  readonly start: number;
  readonly end: number;
}

interface Term {
  readonly rule: KeywordRule;
  /** The letters and digits, without what stands between them. */
  readonly units: string;
  /** After how many units another word of the term begins. */
  readonly breaks: ReadonlySet<number>;
  /** The whole term where its signs matter (`c++`), and how many signs it begins with. */
  readonly exact?: { readonly text: string; readonly lead: number };
  /** The term of a rule that finds only what is written exactly so: as it is written, and in its plain form. */
  readonly verbatim?: { readonly written: string; readonly plain: string; readonly lead: number };
}

/** Some terms, and what finds them in a stream of one kind. */
interface Search {
  readonly terms: readonly Term[];
  readonly automaton: KeywordAutomaton;
}

/** Shorter terms have too many look-alikes among numbers and names to be read with digits for letters. */
const shortestDisguised = 4;

/**
 * A list of keywords, compiled once, found in one pass over an output however long the list is.
 *
 * A term matches in any case, accent and look-alike. Its words may be joined by spaces or `-_./:` and the like, or
 * written as one (`secretKey`, `SECRET_KEY`), but not across the end of a sentence. They may stand in two items of an
 * array, or in a name and its value. A term whose letters are spaced out (`p a s s w o r d`) or parted (`pass-word`) is
 * found, too, and one with digits and signs for letters (`p4ssw0rd`).
 */
export class KeywordList {
  /** A measure of the memory that the list takes. */
  readonly size: number;
  readonly #written: Search;
  readonly #disguised: Search;

  /** Makes a list in slices. */
  static *making(rules: readonly KeywordRule[]): SlicedWork<KeywordList> {
    const terms: Term[] = [];
    for (const rule of rules) {
      if (rule.action !== 'OFF') terms.push(...termsOf(rule));
      yield;
    }
    const disguised: Term[] = [];
    for (const term of terms) {
      if (term.exact !== undefined || term.verbatim !== undefined || term.units.length < shortestDisguised)
        continue;
      disguised.push({ ...term, units: leetForm(term.units) });
      yield;
    }
    return new KeywordList(yield* searchFor(terms), yield* searchFor(disguised));
  }

  private constructor(written: Search, disguised: Search) {
    this.#written = written;
    this.#disguised = disguised;
    this.size = written.automaton.size + disguised.automaton.size;
  }

  search(segments: readonly TextSegment[], report: (found: FoundKeyword) => void): void {
    const texts = segments.filter(({ reading }) => reading !== 'JOINED');
    WordStream.read(texts, plainAlphabet, (stream) => searchStream(this.#written, stream, placeOf, report));
    const disguised = aroundDisguises(texts);
    if (disguised.length === 0) return;
    WordStream.read(disguised, leetAlphabet, (stream) => {
      searchStream(this.#disguised, stream, disguisedPlaceOf, report);
    });
  }
}

/** How many texts before and after one with a disguise a phrase may begin and end in. */
const reach = 4;

/** The texts in which something stands for a letter, and those near them that a reader comes from or goes on to. */
function aroundDisguises(texts: readonly TextSegment[]): readonly TextSegment[] {
  const near = new Set<number>();
  texts.forEach(({ folded }, nth) => {
    if (!hasDisguise(folded)) return;
    near.add(nth);
    for (let at = nth; at > nth - reach && texts[at]?.goesOn; at -= 1) near.add(at - 1);
    for (let at = nth + 1; at <= nth + reach && texts[at]?.goesOn; at += 1) near.add(at);
  });
  return near.size === 0 ? [] : texts.filter((_, nth) => near.has(nth));
}

function* searchFor(terms: readonly Term[]): SlicedWork<Search> {
  return { terms, automaton: yield* KeywordAutomaton.making(terms.map(({ units }) => units)) };
}

function searchStream(
  { terms, automaton }: Search,
  stream: WordStream,
  place: typeof placeOf,
  report: (found: FoundKeyword) => void,
): void {
  automaton.search(stream.units, stream.length, (keyword, length, last) => {
    const term = terms[keyword];
    const found = term && place(term, stream, last - length + 1, last);
    if (found !== undefined) report(found);
  });
}

/**
 * A term as it is written, and in small and in capital letters where that makes a difference: a letter and its capital
 * may look like different ASCII letters.
 */
function termsOf(rule: KeywordRule): Term[] {
  const written = rule.term.trim();
  if (rule.match === 'EXACT') return [verbatimTerm(rule, written)];
  const forms = [written, written.toLowerCase(), written.toUpperCase()].map((form) => plainText(form).folded);
  return [...new Set(forms)].map((folded) => {
    const words = folded.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
    const breaks = new Set<number>();
    let length = 0;
    for (const word of words) breaks.add((length += word.length));
    const term = { rule, units: words.join(''), breaks };
    if (/^[\p{L}\p{N}\p{M}\s\-_./\\:'"]*$/u.test(folded)) return term;
    return { ...term, exact: { text: folded, lead: folded.search(/[\p{L}\p{N}]/u) } };
  });
}

function verbatimTerm(rule: KeywordRule, text: string): Term {
  const { plain, folded } = plainText(text);
  const verbatim = { written: text.normalize('NFC'), plain, lead: plain.search(/[\p{L}\p{N}\p{M}]/u) };
  return { rule, units: folded.replace(/[^\p{L}\p{N}\p{M}]/gu, ''), breaks: new Set(), verbatim };
}

function leetForm(units: string): string {
  return Array.from({ length: units.length }, (_, index) =>
    String.fromCharCode(leetAlphabet.at(units, index)),
  ).join('');
}

function placeOf(term: Term, stream: WordStream, first: number, last: number): FoundKeyword | undefined {
  const segment = stream.textOf(first);
  const lastText = stream.textOf(last);
  if (segment === undefined || lastText === undefined) return undefined;
  const start = stream.placeOf(first);
  const end = stream.placeOf(last) + 1;
  if (term.verbatim !== undefined) return verbatimPlaceOf(term.rule, term.verbatim, segment, start);
  if (!isWordStart(segment.plain, start)) return undefined;
  if (term.rule.match !== 'PREFIX' && !isWordEdge(lastText.plain, end)) return undefined;
  const { rule, exact } = term;
  if (exact !== undefined) {
    const from = start - exact.lead;
    if (from < 0 || !segment.folded.startsWith(exact.text, from)) return undefined;
    return { rule, segment, start: from, end: from + exact.text.length };
  }
  if (!hangsTogether(term, stream, first, last)) return undefined;
  return { rule, segment, start, end: segment === lastText ? end : segment.plain.length };
}

/** Where a term stands at a place exactly as it is written, between the edges of words; decoded, in the plain form of that. */
function verbatimPlaceOf(
  rule: KeywordRule,
  { written, plain, lead }: NonNullable<Term['verbatim']>,
  segment: TextSegment,
  first: number,
): FoundKeyword | undefined {
  const start = first - lead;
  const end = start + plain.length;
  if (start < 0 || !segment.plain.startsWith(plain, start)) return undefined;
  if (!isWordEdge(segment.plain, start) || !isWordEdge(segment.plain, end)) return undefined;
  if (segment.reading === 'WRITTEN') {
    const at = segment.toOriginal(start, end);
    if (segment.original.slice(at.start, at.end).normalize('NFC') !== written) return undefined;
  }
  return { rule, segment, start, end };
}

/** A term with digits and signs for some, but not most of its letters, between anything but letters and digits. */
function disguisedPlaceOf(
  term: Term,
  stream: WordStream,
  first: number,
  last: number,
): FoundKeyword | undefined {
  const segment = stream.textOf(first);
  const lastText = stream.textOf(last);
  if (segment === undefined || lastText === undefined) return undefined;
  const start = stream.placeOf(first);
  const end = stream.placeOf(last) + 1;
  if (!isApart(segment.plain, start)) return undefined;
  if (term.rule.match !== 'PREFIX' && !isApart(lastText.plain, end)) return undefined;
  const written = Array.from({ length: last - first + 1 }, (_, unit) =>
    (stream.textOf(first + unit)?.folded ?? '').charAt(stream.placeOf(first + unit)),
  );
  if (!isDisguised(written) || !hangsTogether(term, stream, first, last)) return undefined;
  return { rule: term.rule, segment, start, end: segment === lastText ? end : segment.plain.length };
}

/** Whether no letter or digit stands on both sides of a place. */
function isApart(plain: string, index: number): boolean {
  return index <= 0 || index >= plain.length || !isWordAt(plain, index - 1) || !isWordAt(plain, index);
}

/** Whether what stands between the units of a found term leaves it the term. */
function hangsTogether(term: Term, stream: WordStream, first: number, last: number): boolean {
  const length = last - first + 1;
  const inner: string[] = [];
  let count = 0;
  let joins = true;
  for (let unit = first + 1; unit <= last; unit += 1) {
    if (!stream.isApart(unit)) continue;
    count += 1;
    const gap = stream.gapBefore(unit);
    if (!term.breaks.has(unit - first)) inner.push(gap);
    else if (!isWordGap(gap)) joins = false;
  }
  if (inner.length === 0) return joins;
  if (length > 2 && count === length - 1 && inner.every(isLetterGap)) return true;
  return joins && isParted(inner, length);
}

/** Whether the gaps within words are ones that a reader reads over: hyphens and the like, line breaks, many spaces. */
function isParted(inner: readonly string[], length: number): boolean {
  if (length >= 5 && inner.every(isHyphen)) return true;
  const isSpaced = inner.every((gap) => isHyphen(gap) || gap === ' ');
  return isSpaced && length >= 6 && inner.length * 3 >= length;
}

function isLetterGap(gap: string): boolean {
  return /^[^\p{L}\p{N}]{1,3}$/u.test(gap);
}

function isHyphen(gap: string): boolean {
  return /^(?:[-_.*~|+/\\'"`^]{1,3}|-?[ \t]?\r?\n[ \t]{0,8})$/.test(gap);
}

function isWordGap(gap: string): boolean {
  return /^[\s\-_./\\:'"*`~|+]{1,64}$/.test(gap) && !/[.!?]\s/.test(gap);
}
