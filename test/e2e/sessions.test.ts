import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aDoubtfulResult, aTask } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import {
  cardOf,
  claim,
  claimOne,
  decide,
  handIn,
  hold,
  listOf,
  register,
  resultOf,
  submit,
  taskOf,
  untilStatus,
} from '../support/fleet.js';

describe.each(modes)('a session on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start());
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    tenant = await createTenant(url);
    await register(tenant, 'writer');
  });

  it('is CREATED until its first task, then RUNNING, and PAUSED or STOPPED when told', async () => {
    const { submitter, operator, auditor, path } = tenant;
    const created = mustBe(201, await submitter.post(`${path}/sessions`, { requestedBy: 'nightly import' }));
    expect(created.body).toEqual({
      ...{ sessionId: expect.any(String), tenantId: tenant.tenantId, requestedBy: 'nightly import' },
      ...{ state: 'CREATED', createdAt: expect.any(String), updatedAt: created.body.createdAt },
    });
    const sessionId = textOf(created.body.sessionId);
    const stateAfter = async (step: string) => (await control(sessionId, step)).body.state;
    expect((await control(sessionId, 'resume')).body).toMatchObject({
      status: 409,
      code: 'SESSION_STATE_CONFLICT',
    });
    await submit(tenant, { sessionId });
    expect((await operator.get(`${path}/sessions/${sessionId}`)).body).toMatchObject({ state: 'RUNNING' });
    expect(await stateAfter('pause')).toBe('PAUSED');
    expect(await stateAfter('pause')).toBe('PAUSED');
    expect(await stateAfter('resume')).toBe('RUNNING');
    expect(await stateAfter('stop')).toBe('STOPPED');
    expect(await stateAfter('stop')).toBe('STOPPED');
    for (const step of ['pause', 'resume']) {
      expect((await control(sessionId, step)).body.code).toBe('SESSION_STATE_CONFLICT');
    }
    const events = itemsOf(await auditor.get(`${path}/audit`)).map(({ type }) => textOf(type));
    expect(events.filter((type) => type.startsWith('session.'))).toEqual([
      ...['session.created', 'session.started', 'session.paused', 'session.resumed', 'session.stopped'],
    ]);
  });

  it('may be paused before it has begun', async () => {
    const sessionId = await open();
    mustBe(200, await control(sessionId, 'pause'));
    const taskId = await submit(tenant, { sessionId });
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toEqual([]);
    mustBe(200, await control(sessionId, 'resume'));
    expect((await claimOne(tenant, 'writer')).taskId).toBe(taskId);
  });

  it('hands out nothing while it is paused, and everything once it is resumed', async () => {
    const sessionId = await open();
    const before = await submit(tenant, { sessionId, priority: 100 });
    const inHand = await claimOne(tenant, 'writer');
    const approved = await holdInSession(sessionId);
    mustBe(200, await control(sessionId, 'pause'));
    const { reviewId } = await taskOf(tenant, approved);
    mustBe(200, await decide(tenant, textOf(reviewId)));
    const during = await submit(tenant, { sessionId });
    const tasks = [aTask({ sessionId }), aTask({ sessionId }), aTask()];
    const batch = mustBe(202, await tenant.submitter.post(`${tenant.path}/tasks/batch`, { tasks }));
    const batched = itemsOf(batch).map(({ taskId }) => textOf(taskId));
    const outside = batched.pop();

    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toMatchObject([{ taskId: outside }]);
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toEqual([]);
    mustBe(200, await handIn(tenant, inHand));
    expect(await resultOf(tenant, before)).toMatchObject({ status: 'SUCCEEDED' });

    mustBe(200, await control(sessionId, 'resume'));
    const resumed = await claim(tenant, 'writer', { maxTasks: 100, waitMs: 5_000 });
    expect(resumed.map(({ taskId }) => taskId).toSorted()).toEqual([approved, during, ...batched].toSorted());
  });

  it('wakes an agent that waits, when it is resumed', async () => {
    const sessionId = await open();
    mustBe(200, await control(sessionId, 'pause'));
    const taskId = await submit(tenant, { sessionId });
    const waiting = claim(tenant, 'writer', { waitMs: 3_000 });
    expect(await claim(tenant, 'writer')).toEqual([]);
    mustBe(200, await control(sessionId, 'resume'));
    expect(await waiting).toMatchObject([{ taskId }]);
  });

  it('cancels what has not finished when it is stopped, wherever that stands', async () => {
    const { agent, submitter, path } = tenant;
    const sessionId = await open();
    const done = await submit(tenant, { sessionId });
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer')));
    const held = await holdInSession(sessionId);
    const approved = await holdInSession(sessionId);
    mustBe(200, await decide(tenant, textOf((await taskOf(tenant, approved)).reviewId)));
    const running = await submit(tenant, { sessionId, priority: 100 });
    const inHand = await claimOne(tenant, 'writer', { kinds: ['support.reply'] });
    const queued = await submit(tenant, { sessionId });
    const outside = await submit(tenant);
    const heldCard = textOf((await taskOf(tenant, held)).reviewId);

    mustBe(200, await control(sessionId, 'stop'));
    for (const taskId of [held, approved, running, queued]) {
      const task = await untilStatus(tenant, taskId, 'CANCELLED');
      expect(task.error).toMatchObject({ code: 'SESSION_STOPPED' });
    }
    expect(await taskOf(tenant, done)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await cardOf(tenant, heldCard)).toMatchObject({ status: 'EXPIRED' });
    expect([approved, running]).toContain(inHand.taskId);
    expect((await handIn(tenant, inHand)).body.code).toBe('LEASE_LOST');
    const beat = mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, { status: 'IDLE' }));
    expect(listOf(beat.body.cancelledTaskIds)).toContain(inHand.taskId);
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toMatchObject([{ taskId: outside }]);

    const late = await submitter.post(`${path}/tasks`, aTask({ sessionId }));
    expect(late.body).toMatchObject({ status: 409, code: 'SESSION_STATE_CONFLICT' });
    const tasks = [aTask(), aTask({ sessionId })];
    const batch = await submitter.post(`${path}/tasks/batch`, { tasks });
    expect(batch.body).toMatchObject({ status: 409, code: 'SESSION_STATE_CONFLICT' });
    const all = itemsOf(await submitter.get(`${path}/tasks?limit=200`));
    expect(all).toHaveLength(6);
  });

  it('stops with more tasks than one round cancels', async () => {
    const sessionId = await open();
    const tasks = Array.from({ length: 450 }, () => aTask({ sessionId }));
    mustBe(202, await tenant.submitter.post(`${tenant.path}/tasks/batch`, { tasks }));
    mustBe(200, await control(sessionId, 'pause'));
    mustBe(200, await control(sessionId, 'resume'));
    mustBe(200, await control(sessionId, 'stop'));
    const stats = mustBe(200, await tenant.submitter.get(`${tenant.path}/stats`));
    expect(stats.body.tasks).toMatchObject({ QUEUED: 0, CANCELLED: 450 });
  });

  it('lists its own tasks', async () => {
    const [one, other] = [await open(), await open()];
    const own = [await submit(tenant, { sessionId: one }), await submit(tenant, { sessionId: one })];
    await submit(tenant, { sessionId: other });
    await submit(tenant);
    const listed = itemsOf(await tenant.submitter.get(`${tenant.path}/tasks?sessionId=${one}`));
    expect(listed.map(({ taskId }) => taskId)).toEqual(own.toReversed());
  });

  it('is not there unless it was made', async () => {
    const { submitter, path } = tenant;
    const nowhere = `${path}/sessions/01890000-0000-7000-8000-000000000000`;
    for (const answer of [
      await submitter.get(nowhere),
      await submitter.post(`${nowhere}/pause`),
      await submitter.post(`${nowhere}/stop`),
      await submitter.get(`${nowhere}/events`),
      await submitter.get(`${path}/sessions/not-a-uuid`),
      await submitter.post(`${path}/tasks`, aTask({ sessionId: '01890000-0000-7000-8000-000000000000' })),
    ]) {
      expect(answer.body).toMatchObject({ status: 404, code: 'SESSION_NOT_FOUND' });
    }
  });

  const open = async () =>
    textOf(mustBe(201, await tenant.submitter.post(`${tenant.path}/sessions`, {})).body.sessionId);
  const control = (sessionId: string, step: string) =>
    tenant.operator.post(`${tenant.path}/sessions/${sessionId}/${step}`);
  const holdInSession = async (sessionId: string) =>
    (await hold(tenant, 'writer', { task: { sessionId }, result: aDoubtfulResult() })).taskId;
});
