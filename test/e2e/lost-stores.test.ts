import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aTask } from '../factories.js';
import { type Link, openLink } from '../contract/link.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { type Answer, Client, itemsOf, textOf } from '../support/client.js';
import {
  claim,
  claimOne,
  decide,
  handIn,
  hold,
  register,
  resultOf,
  submit,
  taskOf,
  until,
} from '../support/fleet.js';

let store: TestStore;
let link: Link;
let tenant: TestTenant;
let anybody: Client;

/** A server with a link to one of its stores. */
async function start(mode: (typeof modes)[number], to: 'databaseUrl' | 'redisUrl'): Promise<void> {
  store = await createStore(mode);
  link = await openLink(store.config[to] ?? '');
  const { url } = await store.start({ [to]: link.url });
  tenant = await createTenant(url);
  anybody = new Client(url, '');
  await register(tenant, 'writer');
}

async function stop(): Promise<void> {
  await link.mend();
  await store.drop();
  await link.close();
}

/** The answer of a service that cannot do it now, and says when to ask again. */
function mustBeUnavailable(answer: Answer): void {
  expect(mustBe(503, answer).body).toMatchObject({ code: 'UNAVAILABLE' });
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

async function untilReady(ready: boolean): Promise<Answer> {
  return until(async () => {
    const answer = await anybody.get('/health/ready');
    return answer.status === (ready ? 200 : 503) && answer;
  });
}

describe('a service whose Redis is gone', () => {
  beforeEach(() => start('redis', 'redisUrl'));
  afterEach(stop);

  it('says which part is missing', async () => {
    await link.cut();
    const answer = await untilReady(false);
    expect(answer.body).toEqual({ ready: false, parts: { database: 'up', registry: 'down' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    await link.mend();
    expect((await untilReady(true)).body).toEqual({ ready: true, parts: { database: 'up', registry: 'up' } });
  });

  it('goes on accepting, deciding and reading, refuses claims, and catches up by itself', async () => {
    const { reviewId, taskId: held } = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
    const begun = await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    await link.cut();
    await untilReady(false);

    const { agent, submitter, operator, path } = tenant;
    const accepted = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      accepted.add(await submit(tenant));
      mustBeUnavailable(await agent.post(`${path}/agents/writer/claims`, {}));
      mustBeUnavailable(await agent.post(`${path}/agents/writer/heartbeat`, { status: 'ACTIVE' }));
    }
    const batch = mustBe(202, await submitter.post(`${path}/tasks/batch`, { tasks: [aTask(), aTask()] }));
    for (const { taskId } of itemsOf(batch)) accepted.add(textOf(taskId));
    expect(accepted.size).toBe(7);
    for (const taskId of accepted) expect((await taskOf(tenant, taskId)).status).toBe('QUEUED');
    expect(itemsOf(mustBe(200, await submitter.get(`${path}/tasks?status=QUEUED`)))).toHaveLength(7);
    expect(itemsOf(mustBe(200, await operator.get(`${path}/reviews?status=PENDING`)))).toHaveLength(1);
    mustBe(200, await handIn(tenant, assignment));
    mustBe(200, await decide(tenant, reviewId));
    for (const taskId of [begun, held])
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED' });

    await link.mend();
    await untilReady(true);
    const done = new Set<string>();
    await until(async () => {
      for (const work of await claim(tenant, 'writer', { maxTasks: 10, waitMs: 500 })) {
        expect(done.has(work.taskId)).toBe(false);
        mustBe(200, await handIn(tenant, work));
        done.add(work.taskId);
      }
      return done.size === accepted.size;
    }, 20_000);
    expect(done).toEqual(accepted);
  });
});

describe.each(modes)('a service whose PostgreSQL is gone, on %s', (mode) => {
  beforeEach(() => start(mode, 'databaseUrl'));
  afterEach(stop);

  it('is not ready and says so, refuses, and has lost nothing that it confirmed', async () => {
    const confirmed = [await submit(tenant), await submit(tenant)];
    const begun = await claimOne(tenant, 'writer');
    await link.cut();
    const { body } = await untilReady(false);
    const registry = mode === 'redis' ? 'up' : 'down';
    expect(body).toEqual({ ready: false, parts: { database: 'down', registry } });
    mustBe(200, await anybody.get('/health/live'));
    const { agent, submitter, operator, path } = tenant;
    const headers = { 'idempotency-key': 'asked-in-vain' };
    const refused = [
      submitter.send('POST', `${path}/tasks`, aTask(), headers),
      submitter.get(`${path}/tasks`),
      operator.get(`${path}/reviews`),
      agent.post(`${path}/agents/writer/claims`, {}),
      handIn(tenant, begun),
    ];
    for (const answer of await Promise.all(refused)) mustBeUnavailable(answer);

    await link.mend();
    await untilReady(true);
    const again = mustBe(202, await submitter.send('POST', `${path}/tasks`, aTask(), headers));
    mustBe(200, await handIn(tenant, begun));
    const left = new Set([...confirmed, textOf(again.body.taskId)]);
    left.delete(begun.taskId);
    while (left.size > 0) {
      const work = await claimOne(tenant, 'writer', { waitMs: 20_000 });
      mustBe(200, await handIn(tenant, work));
      expect(left.delete(work.taskId)).toBe(true);
    }
    for (const taskId of confirmed)
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED' });
  });
});
