import { describe, expect, it } from '@jest/globals';
import { dueTimes, interleave } from '../../bench/schedule.js';

describe('the schedule of a launch', () => {
  it('gives every contender its turn before any has its next', () => {
    const turns = interleave(2, ['few', 'many'], ['A', 'B', 'C']);
    expect(turns.map(({ caseName, round, contender }) => `${caseName} ${round}${contender}`)).toEqual([
      ...['few 1A', 'few 1B', 'few 1C', 'few 2A', 'few 2B', 'few 2C'],
      ...['many 1A', 'many 1B', 'many 1C', 'many 2A', 'many 2B', 'many 2C'],
    ]);
  });

  it('is empty without contenders', () => {
    expect(interleave(5, ['few'], [])).toEqual([]);
  });
});

describe('arrivals at an even rate', () => {
  it('are due from the first moment on, a constant time apart', () => {
    expect(dueTimes(5, 100)).toEqual([0, 10, 20, 30, 40]);
  });

  it('do not drift', () => {
    expect(dueTimes(3_001, 300).at(-1)).toBe(10_000);
  });
});
