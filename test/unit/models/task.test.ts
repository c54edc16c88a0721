import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  approveTask,
  backoffMs,
  claimTask,
  extendLease,
  failAttempt,
  finishTask,
  holdsLease,
  holdTask,
  isFinal,
  isReady,
  leaseEnd,
  requeueTask,
  type Task,
  taskStatuses,
  type TaskStatus,
} from '../../../src/models/task.js';
import { aRunningTask, aTask } from './factories.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const cardId = '0195511f-7000-7000-8000-000000000001';
const finals = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'BLOCKED', 'REJECTED', 'CANCELLED'] as const;
const fault = { code: 'UPSTREAM_TIMEOUT', message: 'The shop did not answer.', retryable: true };

function secondsAfter(seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

/** A deed that a task may meet: in which states it is lawful, and what it does. */
interface Deed {
  readonly name: string;
  readonly lawfulIn: readonly TaskStatus[];
  apply(task: Task, at: Date): Task;
}

const endings: Readonly<Record<(typeof finals)[number], readonly TaskStatus[]>> = {
  SUCCEEDED: ['RUNNING', 'NEEDS_REVIEW'],
  FAILED: ['RUNNING'],
  TIMED_OUT: ['RUNNING'],
  BLOCKED: ['RUNNING'],
  REJECTED: ['NEEDS_REVIEW'],
  CANCELLED: ['QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED'],
};

const deeds: readonly Deed[] = [
  {
    name: 'claim',
    lawfulIn: ['QUEUED', 'APPROVED'],
    apply: (task, at) => claimTask(task, { agentId: 'writer-1', token: 'token', leaseMs: 30_000 }, at),
  },
  { name: 'requeue', lawfulIn: ['RUNNING'], apply: (task, at) => requeueTask(task, at) },
  {
    name: 'fail the attempt',
    lawfulIn: ['RUNNING'],
    apply: (task, at) => failAttempt(task, at, { error: fault, final: 'FAILED', delayMs: 1000 }),
  },
  {
    name: 'fail the attempt for good',
    lawfulIn: ['RUNNING'],
    apply: (task, at) => failAttempt(task, at, { error: { ...fault, retryable: false }, final: 'FAILED' }),
  },
  {
    name: 'run out of time',
    lawfulIn: ['RUNNING'],
    apply: (task, at) => failAttempt(task, at, { error: fault, final: 'TIMED_OUT' }),
  },
  { name: 'hold', lawfulIn: ['RUNNING'], apply: (task, at) => holdTask(task, cardId, at) },
  { name: 'approve', lawfulIn: ['NEEDS_REVIEW'], apply: approveTask },
  ...finals.map((status) => ({
    name: `finish as ${status}`,
    lawfulIn: endings[status],
    apply: (task: Task, at: Date) => finishTask(task, status, at),
  })),
];
const renewal: Deed = {
  name: 'renew the lease',
  lawfulIn: ['RUNNING'],
  apply: (task, at) => extendLease(task, 30_000, at),
};

/** What holds of every task at every moment. */
function expectSound(task: Task): void {
  const running = task.status === 'RUNNING';
  expect([task.leaseToken !== null, task.leaseExpiresAt !== null]).toEqual([running, running]);
  expect(task.deadlineAt !== null).toBe(running && task.timeoutMs !== null);
  if (running) expect(task.agentId).not.toBeNull();
  expect(task.completedAt !== null).toBe(isFinal(task.status));
  expect(task.attemptsUsed).toBeGreaterThanOrEqual(0);
  expect(task.attemptsUsed).toBeLessThanOrEqual(task.maxAttempts);
  if (task.status === 'QUEUED') expect(task.stage).toBe('PROPOSE');
  if (task.status === 'APPROVED') expect(task.stage).toBe('EXECUTE');
  if (task.stage === 'EXECUTE' || task.status === 'NEEDS_REVIEW') expect(task.reviewId).not.toBeNull();
  if (task.leaseExpiresAt && task.deadlineAt)
    expect(task.leaseExpiresAt.getTime()).toBeLessThanOrEqual(task.deadlineAt.getTime());
}

/** What holds between a task and the next version of it. */
function expectStep(before: Task, after: Task, at: Date): void {
  expect(after.version).toBe(before.version + 1);
  expect(after.updatedAt).toEqual(at);
  expect(after.attempt).toBe(
    before.attempt + (after.status === 'RUNNING' && before.status !== 'RUNNING' ? 1 : 0),
  );
  if (before.startedAt !== null) expect(after.startedAt).toEqual(before.startedAt);
  if (before.stage === 'PROPOSE' && after.stage === 'EXECUTE') expect(before.status).toBe('NEEDS_REVIEW');
}

/** A task in the state; where a stage comes with the state, at that stage. */
function taskIn(status: TaskStatus): Task {
  if (status === 'RUNNING') return aRunningTask();
  if (status === 'NEEDS_REVIEW') return aTask({ status, reviewId: cardId });
  if (status === 'APPROVED') return aTask({ status, stage: 'EXECUTE', reviewId: cardId });
  return aTask({ status, completedAt: isFinal(status) ? now : null });
}

describe('a task', () => {
  it('is sound after any sequence of lawful deeds', () => {
    const anyStep = fc.record({
      deed: fc.nat(),
      seconds: fc.integer({ min: 0, max: 120 }),
    });
    const anyTask = fc.record({
      maxAttempts: fc.integer({ min: 1, max: 4 }),
      timeoutMs: fc.option(fc.integer({ min: 1, max: 60_000 })),
    });
    fc.assert(
      fc.property(anyTask, fc.array(anyStep, { maxLength: 40 }), (fields, steps) => {
        let task = aTask(fields);
        let at = now;
        expectSound(task);
        for (const step of steps) {
          at = new Date(at.getTime() + step.seconds * 1000);
          const lawful = [...deeds, renewal].filter((deed) => deed.lawfulIn.includes(task.status));
          const deed = lawful[step.deed % Math.max(1, lawful.length)];
          if (!deed) return expect(isFinal(task.status)).toBe(true);
          const before = structuredClone(task);
          const after = deed.apply(task, at);
          expect(task).toEqual(before);
          expectSound(after);
          expectStep(before, after, at);
          task = after;
        }
        return undefined;
      }),
      { numRuns: 300 },
    );
  });

  it.each(taskStatuses.flatMap((status) => deeds.map((deed) => [status, deed.name, deed] as const)))(
    'in %s does %s only if that is lawful there',
    (status, _, deed) => {
      const task = taskIn(status);
      if (deed.lawfulIn.includes(status)) expect(deed.apply(task, now).version).toBe(task.version + 1);
      else expect(() => deed.apply(task, now)).toThrow(`${task.taskId} cannot go from ${status}`);
    },
  );

  it('is ready for a claim while it is QUEUED or APPROVED, and in no other state', () => {
    expect(taskStatuses.filter((status) => isReady(taskIn(status)))).toEqual(['QUEUED', 'APPROVED']);
  });

  it('is final in the six states that have an end, and in no other', () => {
    expect(taskStatuses.filter(isFinal)).toEqual([...finals]);
  });

  it('keeps neither agent nor lease when it waits again, and waits for the stage that it is at', () => {
    expect(requeueTask(aRunningTask(), now)).toMatchObject({ status: 'QUEUED', agentId: null });
    const executing = aRunningTask({ stage: 'EXECUTE', reviewId: cardId });
    expect(requeueTask(executing, now)).toMatchObject({ status: 'APPROVED', agentId: null });
  });

  it('goes back to its first stage when it is held while it is carried out', () => {
    const executing = aRunningTask({ stage: 'EXECUTE', reviewId: cardId });
    expect(holdTask(executing, 'another card', now)).toMatchObject({
      stage: 'PROPOSE',
      reviewId: 'another card',
    });
  });

  it('begins its second stage with fresh attempts and without the feedback of the first', () => {
    const held = aTask({
      status: 'NEEDS_REVIEW',
      reviewId: cardId,
      attempt: 3,
      attemptsUsed: 2,
      feedback: 'Shorter.',
    });
    expect(approveTask(held, now)).toMatchObject({
      attempt: 3,
      attemptsUsed: 0,
      feedback: null,
      reviewId: cardId,
    });
  });
});

describe('a failed attempt', () => {
  it('makes the task wait, with its error and feedback, while attempts are left', () => {
    const failed = failAttempt(aRunningTask({ maxAttempts: 2 }), now, {
      error: fault,
      final: 'FAILED',
      delayMs: 4000,
      feedback: 'Ask the other shop.',
    });
    expect(failed).toMatchObject({
      status: 'QUEUED',
      attemptsUsed: 1,
      availableAt: secondsAfter(4),
      error: fault,
      feedback: 'Ask the other shop.',
    });
  });

  it('keeps the feedback of the attempt before when it brings none', () => {
    const task = aRunningTask({ feedback: 'Shorter.' });
    expect(failAttempt(task, now, { error: fault, final: 'FAILED' }).feedback).toBe('Shorter.');
  });

  it.each(['FAILED', 'TIMED_OUT'] as const)('ends the task as %s when it was the last', (final) => {
    const task = aRunningTask({ attemptsUsed: 2, maxAttempts: 3 });
    expect(failAttempt(task, now, { error: fault, final })).toMatchObject({
      status: final,
      attemptsUsed: 3,
      completedAt: now,
      error: fault,
    });
  });

  it('ends the task at once when it is of no use to try again', () => {
    const error = { ...fault, retryable: false };
    expect(failAttempt(aRunningTask(), now, { error, final: 'FAILED' }).status).toBe('FAILED');
  });
});

describe('the wait between attempts', () => {
  it('doubles from one second up to one minute', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 100].map(backoffMs);
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });
});

describe('a lease', () => {
  it('ends after its time, or with the time of the attempt if that is sooner', () => {
    expect(leaseEnd(now, 30_000, null)).toEqual(secondsAfter(30));
    expect(leaseEnd(now, 30_000, secondsAfter(60))).toEqual(secondsAfter(30));
    expect(leaseEnd(now, 30_000, secondsAfter(10))).toEqual(secondsAfter(10));
  });

  it('cannot be renewed past the time of the attempt, however often', () => {
    const lease = { agentId: 'writer-1', token: 'token', leaseMs: 30_000 };
    const claimed = claimTask(aTask({ timeoutMs: 45_000 }), lease, now);
    expect(claimed.leaseExpiresAt).toEqual(secondsAfter(30));
    const renewed = extendLease(extendLease(claimed, 30_000, secondsAfter(20)), 30_000, secondsAfter(40));
    expect(renewed.leaseExpiresAt).toEqual(secondsAfter(45));
    expect(renewed.attempt).toBe(claimed.attempt);
  });

  const held = aRunningTask({ agentId: 'writer-1', leaseToken: 'token', leaseExpiresAt: secondsAfter(30) });
  it.each([
    ['its holder, in time', held, 'writer-1', 'token', 29, true],
    ['its holder, at the instant of its end', held, 'writer-1', 'token', 30, false],
    ['its holder, late', held, 'writer-1', 'token', 31, false],
    ['another agent with its token', held, 'writer-2', 'token', 0, false],
    ['its agent with an older token', held, 'writer-1', 'older', 0, false],
    ['its holder, once the task waits again', requeueTask(held, now), 'writer-1', 'token', 0, false],
    [
      'its holder, once the task was cancelled',
      finishTask(held, 'CANCELLED', now),
      'writer-1',
      'token',
      0,
      false,
    ],
    [
      'its holder, in a state that has no lease',
      { ...held, status: 'QUEUED' as const },
      'writer-1',
      'token',
      0,
      false,
    ],
    ['its holder, without an end', { ...held, leaseExpiresAt: null }, 'writer-1', 'token', 0, false],
  ])('of %s', (_, task, agentId, token, seconds, valid) => {
    expect(holdsLease(task, agentId, token, secondsAfter(seconds))).toBe(valid);
  });
});
