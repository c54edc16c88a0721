import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { uuidv7 } from 'uuidv7';
import { BullmqTaskQueue } from '../../../src/lib/bullmq/bullmq-task-queue.js';
import { PostgresRegistry } from '../../../src/lib/postgres/postgres-registry.js';
import { PostgresSignals } from '../../../src/lib/postgres/postgres-signals.js';
import { livenessOf } from '../../../src/models/agent.js';
import { requeueTask, type Task } from '../../../src/models/task.js';
import { Agents } from '../../../src/services/agents.js';
import { Dispatcher } from '../../../src/services/dispatcher.js';
import { LeaseRecovery } from '../../../src/services/lease-recovery.js';
import { TaskClaims } from '../../../src/services/task-claims.js';
import { Waiters } from '../../../src/services/waiters.js';
import { eventually } from '../../contract/eventually.js';
import { postgresStore, type QueueStore } from '../../contract/queue-stores.js';
import { anAgent, aTicket } from '../../unit/models/factories.js';
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
  let signals: PostgresSignals;
  let claims: TaskClaims;
  let tenantId: string;

  beforeAll(async () => {
    [bench, store] = await Promise.all([openBench(), postgresStore()]);
    desk = await bench.open();
    signals = new PostgresSignals(bench.url);
    await signals.connect();
    queue = new BullmqTaskQueue(await store.open(), signals);
    queue.onApplicationBootstrap();
    const { ledger, records, watch, rows } = desk;
    const dispatcher = new Dispatcher(queue);
    const registry = new PostgresRegistry(
      rows,
      livenessOf({ heartbeatIntervalMs: 5_000, suspectAfterMissed: 3, offlineAfterMissed: 6 }),
    );
    const agents = new Agents(ledger, registry, records, watch, new LeaseRecovery(ledger, watch, dispatcher));
    const brake = { massLossPercent: 15, massLossGraceMs: 120_000 };
    const policy = { policyFourEyes: false, shadowRetentionDays: 30 };
    const settings = {
      leaseMs,
      maxOpenTasks: 100,
      heartbeatIntervalMs: 5_000,
      sweepIntervalMs: 1_000,
      ...brake,
      ...policy,
    };
    claims = new TaskClaims(ledger, agents, dispatcher, new Waiters(signals), settings);
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
    await keep(desk.ledger, 'agent', [anAgent({ tenantId })]);
  });
  afterAll(async () => {
    await queue.onApplicationShutdown();
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
});
