import { describe, expect, it } from '@jest/globals';
import { clockOffBy } from './clock.js';

const offByMs = 600_000;

describe('a clock that is off', () => {
  const Wrong = clockOffBy(offByMs);

  it('says a wrong time to whoever asks', () => {
    const rightNow = Date.now();
    for (const told of [Wrong.now(), new Wrong().getTime(), Date.parse(Wrong())])
      expect(Math.abs(told - rightNow - offByMs)).toBeLessThan(5_000);
  });

  it('leaves dates that are given as they are, and dates they stay', () => {
    const given = '2026-02-03T04:05:06.007Z';
    expect(new Wrong(given).toISOString()).toBe(given);
    expect(new Wrong(Date.parse(given)).toISOString()).toBe(given);
    expect(new Wrong(2026, 1, 3).getTime()).toBe(new Date(2026, 1, 3).getTime());
    expect(Wrong.UTC(2026, 1)).toBe(Date.UTC(2026, 1));
    expect(new Date()).toBeInstanceOf(Wrong);
    expect(new Wrong()).toBeInstanceOf(Date);
    class Day extends Wrong {}
    expect(new Day(given)).toBeInstanceOf(Day);
    expect(new Day().getTime() - Date.now()).toBeGreaterThan(offByMs - 5_000);
  });
});
