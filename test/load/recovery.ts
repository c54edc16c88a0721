/** A request that was sent to see whether the server is well. */
export interface Probe {
  /** When it was due, in milliseconds after the load ended. */
  readonly at: number;
  /** How long its answer took from then; `Infinity` for one that was refused or never came. */
  readonly ms: number;
}

/** Probes are judged by so many milliseconds of them at a time. */
const windowMs = 500;
/** A server is well while 95 of 100 probes are answered within this, in milliseconds. */
export const wellMs = 200;

/**
 * From when on a server is well and stays so, in milliseconds after the load ended: the beginning of the first window after which
 * no window has a p95 of 200 ms or more. `Infinity` if the last one has.
 */
export function wellAgainMs(probes: readonly Probe[]): number {
  const windows = Map.groupBy(probes, ({ at }) => Math.floor(at / windowMs));
  const ill = [...windows].filter(([, those]) => p95Of(those) >= wellMs).map(([window]) => window);
  const last = Math.max(...windows.keys());
  if (ill.length === 0) return probes.length === 0 ? Infinity : 0;
  const lastIll = Math.max(...ill);
  return lastIll === last ? Infinity : (lastIll + 1) * windowMs;
}

function p95Of(probes: readonly Probe[]): number {
  const sorted = probes.map(({ ms }) => ms).toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Infinity;
}
