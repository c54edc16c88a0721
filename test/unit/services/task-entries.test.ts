import { describe, expect, it } from '@jest/globals';
import { systemActor } from '../../../src/models/audit.js';
import { isFinal, taskStatuses } from '../../../src/models/task.js';
import { requeuedEntry, taskEntry } from '../../../src/services/task-entries.js';
import { aTask } from '../models/factories.js';

const parentTaskId = '0195511f-7000-7000-8000-000000000003';

describe('the audit entry of a task', () => {
  it.each(taskStatuses)('of state %s is of the type of that name', (status) => {
    expect(taskEntry(aTask({ status }), systemActor).type).toBe(`task.${status.toLowerCase()}`);
  });

  it('names the parent of a final task alone', () => {
    const naming = taskStatuses.filter((status) => {
      const { payload } = taskEntry(aTask({ status, parentTaskId }), systemActor);
      return payload?.['parentTaskId'] === parentTaskId;
    });
    expect(naming).toEqual(taskStatuses.filter(isFinal));
  });

  it('carries no input, no feedback and of an error the code alone', () => {
    const secret = 'hunter2';
    const task = aTask({
      status: 'FAILED',
      input: { text: secret },
      feedback: secret,
      error: { code: 'UPSTREAM_TIMEOUT', message: secret, retryable: true, comment: secret },
    });
    const entry = taskEntry(task, systemActor, { cause: 'RESULT' });
    expect(JSON.stringify(entry)).not.toContain(secret);
    expect(entry.payload).toEqual({
      stage: 'PROPOSE',
      attempt: 0,
      errorCode: 'UPSTREAM_TIMEOUT',
      cause: 'RESULT',
    });
  });
});

describe('the audit entry of a task that waits again', () => {
  it.each(['QUEUED', 'APPROVED'] as const)('is task.queued from state %s, and names who had it', (status) => {
    const task = aTask({ status, attempt: 2, attemptsUsed: 1 });
    expect(requeuedEntry(task, systemActor, 'LEASE_LOST', 'writer-1')).toMatchObject({
      type: 'task.queued',
      agentId: 'writer-1',
      payload: { cause: 'LEASE_LOST', attemptsUsed: 1, availableAt: task.availableAt.toISOString() },
    });
  });
});
