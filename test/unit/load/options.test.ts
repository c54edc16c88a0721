import { describe, expect, it } from '@jest/globals';
import { parseLoadOptions } from '../../load/options.js';
import { OptionError } from '../../support/command-line.js';

describe('the options of the load suite', () => {
  it('give each scenario the load at which its promises are made', () => {
    const { runs } = parseLoadOptions(['heartbeats', 'pull', 'fleet10k']);
    expect(runs).toMatchObject([
      { scenario: 'heartbeats', agents: 1_000, pullers: 0, intervalMs: 1_000, instances: 1, redis: true },
      { scenario: 'pull', agents: 1_000, pullers: 1_000, rate: 300 },
      { scenario: 'fleet10k', agents: 10_000, pullers: 1_000, intervalMs: 10_000, rate: 100 },
    ]);
  });

  it('apply what is said to every scenario named', () => {
    const args = ['pull', 'work', '--agents', '20', '--duration', '3', '--held', '25', '--postgres-only'];
    for (const run of parseLoadOptions(args).runs)
      expect(run).toMatchObject({ agents: 20, pullers: 20, durationS: 3, held: 0.25, redis: false });
  });

  it('repeat the scenarios beside "instances" with one, two and four processes', () => {
    const { runs } = parseLoadOptions(['instances', 'pull', 'storm']);
    expect(runs.map(({ scenario, instances }) => `${scenario} ${instances}`)).toEqual([
      'pull 1',
      'pull 2',
      'pull 4',
      'storm 1',
      'storm 2',
      'storm 4',
    ]);
  });

  it('repeat all but the long ones when "instances" stands alone', () => {
    const names = new Set(parseLoadOptions(['instances']).runs.map(({ scenario }) => scenario));
    expect([...names]).toEqual(['heartbeats', 'pull', 'work', 'storm', 'fairness', 'approve']);
  });

  it.each([
    [[], 'Name a scenario'],
    [['sprint'], 'no scenario "sprint"'],
    [['pull', '--agents', 'many'], '--agents must be a whole number'],
    [['pull', '--held', '101'], '--held must be a number from 0 to 100'],
    [['storm', '--variant', 'flood'], '--variant must be'],
    [['pull', '--speed', '9'], '--speed'],
    [['pull', '--redis', '--postgres-only'], 'exclude each other'],
    [['instances', '--instances', '3'], 'by itself'],
  ])('refuse %j and say why', (args, reason) => {
    expect(() => parseLoadOptions(args)).toThrow(OptionError);
    expect(() => parseLoadOptions(args)).toThrow(reason);
  });
});
