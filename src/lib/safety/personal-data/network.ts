import { isIPv4, isIPv6 } from 'node:net';
import { UnitClass, type Run } from '../../../models/long-runs.js';
import { isWordAt } from '../../../models/plain-text.js';
import { isIntroducedBy } from '../claims.js';
import { matchAt } from '../digit-runs.js';
import type { ClaimFinder } from './claim.js';
import { isVersionAt } from './version-numbers.js';

/** Addresses that are the same everywhere and lead to nobody: loopback, unspecified, broadcast, netmasks. */
const nobodys = /^(?:127\.|0\.|255\.|::1?$)/;

const dotted = /(?<![\p{L}\p{N}_]|\d\.)\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}_]|\.\d)/uy;
/** What stands before the address of a machine that somebody logs in to; another `@` parts a package and its version. */
const login =
  /\b(?:ssh|scp|sftp|rsync|telnet|login)\b[^\n]{0,24}@$|(?<![\w-])(?:root|admin|ubuntu|ec2-user|user|deploy|pi)@$/;
const names =
  /\bip\b|\bipv[46]\b|\baddress\w*|\blog(?:ged|in|s)?\b|\bfrom\b|\bclient\b|\bvisitor\b|\busers?\b|\bcustomer\b|\bconnected\b|\bdevice\b|\bindirizzo\b|\badres\w*|\bdireccion\b/;
/** Addresses for documentation (RFC 5737, RFC 3849), which are somebody's only where they are said to be. */
const documentation = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:0?db8:/i;

/** IPv4 and IPv6 addresses (RFC 4291), but not loopback and the like, and not version numbers. */
export const ipAddresses: ClaimFinder = function* (segment, digits) {
  let version = -1;
  for (const { index, 0: address } of dottedIn(segment.plain, digits)) {
    const end = index + address.length;
    if (isVersionAt(segment.folded, index, end, version)) {
      version = end;
      continue;
    }
    if (!isIPv4(address) || nobodys.test(address)) continue;
    if (
      segment.plain.charAt(index - 1) === '@' &&
      !login.test(segment.folded.slice(Math.max(0, index - 32), index))
    )
      continue;
    if (documentation.test(address) && !isIntroducedBy(names, segment, index)) continue;
    yield { type: 'IP_ADDRESS', start: index, end };
  }
  for (const { index, run } of coloned(segment.plain)) {
    const label = isWordAt(segment.plain, index - 1) ? run.indexOf(':') + 1 : 0;
    const address = run.slice(label).replace(/(?<!:)[.:]+$|(?<=::)[.:]+$/, '');
    const start = index + label;
    if (!/\d/.test(address) || !isIPv6(address) || nobodys.test(address)) continue;
    if (start + address.length < segment.plain.length && isWordAt(segment.plain, start + address.length))
      continue;
    if (documentation.test(address) && !isIntroducedBy(names, segment, start)) continue;
    yield { type: 'IP_ADDRESS', start, end: start + address.length };
  }
};

function* dottedIn(plain: string, digits: readonly Run[]): Generator<RegExpExecArray> {
  let from = 0;
  for (const { start, end } of digits) {
    if (start < from || end - start > 3 || plain.charCodeAt(end) !== dot) continue;
    const found = matchAt(dotted, plain, start);
    if (found === null) continue;
    yield found;
    from = start + found[0].length;
  }
}

const dot = 0x2e;
const addressUnits = new UnitClass(/[\da-fA-F:.]/, false);

/** The runs of hexadecimal digits, colons and dots that have two colons and more, in pieces when they are long. */
function* coloned(plain: string): Generator<{ index: number; run: string }> {
  let from = 0;
  for (let colon = plain.indexOf(':'); colon >= 0; colon = plain.indexOf(':', Math.max(colon + 1, from))) {
    let start = colon;
    while (start > from && addressUnits.has(plain.charCodeAt(start - 1))) start -= 1;
    let end = colon + 1;
    while (end < plain.length && addressUnits.has(plain.charCodeAt(end))) end += 1;
    from = end;
    const whole = plain.slice(start, end);
    if (whole.indexOf(':') === whole.lastIndexOf(':')) continue;
    for (const { index, 0: run } of whole.matchAll(/[\da-f:][\da-f:.]{2,80}/gi))
      yield { index: start + index, run };
  }
}

/** Hardware addresses of network devices, six pairs of hexadecimal digits (IEEE 802). */
export const macAddresses: ClaimFinder = function* ({ plain }) {
  for (const { index, 0: address } of [...paired(plain, ':'), ...paired(plain, '-')].sort(
    (one, other) => one.index - other.index,
  )) {
    if (/^(?:00[:-]|ff[:-]){5}/i.test(address)) continue;
    yield { type: 'MAC_ADDRESS', start: index, end: index + address.length };
  }
  for (const { index, 0: address } of spaced(plain, '.', 4, groups)) {
    if (/[a-f]/i.test(address) && /\d/.test(address))
      yield { type: 'MAC_ADDRESS', start: index, end: index + address.length };
  }
};

/** Six pairs and no more: what has others before or behind it is a fingerprint or a key. */
const pairs =
  /(?<![\p{L}\p{N}]|(?<![\p{L}\p{N}])[\da-f]{2}[:-])[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?![\p{L}\p{N}:-])/iuy;
const groups = /(?<![A-Za-z\d.])(?:[\dA-Fa-f]{4}\.){2}[\dA-Fa-f]{4}(?![A-Za-z\d.])/y;

function paired(plain: string, separator: string): Iterable<RegExpExecArray> {
  return spaced(plain, separator, 2, pairs);
}

/** What matches where a separator stands behind so many units and again behind as many. */
function* spaced(plain: string, separator: string, width: number, form: RegExp): Generator<RegExpExecArray> {
  let from = 0;
  for (let at = plain.indexOf(separator); at >= 0; at = plain.indexOf(separator, at + 1)) {
    if (at - width < from || plain.charAt(at + width + 1) !== separator) continue;
    const found = matchAt(form, plain, at - width);
    if (found === null) continue;
    yield found;
    from = found.index + found[0].length;
  }
}
