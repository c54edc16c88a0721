import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Json } from './contract.ts';

/** `sha256:` and the lower-case hex SHA-256 of the value's RFC 8785 (JCS) form: what an approval is bound to. */
export function outputDigest(output: Json): string {
  const canonical = canonicalize(output);
  if (canonical === undefined) throw new TypeError('Only a JSON value has a digest.');
  return `sha256:${createHash('sha256').update(canonical, 'utf8').digest('hex')}`;
}
