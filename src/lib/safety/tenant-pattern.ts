import { RRegex, type Class, type Hir } from 'rregex';
import { PatternCheckerPort } from '../../ports/pattern-checker.js';
import { atOnce, type SlicedWork } from '../../models/sliced-work.js';
import { inSlices } from '../in-slices.js';

/**
 * What a tenant's pattern may cost. A character class costs memory by its ranges, and everything that is repeated costs
 * time by how often it is written out: `[a-f]{40}` counts as forty places, `\w` as some seven hundred ranges.
 */
const mostRanges = 4000;
const mostPlaces = 256;
const mostUnicodeClasses = 12;

/** A regular expression in Rust's `regex` syntax: searched in linear time, without look-around and back-references. */
export class TenantPattern {
  readonly #regex: RRegex;
  /** A measure of the memory taken. */
  readonly size: number;

  /**
   * Makes a pattern in slices: to compile a Unicode class takes the engine milliseconds, and so does telling what it is made of.
   *
   * @throws Error that says what is wrong with the pattern, for its author.
   */
  static *making(pattern: string): SlicedWork<TenantPattern> {
    if ((pattern.match(/\\[wWpP]/g) ?? []).length > mostUnicodeClasses) {
      throw new Error(
        `holds more than ${mostUnicodeClasses} of \\w, \\W, \\p and \\P; write out what you need`,
      );
    }
    const regex = compiled(pattern);
    yield;
    const cost = costOf(regex.syntax(), 1);
    yield;
    const fault = faultIn(regex, cost);
    if (fault === undefined) return new TenantPattern(regex, cost);
    regex.free();
    throw new Error(fault);
  }

  private constructor(regex: RRegex, { ranges }: Cost) {
    this.#regex = regex;
    this.size = 16 + ranges;
  }

  /** The first match from a place on; places are UTF-8 bytes. */
  findFrom(text: string, from: number): { start: number; end: number } | undefined {
    return this.#regex.findAt(text, from);
  }

  /** Gives the engine's memory back. The pattern cannot be used afterwards. */
  free(): void {
    this.#regex.free();
  }
}

let isEngineReady = false;

/**
 * Has the engine's own code compiled, which V8 does with each function's first call: in one go with the first costly
 * pattern that takes longer than an event loop may be held, so it is done once, before the process serves.
 */
export function makeEngineReady(): void {
  if (isEngineReady) return;
  isEngineReady = true;
  atOnce(TenantPattern.making('\\w\\p{L}')).free();
}

/** Checks patterns by compiling them as the gate will. */
export class TenantPatternChecker extends PatternCheckerPort {
  override faults(patterns: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return inSlices(checking(patterns));
  }
}

function* checking(patterns: readonly string[]): SlicedWork<ReadonlyMap<string, string>> {
  const faults = new Map<string, string>();
  for (const pattern of new Set(patterns)) {
    const fault = yield* faultOf(pattern);
    if (fault !== undefined) faults.set(pattern, fault);
    yield;
  }
  return faults;
}

function* faultOf(pattern: string): SlicedWork<string | undefined> {
  try {
    const made = yield* TenantPattern.making(pattern);
    made.free();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be compiled';
  }
}

function compiled(pattern: string): RRegex {
  try {
    return new RRegex(pattern);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = message.split('\n').findLast((line) => line.trim() !== '') ?? message;
    throw new Error(`cannot be compiled: ${reason.replace(/^error: /, '')}`, { cause: error });
  }
}

interface Cost {
  readonly ranges: number;
  readonly places: number;
}

const free: Cost = { ranges: 0, places: 0 };

function faultIn(regex: RRegex, { ranges, places }: Cost): string | undefined {
  if (places > mostPlaces) {
    return `is repeated over ${places} places when written out; at most ${mostPlaces} are taken`;
  }
  if (ranges > mostRanges) {
    return 'takes too much memory; repeat Unicode classes less often, or write [A-Za-z0-9_] in place of \\w';
  }
  if (regex.isMatch('')) return 'matches the empty text, so it would fire on every output';
  return undefined;
}

function costOf({ kind }: Hir, times: number): Cost {
  switch (kind['@variant']) {
    case 'Class': {
      const ranges = rangesOf(kind['@values'][0]);
      return { ranges: ranges * times, places: times };
    }
    case 'Literal': {
      const { length } = kind['@values'][0]['@values'][0];
      return times > 1 ? { ranges: length * times, places: length * times } : free;
    }
    case 'Repetition': {
      const { min, max, sub } = kind['@values'][0];
      return costOf(sub, times * Math.max(1, min, max ?? 1));
    }
    case 'Capture':
      return costOf(kind['@values'][0].sub, times);
    case 'Concat':
    case 'Alternation':
      return kind['@values'][0].map((part) => costOf(part, times)).reduce(sum, free);
    default:
      return free;
  }
}

function rangesOf(found: Class): number {
  return found['@values'][0].ranges.length;
}

function sum(one: Cost, other: Cost): Cost {
  return { ranges: one.ranges + other.ranges, places: one.places + other.places };
}
