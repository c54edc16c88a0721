import { describe, expect, it } from '@jest/globals';
import { evenly, independently, keepPace, randomFrom } from '../../load/schedule.js';

describe('a schedule', () => {
  it('spreads evenly, beginning at once', () => {
    const schedule = evenly(4);
    expect([schedule(), schedule(), schedule()]).toEqual([0, 250, 500]);
  });

  it('of independent arrivals keeps its rate, and its distances are exponential', () => {
    const schedule = independently(100, randomFrom(7));
    const times = Array.from({ length: 20_000 }, schedule);
    const distances = times.map((time, index) => time - (times[index - 1] ?? 0));
    const mean = (times.at(-1) ?? 0) / times.length;
    const variance = distances.reduce((sum, one) => sum + (one - mean) ** 2, 0) / distances.length;
    expect(mean).toBeGreaterThan(9.7);
    expect(mean).toBeLessThan(10.3);
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  });

  it('of the same seed is the same', () => {
    const [one, other] = [independently(50, randomFrom(3)), independently(50, randomFrom(3))];
    expect(Array.from({ length: 100 }, one)).toEqual(Array.from({ length: 100 }, other));
  });

  it('is kept while earlier firings are still under way, and each knows when it was due', async () => {
    const dues: number[] = [];
    const fired = await keepPace(evenly(200), 50, (due) => dues.push(due));
    expect(fired).toBe(10);
    dues.forEach((due, index) => {
      expect(due - (dues[0] ?? NaN)).toBeCloseTo(index * 5);
      expect(due).toBeLessThanOrEqual(performance.now());
    });
  });

  it('ends when it is told to', async () => {
    const over = new AbortController();
    const kept = keepPace(evenly(1), Infinity, () => undefined, over.signal);
    over.abort();
    expect(await kept).toBeLessThanOrEqual(1);
  });
});
