import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Server } from '../../src/server.js';
import { aDoubtfulResult, aKind, aTask } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { Client, itemsOf, textOf } from '../support/client.js';
import { follow } from '../support/event-stream.js';
import {
  cardOf,
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
import { loseQueues, takeTicketAndDie } from '../support/queue-faults.js';

/** The same tenant, seen through another server. */
function through({ url }: Server, tenant: TestTenant): TestTenant {
  const moved = (client: Client) => new Client(url, client.key);
  const { admin, operator, submitter, agent, auditor } = tenant;
  return {
    ...tenant,
    ...{ admin: moved(admin), operator: moved(operator), submitter: moved(submitter) },
    ...{ agent: moved(agent), auditor: moved(auditor) },
  };
}

describe.each(modes)('two servers on one store on %s', (mode) => {
  let store: TestStore;
  let here: TestTenant;
  let there: TestTenant;
  let [first, second]: Server[] = [];

  beforeAll(async () => {
    store = await createStore(mode);
    [first, second] = await Promise.all([store.start(), store.start()]);
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    if (!first || !second) throw new Error('The servers are not there.');
    here = await createTenant(first.url);
    there = through(second, here);
    await register(here, 'writer');
  });

  it('answer a claim that waits at one when the task comes in at the other', async () => {
    for (let round = 0; round < 5; round += 1) {
      const waiting = claim(here, 'writer', { waitMs: 10_000 });
      expect(await claim(there, 'writer')).toEqual([]);
      const submitted = Date.now();
      const taskId = await submit(there);
      const [assignment] = await waiting;
      expect(Date.now() - submitted).toBeLessThan(1_000);
      if (!assignment) throw new Error('There was no work.');
      expect(assignment.taskId).toBe(taskId);
      mustBe(200, await handIn(there, assignment));
    }
  });

  it('wake who waits for a result at one when the task ends at the other', async () => {
    const taskId = await submit(here);
    const waiting = resultOf(here, taskId);
    const assignment = await claimOne(there, 'writer');
    const handedIn = Date.now();
    mustBe(200, await handIn(there, assignment));
    expect(await waiting).toMatchObject({ status: 'SUCCEEDED' });
    expect(Date.now() - handedIn).toBeLessThan(1_000);
  });

  it('tell the same events', async () => {
    const feed = await follow(here.submitter, `${here.path}/events`);
    const { reviewId } = await hold(there, 'writer');
    mustBe(200, await decide(there, reviewId, { status: 'REJECTED' }));
    const types = (await feed.untilType('task.rejected')).map(({ type }) => type);
    feed.close();
    expect(types).toEqual([
      ...['task.queued', 'task.running', 'task.needs_review', 'review.created'],
      ...['review.decided', 'task.rejected'],
    ]);
  });

  it('refuse a key at once wherever it was revoked', async () => {
    const { admin, path } = here;
    const made = mustBe(201, await admin.post(`${path}/api-keys`, { name: 'brief', role: 'OPERATOR' }));
    const holder = new Client(there.operator.url, textOf(made.body.key));
    mustBe(200, await holder.get(`${path}/stats`));
    mustBe(204, await admin.delete(`${path}/api-keys/${textOf(made.body.keyId)}`));
    expect((await holder.get(`${path}/stats`)).status).toBe(401);
  });

  it('make one task of one submission that reaches both at once', async () => {
    const { path } = here;
    for (let round = 0; round < 5; round += 1) {
      const header = { 'idempotency-key': `order-${round}` };
      const answers = await Promise.all(
        [here, there, here, there].map(({ submitter }) => submitter.post(`${path}/tasks`, aTask(), header)),
      );
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
      expect(new Set(answers.map(({ body }) => body.taskId)).size).toBe(1);
    }
    expect(await claim(here, 'writer', { maxTasks: 100 })).toHaveLength(5);
  });

  it('hand a task out once, and take one decision about a card', async () => {
    for (let round = 0; round < 5; round += 1) {
      const taskId = await submit(here);
      const claims = await Promise.all(
        [here, there].map((tenant) => claim(tenant, 'writer', { waitMs: 200 })),
      );
      const [assignment, ...others] = claims.flat();
      if (!assignment) throw new Error('There was no work.');
      expect([assignment.taskId, others]).toEqual([taskId, []]);
      const receipts = await Promise.all(
        [here, there].map((tenant) => handIn(tenant, assignment, aDoubtfulResult())),
      );
      expect(receipts[0]?.body).toEqual(receipts[1]?.body);
      const reviewId = textOf(receipts[0]?.body.reviewId);
      const other = await here.client('OPERATOR');
      const answers = await Promise.all([
        decide(there, reviewId, { status: 'APPROVED' }),
        other.post(`${here.path}/reviews/${reviewId}/decision`, { status: 'REJECTED' }),
      ]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const approved = answers[0].status === 200;
      expect(await cardOf(there, reviewId)).toMatchObject({ status: approved ? 'APPROVED' : 'REJECTED' });
      expect(await taskOf(here, taskId)).toMatchObject({ status: approved ? 'APPROVED' : 'REJECTED' });
      if (approved) mustBe(200, await here.submitter.post(`${here.path}/tasks/${taskId}/cancel`));
    }
  });

  it('lose nothing and do nothing twice when one of them is stopped in the middle', async () => {
    const stopped = await store.start();
    const leaving = through(stopped, here);
    const count = 300;
    const tasks = Array.from({ length: count }, () => aTask());
    mustBe(202, await here.submitter.post(`${here.path}/tasks/batch`, { tasks }));
    let done = 0;
    const work = async (agentId: string) => {
      let tenant = leaving;
      while (done < count) {
        try {
          for (const assignment of await claim(tenant, agentId, { maxTasks: 5, waitMs: 200 })) {
            const receipt = await handIn(tenant, assignment).catch(() => handIn(here, assignment));
            if (receipt.status === 200) done += 1;
            else if (receipt.status === 503) done += (await handIn(here, assignment)).status === 200 ? 1 : 0;
          }
        } catch {
          tenant = here;
        }
      }
    };
    const agents = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const agentId of agents) await register(here, agentId);
    const working = Promise.all(agents.map(work));
    await until(() => Promise.resolve(done >= count / 4));
    await stopped.stop();
    await working;
    const stats = mustBe(200, await here.operator.get(`${here.path}/stats`));
    expect(stats.body.tasks).toMatchObject({ SUCCEEDED: count, QUEUED: 0, RUNNING: 0, FAILED: 0 });
    expect(done).toBe(count);
    expect((await here.auditor.get(`${here.path}/audit/verify`)).body).toMatchObject({ valid: true });
  });

  it('end their streams and polls when they are stopped, and answer those first', async () => {
    const stopping = await store.start();
    const leaving = through(stopping, here);
    const feed = await follow(leaving.submitter, `${here.path}/events`);
    const taskId = await submit(here, { kind: 'support.plan' });
    await feed.untilType('task.queued');
    const waiting = [
      leaving.agent.post(`${here.path}/agents/writer/claims`, { waitMs: 30_000 }),
      leaving.submitter.get(`${here.path}/tasks/${taskId}/result?waitMs=30000`),
    ];
    expect(await claim(leaving, 'writer')).toEqual([]);
    await stopping.stop();
    await feed.ended;
    const [claimed, result] = await Promise.all(waiting);
    expect(claimed).toMatchObject({ status: 200, body: { items: [] } });
    expect(result?.body).toMatchObject({ status: 404, code: 'RESULT_NOT_READY', taskStatus: 'QUEUED' });
    expect((await here.admin.get('/health/ready')).body).toMatchObject({ ready: true });
  });
});

describe.each(modes)('what is ready on %s', (mode) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await createStore(mode);
  });
  afterAll(() => store.drop());

  it('is handed out again after the queues were lost, paused sessions excepted', async () => {
    const before = await store.start();
    const tenant = await createTenant(before.url);
    await register(tenant, 'writer');
    const { reviewId, taskId: approved } = await hold(tenant, 'writer');
    mustBe(200, await decide(tenant, reviewId));
    const [queued, other] = [await submit(tenant), await submit(tenant, { kind: 'legal.letter' })];
    const { submitter, path } = tenant;
    const sessionId = textOf(mustBe(201, await submitter.post(`${path}/sessions`, {})).body.sessionId);
    await submit(tenant, { sessionId });
    mustBe(200, await submitter.post(`${path}/sessions/${sessionId}/pause`));
    await before.stop();
    await loseQueues(store.config);

    const after = through(await store.start(), tenant);
    await register(after, 'lawyer', { capabilities: ['legal.letter'] });
    const expected = new Set([approved, queued]);
    while (expected.size > 0) {
      const assignment = await claimOne(after, 'writer');
      expect(expected.delete(assignment.taskId)).toBe(true);
    }
    expect((await claimOne(after, 'lawyer')).taskId).toBe(other);
    expect(await claim(after, 'writer', { maxTasks: 100 })).toEqual([]);
  });

  it('is handed out again after a process died that had just taken it from the queue', async () => {
    const server = await store.start();
    const tenant = await createTenant(server.url);
    await register(tenant, 'writer');
    const taskId = await submit(tenant);
    await takeTicketAndDie(store.config, tenant.tenantId, aKind);
    expect(await claim(tenant, 'writer')).toEqual([]);
    const assignment = await claimOne(tenant, 'writer', { waitMs: 20_000 });
    expect(assignment.taskId).toBe(taskId);
    mustBe(200, await handIn(tenant, assignment));
    expect(itemsOf(await tenant.submitter.get(`${tenant.path}/tasks?status=SUCCEEDED`))).toHaveLength(1);
  });
});
