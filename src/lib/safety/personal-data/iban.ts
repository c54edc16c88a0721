import validator from 'validator';
import { isDigit, isLetter } from '../digit-runs.js';
import type { ClaimFinder } from './claim.js';

/** How long each country's account numbers are (ISO 13616, the registry of IBAN formats). */
const lengths = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 ' +
    'FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 ' +
    'LU20 LV21 MA28 MC27 MD24 ME22 MK19 MR27 MT31 MU30 MZ25 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 ' +
    'SI19 SK24 SM27 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** International bank account numbers: the country's format and the check digits (ISO 7064 MOD 97-10). */
export const ibans: ClaimFinder = function* ({ plain: text }, digits) {
  let from = 0;
  for (const { start: digit } of digits) {
    const start = countryBefore(text, digit);
    if (start === undefined || start < from) continue;
    const length = lengths.get(text.slice(start, start + 2).toUpperCase());
    const end = length === undefined ? undefined : ibanEnd(text, start, length);
    if (end === undefined) continue;
    yield { type: 'IBAN', start, end };
    from = end;
  }
};

/** Where the two letters of a country begin, of which none, a space or a dash stands before the digits. */
function countryBefore(text: string, digit: number): number | undefined {
  const end = isLetter(text.charCodeAt(digit - 1)) ? digit : digit - 1;
  if (!isLetter(text.charCodeAt(end - 1)) || !isLetter(text.charCodeAt(end - 2))) return undefined;
  if (end < digit && !/[\s-]/.test(text.charAt(end))) return undefined;
  const before = text.charCodeAt(end - 3);
  return !isLetter(before) && !isDigit(before) ? end - 2 : undefined;
}

function ibanEnd(text: string, start: number, length: number): number | undefined {
  let iban = '';
  let index = start;
  for (; iban.length < length; index += 1) {
    const sign = text.charAt(index);
    if (/[A-Za-z\d]/.test(sign)) iban += sign.toUpperCase();
    else if (!/[\s\-.]/.test(sign) || !/[A-Za-z\d]/.test(text.charAt(index - 1))) return undefined;
  }
  return !/[A-Za-z\d]/.test(text.charAt(index)) && validator.isIBAN(iban) ? index : undefined;
}
