import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import { UnitClass, type Run } from '../../../models/long-runs.js';
import type { TextSegment } from '../../../models/output-text.js';
import { isExample, isIntroducedBy, plainly } from '../claims.js';
import { matchAt } from '../digit-runs.js';
import type { ClaimFinder } from './claim.js';

const candidate =
  /(?<![\p{L}\p{N}.$€£#/-]|\d[ ,])[+(]?\d[\d ().\-/]{5,24}(?<=\d)(?:\s?(?:x|ext\.?)\s?\d{1,6})?/iuy;
const names = plainly(
  /\b(?:tele)?phones?\b|\btel\b|\bmobile\b|\bcell(?:phone|ular)?\b|\bcall(?:ed|ing)?\b|\bfax\b|\bwhatsapp\b|\bsms\b|\bdial\b|\bring\b|\bhotline\b|\breach\b|\banswering\b|\bmessages?\sto\b|\bcontact\b|\btext (?:me|us|him|her)\b|\btelefon\w*|\bnumer\w* tel|\bhandy\w*|\brufnummer\b|\banruf\w*|\bruf\w* (?:mich|uns|an)\b|\bportable\b|\bappele\w*|\bjoindre\b|\bmovil\b|\bcelular\b|\bllam\w+|\bcellulare\b|\bchiam\w+|\btelemovel\b|\blig(?:ue|ar)\b|\bmobiel\w*|\bbel(?:len)? (?:mij|me|ons)\b|\bkomork\w*|\bzadzwon\w*|\bring (?:mig|oss)\b|\bmobil\w*|\bcep\b|\baray\w+|\bgsm\b|\bpuhelin\w*|電話|电话|手机|전화|телефон|هاتف/,
);
const northAmerican = /^(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\d)/;
/** The beginning of an international bank account number whose check digits are wrong. */
const accountNumber = /\b[A-Z]{2}\d\d (?:[A-Z\d]{4} ){0,6}$/;
/** What says right before digits that they count something else. */
const otherNumber =
  /\b(?:no|nr|n[.o]{0,2}|number|id|ref(?:erence)?|order|ticket|invoice|part|sku|case|serial|catalogue|item|tracking|pedido|bestellung|commande|ordine|zamowienie|siparis)[ .:#=-]{1,3}$/;
/** Numbers that are kept free for stories and examples (ATIS-0300115). */
const fictitious = /555[ .-]01\d\d$/;
const withTrunkZero = /^(?:\(0\d{1,4}\) ?\d{2,4}[ \-/]?|0\d{1,4}[ \-/]\d{2,4}[ \-/]?)\d{2,4}/;
const date = /^\d{1,4}([./-])\d{1,2}\1\d{1,4}(?![\d./-])/;
const label = /^[\s(-]{0,3}(?:office|home|mobile|cell|work|fax)(?![a-z])/;

/** Where a national number may come from when nothing says so, the likeliest first. */
const regions: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'IT',
  'ES',
  'NL',
  'AU',
  'IN',
  'BR',
  'CH',
  'AT',
  'BE',
  'SE',
  'DK',
  'PL',
  'MX',
  'ZA',
  'JP',
  'NZ',
  'TR',
  'PT',
  'NO',
  'FI',
  'IE',
  'KR',
  'CN',
];

/** How many candidates of one text are looked up; beyond that, what looks like a number is taken for one. */
const mostLookedUp = 500;

/**
 * Telephone numbers that exist in a country's numbering plan: international ones, ones that are grouped as a country
 * groups its own, and any digits that are introduced as a number to call.
 */
export const phones: ClaimFinder = function* (segment, digits) {
  let lookedUp = 0;
  for (const { index: start, 0: found } of candidatesIn(segment.plain, digits)) {
    const written = found.replace(/[ ().\-/]+$/, '');
    const places = regionsOf(written, segment, start);
    if (places.length === 0) continue;
    lookedUp += 1;
    const length = lookedUp > mostLookedUp ? written.length : numberLength(written, places);
    if (length !== undefined) yield { type: 'PHONE', start, end: start + length };
  }
};

/** What looks like a number: it begins with a run of digits or the sign before one. */
function* candidatesIn(plain: string, digits: readonly Run[]): Generator<RegExpExecArray> {
  let from = 0;
  for (const { start } of digits) {
    if (start < from || !goesOn(plain, start)) continue;
    const found =
      (start > from && /[+(]/.test(plain.charAt(start - 1)) ? matchAt(candidate, plain, start - 1) : null) ??
      matchAt(candidate, plain, start);
    if (found === null) continue;
    yield found;
    from = found.index + found[0].length;
  }
}

const numberUnits = new UnitClass(/[\d ().\-/]/, false);

/** Whether five units that may be in a number stand behind the first one. */
function goesOn(plain: string, start: number): boolean {
  let index = start + 1;
  while (index < start + 6 && numberUnits.has(plain.charCodeAt(index))) index += 1;
  return index === start + 6;
}

/** Which numbering plans to look in; none when nothing about the digits says that they are a telephone number. */
function regionsOf(written: string, segment: TextSegment, start: number): readonly CountryCode[] {
  if (date.test(written) || (fictitious.test(written) && isExample(segment, start))) return [];
  if (written.startsWith('+') || /^00[1-9]/.test(written)) return regions.slice(0, 1);
  const after = start + written.length;
  if (isIntroducedBy(names, segment, start) || label.test(segment.folded.slice(after, after + 16)))
    return regions;
  if (accountNumber.test(segment.plain.slice(Math.max(0, start - 40), start))) return [];
  if (otherNumber.test(segment.folded.slice(Math.max(0, start - 24), start))) return [];
  if (northAmerican.test(written)) return regions.slice(0, 1);
  return withTrunkZero.test(written) && written.replace(/\D/g, '').length >= 10 ? regions.slice(1) : [];
}

/** How much of what was written is a number somewhere: all of it, or as many of its groups as make one. */
function numberLength(written: string, places: readonly CountryCode[]): number | undefined {
  for (const region of places) {
    for (let length = written.length; length > 6; length = lastGroup(written, length)) {
      if (isNumber(written.slice(0, length), region)) return length;
    }
  }
  return undefined;
}

function isNumber(written: string, region: CountryCode): boolean {
  const international = written.replace(/^00/, '+').replace(/^(\+.{1,5})\(0\)/, '$1');
  const number = parsePhoneNumberFromString(international, { defaultCountry: region, extract: false });
  if (number === undefined) return false;
  return written.startsWith('+') ? number.isPossible() : number.isValid();
}

/** Where the last group of digits begins, less the separators before it. */
function lastGroup(written: string, length: number): number {
  let end = length;
  while (end > 0 && /[\p{L}\d]/u.test(written.charAt(end - 1))) end -= 1;
  while (end > 0 && !/\d/.test(written.charAt(end - 1))) end -= 1;
  return end;
}
