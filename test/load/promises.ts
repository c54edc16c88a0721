import type { AccountReport, Rule } from './account.js';
import { levelsOff } from './growth.js';
import { failuresOf, type Latencies } from './meter.js';
import type { RunOptions, ScenarioName } from './options.js';
import type { Outcome } from './plan.js';
import type { Sample } from './sampler.js';
import { atMost, type Bound, type Verdict } from './verdict.js';

/** All that is known of a run when it is judged. */
export interface Evidence {
  readonly options: RunOptions;
  readonly outcome: Outcome;
  readonly samples: readonly Sample[];
  readonly account: AccountReport;
}

/** So many missed heartbeats make an agent OFFLINE, unless it is set otherwise. */
const offlineAfterBeats = 6;

/** Holds a run against the promises of its scenario. */
export function judge(evidence: Evidence): readonly Verdict[] {
  return [...byScenario[evidence.options.scenario](evidence), ...always(evidence)];
}

const byScenario: Readonly<Record<ScenarioName, (evidence: Evidence) => readonly Verdict[]>> = {
  heartbeats: (evidence) => [
    latency(evidence, 'heartbeat', 'p95', [50, 5]),
    latency(evidence, 'heartbeat', 'p99', [200, 20]),
    latency(evidence, 'burst', 'p95', [500]),
    none(evidence, 'failed heartbeats', ['heartbeat', 'burst']),
  ],
  pull: (evidence) => [
    latency(evidence, 'due → in hand', 'p95', [100, 15]),
    none(evidence, 'failed requests', ['heartbeat', 'submit', 'claim', 'result']),
  ],
  work: (evidence) => [
    none(evidence, 'failed requests', ['heartbeat', 'submit', 'claim', 'result', 'decide']),
  ],
  storm: ({ outcome: { figures } }) =>
    ['cut: all served again, ms', 'restart: all served again, ms']
      .filter((name) => name in figures)
      .map((name) => atMost(name.replace(', ms', ''), figures[name] ?? Infinity, 'ms', [5_000, 1_000])),
  soak: (evidence) => [
    latency(evidence, 'due → in hand', 'p95', [100, 15]),
    ...levelsOff(evidence.samples, evidence.outcome.seen.tasks.length),
  ],
  fairness: ({ outcome: { totals } }) => [fairWait(totals, 'p50'), fairWait(totals, 'p95')],
  fleet10k: (evidence) => [
    latency(evidence, 'heartbeat', 'p95', [200, 50]),
    latency(evidence, 'due → in hand', 'p95', [200, 50]),
    latency(evidence, 'page of agents', 'p95', [50]),
    atMost('memory of one API process', mostMemory(evidence.samples), 'MiB', [1_024, 400]),
    none(evidence, 'failed requests', ['heartbeat', 'submit', 'claim', 'result', 'page of agents']),
  ],
  approve: (evidence) => [
    latency(evidence, 'approve → in hand', 'p95', [50, 10]),
    none(evidence, 'failed requests', ['decide', 'claim', 'result']),
  ],
  loss: (evidence) => [
    atMost(
      'tasks taken away from agents that were cut off',
      evidence.outcome.figures['tasks taken away'] ?? NaN,
      '',
      [0],
    ),
    atMost('dead agents found', evidence.outcome.figures['all found after, ms'] ?? NaN, 'ms', [
      (offlineAfterBeats + 1) * evidence.options.intervalMs,
    ]),
    none(evidence, 'results refused', ['result']),
  ],
  overload: (evidence) => [
    heldUp(evidence.outcome.figures),
    atMost(
      'well again after the overload',
      evidence.outcome.figures['well again after, ms'] ?? NaN,
      'ms',
      [5_000, 1_000],
    ),
    // Where all was accepted, nobody was refused.
    ...(evidence.outcome.totals['refusal']?.count ? [latency(evidence, 'refusal', 'p95', [1_000, 100])] : []),
    none(evidence, 'submissions without an answer', ['submit once']),
  ],
};

/** Of what is done at the peak, at least four fifths are done under five times the load. */
function heldUp({
  'tasks/s at the peak': peak = NaN,
  'tasks/s done under the overload': done = NaN,
}: Readonly<Record<string, number>>): Verdict {
  return atMost('tasks done at the peak ÷ under five times the load', peak / done, '×', [1.25, 1]);
}

function always({ account }: Evidence): readonly Verdict[] {
  const broken = (names: readonly Rule[]) =>
    account.breaches.reduce((sum, { rule, count }) => sum + (names.includes(rule) ? count : 0), 0);
  return [
    atMost('lost or doubled tasks', broken(['lost', 'extra', 'doubled', 'lease']), '', [0]),
    atMost('tasks left under a lease that no agent knows of', account.byStatus['RUNNING'] ?? 0, '', [0]),
    atMost('held outputs released without approval', broken(['released']), '', [0]),
    atMost('differences in the account', broken(['trail', 'disagrees', 'chain', 'seen']), '', [0]),
  ];
}

function latency({ outcome }: Evidence, name: string, percentile: 'p95' | 'p99', bound: Bound): Verdict {
  const measured = outcome.totals[name];
  // What was never measured has not been kept.
  const value = measured === undefined || measured.count === 0 ? NaN : measured[percentile];
  return atMost(`${name}, ${percentile}`, value, 'ms', bound);
}

function none({ outcome }: Evidence, promise: string, names: readonly string[]): Verdict {
  const failures = names.reduce((sum, name) => sum + failuresOf(outcome.totals[name] ?? { failures: {} }), 0);
  return atMost(promise, failures, '', [0]);
}

function fairWait(totals: Readonly<Record<string, Latencies>>, percentile: 'p50' | 'p95'): Verdict {
  const alone = totals['alone: due → in hand']?.[percentile] ?? NaN;
  const beside = totals['beside the flood: due → in hand']?.[percentile] ?? NaN;
  return atMost(`wait beside the flood ÷ alone, ${percentile}`, beside / alone, '×', [2]);
}

function mostMemory(samples: readonly Sample[]): number {
  const all = samples.flatMap(({ api }) => (api ? [api.rssBytes] : []));
  return all.length === 0 ? NaN : Math.max(...all) / 2 ** 20;
}
