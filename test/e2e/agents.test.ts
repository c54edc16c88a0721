import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aKind } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import { claim, claimOne, handIn, register, submit, taskOf, until, untilStatus } from '../support/fleet.js';

const heartbeatIntervalMs = 300;

describe.each(modes)('an agent on %s', (mode) => {
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
  });

  it('is known as it registered, and as it registered again', async () => {
    const { agent, operator, path } = tenant;
    const description = {
      ...{ name: 'Writer', role: 'PLANNER', version: '1.4.2', capabilities: ['a', 'b', 'a'] },
      ...{ maxConcurrentTasks: 7, metadata: { zone: 'eu' } },
    };
    const first = mustBe(200, await agent.put(`${path}/agents/writer`, description));
    expect(first.body).toMatchObject({
      ...description,
      capabilities: ['a', 'b'],
      status: 'IDLE',
      paused: false,
    });
    const again = mustBe(200, await agent.put(`${path}/agents/writer`, { capabilities: ['c'] }));
    expect(again.body).toMatchObject({
      ...{ agentId: 'writer', name: null, role: 'WORKER', version: null, capabilities: ['c'] },
      ...{ maxConcurrentTasks: 100, metadata: {}, registeredAt: first.body.registeredAt, currentTaskIds: [] },
    });
    expect(mustBe(200, await operator.get(`${path}/agents/writer`)).body).toMatchObject({
      capabilities: ['c'],
    });
  });

  it('says how it is in its heartbeats', async () => {
    const { agent, operator, path } = tenant;
    await register(tenant, 'writer');
    const beat = { status: 'BUSY', metrics: { cpu: 0.4, models: ['x'] } };
    const answer = mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, beat));
    expect(answer.body).toMatchObject({
      ...{ status: 'BUSY', heartbeatIntervalMs: 5_000, paused: false, leases: [], cancelledTaskIds: [] },
      lastSeen: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, { status: 'ACTIVE' }));
    const shown = mustBe(200, await operator.get(`${path}/agents/writer`));
    expect(shown.body).toMatchObject({ status: 'ACTIVE', metrics: beat.metrics });
  });

  it('is told to register when it is not known', async () => {
    const { agent, operator, path } = tenant;
    const beat = await agent.post(`${path}/agents/nobody/heartbeat`, { status: 'IDLE' });
    expect(beat.body).toMatchObject({ status: 404, code: 'AGENT_NOT_REGISTERED' });
    const asked = await agent.post(`${path}/agents/nobody/claims`, {});
    expect(asked.body).toMatchObject({ status: 404, code: 'AGENT_NOT_REGISTERED' });
    for (const answer of [
      await operator.get(`${path}/agents/nobody`),
      await operator.post(`${path}/agents/nobody/pause`),
      await operator.delete(`${path}/agents/nobody`),
    ]) {
      expect(answer.body).toMatchObject({ status: 404, code: 'AGENT_NOT_FOUND' });
    }
  });

  it('is listed by status and capability, part by part', async () => {
    const { agent, operator, path } = tenant;
    for (const id of ['a:1', 'B.2', 'c-3', 'd_4', '0'])
      await register(tenant, id, { capabilities: [aKind, id] });
    mustBe(200, await agent.post(`${path}/agents/c-3/heartbeat`, { status: 'BUSY' }));
    const idsOf = async (query: string) => {
      const answer = mustBe(200, await operator.get(`${path}/agents?${query}`));
      return itemsOf(answer).map(({ agentId }) => agentId);
    };
    expect(await idsOf('')).toEqual(['0', 'B.2', 'a:1', 'c-3', 'd_4']);
    expect(await idsOf('status=BUSY')).toEqual(['c-3']);
    expect(await idsOf('status=OFFLINE')).toEqual([]);
    expect(await idsOf('status=IDLE')).toEqual(['0', 'B.2', 'a:1', 'd_4']);
    expect(await idsOf('capability=a:1')).toEqual(['a:1']);
    expect(await idsOf(`status=IDLE&capability=${aKind}&limit=1`)).toEqual(['0']);
    const page = mustBe(200, await operator.get(`${path}/agents?limit=3`));
    const rest = mustBe(
      200,
      await operator.get(`${path}/agents?limit=3&cursor=${textOf(page.body.nextCursor)}`),
    );
    expect([...itemsOf(page), ...itemsOf(rest)].map(({ agentId }) => agentId)).toEqual(await idsOf(''));
    expect(rest.body.nextCursor).toBeNull();
  });

  it('gets only kinds that it has declared, and of those only what it asks for', async () => {
    await register(tenant, 'writer', { capabilities: ['a', 'b'] });
    await submit(tenant, { kind: 'c', priority: 100 });
    const b = await submit(tenant, { kind: 'b', priority: 90 });
    const a = await submit(tenant, { kind: 'a' });
    expect(await claim(tenant, 'writer', { maxTasks: 100, kinds: ['c'] })).toEqual([]);
    expect(await claim(tenant, 'writer', { maxTasks: 100, kinds: ['a', 'c'] })).toMatchObject([
      { taskId: a },
    ]);
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toMatchObject([{ taskId: b }]);
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toEqual([]);
  });

  it('never holds more tasks than it takes at once', async () => {
    const { operator, path } = tenant;
    await register(tenant, 'writer', { maxConcurrentTasks: 2 });
    for (let count = 0; count < 4; count += 1) await submit(tenant);
    const asked = await Promise.all([1, 2, 3].map(() => claim(tenant, 'writer', { maxTasks: 3 })));
    const held = asked.flat();
    expect(held).toHaveLength(2);
    expect(await claim(tenant, 'writer', { maxTasks: 3 })).toEqual([]);
    expect(await claim(tenant, 'writer', { maxTasks: 1 })).toEqual([]);
    const shown = mustBe(200, await operator.get(`${path}/agents/writer`));
    expect(shown.body.currentTaskIds).toEqual(held.map(({ taskId }) => taskId).toSorted());
    const [first] = held;
    if (!first) throw new Error('There was no work.');
    mustBe(200, await handIn(tenant, first));
    expect(await claim(tenant, 'writer', { maxTasks: 3 })).toHaveLength(1);
  });

  it('gets nothing while it is paused and is told so, but may finish what it has', async () => {
    const { agent, operator, path } = tenant;
    await register(tenant, 'writer');
    await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    expect(mustBe(200, await operator.post(`${path}/agents/writer/pause`)).body).toMatchObject({
      paused: true,
    });
    mustBe(200, await operator.post(`${path}/agents/writer/pause`));
    const next = await submit(tenant);
    expect(await claim(tenant, 'writer')).toEqual([]);
    await register(tenant, 'writer');
    expect(await claim(tenant, 'writer')).toEqual([]);
    const beat = await agent.post(`${path}/agents/writer/heartbeat`, { status: 'BUSY' });
    expect(beat.body).toMatchObject({ paused: true, leases: [{ taskId: assignment.taskId }] });
    mustBe(200, await handIn(tenant, assignment));
    expect(mustBe(200, await operator.post(`${path}/agents/writer/resume`)).body).toMatchObject({
      paused: false,
    });
    expect((await claimOne(tenant, 'writer')).taskId).toBe(next);
    const types = itemsOf(await operator.get(`${path}/audit`)).map(({ type }) => textOf(type));
    expect(types.filter((type) => /^agent\.(paused|resumed)$/.test(type))).toEqual([
      'agent.paused',
      'agent.resumed',
    ]);
  });

  it('leaves the work to those that can do it, when it waits and can not', async () => {
    const { operator, path } = tenant;
    await register(tenant, 'paused');
    await register(tenant, 'full', { maxConcurrentTasks: 1 });
    await register(tenant, 'ready');
    await submit(tenant);
    await claimOne(tenant, 'full');
    mustBe(200, await operator.post(`${path}/agents/paused/pause`));
    const hopeless = ['paused', 'full'].map((agentId) => claim(tenant, agentId, { waitMs: 2_500 }));
    // Those who have waited longest are woken first: by the end of this round trip the two stand before the third.
    expect(await claim(tenant, 'ready')).toEqual([]);
    const waiting = claim(tenant, 'ready', { waitMs: 2_500 });
    expect(await claim(tenant, 'paused')).toEqual([]);
    const started = Date.now();
    const taskId = await submit(tenant);
    expect(await waiting).toMatchObject([{ taskId }]);
    expect(Date.now() - started).toBeLessThan(1_500);
    expect((await Promise.all(hopeless)).flat()).toEqual([]);
  });

  it('gets nothing of a kind that it no longer takes, though it began to wait when it did', async () => {
    await register(tenant, 'writer');
    await register(tenant, 'other');
    const waiting = claim(tenant, 'writer', { waitMs: 1_500 });
    expect(await claim(tenant, 'other')).toEqual([]);
    await register(tenant, 'writer', { capabilities: ['legal.letter'] });
    const taskId = await submit(tenant);
    expect(await waiting).toEqual([]);
    expect(await claim(tenant, 'other')).toMatchObject([{ taskId }]);
  });

  it('gives its tasks back at once when it is removed, and must register again', async () => {
    const { agent, operator, path } = tenant;
    await register(tenant, 'writer');
    await register(tenant, 'other');
    const taskId = await submit(tenant);
    const lost = await claimOne(tenant, 'writer');
    mustBe(204, await operator.delete(`${path}/agents/writer`));
    expect((await claimOne(tenant, 'other')).taskId).toBe(taskId);
    expect((await handIn(tenant, lost)).body.code).toBe('LEASE_LOST');
    const beat = await agent.post(`${path}/agents/writer/heartbeat`, { status: 'IDLE' });
    expect(beat.body.code).toBe('AGENT_NOT_REGISTERED');
    expect((await agent.delete(`${path}/agents/writer`)).body.code).toBe('AGENT_NOT_FOUND');
    await register(tenant, 'writer');
    mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, { status: 'IDLE' }));
  });

  it('is gone when it has been removed, however busily it goes on with its heartbeats', async () => {
    const { agent, operator, path } = tenant;
    const ids = Array.from({ length: 25 }, (_, index) => `busy-${index}`);
    await Promise.all(ids.map((agentId) => register(tenant, agentId)));
    const alive = async (agentId: string) => {
      for (;;) {
        const beat = await agent.post(`${path}/agents/${agentId}/heartbeat`, { status: 'ACTIVE' });
        // It is told so while its removal is under way, and then for good.
        if (beat.status !== 200 && (await agent.get(`${path}/agents/${agentId}`)).status === 404) return;
      }
    };
    const lives = [...ids, ...ids, ...ids].map(alive);
    await Promise.all(
      ids.map(async (agentId) => mustBe(204, await operator.delete(`${path}/agents/${agentId}`))),
    );
    await Promise.all(lives);
    expect(itemsOf(mustBe(200, await operator.get(`${path}/agents`)))).toEqual([]);
  });

  describe('that falls silent', () => {
    it('is suspect, then offline, and its tasks go to others; it can come back', async () => {
      const watching = await store.start({ heartbeatIntervalMs });
      const quick = await createTenant(watching.url);
      const { agent, operator, path } = quick;
      await register(quick, 'silent');
      const taskId = await submit(quick);
      const lost = await claimOne(quick, 'silent');
      const typesOf = async () =>
        itemsOf(await operator.get(`${path}/audit`)).map(({ type }) => textOf(type));
      await until(async () => (await typesOf()).includes('agent.offline'));
      expect(await typesOf()).toContain('agent.suspect');
      expect(await untilStatus(quick, taskId, 'QUEUED')).toMatchObject({ error: { code: 'AGENT_OFFLINE' } });
      expect(mustBe(200, await operator.get(`${path}/agents/silent`)).body).toMatchObject({
        ...{ status: 'OFFLINE', currentTaskIds: [] },
      });
      expect(itemsOf(await operator.get(`${path}/agents?status=OFFLINE`))).toHaveLength(1);
      const stats = mustBe(200, await operator.get(`${path}/stats`));
      expect(stats.body.agents).toEqual({ ACTIVE: 0, IDLE: 0, BUSY: 0, OFFLINE: 1, paused: 0 });
      expect((await handIn(quick, lost)).body.code).toBe('LEASE_LOST');

      mustBe(200, await agent.post(`${path}/agents/silent/heartbeat`, { status: 'ACTIVE' }));
      expect((await typesOf()).at(-1)).toBe('agent.back');
      expect((await operator.get(`${path}/agents/silent`)).body).toMatchObject({ status: 'ACTIVE' });
      expect((await claimOne(quick, 'silent')).taskId).toBe(taskId);
      expect(await taskOf(quick, taskId)).toMatchObject({ status: 'RUNNING', attempt: 2 });
      await watching.stop();
    });
  });
});
