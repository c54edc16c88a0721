import { randomBytes } from 'node:crypto';

/** How much a body makes a parser build, whatever it says. */
export interface OutlineLimits {
  /** Different names of members, in all objects together. */
  readonly names: number;
  /** Objects and arrays. */
  readonly structures: number;
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openBracket = 0x5b;
const openBrace = 0x7b;
/** FNV-1a, begun where nobody outside can tell which names would count as one. */
const prime = 0x01000193;
const seed = randomBytes(4).readUInt32LE();

/**
 * Which limit a body exceeds, told from its bytes alone: to parse what has very many names or objects takes a hundred times
 * as long as to look at it. A name that is written in two ways counts twice. Says nothing about whether the body is JSON.
 */
export function exceededLimit(body: Uint8Array, limits: OutlineLimits): keyof OutlineLimits | undefined {
  const names = new Set<number>();
  let structures = 0;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (byte === openBrace || byte === openBracket) {
      structures += 1;
      if (structures > limits.structures) return 'structures';
    } else if (byte === quote) {
      let hash = seed;
      for (index += 1; index < body.length && body[index] !== quote; index += 1) {
        if (body[index] === backslash) index += 1;
        hash = Math.imul(hash ^ (body[index] ?? 0), prime);
      }
      if (!isFollowedByColon(body, index + 1)) continue;
      names.add(hash);
      if (names.size > limits.names) return 'names';
    }
  }
  return undefined;
}

function isFollowedByColon(body: Uint8Array, from: number): boolean {
  let index = from;
  while (isSpace(body[index])) index += 1;
  return body[index] === colon;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
