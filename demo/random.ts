import { createHash } from 'node:crypto';

/** A source of numbers in [0, 1): the same for the same parts, unrelated for other ones. */
export type Random = () => number;

/** A generator that the parts alone determine (SplitMix32, seeded with their SHA-256). */
export function seededRandom(...parts: readonly (string | number)[]): Random {
  let state = createHash('sha256').update(JSON.stringify(parts)).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A number between `from` and `to`. */
export function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

/** One of the items; they must not be empty. */
export function oneOf<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}
