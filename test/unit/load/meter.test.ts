import { describe, expect, it } from '@jest/globals';
import { failuresOf, Meter, Series } from '../../load/meter.js';

describe('a series of latencies', () => {
  it('knows its percentiles to three digits', () => {
    const series = new Series();
    for (let ms = 1; ms <= 1_000; ms += 1) series.record(ms);
    const { count, mean, p50, p95, p99, max } = series.total();
    expect(count).toBe(1_000);
    for (const [measured, exact] of [
      [mean, 500.5],
      [p50, 500],
      [p95, 950],
      [p99, 990],
      [max, 1_000],
    ] as const)
      expect(Math.abs(measured - exact) / exact).toBeLessThan(0.002);
  });

  it('keeps what failed apart, by its reason', () => {
    const series = new Series();
    series.fail('503');
    series.fail('503');
    series.fail('ECONNRESET');
    expect(series.total()).toMatchObject({ count: 0, p95: 0, failures: { 503: 2, ECONNRESET: 1 } });
    expect(failuresOf(series.total())).toBe(3);
  });

  it('gives each second once and the whole at any time', () => {
    const series = new Series();
    series.record(10);
    expect(series.takeSecond().count).toBe(1);
    series.record(20);
    expect(series.takeSecond().count).toBe(1);
    expect(series.takeSecond().count).toBe(0);
    expect(series.total().count).toBe(2);
  });
});

describe('the meter', () => {
  it('forgets the warm-up when the measuring begins', () => {
    const meter = new Meter();
    meter.series('pull').record(900);
    meter.begin();
    meter.series('pull').record(3);
    expect(meter.totals()['pull']).toMatchObject({ count: 1 });
    expect(meter.totals()['pull']?.max).toBeLessThan(4);
  });

  it('reads its gauges once a second', () => {
    const meter = new Meter();
    let level = 1;
    meter.gauge('queue', () => level);
    expect(meter.takeSecond().gauges).toEqual({ queue: 1 });
    level = 5;
    expect(meter.takeSecond().gauges).toEqual({ queue: 5 });
  });
});
