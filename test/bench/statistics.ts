/** What one round of one contender has measured, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

export interface Round {
  /** From 1, as are the rounds of a launch. */
  readonly launch: number;
  readonly round: number;
  readonly figures: Figures;
}

/** One figure of one contender over all its rounds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median of each launch, in order. */
  readonly launches: readonly number[];
  /** The highest median of a launch over the lowest: what starting anew alone changes. */
  readonly launchSpread: number;
}

/** One contender's figure over another's. */
export interface Ratio {
  /** Of the medians over all rounds. */
  readonly ratio: number;
  /** Of the medians within each launch, in order. */
  readonly launches: readonly number[];
  /** Of the rounds that ran one after the other. */
  readonly min: number;
  readonly max: number;
}

/** The middle value, or the mean of the middle two. Throws a RangeError where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  if (high === undefined || low === undefined) throw new RangeError('No values have no median.');
  return (low + high) / 2;
}

/**
 * The value that a share of all values does not exceed (nearest rank).
 * @param sorted Ascending.
 * @param share Above 0, up to 1.
 */
export function percentile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('No values have no percentile.');
  return value;
}

/** `p50`, `p95`, `p99` and `max` of these times, in the same unit; nothing where there is none. */
export function percentilesOf(times: Iterable<number>): Figures {
  const sorted = Float64Array.from(times).sort();
  if (sorted.length === 0) return {};
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  };
}

/** `undefined` when no round has the figure. */
export function summarise(rounds: readonly Round[], figure: string): Summary | undefined {
  const having = rounds.filter((round) => round.figures[figure] !== undefined);
  if (having.length === 0) return undefined;
  const values = having.map((round) => valueIn(round, figure));
  const launches = launchesOf(having).map((launch) =>
    median(having.filter((round) => round.launch === launch).map((round) => valueIn(round, figure))),
  );
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    launches,
    launchSpread: Math.max(...launches) / Math.min(...launches),
  };
}

/** `undefined` unless both have the figure in every launch. */
export function ratioOf(above: readonly Round[], below: readonly Round[], figure: string): Ratio | undefined {
  const [over, under] = [summarise(above, figure), summarise(below, figure)];
  if (!under || over?.launches.length !== under.launches.length) return undefined;
  const neighbours = above.flatMap((round) => {
    const beside = below.find((other) => other.launch === round.launch && other.round === round.round);
    const [high, low] = [round.figures[figure], beside?.figures[figure]];
    return high === undefined || low === undefined ? [] : [high / low];
  });
  return {
    ratio: over.median / under.median,
    launches: over.launches.map((value, index) => value / (under.launches[index] ?? NaN)),
    min: Math.min(...neighbours),
    max: Math.max(...neighbours),
  };
}

function launchesOf(rounds: readonly Round[]): number[] {
  return [...new Set(rounds.map(({ launch }) => launch))].sort((a, b) => a - b);
}

function valueIn({ figures }: Round, figure: string): number {
  return figures[figure] ?? NaN;
}
