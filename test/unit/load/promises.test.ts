import { describe, expect, it } from '@jest/globals';
import { Series } from '../../load/meter.js';
import { parseLoadOptions, type RunOptions } from '../../load/options.js';
import { type Evidence, judge } from '../../load/promises.js';
import { metricsIn } from '../../load/sampler.js';
import { atMost } from '../../load/verdict.js';

function optionsOf(scenario: string): RunOptions {
  const [options] = parseLoadOptions([scenario]).runs;
  if (!options) throw new Error('No run.');
  return options;
}

function evidenceOf(ms: number, changes: Partial<Evidence> = {}): Evidence {
  const series = new Series();
  series.record(ms);
  return {
    options: optionsOf('pull'),
    outcome: {
      totals: { 'due → in hand': series.total() },
      figures: {},
      seen: {
        ...{ tasks: [], unanswered: 0, registered: 0, registrationsSent: 0 },
        violations: [],
        violationCount: 0,
      },
      generatorBusy: 0.1,
    },
    samples: [],
    account: {
      ...{ submitted: 1, unanswered: 0, final: 1, waiting: 0, byStatus: {} },
      ...{ auditEvents: 3, transitions: 3, breaches: [] },
    },
    ...changes,
  };
}

const broken = (evidence: Evidence) =>
  judge(evidence)
    .filter(({ kept }) => !kept)
    .map(({ promise }) => promise);

describe('a promise', () => {
  it('is kept up to its bound', () => {
    expect(atMost('x', 50, 'ms', [50, 5])).toMatchObject({ kept: true });
    expect(atMost('x', 50.1, 'ms', [50, 5])).toMatchObject({ kept: false });
  });

  it('is broken by what was not measured', () => {
    expect(atMost('x', NaN, 'ms', [50])).toMatchObject({ kept: false });
    const { outcome } = evidenceOf(1);
    expect(broken(evidenceOf(1, { outcome: { ...outcome, totals: {} } }))).toEqual(['due → in hand, p95']);
  });

  it('of a scenario is held against its latency', () => {
    expect(broken(evidenceOf(99))).toEqual([]);
    expect(broken(evidenceOf(120))).toEqual(['due → in hand, p95']);
  });

  it('of exactness is made by every scenario', () => {
    const { account } = evidenceOf(1);
    const breaches = [{ rule: 'doubled', count: 1, examples: [] }] as const;
    expect(broken(evidenceOf(1, { account: { ...account, breaches } }))).toEqual(['lost or doubled tasks']);
    expect(broken(evidenceOf(1, { account: { ...account, byStatus: { RUNNING: 2 } } }))).toEqual([
      'tasks left under a lease that no agent knows of',
    ]);
  });
});

describe('the metrics of an exposition', () => {
  it('are read where they have no labels', () => {
    const exposition =
      '# HELP x y\nprocess_open_fds 31\nnodejs_gc_seconds_sum{kind="major"} 1\nlag_p99_seconds 1.5e-2\n';
    expect([...metricsIn(exposition)]).toEqual([
      ['process_open_fds', 31],
      ['lag_p99_seconds', 0.015],
    ]);
  });
});
