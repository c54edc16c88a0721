import { failuresOf, type Latencies, type Second } from './meter.js';
import type { Sample } from './sampler.js';

/** One line about one second of a run. */
export function secondLine(
  phase: string,
  { at, series, gauges }: Second,
  sample: Sample | undefined,
): string {
  const busy = Object.entries(series).filter(([, one]) => one.count > 0 || failuresOf(one) > 0);
  const parts = busy.map(([name, one]) => `${name} ${rates(one)}`);
  const queue = gauges['queue'] ?? 0;
  if (queue > 0) parts.push(`queue ${queue}`);
  if (sample?.api) {
    parts.push(
      `rss ${(sample.api.rssBytes / 2 ** 20).toFixed(0)} MiB`,
      `lag ${sample.api.lagP99Ms.toFixed(0)} ms`,
    );
  }
  return `${String(at).padStart(5)} s  ${phase}: ${parts.join(' · ')}`;
}

function rates(one: Latencies): string {
  const failures = failuresOf(one);
  const failed = failures > 0 ? `, ${failures} failed` : '';
  return `${one.count}/s p95 ${one.p95.toFixed(1)} ms${failed}`;
}
