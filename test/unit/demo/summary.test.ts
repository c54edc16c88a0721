import { describe, expect, it } from '@jest/globals';
import type { TaskStatus } from '../../../demo/contract.js';
import { Scoreboard } from '../../../demo/scoreboard.js';
import { balanceOf, renderReviewHint, renderSummary } from '../../../demo/summary.js';

function accepted(...ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map(ids.map((id) => [`message-${id}`, id]));
}

function listed(...tasks: readonly (readonly [string, TaskStatus])[]) {
  return tasks.map(([taskId, status]) => ({ taskId, status }));
}

describe('the balance of a run', () => {
  it('is right when every submission is there once, final or visibly waiting', () => {
    const balance = balanceOf(
      accepted('a', 'b', 'c', 'd'),
      listed(['a', 'SUCCEEDED'], ['b', 'NEEDS_REVIEW'], ['c', 'SUCCEEDED'], ['d', 'QUEUED']),
    );
    expect(balance).toMatchObject({ submitted: 4, waiting: 2, problems: [] });
    expect(Object.fromEntries(balance.byStatus)).toEqual({ SUCCEEDED: 2, NEEDS_REVIEW: 1, QUEUED: 1 });
  });

  it('names what was lost', () => {
    const { problems } = balanceOf(accepted('a', 'b'), listed(['a', 'SUCCEEDED']));
    expect(problems).toEqual(['1 task was accepted and lost: message-b → b.']);
  });

  it('names what nobody submitted', () => {
    const { problems } = balanceOf(
      accepted('a'),
      listed(['a', 'SUCCEEDED'], ['x', 'QUEUED'], ['y', 'QUEUED']),
    );
    expect(problems).toEqual(['2 tasks were there without having been submitted by this run: x, y.']);
  });

  it('notices two messages that became one task, and a task that is listed twice', () => {
    const twice = new Map([
      ['m1', 'a'],
      ['m2', 'a'],
    ]);
    expect(balanceOf(twice, listed(['a', 'SUCCEEDED'])).problems).toHaveLength(1);
    expect(balanceOf(accepted('a'), listed(['a', 'RUNNING'], ['a', 'SUCCEEDED'])).problems).toHaveLength(1);
  });

  it('shows at most five examples', () => {
    const ids = ['1', '2', '3', '4', '5', '6', '7'];
    expect(balanceOf(accepted(...ids), []).problems[0]).toMatch(/^7 tasks .*message-5 → 5, …\.$/u);
  });
});

describe('the summary', () => {
  it('adds up to what was submitted', () => {
    const balance = balanceOf(
      accepted('a', 'b', 'c'),
      listed(['a', 'SUCCEEDED'], ['b', 'REJECTED'], ['c', 'SUCCEEDED']),
    );
    const [first] = renderSummary(balance, new Scoreboard(3).snapshot());
    expect(first).toBe('Submitted 3 = 2 SUCCEEDED + 1 REJECTED   (it balances)');
  });

  it('claims no balance where there is none', () => {
    const [first] = renderSummary(balanceOf(accepted('a'), []), new Scoreboard(1).snapshot());
    expect(first).toBe('Submitted 1 = 0');
  });

  it('says how to decide what waits', () => {
    const hint = renderReviewHint('http://localhost:3000', 't_demo', 'the-key', 2).join('\n');
    expect(hint).toContain('2 cards wait');
    expect(hint).toContain('http://localhost:3000/docs');
    expect(hint).toContain('http://localhost:3000/v1/tenants/t_demo/reviews?status=PENDING');
    expect(hint).toContain('Bearer the-key');
  });
});
