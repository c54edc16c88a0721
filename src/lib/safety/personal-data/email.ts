import type { TextSegment } from '../../../models/output-text.js';
import type { Claim } from './claim.js';

/** How long the parts of an address may be (RFC 5321, 4.5.3.1). */
const longestLocal = 64;
const longestDomain = 255;

/**
 * E-mail addresses, also those whose `@` is written `(at)` or `[at]`, or `at` where a `dot` follows. What stands for anybody at a
 * domain that is reserved for documentation (RFC 2606) is nobody's address. Each side is read outwards from the sign and
 * no further than an address can be long, so that the time is linear whatever the text.
 */
export function* emails(segment: TextSegment): Generator<Claim> {
  const text = segment.plain;
  let from = 0;
  for (const { index, 0: sign } of text.matchAll(isSpelled(segment) ? anySign : /@/g)) {
    const start = localStart(text, index, from);
    const end = domainEnd(text, index + sign.length);
    if (
      start === index ||
      end === undefined ||
      isRemote(text, start, index, end) ||
      isInAuthority(text, start)
    )
      continue;
    if (isAnybody(text.slice(start, index), text.slice(index + sign.length, end))) continue;
    yield { type: 'EMAIL', start, end };
    from = end;
  }
}

const anySign = /@|\s?[[({]\s?at\s?[\])}]\s?|\sat\s(?=[\w-]{1,63}\s(?:dot|\[dot\]|\(dot\))\s)/gi;

/** Whether the sign may be a word somewhere. */
function isSpelled({ folded }: TextSegment): boolean {
  return /[[({]\s?at\s?[\])}]/.test(folded) || folded.includes('dot');
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
  const [spelled] = /^[\w-]{1,63}(?:\s?[[(]?dot[\])]?\s?[\w-]{1,63}){1,4}/i.exec(most) ?? [];
  if (spelled !== undefined && /\Wdot\W/i.test(spelled)) return start + spelled.length;
  const [domain = ''] = /^[\p{L}\p{N}.-]*/u.exec(most) ?? [];
  const labels = domain.replace(/[.-]+$/, '').split('.');
  while (labels.length > 1 && !/^(?:\p{L}{2,63}|xn--[a-z\d-]{1,59})$/iu.test(labels.at(-1) ?? ''))
    labels.pop();
  if (labels.length < 2 || labels.some((label) => label === '' || label.length > 63)) return undefined;
  return start + labels.join('.').length;
}

/** `scheme://name:password@host` is no mailbox, either (RFC 3986, 3.2.1). */
function isInAuthority(text: string, start: number): boolean {
  return /:\/\/(?:[^\s/@]{0,64}:)?$/.test(text.slice(Math.max(0, start - 80), start));
}

/** `git@host.example:path` names a repository, and nobody's mailbox. */
function isRemote(text: string, start: number, at: number, end: number): boolean {
  return /^(?:git|hg)$/i.test(text.slice(start, at)) && text.charAt(end) === ':';
}

const documentation = /(?:^|\.)(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost)$/i;
const anybody =
  /^(?:user(?:name)?\d{0,3}|you|your[._-]?(?:name|email|address)?|name|first(?:name)?[._-]?last(?:name)?|test(?:er|ing|user)?\d{0,3}|foo|bar|baz|someone|somebody|anyone|anybody|nobody|example|e?mail|address|me|info|hello|contact|support|sales|help|admin|no-?reply|team|office|customer|sender|recipient|x+|abc)$/i;

/** Whether an address is an example: `user@example.com`. One with a person's name may be a person's all the same. */
function isAnybody(local: string, domain: string): boolean {
  return documentation.test(domain) && anybody.test(local);
}
