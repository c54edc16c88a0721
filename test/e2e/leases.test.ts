import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import pg from 'pg';
import { aDoubtfulResult, aFailure, aResult } from '../factories.js';
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
  type Assignment,
  cardOf,
  claim,
  claimOne,
  handIn,
  historyOf,
  listOf,
  msBetween,
  register,
  resultOf,
  submit,
  taskOf,
  until,
  untilStatus,
} from '../support/fleet.js';

const leaseMs = 1_500;

const waitingForKeys = `SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%api_keys%'`;

describe.each(modes)('the lease on a task on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start({ leaseMs }));
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    tenant = await createTenant(url);
    await register(tenant, 'writer');
  });

  /** A claim on a connection of its own, which the test can break. */
  const claimBy = (agentId: string, body: string) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST ${tenant.path}/agents/${agentId}/claims HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n` +
        `authorization: Bearer ${tenant.agent.key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  };

  it('goes to one agent, however many ask at the same instant', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => register(tenant, `rival-${index}`)));
    for (let round = 0; round < 5; round += 1) {
      const asking = Array.from({ length: 8 }, (_, index) =>
        claim(tenant, `rival-${index}`, { waitMs: 700 }),
      );
      const taskId = await submit(tenant);
      const got = (await Promise.all(asking)).flat();
      expect(got.map((assignment) => assignment.taskId)).toEqual([taskId]);
      await Promise.all(got.map((assignment) => handIn(tenant, assignment)));
    }
  });

  it('goes back when the answer that carried it is lost with its connection, though the agent lives on', async () => {
    await register(tenant, 'other');
    const taskId = await submit(tenant);
    const socket = claimBy('writer', '{}');
    await once(socket, 'data');
    socket.resetAndDestroy();
    const [assignment] = await claim(tenant, 'other', { waitMs: 20_000 });
    expect(assignment).toMatchObject({ taskId });
    const causes = (await historyOf(tenant, taskId)).map(({ payload }) => payload?.['cause']);
    expect(causes).toContain('UNDELIVERED');
  });

  it('never goes to whoever hung up before the key was looked up', async () => {
    await register(tenant, 'other');
    const holder = new pg.Client(store.config.databaseUrl);
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE');
    const gone = [1, 2, 3].map(() => claimBy('writer', `{"waitMs":30000}`));
    await Promise.all(gone.map((socket) => once(socket, 'connect')));
    await until(async () => {
      // What a transaction has seen of other sessions it sees until it asks anew.
      await holder.query('SELECT pg_stat_clear_snapshot()');
      return ((await holder.query(waitingForKeys)).rowCount ?? 0) > 0;
    });
    for (const socket of gone) socket.destroy();
    await holder.query('COMMIT');
    await holder.end();
    const taskId = await submit(tenant);
    expect(await claim(tenant, 'other', { waitMs: 20_000 })).toMatchObject([{ taskId }]);
    const types = (await historyOf(tenant, taskId)).map(({ type }) => type);
    expect(types).toEqual(['task.queued', 'task.running']);
  });

  it('is lost when it runs out: the task goes to another agent, and the late result changes nothing', async () => {
    const { auditor, path } = tenant;
    const taskId = await submit(tenant);
    const late = await claimOne(tenant, 'writer');
    await register(tenant, 'other');
    const next = await claimOne(tenant, 'other');
    expect(next).toMatchObject({ taskId, body: { attempt: 2 } });
    expect(next.leaseToken).not.toBe(late.leaseToken);

    const before = await taskOf(tenant, taskId);
    for (const body of [aResult(), aDoubtfulResult(), aFailure({ retryable: false })]) {
      expect((await handIn(tenant, late, body)).body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
    }
    expect((await extend(late)).body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
    expect((await release(late)).body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
    expect((await handIn(tenant, { ...next, agentId: 'writer' })).status).toBe(409);
    expect((await handIn(tenant, { ...late, agentId: 'other' })).status).toBe(409);
    expect(await taskOf(tenant, taskId)).toEqual(before);

    mustBe(200, await handIn(tenant, next));
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED', producedBy: 'other' });
    const causes = (await historyOf(tenant, taskId)).map(({ type, payload }) => [type, payload?.cause]);
    expect(causes.slice(0, 3)).toEqual([
      ['task.queued', 'SUBMITTED'],
      ['task.running', undefined],
      ['task.queued', 'LEASE_LOST'],
    ]);
    expect((await auditor.get(`${path}/audit/verify`)).body).toMatchObject({ valid: true });
  });

  it('counts as an attempt when it is lost', async () => {
    const taskId = await submit(tenant, { maxAttempts: 1 });
    await claimOne(tenant, 'writer');
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'FAILED', output: null });
    expect(await taskOf(tenant, taskId)).toMatchObject({ error: { code: 'LEASE_LOST' } });
  });

  it('is renewed by heartbeats, for as long as they come', async () => {
    const { agent, path } = tenant;
    await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    const started = Date.now();
    let end = assignment.body.leaseExpiresAt;
    await until(async () => {
      const beat = mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, { status: 'BUSY' }));
      const [lease] = listOf(beat.body.leases);
      expect(lease?.taskId).toBe(assignment.taskId);
      expect(msBetween(end, lease?.leaseExpiresAt)).toBeGreaterThanOrEqual(0);
      end = lease?.leaseExpiresAt;
      return Date.now() - started > 2 * leaseMs;
    });
    mustBe(200, await handIn(tenant, assignment));
  });

  it('ends under heartbeats that do not name the task, and the work goes to another', async () => {
    const { agent, path } = tenant;
    const [held, lost] = [await submit(tenant), await submit(tenant)];
    const first = await claimOne(tenant, 'writer');
    await claimOne(tenant, 'writer');
    const taskIds = [held];
    const beat = async () =>
      mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, { status: 'BUSY', taskIds }));
    expect(listOf((await beat()).body.leases).map(({ taskId }) => taskId)).toEqual([held, lost]);
    await until(async () => {
      await beat();
      const { status } = await taskOf(tenant, lost);
      return textOf(status) !== 'RUNNING';
    });
    await register(tenant, 'other');
    expect(await claimOne(tenant, 'other')).toMatchObject({ taskId: lost });
    mustBe(200, await handIn(tenant, first));
  });

  it('can be made longer by its holder alone', async () => {
    const taskId = await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    const longer = mustBe(200, await extend(assignment, { extendMs: 60_000 }));
    expect(msBetween(assignment.body.leaseExpiresAt, longer.body.leaseExpiresAt)).toBeGreaterThan(50_000);
    const shorter = mustBe(200, await extend(assignment));
    expect(msBetween(shorter.body.leaseExpiresAt, longer.body.leaseExpiresAt)).toBeGreaterThan(50_000);
    expect((await extend({ ...assignment, leaseToken: 'another' })).body.code).toBe('LEASE_LOST');
    expect((await extend({ ...assignment, taskId: unknownId })).body.code).toBe('TASK_NOT_FOUND');
    expect(await untilStatus(tenant, taskId, 'RUNNING')).toMatchObject({ attempt: 1 });
  });

  describe('under which a result was handed in', () => {
    it('gives the same submission the same answer and one card, and another submission nothing', async () => {
      const taskId = await submit(tenant);
      const assignment = await claimOne(tenant, 'writer');
      const receipts = await Promise.all(
        Array.from({ length: 6 }, () => handIn(tenant, assignment, aDoubtfulResult())),
      );
      const first = mustBe(200, await handIn(tenant, assignment, aDoubtfulResult())).body;
      for (const { body } of receipts) expect(body).toEqual(first);
      expect(await cardOf(tenant, textOf(first.reviewId))).toMatchObject({ taskId, status: 'PENDING' });
      expect(itemsOf(await tenant.operator.get(`${tenant.path}/reviews`))).toHaveLength(1);

      const other = await handIn(tenant, assignment, aDoubtfulResult({ confidence: 0.51 }));
      expect(other.body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
      expect((await historyOf(tenant, taskId)).map(({ type }) => type)).toEqual([
        ...['task.queued', 'task.running', 'task.needs_review', 'review.created'],
      ]);
    });

    it('still gives that answer once the task has moved on', async () => {
      const { operator, path } = tenant;
      await submit(tenant);
      const assignment = await claimOne(tenant, 'writer');
      const first = mustBe(200, await handIn(tenant, assignment, aDoubtfulResult()));
      const decision = `${path}/reviews/${textOf(first.body.reviewId)}/decision`;
      mustBe(200, await operator.post(decision, { status: 'REJECTED' }));
      expect((await handIn(tenant, assignment, aDoubtfulResult())).body).toEqual(first.body);
      expect(first.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW' });
    });

    it('takes exactly one of two different results that come at once', async () => {
      const taskId = await submit(tenant);
      const assignment = await claimOne(tenant, 'writer');
      const answers = await Promise.all([
        handIn(tenant, assignment, aResult({ output: 'one' })),
        handIn(tenant, assignment, aResult({ output: 'two' })),
      ]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const winner = answers[0].status === 200 ? 'one' : 'two';
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED', output: winner });
    });

    it('is of no use for another task', async () => {
      const [one, two] = [await submit(tenant), await submit(tenant)];
      const [first, second] = await claim(tenant, 'writer', { maxTasks: 2 });
      if (!first || !second) throw new Error('There was no work.');
      expect([first.taskId, second.taskId].toSorted()).toEqual([one, two].toSorted());
      mustBe(200, await handIn(tenant, first));
      expect((await handIn(tenant, { ...first, taskId: second.taskId })).body.code).toBe('LEASE_LOST');
      expect(await taskOf(tenant, second.taskId)).toMatchObject({ status: 'RUNNING' });
      mustBe(200, await handIn(tenant, second));
    });
  });

  const unknownId = '01890000-0000-7000-8000-000000000000';
  const extend = ({ agentId, taskId, leaseToken }: Assignment, more = {}) =>
    tenant.agent.post(`${tenant.path}/tasks/${taskId}/lease`, { agentId, leaseToken, ...more });
  const release = ({ agentId, taskId, leaseToken }: Assignment) =>
    tenant.agent.post(`${tenant.path}/tasks/${taskId}/release`, { agentId, leaseToken });
});
