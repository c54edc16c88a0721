import { describe, expect, it } from '@jest/globals';
import { growth, levelsOff, slopeOf } from '../../load/growth.js';
import type { Sample } from '../../load/sampler.js';

const mebibyte = 2 ** 20;

/** A minute of samples in which the resident memory is what `bytes` says at each second. */
function samplesOf(bytes: (second: number) => number): Sample[] {
  return Array.from({ length: 60 }, (_, second) => ({
    at: second * 1_000,
    collected: false,
    api: { rssBytes: bytes(second), heapBytes: 0, lagP99Ms: 1, handles: 5, files: 5, cpuSeconds: second },
    redisBytes: null,
    tables: null,
  }));
}

function memoryOf(samples: readonly Sample[]) {
  return levelsOff(samples, 100).find(({ promise }) => promise.startsWith('resident memory'));
}

describe('growth', () => {
  it('has the slope of the line that lies closest', () => {
    expect(slopeOf([0, 1, 2, 3].map((x) => ({ x, y: 3 * x + 1 })))).toBeCloseTo(3);
    expect(slopeOf([{ x: 1, y: 1 }])).toBe(0);
  });

  it('is not turned by a few outliers, at the end of a long run as little as of a short one', () => {
    const steady = (count: number) =>
      Array.from({ length: count }, (_, x) => ({ x, y: x > count - 4 ? 1_000_000 : 100 }));
    expect(slopeOf(steady(20))).toBeCloseTo(0);
    expect(slopeOf(steady(5_000))).toBeCloseTo(0);
    expect(slopeOf(Array.from({ length: 5_000 }, (_, x) => ({ x, y: 2 * x })))).toBeCloseTo(2);
  });

  it('leaves out the first fifth', () => {
    const points = Array.from({ length: 50 }, (_, x) => ({ x, y: x < 10 ? x * 1_000 : 10_000 }));
    expect(growth(points).part).toBeCloseTo(0);
  });
});

describe('what levels off', () => {
  it('is a level that stands', () => {
    expect(memoryOf(samplesOf(() => 300 * mebibyte))).toMatchObject({ kept: true });
  });

  it('is a level that grows ever more slowly', () => {
    const bytes = (second: number) => 300 * mebibyte * (1 - Math.exp(-second / 10));
    expect(memoryOf(samplesOf(bytes))).toMatchObject({ kept: true });
  });

  it('is not a level that keeps growing', () => {
    expect(memoryOf(samplesOf((second) => (100 + 5 * second) * mebibyte))).toMatchObject({ kept: false });
  });

  it('is a level that goes up and down as garbage comes and goes', () => {
    const bytes = (second: number) => (300 + 20 * (second % 7)) * mebibyte;
    expect(memoryOf(samplesOf(bytes))).toMatchObject({ kept: true });
  });

  it('is not a leak that hides behind garbage', () => {
    const heapBytes = (second: number) =>
      (second % 5 === 0 ? 100 + 2 * second : 400 - (second % 3)) * mebibyte;
    const samples = samplesOf(() => mebibyte).map((sample, second) => ({
      ...sample,
      collected: second % 5 === 0,
      api: { rssBytes: 0, heapBytes: heapBytes(second), lagP99Ms: 1, handles: 5, files: 5, cpuSeconds: 0 },
    }));
    const kept = (those: readonly Sample[]) =>
      levelsOff(those, 100).find(({ promise }) => promise.startsWith('heap'))?.kept;
    expect(kept(samples)).toBe(false);
    expect(kept(samples.map((sample) => ({ ...sample, collected: false })))).toBe(true);
  });

  it('is judged by the bytes a task where everything is kept for good', () => {
    const steady = samplesOf(() => mebibyte).map((sample, index) => ({
      ...sample,
      tables: { tasks: index * 8_192 },
    }));
    const faster = steady.map((sample, index) => ({ ...sample, tables: { tasks: index ** 3 * 100 } }));
    const verdictOf = (samples: readonly Sample[]) =>
      levelsOff(samples, 100).find(({ promise }) => promise.startsWith('table tasks'));
    expect(verdictOf(steady)).toMatchObject({ kept: true });
    expect(verdictOf(faster)).toMatchObject({ kept: false });
  });
});
