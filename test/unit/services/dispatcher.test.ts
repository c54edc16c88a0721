import { describe, expect, it } from '@jest/globals';
import { ticketFor } from '../../../src/services/dispatcher.js';
import { aTask } from '../models/factories.js';

const now = new Date('2026-03-01T12:00:00.000Z');

describe('a ticket', () => {
  it('is for the next attempt, and carries ids alone', () => {
    const task = aTask({ attempt: 2, priority: 80, availableAt: now });
    expect(ticketFor(task, now)).toEqual({
      tenantId: task.tenantId,
      kind: task.kind,
      taskId: task.taskId,
      attempt: 3,
      priority: 80,
      delayMs: 0,
    });
  });

  it.each([
    [4000, 4000],
    [0, 0],
    [-4000, 0],
  ])('of a task that is available in %i ms waits %i ms', (ms, delayMs) => {
    const availableAt = new Date(now.getTime() + ms);
    expect(ticketFor(aTask({ availableAt }), now).delayMs).toBe(delayMs);
  });
});
