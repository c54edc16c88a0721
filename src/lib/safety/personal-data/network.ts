import { isIPv4, isIPv6 } from 'node:net';
import type { TextSegment } from '../../../models/output-text.js';
import { isWordAt } from '../../../models/plain-text.js';
import { isIntroducedBy } from '../claims.js';
import type { Claim } from './claim.js';

/** Addresses that are the same everywhere and lead to nobody: loopback, unspecified, broadcast, netmasks. */
const nobodys = /^(?:127\.|0\.|255\.|::1?$)/;

const dotted = /(?<![\p{L}\p{N}_]|\d\.)\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}_]|\.\d)/gu;
const versions =
  /\bv(?:er(?:sion|\.)?)? ?$|\b(?:release|build|firmware|section|chapter|clause|paragraph|version is|update) ?$/;

/** Addresses for documentation (RFC 5737, RFC 3849), which are somebody's only where they are said to be. */
/** What stands before the address of a machine that somebody logs in to; another `@` parts a package and its version. */
const login =
  /\b(?:ssh|scp|sftp|rsync|telnet|login)\b[^\n]{0,24}@$|(?<![\w-])(?:root|admin|ubuntu|ec2-user|user|deploy|pi)@$/;
const names =
  /\bip\b|\bipv[46]\b|\baddress\w*|\blog(?:ged|in|s)?\b|\bfrom\b|\bclient\b|\bvisitor\b|\busers?\b|\bcustomer\b|\bconnected\b|\bdevice\b|\bindirizzo\b|\badres\w*|\bdireccion\b/;
const documentation = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:0?db8:/i;

/** IPv4 and IPv6 addresses (RFC 4291), but not loopback and the like, and not version numbers. */
export function* ipAddresses(segment: TextSegment): Generator<Claim> {
  for (const { index, 0: address } of segment.plain.matchAll(dotted)) {
    if (!isIPv4(address) || nobodys.test(address)) continue;
    if (
      segment.plain.charAt(index - 1) === '@' &&
      !login.test(segment.folded.slice(Math.max(0, index - 32), index))
    )
      continue;
    if (versions.test(segment.folded.slice(Math.max(0, index - 16), index))) continue;
    if (documentation.test(address) && !isIntroducedBy(names, segment, index)) continue;
    yield { type: 'IP_ADDRESS', start: index, end: index + address.length };
  }
  for (const { index, 0: run } of segment.plain.matchAll(/[\da-f:][\da-f:.]{2,80}/gi)) {
    const label = isWordAt(segment.plain, index - 1) ? run.indexOf(':') + 1 : 0;
    const address = run.slice(label).replace(/(?<!:)[.:]+$|(?<=::)[.:]+$/, '');
    const start = index + label;
    if (!/\d/.test(address) || !isIPv6(address) || nobodys.test(address)) continue;
    if (start + address.length < segment.plain.length && isWordAt(segment.plain, start + address.length))
      continue;
    if (documentation.test(address) && !isIntroducedBy(names, segment, start)) continue;
    yield { type: 'IP_ADDRESS', start, end: start + address.length };
  }
}

/** Hardware addresses of network devices, six pairs of hexadecimal digits (IEEE 802). */
export function* macAddresses(segment: TextSegment): Generator<Claim> {
  const pairs = /(?<![\p{L}\p{N}])[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?![\p{L}\p{N}:-])/giu;
  for (const { index, 0: address } of segment.plain.matchAll(pairs)) {
    if (/^(?:00[:-]|ff[:-]){5}/i.test(address)) continue;
    yield { type: 'MAC_ADDRESS', start: index, end: index + address.length };
  }
  for (const { index, 0: address } of segment.plain.matchAll(
    /(?<![A-Za-z\d.])(?:[\dA-Fa-f]{4}\.){2}[\dA-Fa-f]{4}(?![A-Za-z\d.])/g,
  )) {
    if (/[a-f]/i.test(address) && /\d/.test(address))
      yield { type: 'MAC_ADDRESS', start: index, end: index + address.length };
  }
}
