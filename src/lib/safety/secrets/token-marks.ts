import { longRuns, unspaced, type Run } from '../../../models/long-runs.js';
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
  /** Whose each mark is. */
  readonly #owners: readonly number[];

  constructor(things: readonly Marked[]) {
    const marks = things.flatMap(({ marks: own, inAnyCase }, thing) =>
      own.flatMap((mark) => (inAnyCase ? inCases(mark) : [mark])).map((mark) => ({ mark, thing })),
    );
    this.#automaton = KeywordAutomaton.of(marks.map(({ mark }) => mark));
    this.#owners = marks.map(({ thing }) => thing);
  }

  /** The runs that marks stand in, in order. No mark has white space in it. */
  runsIn(text: string): MarkedRun[] {
    const runs: (Run & { may: Set<number> })[] = [];
    const units = new Uint16Array(text.length);
    for (let index = 0; index < text.length; index += 1) units[index] = text.charCodeAt(index);
    this.#automaton.search(units, text.length, (mark, _, last) => {
      const thing = this.#owners[mark] ?? 0;
      const open = runs.at(-1);
      if (open !== undefined && last < open.end) open.may.add(thing);
      else runs.push({ ...runAround(text, last), may: new Set([thing]) });
    });
    return runs;
  }
}

function runAround(text: string, place: number): Run {
  let [start, end] = [place, place + 1];
  while (start > 0 && isInRun(text, start - 1)) start -= 1;
  while (end < text.length && isInRun(text, end)) end += 1;
  return { start, end };
}

function isInRun(text: string, index: number): boolean {
  return unspaced.has(text.charCodeAt(index));
}

/** Whether so many units stand in a text without white space between them. */
export function hasRun(text: string, least: number): boolean {
  return longRuns(text, least, unspaced).length > 0;
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
