import { hasLongRun, longRuns, unspaced, type Run } from '../../../models/long-runs.js';
import { UnitReader } from '../../../models/text-units.js';
import { KeywordAutomaton } from '../keyword-automaton.js';

/** What is only to be looked for where one of some marks stands. */
export interface Marked {
  readonly marks: readonly string[];
  readonly inAnyCase: boolean;
}

/** A run of a text without white space in it, and the numbers of what may be in it. */
export interface MarkedRun extends Run {
  readonly may: ReadonlySet<number>;
}

/** Finds all marks of many things in one pass over a text. */
export class TokenMarks {
  readonly #automaton: KeywordAutomaton;
  readonly #reader = new UnitReader();
  /** Whose each mark is. */
  readonly #owners: readonly number[];

  constructor(things: readonly Marked[]) {
    const marks = things.flatMap(({ marks: own, inAnyCase }, thing) =>
      own.flatMap((mark) => (inAnyCase ? inCases(mark) : [mark])).map((mark) => ({ mark, thing })),
    );
    this.#automaton = KeywordAutomaton.of(marks.map(({ mark }) => mark));
    this.#owners = marks.map(({ thing }) => thing);
  }

  /** The runs of {@link shortestMarked} units and more that marks stand in, in order. No mark has white space in it. */
  runsIn(text: string): MarkedRun[] {
    const runs: MarkedRun[] = [];
    const long = longRuns(text, shortestMarked, unspaced);
    if (long.length === 0) return runs;
    const units = this.#reader.read(text);
    for (const { start, end } of long) {
      const may = new Set<number>();
      this.#automaton.search(units.subarray(start, end), end - start, (mark) =>
        may.add(this.#owners[mark] ?? 0),
      );
      if (may.size > 0) runs.push({ start, end, may });
    }
    return runs;
  }
}

/** What a mark stands in that counts: a token, or the longest mark of those that white space may follow (`-----BEGIN`). */
const shortestMarked = 10;

/** Whether so many units stand in a text without white space between them. */
export function hasRun(text: string, least: number): boolean {
  return hasLongRun(text, least, unspaced);
}

/** A mark in all ways of writing its letters small and capital. */
function inCases(mark: string): string[] {
  return [...mark].reduce<string[]>(
    (begun, sign) =>
      begun.flatMap((text) =>
        [...new Set([sign.toLowerCase(), sign.toUpperCase()])].map((one) => text + one),
      ),
    [''],
  );
}
