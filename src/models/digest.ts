import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The RFC 8785 (JCS) form of a JSON value. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('Not a JSON value.');
  return text;
}

/** `sha256:` and the lower-case hex SHA-256 of the value's RFC 8785 form. */
export function digestOf(value: unknown): string {
  return `sha256:${sha256(canonicalJson(value))}`;
}

/** Lower-case hex SHA-256 of a text's UTF-8 bytes. */
export function hashOf(text: string): string {
  return sha256(text);
}
