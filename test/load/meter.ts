import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Latencies of one kind of request, in milliseconds, exact to three digits. */
export interface Latencies {
  readonly count: number;
  /** How often it failed, by status or error code. */
  readonly failures: Readonly<Record<string, number>>;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** One second of a run, as the clients saw it. */
export interface Second {
  /** Seconds since the measuring began; negative while warming up. */
  readonly at: number;
  readonly series: Readonly<Record<string, Latencies>>;
  readonly gauges: Readonly<Record<string, number>>;
}

const microsecondsPerMs = 1_000;
const longestMicroseconds = 3_600_000_000;

/** The latencies of one kind of request, of the whole time and of the current second. */
export class Series {
  private readonly whole = newHistogram();
  private readonly current = newHistogram();
  private readonly wholeFailures = new Map<string, number>();
  private readonly currentFailures = new Map<string, number>();

  /** Notes one that went well. */
  record(ms: number): void {
    const microseconds = Math.min(longestMicroseconds, Math.max(1, Math.round(ms * microsecondsPerMs)));
    this.whole.record(microseconds);
    this.current.record(microseconds);
  }

  /** Notes one that did not. */
  fail(code: string): void {
    this.wholeFailures.set(code, (this.wholeFailures.get(code) ?? 0) + 1);
    this.currentFailures.set(code, (this.currentFailures.get(code) ?? 0) + 1);
  }

  get count(): number {
    return this.whole.count;
  }

  total(): Latencies {
    return latenciesOf(this.whole, this.wholeFailures);
  }

  /** What was noted since the last call. */
  takeSecond(): Latencies {
    const second = latenciesOf(this.current, this.currentFailures);
    this.current.reset();
    this.currentFailures.clear();
    return second;
  }

  /** Forgets what was noted in the warm-up. */
  reset(): void {
    this.whole.reset();
    this.wholeFailures.clear();
  }
}

/** All that the clients of a run measure, by name. */
export class Meter {
  private readonly byName = new Map<string, Series>();
  private readonly gauges = new Map<string, () => number>();
  private begun = performance.now();

  series(name: string): Series {
    const known = this.byName.get(name);
    if (known) return known;
    const series = new Series();
    this.byName.set(name, series);
    return series;
  }

  /** A level that is read once a second. */
  gauge(name: string, read: () => number): void {
    this.gauges.set(name, read);
  }

  /** The warm-up is over: all totals begin anew. */
  begin(): void {
    this.begun = performance.now();
    for (const series of this.byName.values()) series.reset();
  }

  /** When the measuring will begin, so that the seconds of the warm-up count backwards. */
  beginsIn(ms: number): void {
    this.begun = performance.now() + ms;
  }

  takeSecond(): Second {
    return {
      at: Math.round((performance.now() - this.begun) / 1_000),
      series: Object.fromEntries([...this.byName].map(([name, series]) => [name, series.takeSecond()])),
      gauges: Object.fromEntries([...this.gauges].map(([name, read]) => [name, read()])),
    };
  }

  totals(): Record<string, Latencies> {
    return Object.fromEntries([...this.byName].map(([name, series]) => [name, series.total()]));
  }
}

function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: longestMicroseconds, figures: 3 });
}

function latenciesOf(histogram: RecordableHistogram, failures: ReadonlyMap<string, number>): Latencies {
  const { count } = histogram;
  const at = (percentile: number) => (count === 0 ? 0 : histogram.percentile(percentile) / microsecondsPerMs);
  return {
    count,
    failures: Object.fromEntries(failures),
    mean: count === 0 ? 0 : histogram.mean / microsecondsPerMs,
    p50: at(50),
    p95: at(95),
    p99: at(99),
    max: count === 0 ? 0 : histogram.max / microsecondsPerMs,
  };
}

/** How many failed, for whatever reason. */
export function failuresOf({ failures }: Pick<Latencies, 'failures'>): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}
