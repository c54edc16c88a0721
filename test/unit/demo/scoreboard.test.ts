import { describe, expect, it } from '@jest/globals';
import type { Decision } from '../../../demo/contract.js';
import { Scoreboard } from '../../../demo/scoreboard.js';

function aScoreboard() {
  const clock = { now: 1_000 };
  return { clock, board: new Scoreboard(10, () => clock.now) };
}

function held(...codes: readonly string[]): Decision {
  const reasons = codes.map((code) => ({
    code,
    detector: code,
    detail: '',
    pointer: null,
    start: null,
    end: null,
  }));
  return { outcome: 'HITL', policyVersion: 1, reasons };
}

describe('the scoreboard', () => {
  it('measures from the submission to the first assignment and to the end', () => {
    const { clock, board } = aScoreboard();
    board.submitting('m');
    clock.now += 20;
    board.assigned('m');
    clock.now += 500;
    board.assigned('m');
    clock.now += 80;
    board.handedIn('m', 'r1', 'SUCCEEDED');
    const { toAssigned, toFinal, finished } = board.snapshot();
    expect([toAssigned.count, toAssigned.max, toFinal.max, finished]).toEqual([1, 20, 600, 1]);
  });

  it('does not take a result that is held or sent back for an end', () => {
    const { board } = aScoreboard();
    board.handedIn('m', 'r1', 'NEEDS_REVIEW');
    board.handedIn('m', 'r2', 'QUEUED');
    expect(board.snapshot().finished).toBe(0);
  });

  it('takes the same answer twice for one end, and another answer for a violation', () => {
    const { board } = aScoreboard();
    board.handedIn('m', 'r1', 'SUCCEEDED');
    board.handedIn('m', 'r1', 'SUCCEEDED');
    expect([board.snapshot().finished, board.violations]).toEqual([1, []]);
    board.handedIn('m', 'r2', 'SUCCEEDED');
    expect(board.violations).toEqual(['Message m was finished twice, by the results r1 and r2.']);
  });

  it('expects the same task when a message is submitted again', () => {
    const { board } = aScoreboard();
    board.submitted('m', 'a');
    board.submitted('m', 'a');
    expect([board.snapshot().submitted, board.violations]).toEqual([1, []]);
    board.submitted('m', 'b');
    expect(board.violations).toEqual(['Message m became two tasks: a and b.']);
  });

  it('counts each card once, and each reason once a card', () => {
    const { board } = aScoreboard();
    board.held('c1', held('PII', 'PII', 'SECRET'));
    board.held('c1', held('PII'));
    board.held('c2', held('PII'));
    expect(board.snapshot()).toMatchObject({
      heldInAll: 2,
      held: [
        ['PII', 2],
        ['SECRET', 1],
      ],
    });
  });

  it('tells the throughput of the last five seconds', () => {
    const { clock, board } = aScoreboard();
    for (let index = 0; index < 10; index += 1) board.submitted(`m${index}`, `t${index}`);
    clock.now += 4_000;
    expect(board.snapshot().submittedPerSecond).toBe(2.5);
    clock.now += 6_000;
    expect(board.snapshot().submittedPerSecond).toBe(0);
  });
});
