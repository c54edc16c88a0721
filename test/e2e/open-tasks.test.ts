import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { aDoubtfulResult, aFailure, aKind, aTask } from '../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../support/chimera.js';
import { type Answer, textOf } from '../support/client.js';
import { claimOne, decide, handIn, hold, register, resultOf, submit, untilStatus } from '../support/fleet.js';

const maxOpenTasks = 3;

describe("a tenant's open tasks", () => {
  let store: TestStore;
  let sql: pg.Client;
  let url: string;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore('postgres', { maxOpenTasks });
    ({ url } = await store.start());
    sql = new pg.Client(store.config.databaseUrl);
    await sql.connect();
  });
  afterAll(async () => {
    await sql.end();
    await store.drop();
  });
  beforeEach(async () => {
    tenant = await createTenant(url);
    await register(tenant, 'writer');
  });

  const attempt = (changes = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    tenant.submitter.post(`${tenant.path}/tasks`, aTask(changes), headers);

  /** What is counted and what there is. */
  const openTasks = async (): Promise<readonly [number, number]> => {
    const { rows } = await sql.query<{ counted: number; there: number }>(
      `SELECT h.open_tasks::integer AS counted, count(t)::integer AS there
       FROM audit_heads h LEFT JOIN tasks t ON t.tenant_id = h.tenant_id AND t.completed_at IS NULL
       WHERE h.tenant_id = $1 GROUP BY h.open_tasks`,
      [tenant.tenantId],
    );
    const [{ counted, there } = { counted: -1, there: -1 }] = rows;
    return [counted, there];
  };

  it('are no more than it may have, whoever sends them and however', async () => {
    const both = [await store.start(), await store.start()];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        fetch(`${both[index % 2]?.url ?? url}${tenant.path}/tasks`, {
          method: 'POST',
          headers: { authorization: `Bearer ${tenant.submitter.key}`, 'content-type': 'application/json' },
          body: JSON.stringify(aTask()),
        }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(maxOpenTasks);
    expect(refused).toHaveLength(20 - maxOpenTasks);
    expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(refused.map(() => '1'));
    expect(await refused[0]?.json()).toMatchObject({ code: 'TOO_MANY_OPEN_TASKS' });
    expect(await openTasks()).toEqual([maxOpenTasks, maxOpenTasks]);
    await Promise.all(both.map((server) => server.stop()));
  });

  it('are taken in together or not at all', async () => {
    await submit(tenant);
    const batch = (length: number) =>
      tenant.submitter.post(`${tenant.path}/tasks/batch`, { tasks: Array.from({ length }, () => aTask()) });
    mustBe(429, await batch(maxOpenTasks));
    expect(await openTasks()).toEqual([1, 1]);
    mustBe(202, await batch(maxOpenTasks - 1));
    expect(await openTasks()).toEqual([maxOpenTasks, maxOpenTasks]);
  });

  it('leave the tasks of another tenant room', async () => {
    for (let count = 0; count < maxOpenTasks; count += 1) await submit(tenant);
    mustBe(429, await attempt());
    await submit(await createTenant(url));
  });

  it('are answered again under their idempotency key when there is no more room', async () => {
    const once = { 'idempotency-key': 'order-1' };
    const { body } = mustBe(202, await attempt({}, once));
    for (let count = 1; count < maxOpenTasks; count += 1) await submit(tenant);
    mustBe(429, await attempt());
    expect(mustBe(202, await attempt({}, once)).body.taskId).toBe(body.taskId);
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'a success',
      async () => {
        const taskId = await submit(tenant);
        mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer')));
        await resultOf(tenant, taskId);
      },
    ],
    [
      'a failure',
      async () => {
        await submit(tenant);
        const assignment = await claimOne(tenant, 'writer');
        mustBe(200, await handIn(tenant, assignment, aFailure({ retryable: false })));
      },
    ],
    [
      'a time-out',
      async () => {
        const taskId = await submit(tenant, { timeoutMs: 1_000, maxAttempts: 1 });
        await claimOne(tenant, 'writer');
        await untilStatus(tenant, taskId, 'TIMED_OUT');
      },
    ],
    [
      'a refusal by the gate',
      async () => {
        const policy = { keywords: [{ term: 'parcel bomb', match: 'PHRASE', action: 'DENY' }] };
        mustBe(200, await tenant.operator.put(`${tenant.path}/policy`, policy));
        await submit(tenant);
        const assignment = await claimOne(tenant, 'writer');
        const denied = { ...aDoubtfulResult(), output: { reply: 'A parcel bomb.' } };
        expect(mustBe(200, await handIn(tenant, assignment, denied)).body.taskStatus).toBe('BLOCKED');
      },
    ],
    [
      'a cancellation',
      async () => {
        const taskId = await submit(tenant);
        mustBe(200, await tenant.submitter.post(`${tenant.path}/tasks/${taskId}/cancel`));
      },
    ],
    [
      'the end of its session',
      async () => {
        const session = mustBe(201, await tenant.submitter.post(`${tenant.path}/sessions`));
        const sessionId = textOf(session.body.sessionId);
        const taskId = await submit(tenant, { sessionId });
        mustBe(200, await tenant.submitter.post(`${tenant.path}/sessions/${sessionId}/stop`));
        await untilStatus(tenant, taskId, 'CANCELLED');
      },
    ],
    [
      'a rejection',
      async () => {
        const { reviewId } = await hold(tenant, 'writer');
        mustBe(200, await decide(tenant, reviewId, { status: 'REJECTED', comment: 'No.' }));
      },
    ],
    [
      'an approval',
      async () => {
        const { reviewId } = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
        mustBe(200, await decide(tenant, reviewId));
      },
    ],
    [
      'a deadline that nobody met',
      async () => {
        mustBe(200, await tenant.operator.put(`${tenant.path}/policy`, { reviewDeadlineMs: 1_000 }));
        const { taskId } = await hold(tenant, 'writer');
        await untilStatus(tenant, taskId, 'REJECTED');
      },
    ],
  ])('are one fewer after %s, and as many as are counted', async (_ending, end) => {
    const other = await submit(tenant, { kind: 'somebody.else' });
    await end();
    expect(await openTasks()).toEqual([1, 1]);
    await submit(tenant, { kind: 'somebody.else' });
    expect(await openTasks()).toEqual([2, 2]);
    await untilStatus(tenant, other, 'QUEUED');
  });

  it('are as many as before while one goes back, waits for a person or is executed', async () => {
    await submit(tenant, { kind: aKind });
    const assignment = await claimOne(tenant, 'writer');
    const { agentId, leaseToken, taskId } = assignment;
    mustBe(204, await tenant.agent.post(`${tenant.path}/tasks/${taskId}/release`, { agentId, leaseToken }));
    expect(await openTasks()).toEqual([1, 1]);
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), aFailure()));
    expect(await openTasks()).toEqual([1, 1]);
    const held = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), aDoubtfulResult()));
    expect(await openTasks()).toEqual([1, 1]);
    mustBe(200, await decide(tenant, textOf(held.body.reviewId)));
    expect(await openTasks()).toEqual([1, 1]);
    await claimOne(tenant, 'writer');
    expect(await openTasks()).toEqual([1, 1]);
  });
});
