import type { TextSegment } from '../../../models/output-text.js';
import { isIntroducedBy } from '../claims.js';
import type { Claim } from './claim.js';

const written = /(?<![\dA-Za-z]|\d[-.])(\d{3})( ?[-./] ?| )(\d{2})( ?[-./] ?| )(\d{4})(?![\dA-Za-z]|[-.]\d)/g;
const bare = /(?<![\dA-Za-z]|\d[-.])(\d{3})()(\d{2})()(\d{4})(?![\dA-Za-z]|[-.]\d)/g;
const names = /\bssn\b|\bsocial\s(?:security|insurance)\b|\bsoc\.?\ssec\b/;

/**
 * United States social security numbers. The area is neither 000, 666 nor above 899, the group not 00 and the serial
 * number not 0000 (SSA, numbers that are never assigned). Nine digits in a row count only where they are introduced as
 * one.
 */
export function* usSocialSecurityNumbers(segment: TextSegment): Generator<Claim> {
  const found = [...segment.plain.matchAll(written)].filter(
    ([, , one, , other]) => one?.trim() === other?.trim(),
  );
  const introduced = [...segment.plain.matchAll(bare)].filter(({ index }) =>
    isIntroducedBy(names, segment, index),
  );
  for (const match of [...found, ...introduced].sort((one, other) => one.index - other.index)) {
    const [whole, area = '', , group = '', , serial = ''] = match;
    if (!isAssignable(area, group, serial)) continue;
    yield { type: 'US_SSN', start: match.index, end: match.index + whole.length };
  }
}

function isAssignable(area: string, group: string, serial: string): boolean {
  return area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
}
