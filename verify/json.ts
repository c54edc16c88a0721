import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** A JSON object of which nothing is known yet. */
export type Members = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `undefined` for what is no JSON object. */
export function parseObject(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A member as text; empty where it is none. */
export function textIn(members: Members, name: string): string {
  const value = members[name];
  return typeof value === 'string' ? value : '';
}

/** A member as a number that counts from 1; 0 where it is none. */
export function countIn(members: Members, name: string): number {
  const value = members[name];
  return Number.isSafeInteger(value) && typeof value === 'number' && value > 0 ? value : 0;
}

export function without(members: Members, name: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([member]) => member !== name));
}

/** The RFC 8785 form. */
export function canonical(value: unknown): string {
  return canonicalize(value) ?? '';
}

/** Lower-case hex SHA-256 of the RFC 8785 form. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonical(value), 'hex');
}

export function digestOf(value: unknown): string {
  return `sha256:${hashOf(value)}`;
}
