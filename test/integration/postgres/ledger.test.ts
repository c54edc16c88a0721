import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemActor } from '../../../src/models/audit.js';
import { defaultPolicy } from '../../../src/models/policy.js';
import { claimTask, finishTask, isReady, requeueTask, type Task } from '../../../src/models/task.js';
import type { FollowUp, LedgerView, Work } from '../../../src/ports/ledger.js';
import { aCard, anAgent, anApiKey, aResult, aSession, aTask } from '../../unit/models/factories.js';
import {
  aTenant,
  type Bench,
  change,
  claimed,
  decide,
  type Desk,
  headOf,
  held,
  keep,
  openBench,
  queued,
} from './bench.js';

describe('the ledger', () => {
  let bench: Bench;
  let desk: Desk;
  let other: Desk;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    other = await bench.open();
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });
  afterAll(() => bench.drop());

  const entry = { type: 'session.created', actor: systemActor } as const;
  const eventsOf = async (tenant: string) => (await desk.records.audit(tenant, {}, { limit: 10_000 })).items;

  it('gives a tenant its first policy and the beginning of its record', async () => {
    const [first] = await eventsOf(tenantId);
    expect(first).toMatchObject({ sequence: 1, type: 'tenant.created', previousHash: '0'.repeat(64) });
    await expect(desk.records.policy(tenantId)).resolves.toMatchObject({ ...defaultPolicy, version: 1 });
    await expect(desk.records.verifyChain(tenantId)).resolves.toMatchObject({
      valid: true,
      checkedEvents: 1,
    });
  });

  describe('with a follow-up to a unit of work', () => {
    const unit = (task: Task, followUp: FollowUp['decide'], refuse = false): Work<void> => ({
      tenantId,
      needs: {},
      decide: (view) => {
        view.put('task', task);
        view.record(entry);
        if (refuse) throw new Error('Refused.');
      },
      followUp: () => ({ needs: { holders: ['writer-1'] }, decide: followUp }),
    });
    const take = (task: Task) => (view: LedgerView) => {
      expect(view.get('agent', 'writer-1')).toBeDefined();
      view.put(
        'task',
        claimTask(task, { agentId: 'writer-1', token: randomUUID(), leaseMs: 1_000 }, view.now),
      );
      view.record(entry);
    };
    beforeEach(() => keep(desk.ledger, 'agent', [anAgent({ tenantId })]));

    it('commits both, in their order', async () => {
      const task = aTask({ tenantId });
      await desk.ledger.transact(unit(task, take(task)));
      expect(await desk.records.task(tenantId, task.taskId)).toMatchObject({ status: 'RUNNING', version: 2 });
      expect(await eventsOf(tenantId)).toHaveLength(3);
    });

    it('keeps the unit alone when the follow-up throws', async () => {
      const task = aTask({ tenantId });
      const failing = (view: LedgerView) => {
        take(task)(view);
        throw new Error('A fault.');
      };
      await desk.ledger.transact(unit(task, failing));
      expect(await desk.records.task(tenantId, task.taskId)).toMatchObject({ status: 'QUEUED', version: 1 });
      expect(await eventsOf(tenantId)).toHaveLength(2);
    });

    it('leaves the follow-up out when the unit is refused', async () => {
      const task = aTask({ tenantId });
      const asked = jest.fn();
      await expect(desk.ledger.transact(unit(task, asked, true))).rejects.toThrow('Refused.');
      expect(asked).not.toHaveBeenCalled();
      expect(await desk.records.task(tenantId, task.taskId)).toBeUndefined();
    });
  });

  it('makes a tenant once, however many ask at once', async () => {
    const twin = `${tenantId}-twin`;
    const make = ({ ledger }: Desk) =>
      ledger.createTenant({ tenantId: twin, name: null }, defaultPolicy, systemActor);
    const made = await Promise.all([desk, other, desk, other].map(make));
    expect(made.filter((tenant) => tenant !== undefined)).toHaveLength(1);
    expect(await eventsOf(twin)).toHaveLength(1);
  });

  it("puts one tenant's units one after the other, from however many processes they come", async () => {
    await keep(desk.ledger, 'agent', [anAgent({ tenantId, metadata: { count: 0 } })]);
    const before = await headOf(bench.sql, tenantId);
    const add = ({ ledger }: Desk) =>
      decide(ledger, tenantId, { agents: ['writer-1'] }, (view) => {
        const agent = view.get('agent', 'writer-1');
        if (!agent) throw new Error('The agent is there.');
        const count = Number(agent.metadata['count']) + 1;
        view.put('agent', { ...agent, metadata: { count }, version: agent.version + 1 });
        view.record({ ...entry, payload: { count } });
        return count;
      });
    const writer = async (index: number) => {
      const counts: number[] = [];
      for (let turn = 0; turn < 10; turn += 1) counts.push(await add(index % 2 === 0 ? desk : other));
      return counts;
    };
    const counts = await Promise.all(Array.from({ length: 32 }, (_, index) => writer(index)));
    const upTo320 = Array.from({ length: 320 }, (_, index) => index + 1);
    expect(counts.flat().toSorted((left, right) => left - right)).toEqual(upTo320);
    const agent = await desk.records.find('agent', tenantId, 'writer-1');
    expect(agent).toMatchObject({ metadata: { count: 320 }, version: 321 });

    const events = await eventsOf(tenantId);
    expect(events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: before.sequence + 320 }, (_, index) => index + 1),
    );
    expect(events.slice(before.sequence).map(({ payload }) => payload['count'])).toEqual(upTo320);
    const times = events.map(({ at }) => at.getTime());
    expect(times).toEqual(times.toSorted((left, right) => left - right));
    await expect(desk.records.verifyChain(tenantId)).resolves.toMatchObject({
      valid: true,
      checkedEvents: before.sequence + 320,
    });
  });

  it('lets batches of many tenants pass each other without a deadlock', async () => {
    const tenants = await Promise.all(Array.from({ length: 40 }, () => aTenant(desk.ledger)));
    const rounds = 25;
    for (let round = 0; round < rounds; round += 1) {
      const orders = [
        [desk, tenants],
        [other, tenants.toReversed()],
      ] as const;
      await Promise.all(
        orders.flatMap(([{ ledger }, order]) =>
          order.map((tenant) => decide(ledger, tenant, {}, (view) => view.record(entry))),
        ),
      );
    }
    for (const tenant of tenants) expect((await headOf(bench.sql, tenant)).sequence).toBe(1 + 2 * rounds);
  });

  it('commits what arrives together in one transaction', async () => {
    const tasks = Array.from({ length: 16 }, () => aTask({ tenantId }));
    await Promise.all(
      tasks.map((task) => decide(desk.ledger, tenantId, {}, (view) => view.put('task', task))),
    );
    const { rows } = await bench.sql.query('SELECT DISTINCT xmin::text FROM tasks WHERE tenant_id = $1', [
      tenantId,
    ]);
    expect(rows).toHaveLength(1);
  });

  it('does not keep a tenant waiting for the transaction of another', async () => {
    const busy = await aTenant(desk.ledger);
    const begun = Promise.withResolvers<undefined>();
    const end = 'SELECT 1 FROM audit_heads WHERE tenant_id = $1 FOR UPDATE';
    await bench.sql.query('BEGIN');
    await bench.sql.query(end, [busy]);
    const slow = desk.ledger.transact({
      tenantId: busy,
      needs: {},
      followUp: () => {
        begun.resolve(undefined);
        return undefined;
      },
      decide: (view) => view.record(entry),
    });
    await begun.promise;
    await expect(decide(desk.ledger, tenantId, {}, (view) => view.record(entry))).resolves.toMatchObject({
      sequence: 2,
    });
    expect((await eventsOf(busy)).length).toBe(1);
    await bench.sql.query('ROLLBACK');
    await expect(slow).resolves.toMatchObject({ sequence: 2 });
  });

  it('sees to other things between the steps of a long unit, and keeps it whole or not at all', async () => {
    const tasks = Array.from({ length: 40 }, () => aTask({ tenantId }));
    let turns = 0;
    const turn = () => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const seen: number[] = [];
    const unit = (fails: boolean) =>
      desk.ledger.transactLong({
        tenantId,
        needs: {},
        *decide(view) {
          for (const task of tasks) {
            view.put('task', task);
            view.record({ ...entry, taskId: task.taskId });
            seen.push(turns);
            for (const until = performance.now() + 1; performance.now() < until;);
            yield;
          }
          if (fails) throw new RangeError('This one does not want to.');
          return tasks.length;
        },
      });
    await expect(unit(true)).rejects.toThrow(RangeError);
    expect((await eventsOf(tenantId)).length).toBe(1);
    await expect(unit(false)).resolves.toBe(tasks.length);
    clearImmediate(timer);
    expect(new Set(seen).size).toBeGreaterThan(2);
    expect((await eventsOf(tenantId)).slice(1).map(({ taskId }) => taskId)).toEqual(
      tasks.map(({ taskId }) => taskId),
    );
  });

  it('keeps nothing of a unit that throws, and everything of the others', async () => {
    const tasks = Array.from({ length: 5 }, () => aTask({ tenantId }));
    const answers = await Promise.allSettled(
      tasks.map((task, index) =>
        decide(desk.ledger, tenantId, {}, (view) => {
          view.put('task', task);
          view.record({ ...entry, taskId: task.taskId });
          if (index === 2) throw new RangeError('This one does not want to.');
          return index;
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      tasks.map((_, index) => (index === 2 ? 'rejected' : 'fulfilled')),
    );
    expect(answers[2]).toMatchObject({ reason: expect.any(RangeError) });
    const kept = [tasks[0], tasks[1], tasks[3], tasks[4]].map((task) => task?.taskId);
    expect((await eventsOf(tenantId)).slice(1).map(({ taskId }) => taskId)).toEqual(kept);
    const { items } = await desk.records.tasks(tenantId, {}, { limit: 10 });
    expect(items.map(({ taskId }) => taskId)).toEqual(kept.toReversed());
  });

  it('refuses a unit that breaks a rule of the database alone', async () => {
    const tasks = [aTask({ tenantId }), aTask({ tenantId, priority: 101 }), aTask({ tenantId })];
    const elsewhere = await aTenant(desk.ledger);
    const answers = await Promise.allSettled([
      ...tasks.map((task) =>
        decide(desk.ledger, tenantId, {}, (view) => {
          view.put('task', task);
          view.record(entry);
        }),
      ),
      decide(desk.ledger, elsewhere, {}, (view) => view.record(entry)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { constraint: 'tasks_priority_range' } });
    expect((await headOf(bench.sql, tenantId)).sequence).toBe(3);
    expect((await headOf(bench.sql, elsewhere)).sequence).toBe(2);
    await expect(desk.records.verifyChain(tenantId)).resolves.toMatchObject({ valid: true });
  });

  it.each([
    ['one process', () => [desk, desk] as const],
    ['two processes', () => [desk, other] as const],
  ])('gives a task that two want in %s to one of them', async (_, desks) => {
    for (let round = 0; round < 10; round += 1) {
      const { taskId } = await queued(desk.ledger, { tenantId });
      const claims = desks().map(({ ledger }, index) =>
        decide(ledger, tenantId, { tasks: [taskId] }, (view) => {
          const task = view.get('task', taskId);
          if (!task || !isReady(task)) return undefined;
          const agentId = `agent-${index}`;
          view.put('task', claimTask(task, { agentId, token: randomUUID(), leaseMs: 60_000 }, view.now));
          return agentId;
        }),
      );
      const winners = (await Promise.all(claims)).filter((winner) => winner !== undefined);
      expect(winners).toHaveLength(1);
      await expect(desk.records.task(tenantId, taskId)).resolves.toMatchObject({
        status: 'RUNNING',
        agentId: winners[0],
        attempt: 1,
      });
    }
  });

  it('shows a unit what those before it in the batch have done', async () => {
    const agent = anAgent({ tenantId, maxConcurrentTasks: 2 });
    const session = aSession({ tenantId });
    const task = aTask({ tenantId, idempotencyKey: 'once', sessionId: session.sessionId });
    const needs = {
      tasks: [task.taskId],
      agents: [agent.agentId],
      sessions: [session.sessionId],
      idempotencyKeys: ['once'],
      holders: [agent.agentId],
      policy: true,
    };
    const seen: unknown[] = [];
    const look = () =>
      decide(desk.ledger, tenantId, needs, (view) => {
        seen.push([
          view.get('task', task.taskId)?.status,
          view.taskByIdempotencyKey('once')?.status,
          view.get('agent', agent.agentId)?.agentId,
          view.get('session', session.sessionId)?.state,
          view.heldBy(agent.agentId),
          view.policyInForce()?.version,
        ]);
      });
    await Promise.all([
      look(),
      decide(desk.ledger, tenantId, { policy: true }, (view) => {
        view.put('session', session);
        view.put('agent', agent);
        view.put('task', task);
        const policy = view.policyInForce();
        if (policy) view.put('policy', { ...policy, version: policy.version + 1 });
      }),
      look(),
    ]);
    await Promise.all([
      look(),
      change(desk.ledger, task, (current, now) =>
        claimTask(current, { agentId: agent.agentId, token: randomUUID(), leaseMs: 1_000 }, now),
      ),
      look(),
      change(desk.ledger, task, (current, now) => requeueTask(current, now)),
      look(),
    ]);
    await look();
    const nothing = [undefined, undefined, undefined, undefined, 0, 1];
    const queuedThen = ['QUEUED', 'QUEUED', 'writer-1', 'CREATED', 0, 2];
    const runningThen = ['RUNNING', 'RUNNING', 'writer-1', 'CREATED', 1, 2];
    expect(seen).toEqual([nothing, queuedThen, queuedThen, runningThen, queuedThen, queuedThen]);
  });

  it('gives a row that several units of a batch change the version that the last was answered', async () => {
    const task = await queued(desk.ledger, { tenantId });
    const token = randomUUID();
    const answers = await Promise.all([
      change(desk.ledger, task, (current, now) =>
        claimTask(current, { agentId: 'a', token, leaseMs: 1_000 }, now),
      ),
      change(desk.ledger, task, (current, now) => requeueTask(current, now)),
    ]);
    const stored = await desk.records.task(tenantId, task.taskId);
    expect(stored).toEqual(answers[1]);
    expect(stored?.version).toBe(3);
  });

  it('brings the cards and sessions of the tasks that are asked for', async () => {
    const session = aSession({ tenantId });
    await keep(desk.ledger, 'session', [session]);
    const { task, card, result } = await held(desk.ledger, { tenantId, sessionId: session.sessionId });
    const needs = { tasks: [task.taskId], leaseTokens: [result.leaseToken] };
    await decide(desk.ledger, tenantId, needs, (view) => {
      expect(view.get('review', card.reviewId)).toEqual(card);
      expect(view.get('session', session.sessionId)).toEqual(session);
      expect(view.get('result', result.leaseToken)).toEqual({ ...result, reviewId: card.reviewId });
    });
  });

  it('shows nothing of another tenant', async () => {
    const elsewhere = await aTenant(desk.ledger);
    const { task, card, result } = await held(desk.ledger, { tenantId: elsewhere, idempotencyKey: 'theirs' });
    const running = await claimed(desk.ledger, await queued(desk.ledger, { tenantId: elsewhere }), 'theirs');
    const apiKey = anApiKey({ tenantId: elsewhere });
    await keep(desk.ledger, 'apiKey', [apiKey]);
    await keep(desk.ledger, 'agent', [anAgent({ tenantId: elsewhere, agentId: 'theirs' })]);
    const needs = {
      tasks: [task.taskId, running.taskId],
      reviews: [card.reviewId],
      apiKeys: [apiKey.keyId],
      leaseTokens: [result.leaseToken],
      idempotencyKeys: ['theirs'],
      holders: ['theirs'],
    };
    const look = (tenant: string) =>
      decide(desk.ledger, tenant, needs, (view) => [
        view.get('task', task.taskId),
        view.get('review', card.reviewId),
        view.get('apiKey', apiKey.keyId),
        view.get('result', result.leaseToken),
        view.taskByIdempotencyKey('theirs'),
        view.heldBy('theirs') || undefined,
      ]);
    const [mine, theirs] = await Promise.all([look(tenantId), look(elsewhere)]);
    expect(mine).toEqual(mine.map(() => undefined));
    expect(theirs).not.toContain(undefined);
  });

  it('keeps every row as it was put, to the last bit of its JSON', async () => {
    const output = { text: 'naïve 😀 \u2028', numbers: [1e21, 0.1, -0, 1e-7], nested: { '': null, a: [[]] } };
    const session = aSession({ tenantId, requestedBy: 'somebody' });
    const task = aTask({ tenantId, sessionId: session.sessionId, input: output, timeoutMs: 5_000 });
    const apiKey = anApiKey({ tenantId, expiresAt: new Date('2030-01-01T00:00:00.123Z') });
    await decide(desk.ledger, tenantId, {}, (view) => {
      view.put('session', session);
      view.put('task', task);
      view.put('apiKey', apiKey);
    });
    const result = aResult({ tenantId, taskId: task.taskId, output });
    const card = aCard({ tenantId, taskId: task.taskId, resultId: result.resultId, proposedOutput: output });
    await decide(desk.ledger, tenantId, {}, (view) => {
      view.put('result', result);
      view.put('review', card);
    });
    const { records } = desk;
    await expect(records.find('session', tenantId, session.sessionId)).resolves.toEqual(session);
    await expect(records.task(tenantId, task.taskId)).resolves.toEqual({
      ...task,
      input: JSON.parse(JSON.stringify(output)) as unknown,
    });
    await expect(records.find('apiKey', tenantId, apiKey.keyId)).resolves.toEqual(apiKey);
    const stored = await records.review(tenantId, card.reviewId);
    expect(JSON.stringify(stored?.proposedOutput)).toBe(JSON.stringify(output));
    expect(JSON.stringify((await records.result(tenantId, result.resultId))?.output)).toBe(
      JSON.stringify(output),
    );
  });

  it('refuses a tenant that does not exist, alone', async () => {
    const ghost = 't_nobody';
    const [mine, theirs] = await Promise.allSettled([
      decide(desk.ledger, tenantId, {}, (view) => view.record(entry)),
      decide(desk.ledger, ghost, {}, (view) => view.record(entry)),
    ]);
    expect(mine).toMatchObject({ status: 'fulfilled' });
    expect(theirs).toMatchObject({ reason: { code: 'TENANT_NOT_FOUND' } });
  });

  it('tells after the commit that the record grew and which tasks are final, and nothing of what failed', async () => {
    const ending = await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
    const staying = await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
    desk.signals.length = 0;
    const cancel = (taskId: string, fails: boolean) =>
      decide(desk.ledger, tenantId, { tasks: [taskId] }, (view) => {
        const task = view.get('task', taskId);
        if (!task) throw new Error('The task is there.');
        view.put('task', finishTask(task, 'CANCELLED', view.now));
        view.record(entry);
        if (fails) throw new Error('On second thoughts, no.');
      });
    await Promise.allSettled([cancel(ending.taskId, false), cancel(staying.taskId, true)]);
    expect(desk.signals).toEqual([
      { topic: 'feed', tenantId },
      { topic: 'final', taskId: ending.taskId },
    ]);
  });
});
