/** A stretch of a text. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Some UTF-16 code units: which of the ASCII ones, and whether all others. */
export class UnitClass {
  readonly #ascii: Uint8Array;
  readonly #others: boolean;

  /** @param ascii an expression that matches the ASCII characters of the class. */
  constructor(ascii: RegExp, others: boolean) {
    this.#ascii = Uint8Array.from({ length: 0x80 }, (_, unit) =>
      Number(ascii.test(String.fromCharCode(unit))),
    );
    this.#others = others;
  }

  has(unit: number): boolean {
    return unit < 0x80 ? this.#ascii[unit] === 1 : this.#others;
  }
}

/**
 * The runs of units of a class that are so long and longer, each as long as it can be, in order. Of a text without any it
 * looks at few units: where one cannot be in a run, none can be that would have to hold it.
 */
export function longRuns(text: string, least: number, units: UnitClass): Run[] {
  const runs: Run[] = [];
  for (let run = nextRun(text, 0, least, units); run !== undefined;) {
    runs.push(run);
    run = nextRun(text, run.end + 1, least, units);
  }
  return runs;
}

/** Whether there is such a run. */
export function hasLongRun(text: string, least: number, units: UnitClass): boolean {
  return nextRun(text, 0, least, units) !== undefined;
}

function nextRun(text: string, from: number, least: number, units: UnitClass): Run | undefined {
  let start = from;
  while (start + least <= text.length) {
    let index = start + least - 1;
    while (index >= start && units.has(text.charCodeAt(index))) index -= 1;
    if (index >= start) {
      start = index + 1;
      continue;
    }
    let end = start + least;
    while (end < text.length && units.has(text.charCodeAt(end))) end += 1;
    return { start, end };
  }
  return undefined;
}

/** What stands between white space in the plain form of a text. */
export const unspaced = new UnitClass(/\S/, true);
