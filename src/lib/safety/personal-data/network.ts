import { isIPv4, isIPv6 } from 'node:net';
import type { TextSegment } from '../../../models/output-text.js';
import { isWordAt } from '../../../models/plain-text.js';
import type { Claim } from './claim.js';

/** Addresses that are the same everywhere and lead to nobody: loopback, unspecified, broadcast, netmasks. */
const nobodys = /^(?:127\.|0\.|255\.|::1?$)/;

const dotted = /(?<![\p{L}\p{N}_]|\d\.)\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}_]|\.\d)/gu;
const versions = /\bv(?:er(?:sion|\.)?)?\s?$|\brelease\s$|\bbuild\s$/;

/** IPv4 and IPv6 addresses (RFC 4291), but not loopback and the like, and not version numbers. */
export function* ipAddresses(segment: TextSegment): Generator<Claim> {
  for (const { index, 0: address } of segment.plain.matchAll(dotted)) {
    if (!isIPv4(address) || nobodys.test(address)) continue;
    if (versions.test(segment.folded.slice(Math.max(0, index - 12), index))) continue;
    yield { type: 'IP_ADDRESS', start: index, end: index + address.length };
  }
  for (const { index, 0: run } of segment.plain.matchAll(/[\da-f:][\da-f:.]{2,80}/gi)) {
    const label = isWordAt(segment.plain, index - 1) ? run.indexOf(':') + 1 : 0;
    const address = run.slice(label).replace(/(?<!:)[.:]+$|(?<=::)[.:]+$/, '');
    const start = index + label;
    if (!/\d/.test(address) || !isIPv6(address) || nobodys.test(address)) continue;
    if (start + address.length < segment.plain.length && isWordAt(segment.plain, start + address.length))
      continue;
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
}
