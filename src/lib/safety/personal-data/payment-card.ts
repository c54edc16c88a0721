import type { TextSegment } from '../../../models/output-text.js';
import { isIntroducedBy } from '../claims.js';
import { isDigit, isLetter, matchAt } from '../digit-runs.js';
import type { ClaimFinder } from './claim.js';
import { isPublishedTestCard } from './test-cards.js';

/** First and last prefix of an issuer, and how many digits its cards have (ISO/IEC 7812 issuer ranges). */
const issuers: readonly (readonly [first: string, last: string, lengths: readonly number[]])[] = [
  ['4', '4', [13, 16, 19]],
  ['51', '55', [16]],
  ['2221', '2720', [16]],
  ['34', '34', [15]],
  ['37', '37', [15]],
  ['300', '305', [14, 16, 17, 18, 19]],
  ['3095', '3095', [14, 16, 17, 18, 19]],
  ['36', '36', [14, 15, 16, 17, 18, 19]],
  ['38', '39', [14, 16, 17, 18, 19]],
  ['35', '35', [16, 17, 18, 19]],
  ['6011', '6011', [16, 17, 18, 19]],
  ['644', '659', [16, 17, 18, 19]],
  ['62', '62', [16, 17, 18, 19]],
  ['81', '81', [16, 17, 18, 19]],
  ['60', '60', [16]],
  ['50', '50', [12, 13, 16, 18, 19]],
  ['56', '58', [12, 13, 16, 18, 19]],
  ['63', '63', [12, 13, 16, 18, 19]],
  ['67', '67', [12, 13, 16, 18, 19]],
  ['2200', '2204', [16, 17, 18, 19]],
  ['9792', '9792', [16]],
  ['1800', '1800', [15]],
  ['2131', '2131', [15]],
];

const fewest = 12;
const longest = 19;
/** Bare numbers no longer than this are article and order numbers more often than cards. */
const shortest = 13;
const names =
  /\bcards?\b|\bcredit\b|\bdebit\b|\bmaestro\b|\bvisa\b|\bpan\b|karte|\bcarte\b|\btarjeta|\bcarta\b|\bcartao\b|\bkaart|\bkart[aei]?\b|\bkort/;

/** What says right before a published test number that it is meant as one; no word makes another number nobody's. */
const trial =
  /\b(?:test|sandbox|dummy|fake|example|sample) (?:(?:credit|debit|visa|payment) )?(?:card|number|pan)s?(?: number)?[ :]{0,2}$/;

/** Numbers of payment cards: an issuer's range and length, and the check digit (Luhn, ISO/IEC 7812-1 annex B). */
export const paymentCards: ClaimFinder = function* (segment, digits) {
  const text = segment.plain;
  let from = 0;
  for (const { start } of digits) {
    if (start < from || !hasDigits(text, start, fewest) || matchAt(beginning, text, start) === null) continue;
    const end = cardEnd(text, start);
    if (end === undefined || isTrial(segment, start, end)) continue;
    if (end - start <= shortest && !isIntroducedBy(names, segment, start)) continue;
    yield { type: 'PAYMENT_CARD', start, end };
    from = end;
  }
};

function isTrial({ plain, folded }: TextSegment, start: number, end: number): boolean {
  return (
    isPublishedTestCard(plain.slice(start, end)) && trial.test(folded.slice(Math.max(0, start - 32), start))
  );
}

const beginning = /(?<![A-Za-z\d]|\d\.|(?<![A-Za-z\d])[A-Z]{2}\d\d[ -]?)\d/y;

/** Whether so many digits stand at a place with nothing but separators between them. */
function hasDigits(text: string, start: number, count: number): boolean {
  let left = count;
  for (let index = start; left > 0; index += 1) {
    const unit = text.charCodeAt(index);
    if (isDigit(unit)) left -= 1;
    else if (!isSeparator(unit)) return false;
  }
  return true;
}

/** Where the card ends that begins at `start`: the longest that is one. */
function cardEnd(text: string, start: number): number | undefined {
  const groups: string[] = [];
  let group = '';
  let digits = '';
  let lengths: readonly number[] = [];
  let end: number | undefined;
  for (let index = start; index < text.length && digits.length < longest; index += 1) {
    if (isDigit(text.charCodeAt(index))) {
      const sign = text.charAt(index);
      digits += sign;
      group += sign;
      if (digits.length === 4) lengths = lengthsOf(digits);
      if (digits.length >= 4 && lengths.length === 0) break;
      if (!lengths.includes(digits.length) || isDigitOrLetter(text.charCodeAt(index + 1))) continue;
      if (areGroups([...groups, group]) && passesLuhn(digits)) end = index + 1;
    } else if (!isSeparatorAt(text, index)) break;
    else if (group !== '') {
      groups.push(group);
      group = '';
    }
  }
  return end;
}

const space = 0x20;

/** One space, dash or dot between two groups of digits, two of them beside each other, or one between spaces. */
function isSeparatorAt(text: string, index: number): boolean {
  if (!isSeparator(text.charCodeAt(index))) return false;
  const [before, after] = [text.charCodeAt(index - 1), text.charCodeAt(index + 1)];
  return isDigit(before) || isDigit(after) || (before === space && after === space);
}

function isSeparator(unit: number): boolean {
  return unit === space || unit === 0x2d || unit === 0x2e;
}

function isDigitOrLetter(unit: number): boolean {
  return isDigit(unit) || isLetter(unit);
}

/** Whether a person would write a card like that: groups of three digits and more, a short rest, or digit by digit. */
function areGroups(groups: readonly string[]): boolean {
  return (
    groups.slice(0, -1).every((group) => group.length > 2) || groups.every((group) => group.length === 1)
  );
}

/** How many digits a card may have that begins with these four. */
function lengthsOf(digits: string): readonly number[] {
  const known = lengthsByBeginning.get(digits);
  if (known !== undefined) return known;
  const lengths = issuers
    .filter(([first, last]) => digits.slice(0, first.length) >= first && digits.slice(0, last.length) <= last)
    .flatMap(([, , own]) => own);
  lengthsByBeginning.set(digits, lengths);
  return lengths;
}

/** For each four digits that were asked about, of which there are ten thousand at most. */
const lengthsByBeginning = new Map<string, readonly number[]>();

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const weighed = index % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
