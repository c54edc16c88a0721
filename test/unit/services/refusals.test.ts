import { describe, expect, it } from '@jest/globals';
import { LedgerState } from '../../../src/lib/postgres/ledger-state.js';
import type { Task } from '../../../src/models/task.js';
import { heldTask } from '../../../src/services/refusals.js';
import { aRunningTask, aTask } from '../models/factories.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const lease = { agentId: 'writer-1', leaseToken: 'token' };

/** What the holder of the lease finds of this task. */
function found(task: Task, taskId = task.taskId, claim = lease): Task {
  const state = new LedgerState(now, new Map());
  state.loadTasks([task]);
  return state.run(task.tenantId, (view) => heldTask(view, taskId, claim));
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code });
}

describe('a held task', () => {
  const running = aRunningTask(lease, now);

  it('is found by whoever holds its lease', () => {
    expect(found(running)).toBe(running);
  });

  it('is refused as not there when there is none', () => {
    expect(() => found(running, aTask().taskId)).toThrow(refusal('TASK_NOT_FOUND'));
  });

  it.each([
    ['another agent', running, { ...lease, agentId: 'writer-2' }],
    ['an older lease', running, { ...lease, leaseToken: 'older' }],
    ['a lease that has run out', { ...running, leaseExpiresAt: now }, lease],
    ['a task that nobody holds', aTask(), lease],
  ])('is refused to %s', (_, task, claim) => {
    expect(() => found(task, task.taskId, claim)).toThrow(refusal('LEASE_LOST'));
  });
});
