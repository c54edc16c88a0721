import type { Run } from '../../models/long-runs.js';
import { plainText } from '../../models/plain-text.js';

/** A stretch of a text that something claims to be of a type. */
export interface ClaimOf<T extends string> {
  readonly type: T;
  readonly start: number;
  readonly end: number;
}

/** Both lists in the order of the text, without those of `found` that overlap one of `claims`; both are in order. */
export function withUnclaimed<C extends ClaimOf<string>>(
  claims: readonly C[],
  found: readonly C[],
): readonly C[] {
  if (found.length === 0) return claims;
  let next = 0;
  const unclaimed = found.filter(({ start, end }) => {
    while ((claims[next]?.end ?? Infinity) <= start) next += 1;
    return (claims[next]?.start ?? Infinity) >= end;
  });
  return [...claims, ...unclaimed].sort((one, other) => one.start - other.start);
}

/** Whether the words stand close before the place, or in the name of the member that the text is in. */
export function isIntroducedBy(
  words: RegExp,
  text: { readonly folded: string; readonly member: string },
  start: number,
): boolean {
  if (words.test(text.folded.slice(Math.max(0, start - 48), start))) return true;
  return text.member !== '' && words.test(memberWords(text.member));
}

/** A member's name as words in small letters: `dateOfBirth`, `date_of_birth` and `date-of-birth` are `date of birth`. */
export function memberWords(member: string): string {
  return member
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
    .toLowerCase();
}

/** Whether the words introduce what stands at a place, or stand right behind it: `123 456 (social security number)`. */
export function isNamedBy(
  words: RegExp,
  text: { readonly folded: string; readonly member: string },
  start: number,
  end: number,
): boolean {
  if (isIntroducedBy(words, text, start)) return true;
  const after = /^[ ,]{0,2}(?:\([^)\n]{2,40}\)|(?:is|as|was)(?: \p{L}{1,12}){1,5})/u.exec(
    text.folded.slice(end, end + 48),
  );
  return after !== null && words.test(after[0]);
}

/** The expression for texts in the plain form: without accents, and with look-alikes of ASCII letters as those. */
export function plainly(words: RegExp): RegExp {
  return new RegExp(plainText(words.source).plain, words.flags);
}

const example =
  /\b(?:for example|for instance|e\.? ?g\.?|such as|examples?|placeholder|dummy|sample|format|formatted like|looks? like|zum beispiel|z\. ?b\.|par exemple|por ejemplo|per esempio|por exemplo|bijvoorbeeld|na przyklad|till exempel|ornegin)[ :,("'\w-]{0,12}$/;

/** Whether the words right before a place say that an example follows. */
export function isExample({ folded }: { readonly folded: string }, start: number): boolean {
  return example.test(folded.slice(Math.max(0, start - 40), start));
}

/** The stretches of a text that are near some of its digits, each begun and ended between words where one ends soon. */
export function aroundRuns(
  text: string,
  digits: readonly Run[],
  before: number,
  after: number,
): readonly Run[] {
  const stretches: { start: number; end: number }[] = [];
  for (const run of digits) {
    const last = stretches.at(-1);
    const start = Math.max(0, run.start - before);
    const end = Math.min(text.length, run.end + after);
    if (last !== undefined && start <= last.end + 64) last.end = end;
    else stretches.push({ start, end });
  }
  return stretches.map(({ start, end }) => ({ start: wordStart(text, start), end: wordEnd(text, end) }));
}

function wordStart(text: string, index: number): number {
  let start = index;
  while (start > 0 && start > index - 32 && text.charCodeAt(start - 1) > 0x20) start -= 1;
  return start;
}

function wordEnd(text: string, index: number): number {
  let end = index;
  while (end < text.length && end < index + 32 && text.charCodeAt(end) > 0x20) end += 1;
  return end;
}
