import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { median, percentile, percentilesOf, ratioOf, type Round, summarise } from '../../bench/statistics.js';

/** Rounds of consecutive launches, each with these rates. */
function rounds(...launches: readonly (readonly number[])[]): Round[] {
  return launches.flatMap((rates, launch) =>
    rates.map((perSecond, round) => ({ launch: launch + 1, round: round + 1, figures: { perSecond } })),
  );
}

describe('the median', () => {
  it('is the middle value', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the middle two when they are even in number', () => {
    expect(median([8, 1, 2, 4])).toBe(3);
  });

  it('lies between the lowest and the highest, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        expect(middle).toBeGreaterThanOrEqual(Math.min(...values));
        expect(middle).toBeLessThanOrEqual(Math.max(...values));
        expect(median(values.toReversed())).toBe(middle);
      }),
    );
  });

  it('leaves what it is given as it is', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is refused', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('a percentile', () => {
  it('is the least value that so many do not exceed', () => {
    const times = Float64Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(times, 0.5)).toBe(50);
    expect(percentile(times, 0.99)).toBe(99);
    expect(percentile(times, 1)).toBe(100);
  });

  it('of one value is that value', () => {
    expect(percentile(Float64Array.of(7), 0.01)).toBe(7);
  });

  it('orders by number and not by text', () => {
    expect(percentilesOf([100, 9, 20])).toEqual({ p50: 20, p95: 100, p99: 100, max: 100 });
  });

  it('of nothing is left out', () => {
    expect(percentilesOf([])).toEqual({});
  });
});

describe('a summary', () => {
  it('has the median over all rounds, their bounds and the median of each launch', () => {
    expect(summarise(rounds([100, 120, 110], [150, 160, 170]), 'perSecond')).toEqual({
      median: 135,
      min: 100,
      max: 170,
      launches: [110, 160],
      launchSpread: 160 / 110,
    });
  });

  it('leaves out rounds that lack the figure', () => {
    const lacking = { launch: 1, round: 9, figures: { p50: 1 } };
    expect(summarise([...rounds([5]), lacking], 'perSecond')?.median).toBe(5);
  });

  it('is none when no round has the figure', () => {
    expect(summarise(rounds([5]), 'p99')).toBeUndefined();
  });
});

describe('a ratio', () => {
  it('is of the medians, with each launch’s own and the bounds of the rounds side by side', () => {
    const ratio = ratioOf(
      rounds([10, 20, 30], [40, 60, 50]),
      rounds([10, 10, 10], [20, 20, 20]),
      'perSecond',
    );
    expect(ratio).toEqual({ ratio: 35 / 15, launches: [2, 2.5], min: 1, max: 3 });
  });

  it('is 1 of a contender and itself', () => {
    const same = rounds([3, 7], [9, 1]);
    expect(ratioOf(same, same, 'perSecond')).toEqual({ ratio: 1, launches: [1, 1], min: 1, max: 1 });
  });

  it('is none when one of the two was not measured in a launch', () => {
    expect(ratioOf(rounds([1], [2]), rounds([1]), 'perSecond')).toBeUndefined();
    expect(ratioOf(rounds([1]), [], 'perSecond')).toBeUndefined();
  });
});
