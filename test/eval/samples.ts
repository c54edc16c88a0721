/** What a number of measurements comes to, in the unit of the measurements. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The value that a share of the samples do not exceed (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function summary(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    p50: percentile(samples, 0.5),
    p99: percentile(samples, 0.99),
    max: percentile(samples, 1),
  };
}

/** How many times longer one takes than the other: the median over rounds run side by side, and the extremes. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Both lists hold one value a round, in the order of the rounds. */
export function ratioOf(longer: readonly number[], shorter: readonly number[]): Ratio {
  const ratios = longer.map((value, round) => value / (shorter[round] ?? NaN));
  return { median: percentile(ratios, 0.5), least: percentile(ratios, 0), most: percentile(ratios, 1) };
}
