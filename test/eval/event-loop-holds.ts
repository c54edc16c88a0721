import { setImmediate as breathe } from 'node:timers/promises';
import { bodyLimits, readLongBody } from '../../src/api/json-body.js';
import { safetyDetectors } from '../../src/lib/safety/safety-detectors.js';
import { TenantPatternChecker } from '../../src/lib/safety/tenant-pattern.js';
import { ThreadedLargeOutputs } from '../../src/lib/safety/threaded-large-outputs.js';
import type { JsonValue } from '../../src/models/json.js';
import { policyLimits } from '../../src/models/policy-draft.js';
import type { Policy } from '../../src/models/policy.js';
import { defaultJudgeLimits, Judge } from '../../src/services/judge.js';
import { readPolicy } from '../../src/services/policy-reading.js';
import { Chance } from '../corpus/chance.js';
import { everydayText } from './everyday-text.js';
import { costlyPatterns, hostileToDetectors, hostileToReading, repeated } from './hostile-texts.js';
import { percentile } from './samples.js';

/** For how long the event loop was kept from other work at a time, in milliseconds. */
export interface Hold {
  /** By the clock, in which other processes may have had the core. */
  readonly wall: number;
  /** In processor time of the event loop's own thread. */
  readonly longest: number;
  readonly p99: number;
  /** What was looked at when it was longest. */
  readonly at: string;
  readonly turns: number;
}

const costly = [{ name: 'words', pattern: '\\w{3}-\\p{L}\\w', action: 'HITL' }] as const;

/** Says what is looked at now. */
type Name = (what: string) => void;

const clients = 8;
const sizes = [256, 1024, 1024, 1024, 2048, 4096, 8000, 16_384, 65_536, 262_144];

/** Measures what a server does with the gate, one after the other, the first for so many milliseconds. */
export async function measureHolds(policy: Policy, milliseconds: number): Promise<Record<string, Hold>> {
  const threads = new ThreadedLargeOutputs({
    thread: new URL('../../src/modules/gate-thread.ts', import.meta.url),
    threads: 1,
    waiting: 64,
    budgetMs: 60_000,
  });
  const judge = new Judge(safetyDetectors(), defaultJudgeLimits, threads);
  const decide = (output: JsonValue, rules = policy): Promise<unknown> =>
    judge.decide({ output, confidence: 1, kind: 'bench', policy: rules });
  const bodies = { texts: textsOfMebibyte(), most: mostObjects(), tooMany: tooManyNames() };
  try {
    for (const size of sizes) await decide(everydayText(new Chance(size), size));
    return {
      'outputs of 256 B to 256 KiB': await held((name) => mixed(decide, milliseconds, name)),
      'hostile outputs, the largest that get no thread': await held((name) => hostile(decide, policy, name)),
      'first output under 5,000 keywords': await held(() => afresh(policy)),
      'first output under 10,000 keywords': await held(() => afresh({ ...policy, keywords: mostKeywords() })),
      'first output under 200 patterns': await held(() => afresh({ ...policy, patterns: mostPatterns() })),
      'first output under a costly pattern': await held(() => afresh({ ...policy, patterns: costly })),
      'a policy of 5,000 keywords is sent': await held(() => sent({ keywords: policy.keywords })),
      'a policy of 200 patterns is sent': await held(() => sent({ patterns: mostPatterns() })),
      'JSON of 1 MiB, texts': await held(() => parsed(bodies.texts)),
      'JSON of 1 MiB, as many names and objects as may be': await held(() => parsed(bodies.most)),
      'JSON of 1 MiB, one name each, is refused': await held(() => parsed(bodies.tooMany)),
    };
  } finally {
    await threads.onApplicationShutdown();
  }
}

export function holdLine(title: string, { wall, longest, p99, at, turns }: Hold): string {
  const times = `${longest.toFixed(1).padStart(6)} ms   p99 ${p99.toFixed(2).padStart(6)} ms   by the clock ${wall.toFixed(1).padStart(6)} ms`;
  return `  ${title.padEnd(48)} ${times}   ${turns} turns${at === '' ? '' : `, longest at ${at}`}`;
}

/** Watches each turn of the event loop while some work is done. */
async function held(work: (name: Name) => Promise<void>): Promise<Hold> {
  const watch = new LoopWatch();
  watch.look();
  await breathe();
  await work((what) => watch.name(what));
  await breathe();
  return watch.hold();
}

/** Looks at the clock and at its thread's processor time in every turn of the event loop. */
class LoopWatch {
  readonly #turns: number[] = [];
  #wall = 0;
  #longest = 0;
  #at = '';
  #current = '';
  #isOver = false;

  name(what: string): void {
    this.#current = what;
  }

  look(): void {
    const [before, begun, looked] = [process.threadCpuUsage(), performance.now(), this.#current];
    setImmediate(() => {
      const { user, system } = process.threadCpuUsage(before);
      const taken = (user + system) / 1000;
      this.#turns.push(taken);
      this.#wall = Math.max(this.#wall, performance.now() - begun);
      if (taken > this.#longest) [this.#longest, this.#at] = [taken, this.#current || looked];
      if (!this.#isOver) this.look();
    });
  }

  hold(): Hold {
    this.#isOver = true;
    const [turns, p99] = [this.#turns.length, percentile(this.#turns, 0.99)];
    return { wall: this.#wall, longest: this.#longest, p99, at: this.#at, turns };
  }
}

type Decide = (output: JsonValue, rules?: Policy) => Promise<unknown>;

async function mixed(decide: Decide, milliseconds: number, name: Name): Promise<void> {
  const texts = sizes.map((size) => everydayText(new Chance(size), size));
  const over = performance.now() + milliseconds;
  const client = async (seed: number): Promise<void> => {
    const chance = new Chance(seed);
    while (performance.now() < over) {
      await breathe();
      const text = chance.one(texts);
      name(`${text.length} B`);
      await decide(text);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, seed) => client(seed)));
}

async function hostile(decide: Decide, policy: Policy, name: Name): Promise<void> {
  const rules = { ...policy, patterns: costlyPatterns };
  await decide('once', rules);
  for (const unit of new Set([...Object.values(hostileToDetectors).flat(), ...hostileToReading])) {
    for (let run = 0; run < 5; run += 1) {
      await breathe();
      name(JSON.stringify(unit));
      await decide(repeated(unit, defaultJudgeLimits.largeLength - 16), rules);
    }
  }
}

/** A decision by detectors that know no policy yet. */
async function afresh(policy: Policy): Promise<void> {
  const judge = new Judge(safetyDetectors());
  await judge.decide({ output: 'A short text.', confidence: 1, kind: 'bench', policy });
}

async function sent(parts: Pick<Partial<Policy>, 'keywords' | 'patterns'>): Promise<void> {
  const body = JSON.parse(JSON.stringify(parts)) as JsonValue;
  await breathe();
  await readPolicy(body, new TenantPatternChecker());
}

async function parsed(body: Buffer): Promise<void> {
  await breathe();
  // One of the bodies is refused.
  await readLongBody(body).catch(() => undefined);
  await breathe();
}

function mostKeywords(): Policy['keywords'] {
  const chance = new Chance(6);
  return Array.from({ length: policyLimits.keywords }, (_, nth) => ({
    term: `${everydayText(chance, 24).trim()} ${nth}`,
    match: 'PHRASE',
    action: 'HITL',
  }));
}

function mostPatterns(): Policy['patterns'] {
  return Array.from({ length: policyLimits.patterns }, (_, nth) => ({
    name: `order ${nth}`,
    pattern: `\\b(?:ORD|INV)-${nth}[0-9]{4,8}\\b`,
    action: 'HITL',
  }));
}

const mebibyte = 1024 * 1024;

function textsOfMebibyte(): Buffer {
  const chance = new Chance(7);
  return bodyOf(Array.from({ length: mebibyte / 128 }, () => everydayText(chance, 120)));
}

function mostObjects(): Buffer {
  const names = Array.from({ length: bodyLimits.names - 3 }, (_, nth) => ({ [`name${nth}`]: nth }));
  const others = Array.from({ length: bodyLimits.structures - bodyLimits.names - 3 }, () => ({}));
  const rest = 'x'.repeat(mebibyte - JSON.stringify({ names, others }).length);
  return bodyOf({ names, others, rest });
}

function tooManyNames(): Buffer {
  return bodyOf(Array.from({ length: mebibyte / 16 }, (_, nth) => ({ [`name${nth}`]: nth })));
}

function bodyOf(value: JsonValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}
