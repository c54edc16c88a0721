import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { aResult, aTask } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { textOf } from '../support/client.js';
import { follow } from '../support/event-stream.js';
import { claimOne, handIn, hold, register, submit, until } from '../support/fleet.js';

describe.each(modes)('what one tenant was given, on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let stranger: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    const { url } = await store.start();
    [tenant, stranger] = await Promise.all([createTenant(url), createTenant(url)]);
    for (const one of [tenant, stranger]) await register(one, 'writer');
  });
  afterAll(() => store.drop());

  it('is no cursor of another: no list takes it', async () => {
    for (const one of [tenant, stranger]) {
      for (const agentId of ['a', 'b', 'c'])
        await register(one, agentId, { capabilities: [`kind-${agentId}`] });
      for (let nth = 0; nth < 3; nth += 1) {
        await hold(one, 'writer');
        mustBe(200, await one.operator.put(`${one.path}/policy`, {}));
        mustBe(201, await one.operator.post(`${one.path}/policy/drafts`, { policy: {} }));
      }
    }
    for (const list of [
      'tasks',
      'reviews',
      'reviews?sort=priority',
      'agents',
      'audit',
      'policy/versions',
      'policy/drafts',
      'api-keys',
    ]) {
      const limited = `${list}${list.includes('?') ? '&' : '?'}limit=1`;
      const first = mustBe(200, await tenant.admin.get(`${tenant.path}/${limited}`));
      const cursor = textOf(first.body.nextCursor);
      mustBe(200, await tenant.admin.get(`${tenant.path}/${limited}&cursor=${cursor}`));
      const answer = await stranger.admin.get(`${stranger.path}/${limited}&cursor=${cursor}`);
      expect({ list, ...answer.body }).toMatchObject({ list, status: 400, code: 'INVALID_CURSOR' });
    }
  });

  it('is an idempotency key that means nothing to another', async () => {
    const headers = { 'idempotency-key': 'the-same-for-both' };
    const sent = (to: TestTenant, text: string) =>
      to.submitter.post(`${to.path}/tasks`, aTask({ kind: 'nobody-takes-it', input: { text } }), headers);
    const own = mustBe(202, await sent(tenant, 'one'));
    const theirs = mustBe(202, await sent(stranger, 'two'));
    expect(theirs.body.taskId).not.toBe(own.body.taskId);
    expect((await sent(tenant, 'one')).body.taskId).toBe(own.body.taskId);
    expect((await sent(stranger, 'one')).body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it("is an event's id that leads another to nothing but its own events", async () => {
    const { submitter, path } = tenant;
    const seen = await follow(submitter, `${path}/events`, '0');
    const last = (await seen.untilCount(3)).at(-1)?.id ?? '';
    seen.close();
    const theirs = await follow(stranger.submitter, `${stranger.path}/events`, last);
    const taskId = await submit(stranger, { kind: 'nobody-takes-it' });
    await until(() => Promise.resolve(theirs.events.some(({ data }) => textOf(data.taskId) === taskId)));
    theirs.close();
    expect(new Set(theirs.events.map(({ data }) => data.tenantId))).toEqual(new Set([stranger.tenantId]));
    expect(theirs.text()).not.toContain(tenant.tenantId);
    const refused = await stranger.submitter.get(`${path}/events`, { 'last-event-id': last });
    expect(refused.body).toMatchObject({ status: 404, code: 'TENANT_NOT_FOUND' });
  });

  it('is a lease token that holds nothing of another, under the same ids of agents', async () => {
    const ids = { own: await submit(tenant), theirs: await submit(stranger) };
    const own = await claimOne(tenant, 'writer');
    const theirs = await claimOne(stranger, 'writer');
    expect([own.taskId, theirs.taskId]).toEqual([ids.own, ids.theirs]);
    const crossed = { ...theirs, leaseToken: own.leaseToken };
    expect((await handIn(stranger, crossed, aResult())).body).toMatchObject({
      status: 409,
      code: 'LEASE_LOST',
    });
    const lease = { agentId: 'writer', leaseToken: own.leaseToken };
    for (const call of ['lease', 'release']) {
      const answer = await stranger.agent.post(`${stranger.path}/tasks/${theirs.taskId}/${call}`, lease);
      expect(answer.body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
      const absent = await stranger.agent.post(`${stranger.path}/tasks/${own.taskId}/${call}`, lease);
      expect(absent.body).toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' });
    }
    mustBe(200, await handIn(tenant, own, aResult()));
    mustBe(200, await handIn(stranger, theirs, aResult()));
    // A lease that is over has left a result, which another tenant does not get to see by its token.
    const again = await handIn(stranger, { ...theirs, leaseToken: own.leaseToken }, aResult());
    expect(again.body).toMatchObject({ status: 409 });
  });
});

describe('keys in Redis', () => {
  /** What belongs to the installation and not to a tenant. */
  const ofAll =
    /^chimera:(registry:(tenants|whole)|(backtests|reviews|tasks-delayed):[a-z-]+|limit:(credential:admin|login:.+))$/;

  it('each name their tenant, or belong to the installation', async () => {
    const store = await createStore('redis', { rateLimitTenant: 1_000, rateLimitCredential: 1_000 });
    const { url } = await store.start();
    const [tenant, stranger] = await Promise.all([createTenant(url), createTenant(url)]);
    for (const one of [tenant, stranger]) {
      await register(one, 'writer', { capabilities: ['support.reply', 'waiting'] });
      await hold(one, 'writer');
      await submit(one, { kind: 'waiting' });
      await submit(one, { kind: 'later', delayMs: 60_000 });
      mustBe(
        200,
        await one.agent.post(`${one.path}/agents/writer/heartbeat`, {
          status: 'IDLE',
          metrics: { from: one.tenantId },
        }),
      );
      mustBe(200, await one.operator.post(`${one.path}/agents/writer/pause`));
    }
    const keys = await keysIn(store.config.redisUrl ?? '');
    await store.drop();
    const nobodys = keys.filter((key) => !key.includes(tenant.tenantId) && !key.includes(stranger.tenantId));
    expect(keys.length).toBeGreaterThan(nobodys.length);
    expect(nobodys.filter((key) => !ofAll.test(key))).toEqual([]);
  });
});

async function keysIn(url: string): Promise<readonly string[]> {
  const redis = new Redis(url);
  try {
    const keys: string[] = [];
    for await (const some of redis.scanStream({ count: 1_000 })) keys.push(...(some as string[]));
    return keys;
  } finally {
    redis.disconnect();
  }
}
