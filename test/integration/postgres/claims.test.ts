import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { uuidv7 } from 'uuidv7';
import { BullmqReviewQueue } from '../../../src/lib/bullmq/bullmq-review-queue.js';
import { BullmqTaskQueue } from '../../../src/lib/bullmq/bullmq-task-queue.js';
import { PostgresRegistry } from '../../../src/lib/postgres/postgres-registry.js';
import { PostgresSignals } from '../../../src/lib/postgres/postgres-signals.js';
import type { Caller } from '../../../src/models/access.js';
import { livenessOf } from '../../../src/models/agent.js';
import { systemActor } from '../../../src/models/audit.js';
import { DomainError } from '../../../src/models/errors.js';
import { newPrivateKey, privateKeyFrom } from '../../../src/models/signing-key.js';
import { requeueTask, type Task } from '../../../src/models/task.js';
import { Agents } from '../../../src/services/agents.js';
import { AuditSigner } from '../../../src/services/audit-signer.js';
import { Dispatcher } from '../../../src/services/dispatcher.js';
import { Judge } from '../../../src/services/judge.js';
import { LeaseRecovery } from '../../../src/services/lease-recovery.js';
import { CardOrigins } from '../../../src/services/card-origins.js';
import { ReviewDeadlines } from '../../../src/services/review-deadlines.js';
import { ReviewDesk } from '../../../src/services/review-desk.js';
import { ReviewEdits } from '../../../src/services/review-edits.js';
import { TaskClaims } from '../../../src/services/task-claims.js';
import { taskEntry } from '../../../src/services/task-entries.js';
import { Waiters } from '../../../src/services/waiters.js';
import { eventually } from '../../contract/eventually.js';
import { postgresStore, type QueueStore } from '../../contract/queue-stores.js';
import type { Work } from '../../../src/ports/ledger.js';
import { anAgent, aTask, aTicket } from '../../unit/models/factories.js';
import {
  aTenant,
  type Bench,
  change,
  claimed,
  type Desk,
  held,
  keep,
  leaseMs,
  openBench,
  queued,
} from './bench.js';

describe('a claim', () => {
  let bench: Bench;
  let desk: Desk;
  let store: QueueStore;
  let queue: BullmqTaskQueue;
  let reviews: BullmqReviewQueue;
  let signals: PostgresSignals;
  let claims: TaskClaims;
  let dispatcher: Dispatcher;
  let agents: Agents;
  let tenantId: string;

  beforeAll(async () => {
    [bench, store] = await Promise.all([openBench(), postgresStore()]);
    desk = await bench.open();
    signals = new PostgresSignals(bench.url);
    await signals.connect();
    const opener = await store.open();
    queue = new BullmqTaskQueue(opener, signals);
    reviews = new BullmqReviewQueue(opener);
    queue.onApplicationBootstrap();
    const { ledger, records, watch, rows } = desk;
    const waiters = new Waiters(signals);
    dispatcher = new Dispatcher(ledger, queue, waiters);
    const registry = new PostgresRegistry(
      rows,
      livenessOf({ heartbeatIntervalMs: 5_000, suspectAfterMissed: 3, offlineAfterMissed: 6 }),
    );
    agents = new Agents(ledger, registry, records, watch, new LeaseRecovery(ledger, watch, dispatcher));
    const brake = { massLossPercent: 15, massLossGraceMs: 120_000 };
    const policy = { policyFourEyes: false, shadowRetentionDays: 30 };
    const settings = {
      leaseMs,
      maxOpenTasks: 100,
      maxEventStreams: 100,
      maxLongPolls: 100,
      heartbeatIntervalMs: 5_000,
      sweepIntervalMs: 1_000,
      ...brake,
      ...policy,
    };
    claims = new TaskClaims(ledger, agents, dispatcher, waiters, settings);
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
    await keep(desk.ledger, 'agent', [anAgent({ tenantId })]);
  });
  afterAll(async () => {
    await queue.onApplicationShutdown();
    await reviews.onApplicationShutdown();
    await signals.onApplicationShutdown();
    await Promise.all([bench.drop(), store.drop()]);
  });

  const claim = async () => {
    const assignments = await claims.claim(tenantId, 'writer-1', { maxTasks: 10, waitMs: 0 });
    return assignments.map(({ task, attempt }) => [task.taskId, attempt]);
  };
  const add = (...tickets: readonly Partial<Parameters<typeof aTicket>[0]>[]) =>
    queue.add(tickets.map((fields) => aTicket({ tenantId, ...fields })));

  it('takes a ready task by a ticket for just its next attempt', async () => {
    const { taskId } = await queued(desk.ledger, { tenantId });
    await add({ taskId, attempt: 1 });
    expect(await claim()).toEqual([[taskId, 1]]);
  });

  it('asks nothing of the ledger when there is no ticket', async () => {
    const units = jest.spyOn(desk.ledger, 'transact');
    try {
      expect(await claim()).toEqual([]);
      expect(units).not.toHaveBeenCalled();
    } finally {
      units.mockRestore();
    }
  });

  it('drops a ticket that came twice', async () => {
    const { taskId } = await queued(desk.ledger, { tenantId });
    await add({ taskId, attempt: 1 });
    expect(await claim()).toEqual([[taskId, 1]]);
    await add({ taskId, attempt: 1 });
    expect(await claim()).toEqual([]);
  });

  it('puts a ticket that came too early back until its time', async () => {
    const running = await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
    const { taskId } = running;
    const availableAt = new Date(Date.now() + 500);
    await change(desk.ledger, running, (task, now) => requeueTask(task, now, { availableAt }));
    await add({ taskId, attempt: 1 }, { taskId, attempt: 2 });
    expect(await claim()).toEqual([]);
    expect(await eventually(claim, (assigned) => assigned.length > 0)).toEqual([[taskId, 2]]);
    const task = await desk.records.task(tenantId, taskId);
    expect(task?.updatedAt.getTime()).toBeGreaterThanOrEqual(availableAt.getTime());
  });

  it.each<[string, () => Promise<Task>]>([
    ['that waits for a person', async () => (await held(desk.ledger, { tenantId })).task],
    [
      'that another agent is at',
      async () => claimed(desk.ledger, await queued(desk.ledger, { tenantId }), 'x'),
    ],
    ["of another tenant's", async () => queued(desk.ledger, { tenantId: await aTenant(desk.ledger) })],
  ])('drops a ticket of a task %s', async (_, make) => {
    const { taskId, attempt } = await make();
    await add({ taskId, attempt: attempt + 1 }, { taskId: uuidv7() });
    expect(await claim()).toEqual([]);
    expect(await claim()).toEqual([]);
  });

  describe('that waits', () => {
    const kind = 'support.reply';
    let polls: Promise<unknown>[];

    beforeEach(() => {
      polls = [];
    });
    afterEach(async () => {
      await Promise.all(polls);
    });

    /** Resolves once it has found nothing and waits; what it is given comes later. */
    const waiting = async ({ maxTasks = 1, waitMs = 20_000, undelivered = new AbortController() } = {}) => {
      const before = dispatcher.demandFor(tenantId, kind).awaited();
      const given = claims
        .claim(tenantId, 'writer-1', { maxTasks, waitMs }, undelivered.signal)
        .then((assignments) => assignments.map(({ task }) => task.taskId));
      polls.push(given);
      await eventually(
        () => Promise.resolve(dispatcher.demandFor(tenantId, kind).awaited()),
        (awaited) => awaited > before,
      );
      return { given };
    };
    /** Acts while the next unit of work is committed and its answer lost. */
    const withoutAnswer = async <R>(act: () => Promise<R>): Promise<R> => {
      const { ledger } = desk;
      const transact = ledger.transact.bind(ledger);
      const lost = jest.spyOn(ledger, 'transact').mockImplementationOnce(async (unit) => {
        await transact(unit);
        throw new DomainError('UNAVAILABLE', 'The connection broke.');
      });
      try {
        return await act();
      } finally {
        lost.mockRestore();
      }
    };
    const ready = async (fields: Partial<Task> = {}) => queued(desk.ledger, { tenantId, ...fields });

    it('is handed a task that becomes ready, past the queue', async () => {
      const { given } = await waiting();
      const task = await ready();
      await dispatcher.dispatch([task], task.createdAt);
      expect(await queue.size(tenantId, kind)).toBe(0);
      expect(await given).toEqual([task.taskId]);
      expect(await claim()).toEqual([]);
    });

    describe('in the transaction that makes its task ready', () => {
      /** A unit of work that makes a task ready. */
      const making = (fields: Partial<Task> = {}): Work<Task> => {
        const task = aTask({ tenantId, ...fields });
        return {
          tenantId,
          needs: {},
          decide: (view) => {
            view.put('task', task);
            view.record(taskEntry(task, systemActor));
            return task;
          },
        };
      };
      const make = (work: Work<Task>) => dispatcher.transact(work, kind, (task) => task);
      const statusOf = async ({ taskId }: Pick<Task, 'taskId'>) =>
        (await desk.records.task(tenantId, taskId))?.status;

      it('leases it, through every state and with an event for each', async () => {
        const { given } = await waiting();
        const { taskId } = await make(making());
        expect(await given).toEqual([taskId]);
        const { rows } = await bench.sql.query<{ type: string; transaction: string }>(
          'SELECT type, xmin::text AS transaction FROM audit_events WHERE task_id = $1 ORDER BY sequence',
          [taskId],
        );
        expect(rows.map(({ type }) => type)).toEqual(['task.queued', 'task.running']);
        expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(1);
        expect(await desk.records.task(tenantId, taskId)).toMatchObject({ status: 'RUNNING', version: 2 });
        expect(await queue.size(tenantId, kind)).toBe(0);
      });

      it('hands an approved output to be carried out, and its card has no deadline any more', async () => {
        const { card } = await held(desk.ledger, { tenantId });
        const { given } = await waiting();
        const deadlines = new ReviewDeadlines(desk.ledger, desk.records, reviews, desk.watch);
        await deadlines.schedule(card);
        const deadlinesLeft = async () =>
          (await store.jobData()).filter((data) => data.includes(card.reviewId)).length;
        expect(await deadlinesLeft()).toBe(1);
        const review = new ReviewDesk(
          desk.ledger,
          desk.records,
          new ReviewEdits(desk.records, new Judge([])),
          dispatcher,
          new AuditSigner(privateKeyFrom(newPrivateKey())),
          new CardOrigins(desk.records),
          deadlines,
        );
        const operator: Caller = { role: 'OPERATOR', id: 'op', tenantId };
        await review.decide(operator, tenantId, card.reviewId, { status: 'APPROVED' });
        expect(await given).toEqual([card.taskId]);
        expect(await deadlinesLeft()).toBe(0);
        const task = await desk.records.task(tenantId, card.taskId);
        expect(task).toMatchObject({ status: 'RUNNING', stage: 'EXECUTE' });
      });

      it('leaves it to the queue when its agent may not take it', async () => {
        const { given } = await waiting({ waitMs: 2_000 });
        const admin: Caller = { role: 'ADMIN', id: 'admin', tenantId: null };
        await agents.setPaused(admin, tenantId, 'writer-1', true);
        const task = await make(making());
        expect(await statusOf(task)).toBe('QUEUED');
        expect(await queue.size(tenantId, kind)).toBe(1);
        expect(await given).toEqual([]);
      });

      it('leaves it to the queue when its caller has gone', async () => {
        const undelivered = new AbortController();
        const { given } = await waiting({ undelivered });
        const made = make(making());
        undelivered.abort();
        const task = await made;
        expect(await given).toEqual([]);
        expect(await statusOf(task)).toBe('QUEUED');
        expect(await claim()).toEqual([[task.taskId, 1]]);
      });

      it('leaves one to the queue that is not to be handed out yet', async () => {
        const { given } = await waiting({ waitMs: 300 });
        const task = await make(making({ availableAt: new Date(Date.now() + 60_000) }));
        expect(await given).toEqual([]);
        expect(await statusOf(task)).toBe('QUEUED');
      });

      it('sleeps on when the unit is refused, and takes the next', async () => {
        const { given } = await waiting();
        const refused: Work<Task> = {
          ...making(),
          decide: () => {
            throw new DomainError('TOO_MANY_OPEN_TASKS', 'No more.');
          },
        };
        await expect(make(refused)).rejects.toMatchObject({ code: 'TOO_MANY_OPEN_TASKS' });
        const { taskId } = await make(making());
        expect(await given).toEqual([taskId]);
      });

      it('gives back what may have been kept when the answer to the commit was lost', async () => {
        const { given } = await waiting({ waitMs: 10_000 });
        const work = making();
        await expect(withoutAnswer(() => make(work))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        expect(await given).toHaveLength(1);
        const events = await desk.records.audit(tenantId, {}, { limit: 100 });
        expect(events.items.map(({ type }) => type).slice(-4)).toEqual([
          'task.queued',
          'task.running',
          'task.queued',
          'task.running',
        ]);
      });
    });

    it('gives back what may have been leased when the answer to the commit was lost', async () => {
      const task = await ready();
      await add({ taskId: task.taskId, attempt: 1 });
      await expect(withoutAnswer(claim)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await eventually(claim, (assigned) => assigned.length > 0)).toEqual([[task.taskId, 2]]);
    });

    it('is handed the most urgent of those that become ready together, and the queue the others', async () => {
      const { given } = await waiting();
      const tasks = [
        await ready({ priority: 1 }),
        await ready({ priority: 9 }),
        await ready({ priority: 5 }),
      ];
      const [, urgent, next] = tasks.map(({ taskId }) => taskId);
      await dispatcher.dispatch(tasks, tasks[0]?.createdAt ?? new Date());
      expect(await given).toEqual([urgent]);
      expect(await queue.take(tenantId, [kind], 1)).toMatchObject([{ taskId: next }]);
    });

    it('is not handed a task before its time', async () => {
      const { given } = await waiting({ waitMs: 300 });
      const task = await ready({ availableAt: new Date(Date.now() + 60_000) });
      await dispatcher.dispatch([task], new Date());
      expect(await given).toEqual([]);
    });

    it('leaves to the queue what it was handed and its caller has gone from', async () => {
      const undelivered = new AbortController();
      const { given } = await waiting({ undelivered });
      const task = await ready();
      const dispatched = dispatcher.dispatch([task], task.createdAt);
      undelivered.abort();
      await dispatched;
      expect(await given).toEqual([]);
      expect(await eventually(claim, (assigned) => assigned.length > 0)).toEqual([[task.taskId, 1]]);
    });

    it('leaves to the queue what its agent may not take any more', async () => {
      const { given } = await waiting({ waitMs: 2_000 });
      const admin: Caller = { role: 'ADMIN', id: 'admin', tenantId: null };
      await agents.setPaused(admin, tenantId, 'writer-1', true);
      const task = await ready();
      await dispatcher.dispatch([task], task.createdAt);
      expect(
        await eventually(
          () => queue.size(tenantId, kind),
          (size) => size > 0,
        ),
      ).toBe(1);
      expect(await given).toEqual([]);
    });
  });
});
