import type { TextSegment } from '../../../models/output-text.js';
import type { Claim } from './claim.js';

/** How long the parts of an address may be (RFC 5321, 4.5.3.1). */
const longestLocal = 64;
const longestDomain = 255;

/**
 * E-mail addresses, also those whose `@` is written `(at)`, `[at]` or `%40`. Each side is read outwards from the sign and
 * no further than an address can be long, so that the time is linear whatever the text.
 */
export function* emails(segment: TextSegment): Generator<Claim> {
  const text = segment.plain;
  let from = 0;
  for (const { index, 0: sign } of text.matchAll(/@|%40|\s?[[({]\s?at\s?[\])}]\s?/gi)) {
    const start = localStart(text, index, from);
    const end = domainEnd(text, index + sign.length);
    if (start === index || end === undefined || isRemote(text, start, index, end)) continue;
    yield { type: 'EMAIL', start, end };
    from = end;
  }
}

function localStart(text: string, at: number, from: number): number {
  let start = at;
  const least = Math.max(from, at - longestLocal);
  while (start > least && /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u.test(text.charAt(start - 1))) start -= 1;
  while (start < at && !/[\p{L}\p{N}_]/u.test(text.charAt(start))) start += 1;
  return start;
}

function domainEnd(text: string, start: number): number | undefined {
  const most = text.slice(start, start + longestDomain);
  const [domain = ''] = /^[\p{L}\p{N}.-]*/u.exec(most) ?? [];
  const labels = domain.replace(/[.-]+$/, '').split('.');
  while (labels.length > 1 && !/^(?:\p{L}{2,63}|xn--[a-z\d-]{1,59})$/iu.test(labels.at(-1) ?? ''))
    labels.pop();
  if (labels.length < 2 || labels.some((label) => label === '' || label.length > 63)) return undefined;
  return start + labels.join('.').length;
}

/** `git@host.example:path` names a repository, and nobody's mailbox. */
function isRemote(text: string, start: number, at: number, end: number): boolean {
  return /^(?:git|hg)$/i.test(text.slice(start, at)) && text.charAt(end) === ':';
}
