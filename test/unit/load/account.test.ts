import { describe, expect, it } from '@jest/globals';
import { Account, type AccountReport, type LedgerTask, type LedgerTenant } from '../../load/account.js';
import type { Seen } from '../../load/plan.js';

const event = (type: string, stage: string | null = null, decision: string | null = null) => ({
  type,
  stage,
  decision,
});

/** A task that was done at the first attempt. */
function aLedgerTask(changes: Partial<LedgerTask> = {}): LedgerTask {
  return {
    tenantId: 't_load',
    taskId: 'task-1',
    status: 'SUCCEEDED',
    attempt: 1,
    onApproval: 'EXECUTE',
    trail: [
      event('task.queued', 'PROPOSE'),
      event('task.running', 'PROPOSE'),
      event('task.succeeded', 'PROPOSE'),
    ],
    results: [{ attempt: 1, taskStatus: 'SUCCEEDED' }],
    cards: [],
    ...changes,
  };
}

const heldTrail = [
  event('task.queued', 'PROPOSE'),
  event('task.running', 'PROPOSE'),
  event('task.needs_review', 'PROPOSE'),
  event('review.created'),
];

/** A task that was held, approved and carried out. */
function anApprovedTask(changes: Partial<LedgerTask> = {}): LedgerTask {
  return aLedgerTask({
    attempt: 2,
    trail: [
      ...heldTrail,
      event('review.decided', null, 'APPROVED'),
      event('task.approved', 'EXECUTE'),
      event('task.running', 'EXECUTE'),
      event('task.succeeded', 'EXECUTE'),
    ],
    results: [
      { attempt: 1, taskStatus: 'NEEDS_REVIEW' },
      { attempt: 2, taskStatus: 'SUCCEEDED' },
    ],
    cards: ['APPROVED'],
    ...changes,
  });
}

function aSeen(changes: Partial<Seen> = {}): Seen {
  return {
    tasks: [{ tenantId: 't_load', taskId: 'task-1', status: 'SUCCEEDED', successes: 1 }],
    unanswered: 0,
    registered: 1,
    registrationsSent: 1,
    violations: [],
    violationCount: 0,
    ...changes,
  };
}

function balance(
  tasks: readonly LedgerTask[],
  seen = aSeen(),
  tenant: Partial<LedgerTenant> = {},
): AccountReport {
  const account = new Account(seen);
  for (const task of tasks) account.add(task);
  const taskEvents = tasks.reduce((sum, { trail }) => sum + trail.length, 0);
  account.addTenant({
    ...{
      tenantId: 't_load',
      events: taskEvents + 1,
      lastSequence: taskEvents + 1,
      registrations: 1,
      taskEvents,
    },
    verified: { valid: true, checkedEvents: taskEvents + 1 },
    ...tenant,
  });
  return account.close();
}

const brokenRules = (report: AccountReport) => report.breaches.map(({ rule }) => rule);

describe('the account of a run', () => {
  it('finds nothing where everything is in order', () => {
    expect(balance([aLedgerTask()])).toMatchObject({
      submitted: 1,
      final: 1,
      waiting: 0,
      transitions: 3,
      breaches: [],
    });
    expect(balance([anApprovedTask()]).breaches).toEqual([]);
  });

  it('counts a task that has not ended as waiting', () => {
    const waiting = aLedgerTask({
      status: 'QUEUED',
      attempt: 0,
      trail: [event('task.queued', 'PROPOSE')],
      results: [],
    });
    const seen = aSeen({ tasks: [{ tenantId: 't_load', taskId: 'task-1', status: null, successes: 0 }] });
    expect(balance([waiting], seen)).toMatchObject({
      final: 0,
      waiting: 1,
      byStatus: { QUEUED: 1 },
      breaches: [],
    });
  });

  it('finds a lost task', () => {
    expect(brokenRules(balance([]))).toEqual(['lost']);
  });

  it('finds a task that nobody was told of, unless a submission went unanswered', () => {
    const stranger = aLedgerTask({ taskId: 'task-2' });
    expect(brokenRules(balance([aLedgerTask(), stranger]))).toEqual(['extra']);
    expect(balance([aLedgerTask(), stranger], aSeen({ unanswered: 1 })).breaches).toEqual([]);
  });

  it('finds a task that is there twice', () => {
    expect(brokenRules(balance([aLedgerTask(), aLedgerTask()]))).toEqual(['doubled']);
  });

  it('finds a task that was done twice', () => {
    const results = [
      { attempt: 1, taskStatus: 'SUCCEEDED' },
      { attempt: 2, taskStatus: 'SUCCEEDED' },
    ];
    expect(brokenRules(balance([aLedgerTask({ results })]))).toContain('doubled');
  });

  it('finds a lease that was accepted twice', () => {
    const results = [
      { attempt: 1, taskStatus: 'QUEUED' },
      { attempt: 1, taskStatus: 'SUCCEEDED' },
    ];
    expect(brokenRules(balance([aLedgerTask({ results })]))).toContain('lease');
  });

  it('finds a held output that was released without an approval', () => {
    const trail = [...heldTrail, event('task.succeeded', 'PROPOSE')];
    const results = [{ attempt: 1, taskStatus: 'NEEDS_REVIEW' }];
    const released = aLedgerTask({ trail, results, cards: ['REJECTED'] });
    expect(brokenRules(balance([released]))).toContain('released');
  });

  it('finds an execution that began before the approval', () => {
    const trail = anApprovedTask().trail.filter(({ type }) => type !== 'review.decided');
    expect(brokenRules(balance([anApprovedTask({ trail })]))).toContain('released');
  });

  it('finds a transition that the lifecycle does not have', () => {
    const trail = [event('task.queued', 'PROPOSE'), event('task.succeeded', 'PROPOSE')];
    expect(brokenRules(balance([aLedgerTask({ trail })]))).toContain('trail');
  });

  it('finds an event too many and an event too few', () => {
    const { trail } = aLedgerTask();
    expect(brokenRules(balance([aLedgerTask({ trail: trail.slice(0, -1) })]))).toContain('trail');
    expect(
      brokenRules(balance([aLedgerTask({ trail: [...trail, event('task.succeeded', 'PROPOSE')] })])),
    ).toContain('trail');
  });

  it('finds an answer that the database does not bear out', () => {
    const failed = aLedgerTask({
      status: 'CANCELLED',
      trail: [...aLedgerTask().trail.slice(0, 2), event('task.cancelled', 'PROPOSE')],
      results: [],
    });
    expect(brokenRules(balance([failed]))).toContain('disagrees');
  });

  it('finds a broken chain', () => {
    const verified = { valid: false, checkedEvents: 4 };
    expect(brokenRules(balance([aLedgerTask()], aSeen(), { verified }))).toEqual(['chain']);
    expect(brokenRules(balance([aLedgerTask()], aSeen(), { lastSequence: 5 }))).toEqual(['chain']);
  });

  it('takes up what a client should not have seen', () => {
    const seen = aSeen({ violations: ['task task-1 was done 2 times'], violationCount: 7 });
    expect(balance([aLedgerTask()], seen).breaches).toMatchObject([{ rule: 'seen', count: 7 }]);
  });
});
