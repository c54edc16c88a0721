/** One promise, held against what was measured. */
export interface Verdict {
  readonly promise: string;
  /** What was measured, in `unit`. */
  readonly measured: number;
  readonly unit: string;
  /** What must be reached, and what is aimed at; both are upper bounds. */
  readonly floor: number;
  readonly aim: number | undefined;
  readonly kept: boolean;
}

/** An upper bound, and what is aimed at. */
export type Bound = readonly [floor: number, aim?: number];

/** A promise of a bound; what could not be measured (NaN) breaks it. */
export function atMost(promise: string, measured: number, unit: string, [floor, aim]: Bound): Verdict {
  return { promise, measured, unit, floor, aim, kept: measured <= floor };
}
