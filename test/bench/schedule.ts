/** One measurement: a contender's turn in a round. */
export interface Turn {
  /** From 1. */
  readonly round: number;
  readonly caseName: string;
  readonly contender: string;
}

/**
 * The turns of one launch: within a case each contender has its turn (A B C) before any has its next (A B C), so that what
 * slows the machine for a while slows them all.
 */
export function interleave(
  rounds: number,
  caseNames: readonly string[],
  contenders: readonly string[],
): readonly Turn[] {
  return caseNames.flatMap((caseName) =>
    Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
      contenders.map((contender) => ({ round, caseName, contender })),
    ),
  );
}

/** When each of `count` requests is due that come at an even rate, in milliseconds from the first. */
export function dueTimes(count: number, perSecond: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => (index * 1_000) / perSecond);
}
