import { setTimeout as pause } from 'node:timers/promises';
import { between, type Random, seededRandom } from '../../demo/random.js';
import { type FaultName, processFaults, storeFaults } from './fault-names.js';
import { processFaultsByName } from './process-faults.js';
import type { Stack } from './stack.js';
import { storeFaultsByName } from './store-faults.js';

const faults = { ...processFaultsByName, ...storeFaultsByName };

/** Where a schedule is carried out. */
export interface Ground {
  readonly stack: Stack;
  readonly tenantId: string;
  /** `performance.now()` at which no further fault begins. */
  readonly until: number;
  readonly say: (fault: FaultName, words: string) => void;
}

/**
 * Has faults happen in two rows beside each other, one of the processes and one of the stores, so that each kind meets each
 * other. The seed alone says which come, in which order and to whom; how long each takes depends on the machine.
 */
export async function carryOut(seed: number, chosen: readonly FaultName[], ground: Ground): Promise<void> {
  const rows = [processFaults, storeFaults].map((row) => row.filter((name) => chosen.includes(name)));
  await Promise.all(rows.map((names, row) => oneAfterTheOther(seed, row, names, ground)));
}

async function oneAfterTheOther(
  seed: number,
  row: number,
  names: readonly FaultName[],
  { stack, tenantId, until, say }: Ground,
): Promise<void> {
  const order = endlessly(names, seededRandom(seed, 'order', row));
  for (let turn = 0; performance.now() < until; turn += 1) {
    const fault = order.next().value;
    if (fault === undefined) return;
    const random = seededRandom(seed, 'fault', row, turn, fault);
    await pause(between(random, 200, 1_500));
    const words: string[] = [];
    try {
      await faults[fault]({ stack, tenantId, random, say: (text) => words.push(text) });
    } catch (error) {
      // The other row may have taken away what this fault works with.
      words.push(`and was broken off: ${error instanceof Error ? error.message : String(error)}`);
    }
    say(fault, words.join(', '));
  }
}

/** All of them in one order, then all of them in another, and so on. */
export function* endlessly<T>(items: readonly T[], random: Random): Generator<T, undefined> {
  while (items.length > 0) {
    const left = [...items];
    while (left.length > 0) yield* left.splice(Math.floor(random() * left.length), 1);
  }
  return undefined;
}
