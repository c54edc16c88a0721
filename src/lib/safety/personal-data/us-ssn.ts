import { isIntroducedBy } from '../claims.js';
import { matchAt } from '../digit-runs.js';
import type { ClaimFinder } from './claim.js';

const written = /(?<![\dA-Za-z]|\d[-.])(\d{3})( ?[-./] ?| )(\d{2})( ?[-./] ?| )(\d{4})(?![\dA-Za-z]|[-.]\d)/y;
const bare = /(?<![\dA-Za-z]|\d[-.])(\d{3})()(\d{2})()(\d{4})(?![\dA-Za-z]|[-.]\d)/y;
const names = /\bssn\b|\bsocial\s(?:security|insurance)\b|\bsoc\.?\ssec\b/;

/**
 * United States social security numbers. The area is neither 000, 666 nor above 899, the group not 00 and the serial
 * number not 0000 (SSA, numbers that are never assigned). Nine digits in a row count only where they are introduced as
 * one.
 */
export const usSocialSecurityNumbers: ClaimFinder = function* (segment, digits) {
  const { plain } = segment;
  for (const { start, end } of digits) {
    const match = end - start === 3 ? matchAt(written, plain, start) : matchBare(plain, start, end);
    if (match === null) continue;
    const [whole, area = '', one = '', group = '', other = '', serial = ''] = match;
    if (one.trim() !== other.trim() || !isAssignable(area, group, serial)) continue;
    if (end - start > 3 && !isIntroducedBy(names, segment, start)) continue;
    yield { type: 'US_SSN', start, end: start + whole.length };
  }
};

function matchBare(plain: string, start: number, end: number): RegExpExecArray | null {
  return end - start === 9 ? matchAt(bare, plain, start) : null;
}

function isAssignable(area: string, group: string, serial: string): boolean {
  return area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
}
