import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aTask } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import { claimOne, handIn, hold, register, submit } from '../support/fleet.js';

describe.each(modes)('a tenant on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let stranger: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start());
    [tenant, stranger] = await Promise.all([createTenant(url), createTenant(url)]);
  });
  afterAll(() => store.drop());

  it('is made by the admin, once', async () => {
    const { admin, operator } = tenant;
    const made = mustBe(
      201,
      await admin.post('/v1/tenants', { tenantId: `${tenant.tenantId}-b`, name: 'Acme' }),
    );
    expect(made.body).toEqual({
      tenantId: `${tenant.tenantId}-b`,
      name: 'Acme',
      createdAt: expect.any(String),
    });
    expect(mustBe(200, await admin.get(`${tenant.path}-b`)).body).toEqual(made.body);
    const again = await admin.post('/v1/tenants', { tenantId: `${tenant.tenantId}-b` });
    expect(again.body).toMatchObject({ status: 409, code: 'TENANT_EXISTS' });
    for (const tenantId of ['acme', 't_', 't_A', `t_${'a'.repeat(64)}`, 't_a:b', 7]) {
      const refused = await admin.post('/v1/tenants', { tenantId });
      expect(refused.body).toMatchObject({ status: 400, errors: [{ pointer: '/tenantId' }] });
    }
    expect((await operator.post('/v1/tenants', { tenantId: 't_mine' })).body).toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('is made once also when two ask at the same instant', async () => {
    const body = { tenantId: `${tenant.tenantId}-c` };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => tenant.admin.post('/v1/tenants', body)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
  });

  it('is not there for the admin unless it was made', async () => {
    const { admin } = tenant;
    for (const path of [
      '/v1/tenants/t_nobody',
      '/v1/tenants/t_nobody/tasks',
      '/v1/tenants/UPPER',
      '/v1/tenants/t_nobody/stats',
    ]) {
      expect((await admin.get(path)).body).toMatchObject({ status: 404, code: 'TENANT_NOT_FOUND' });
    }
    const key = await admin.post('/v1/tenants/t_nobody/api-keys', { name: 'x', role: 'AGENT' });
    expect(key.body).toMatchObject({ status: 404, code: 'TENANT_NOT_FOUND' });
  });

  it('is as if it were not there for the keys of another', async () => {
    await register(tenant, 'writer', { capabilities: ['isolation'] });
    const held = await hold2('isolation');
    for (const role of ['operator', 'submitter', 'agent', 'auditor'] as const) {
      for (const part of [
        '',
        '/tasks',
        `/tasks/${held.taskId}`,
        '/reviews',
        '/audit',
        '/stats',
        '/agents/writer',
        '/events',
      ]) {
        const answer = await stranger[role].get(tenant.path + part);
        expect(answer.body).toMatchObject({ status: 404, code: 'TENANT_NOT_FOUND' });
      }
    }
  });

  it('does not know the ids of another', async () => {
    const { operator, submitter, agent, auditor, admin, path } = stranger;
    await register(tenant, 'writer', { capabilities: ['isolation'] });
    const held = await hold2('isolation');
    const taskId = await submit(tenant, { kind: 'isolation' });
    const assignment = await claimOne(tenant, 'writer');
    const session = mustBe(201, await tenant.submitter.post(`${tenant.path}/sessions`, {}));
    const sessionId = textOf(session.body.sessionId);
    const { agentId, leaseToken } = assignment;
    const lease = { agentId, leaseToken };
    const keyId = textOf(itemsOf(await admin.get(`${tenant.path}/api-keys`))[0]?.keyId);
    const answers = {
      TASK_NOT_FOUND: [
        await submitter.get(`${path}/tasks/${taskId}`),
        await submitter.get(`${path}/tasks/${taskId}/result`),
        await submitter.get(`${path}/tasks/${taskId}/history`),
        await submitter.post(`${path}/tasks/${taskId}/cancel`),
        await submitter.post(`${path}/tasks`, aTask({ parentTaskId: taskId })),
        await agent.post(`${path}/tasks/${taskId}/results`, { ...lease, status: 'FAILED' }),
        await agent.post(`${path}/tasks/${taskId}/lease`, lease),
        await agent.post(`${path}/tasks/${taskId}/release`, lease),
      ],
      REVIEW_NOT_FOUND: [
        await operator.get(`${path}/reviews/${held.reviewId}`),
        await operator.post(`${path}/reviews/${held.reviewId}/decision`, { status: 'APPROVED' }),
        await operator.post(`${path}/reviews/${held.reviewId}/assign`),
        await operator.post(`${path}/reviews/${held.reviewId}/unassign`),
      ],
      SESSION_NOT_FOUND: [
        await submitter.get(`${path}/sessions/${sessionId}`),
        await submitter.post(`${path}/sessions/${sessionId}/stop`),
        await submitter.get(`${path}/sessions/${sessionId}/events`),
        await submitter.post(`${path}/tasks`, aTask({ sessionId })),
      ],
      AGENT_NOT_FOUND: [
        await operator.get(`${path}/agents/writer`),
        await operator.delete(`${path}/agents/writer`),
      ],
      AGENT_NOT_REGISTERED: [
        await agent.post(`${path}/agents/writer/heartbeat`, { status: 'IDLE' }),
        await agent.post(`${path}/agents/writer/claims`, {}),
      ],
      API_KEY_NOT_FOUND: [await admin.delete(`${path}/api-keys/${keyId}`)],
    };
    for (const [code, refusals] of Object.entries(answers)) {
      for (const { body } of refusals) expect(body).toMatchObject({ status: 404, code });
    }
    for (const list of [`/audit?taskId=${taskId}`, `/audit?reviewId=${held.reviewId}`]) {
      expect(itemsOf(mustBe(200, await auditor.get(path + list)))).toEqual([]);
    }
    expect(itemsOf(mustBe(200, await submitter.get(`${path}/tasks?sessionId=${sessionId}`)))).toEqual([]);
    mustBe(200, await handIn(tenant, assignment));
  });

  it('takes no cursor of another', async () => {
    for (let count = 0; count < 2; count += 1) await submit(tenant, { kind: 'unclaimed' });
    const page = mustBe(200, await tenant.submitter.get(`${tenant.path}/tasks?limit=1`));
    const cursor = textOf(page.body.nextCursor);
    for (const wrong of [cursor, 'x', 'W10', Buffer.from('[1').toString('base64url')]) {
      const answer = await stranger.submitter.get(`${stranger.path}/tasks?limit=1&cursor=${wrong}`);
      expect(answer.body).toMatchObject({ status: 400, code: 'INVALID_CURSOR' });
    }
  });

  it('is counted: agents, tasks, what is ready, what waits for a person', async () => {
    const counted = await createTenant(url);
    const { operator, path } = counted;
    const empty = mustBe(200, await operator.get(`${path}/stats`));
    expect(empty.body).toMatchObject({
      ...{
        agents: { ACTIVE: 0, IDLE: 0, BUSY: 0, OFFLINE: 0, paused: 0 },
        queue: { ready: 0, oldestReadyMs: null },
      },
      reviews: { pending: 0, oldestPendingMs: null },
    });
    await register(counted, 'writer');
    await register(counted, 'paused');
    mustBe(200, await operator.post(`${path}/agents/paused/pause`));
    mustBe(200, await counted.agent.post(`${path}/agents/writer/heartbeat`, { status: 'BUSY' }));
    await hold(counted, 'writer');
    await submit(counted);
    await claimOne(counted, 'writer');
    await submit(counted);
    await submit(counted, { delayMs: 60_000 });
    const { body } = mustBe(200, await operator.get(`${path}/stats`));
    expect(body).toMatchObject({
      agents: { ACTIVE: 0, IDLE: 1, BUSY: 1, OFFLINE: 0, paused: 1 },
      tasks: { QUEUED: 2, RUNNING: 1, NEEDS_REVIEW: 1, SUCCEEDED: 0 },
      queue: { ready: 1, oldestReadyMs: expect.any(Number) },
      reviews: { pending: 1, oldestPendingMs: expect.any(Number) },
    });
    expect(Number(body.queue?.oldestReadyMs)).toBeGreaterThanOrEqual(0);
    expect(Number(body.reviews?.oldestPendingMs)).toBeGreaterThanOrEqual(0);
  });

  const hold2 = async (kind: string) => hold(tenant, 'writer', { task: { kind } });
});
