import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../demo/random.js';
import type { Link } from '../contract/link.js';
import type { Stack } from './stack.js';

/** Where a fault happens. */
export interface Scene {
  readonly stack: Stack;
  readonly tenantId: string;
  readonly random: Random;
  /** Says what is being done, for the log. */
  readonly say: (words: string) => void;
}

/** Breaks something for a while; resolves once it is whole again. */
export type Fault = (scene: Scene) => Promise<void>;

/** Does something to links, and mends them after a while. */
export async function forAWhile(
  links: readonly Link[],
  spoil: (link: Link) => Promise<void>,
  ms: number,
): Promise<void> {
  await Promise.all(links.map(spoil));
  try {
    await pause(ms);
  } finally {
    await Promise.all(links.map((link) => link.mend()));
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
