import { describe, expect, it } from '@jest/globals';
import { BacktestTally } from '../../../src/models/backtest-tally.js';
import { type Backtest, shortcomingOf } from '../../../src/models/backtest.js';
import { defaultPolicy } from '../../../src/models/policy.js';

const day = 24 * 60 * 60 * 1000;
const now = new Date('2026-03-01T12:00:00.000Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * day);
const empty = new BacktestTally().report();

const shown: Backtest = {
  tenantId: 't_acme',
  backtestId: '019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071',
  draftId: null,
  rules: defaultPolicy,
  rulesDigest: 'sha256:x',
  baseVersion: 4,
  from: daysAgo(8),
  to: daysAgo(1),
  state: 'DONE',
  total: 3,
  done: 3,
  report: { ...empty, decisions: 3 },
  error: null,
  createdAt: daysAgo(1),
  createdBy: 'ann',
  updatedAt: daysAgo(1),
  finishedAt: daysAgo(1),
  version: 3,
};
const asked = { rulesDigest: 'sha256:x', version: 4, now, anythingJudged: true };

describe('a backtest that is to speak for a looser policy', () => {
  it('does so when it is done, of the same rules, against the version in force, fresh, long enough and not empty', () => {
    expect(shortcomingOf(shown, asked)).toBeUndefined();
  });

  it.each<[string, Partial<Backtest> | undefined]>([
    ['there is none', undefined],
    ['it is FAILED', { state: 'FAILED' }],
    ['it is of other rules', { rulesDigest: 'sha256:y' }],
    ['it is against version 3', { baseVersion: 3 }],
    ['its stretch ended more than a day ago', { to: new Date(daysAgo(1).getTime() - 1) }],
    ['its stretch is shorter than a week', { from: new Date(daysAgo(8).getTime() + 1) }],
    ['there was no decision in its stretch: choose a longer one', { report: empty }],
  ])('does not when %s', (shortcoming, fields) => {
    expect(shortcomingOf(fields && { ...shown, ...fields }, asked)).toBe(shortcoming);
  });

  it('may be empty where there is nothing to replay', () => {
    expect(shortcomingOf({ ...shown, report: empty }, { ...asked, anythingJudged: false })).toBeUndefined();
  });
});
