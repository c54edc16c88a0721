import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aDoubtfulResult, aFailure, aKind, aResult } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { textOf } from '../support/client.js';
import {
  cardOf,
  claim,
  claimOne,
  handIn,
  historyOf,
  hold,
  msBetween,
  register,
  resultOf,
  submit,
  taskOf,
  untilStatus,
} from '../support/fleet.js';

describe.each(modes)('the life of a task on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start());
    tenant = await createTenant(url);
    await register(tenant, 'writer');
  });
  afterAll(() => store.drop());

  it('ends with the result at once when nothing speaks against it', async () => {
    const taskId = await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    const output = { reply: 'Tomorrow.', parcels: [1, 2], note: null };
    const receipt = mustBe(200, await handIn(tenant, assignment, aResult({ output, confidence: 0.7 })));
    expect(receipt.body).toMatchObject({
      taskStatus: 'SUCCEEDED',
      decision: { outcome: 'APPROVE', reasons: [] },
    });
    const result = await resultOf(tenant, taskId);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output, confidence: 0.7, producedBy: 'writer' });
    expect(result).not.toHaveProperty('approval');
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED', attempt: 1, error: null });
  });

  it('may end with an output of null', async () => {
    const taskId = await submit(tenant, { input: null });
    const assignment = await claimOne(tenant, 'writer');
    expect(assignment.body.task).toMatchObject({ taskId, input: null });
    mustBe(200, await handIn(tenant, assignment, aResult({ output: null })));
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED', output: null });
  });

  it('needs a confidence for a proposal, and keeps the lease while there is none', async () => {
    await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    const refused = mustBe(400, await handIn(tenant, assignment, { status: 'SUCCEEDED', output: 'Monday.' }));
    expect(refused.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ pointer: '/confidence' }] });
    const liar = aResult({ outputDigest: `sha256:${'0'.repeat(64)}` });
    expect((await handIn(tenant, assignment, liar)).body).toMatchObject({
      status: 400,
      code: 'DIGEST_MISMATCH',
    });
    mustBe(200, await handIn(tenant, assignment));
  });

  it('is tried again after a failure, one second later and then two, until its attempts are used up', async () => {
    const taskId = await submit(tenant, { maxAttempts: 3 });
    for (const attempt of [1, 2, 3]) {
      const assignment = await claimOne(tenant, 'writer');
      expect(assignment.body).toMatchObject({ attempt, stage: 'PROPOSE' });
      const receipt = mustBe(200, await handIn(tenant, assignment, aFailure()));
      expect(receipt.body.taskStatus).toBe(attempt < 3 ? 'QUEUED' : 'FAILED');
      expect(receipt.body).not.toHaveProperty('decision');
    }
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'FAILED', output: null });
    const error = { code: 'UPSTREAM_TIMEOUT', message: 'The shop did not answer.', retryable: true };
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'FAILED', attempt: 3, error });

    const history = await historyOf(tenant, taskId);
    const at = history.map((event) => event.at);
    expect(history.map(({ type }) => type)).toEqual([
      ...['task.queued', 'task.running', 'task.queued', 'task.running'],
      ...['task.queued', 'task.running', 'task.failed'],
    ]);
    expect(msBetween(at[2], at[3])).toBeGreaterThanOrEqual(1_000);
    expect(msBetween(at[4], at[5])).toBeGreaterThanOrEqual(2_000);
  });

  it('fails at once when the agent says that another attempt is of no use', async () => {
    const taskId = await submit(tenant);
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), aFailure({ retryable: false })));
    const task = await taskOf(tenant, taskId);
    expect(task).toMatchObject({ status: 'FAILED', attempt: 1, error: { code: 'UPSTREAM_TIMEOUT' } });
    expect(msBetween(task.createdAt, task.completedAt)).toBeGreaterThanOrEqual(0);
  });

  it('takes a failure without an explanation as one that may pass', async () => {
    const taskId = await submit(tenant, { maxAttempts: 1 });
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), { status: 'FAILED' }));
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'FAILED', error: { code: 'AGENT_FAILED' } });
  });

  it('times out when its attempts take too long, and never asks a late agent', async () => {
    const taskId = await submit(tenant, { timeoutMs: 200, maxAttempts: 2 });
    const first = await claimOne(tenant, 'writer');
    const { body } = first;
    expect(msBetween(body.task?.startedAt, body.leaseExpiresAt)).toBeLessThanOrEqual(200);
    const second = await claimOne(tenant, 'writer');
    expect(second).toMatchObject({ taskId, body: { attempt: 2 } });
    expect((await handIn(tenant, first)).body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'TIMED_OUT', output: null });
    expect(await taskOf(tenant, taskId)).toMatchObject({ error: { code: 'TIMED_OUT' } });
  });

  it('does not run longer than its time-out, however much the lease is extended', async () => {
    const { agent, path } = tenant;
    const taskId = await submit(tenant, { timeoutMs: 2_000, maxAttempts: 1 });
    const assignment = await claimOne(tenant, 'writer');
    const { agentId, leaseToken, body } = assignment;
    const extension = { agentId, leaseToken, extendMs: 60_000 };
    const lease = mustBe(200, await agent.post(`${path}/tasks/${taskId}/lease`, extension));
    expect(lease.body.leaseExpiresAt).toBe(body.leaseExpiresAt);
    mustBe(200, await handIn(tenant, assignment));
  });

  it('goes to the agent that asks next after a release, and has used no attempt up', async () => {
    const { agent, path } = tenant;
    const taskId = await submit(tenant, { maxAttempts: 1 });
    const { agentId, leaseToken } = await claimOne(tenant, 'writer');
    mustBe(204, await agent.post(`${path}/tasks/${taskId}/release`, { agentId, leaseToken }));
    const again = await agent.post(`${path}/tasks/${taskId}/release`, { agentId, leaseToken });
    expect(again.body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'QUEUED', agentId: null });
    const next = await claimOne(tenant, 'writer');
    expect(next).toMatchObject({ taskId, body: { attempt: 2 } });
    mustBe(200, await handIn(tenant, next));
  });

  it('is handed out by priority, and by age among equals', async () => {
    const order = [10, 90, 50, 90, 0, 100];
    const submitted: { priority: number; taskId: string }[] = [];
    for (const priority of order) submitted.push({ priority, taskId: await submit(tenant, { priority }) });
    const expected = submitted.toSorted((one, other) => other.priority - one.priority);
    const got = await claim(tenant, 'writer', { maxTasks: 100 });
    expect(got.map(({ taskId }) => taskId)).toEqual(expected.map(({ taskId }) => taskId));
    await Promise.all(got.map((assignment) => handIn(tenant, assignment)));
  });

  it('is not handed out before its delay is over', async () => {
    const taskId = await submit(tenant, { delayMs: 700, priority: 100 });
    const marker = await submit(tenant, { priority: 0 });
    const early = await claim(tenant, 'writer', { maxTasks: 100 });
    expect(early).toMatchObject([{ taskId: marker }]);
    const late = await claimOne(tenant, 'writer');
    expect(late.taskId).toBe(taskId);
    const { createdAt, startedAt } = await taskOf(tenant, taskId);
    expect(msBetween(createdAt, startedAt)).toBeGreaterThanOrEqual(700);
    for (const assignment of [...early, late]) mustBe(200, await handIn(tenant, assignment));
  });

  it('tells whoever follows its parent how it ended', async () => {
    const parentTaskId = await submit(tenant, { kind: 'support.plan' });
    const taskId = await submit(tenant, { parentTaskId });
    const assignment = await claimOne(tenant, 'writer');
    expect(assignment.body.task).toMatchObject({ taskId, parentTaskId });
    mustBe(200, await handIn(tenant, assignment));
    const history = await historyOf(tenant, taskId);
    expect(history.at(-1)).toMatchObject({ type: 'task.succeeded', payload: { parentTaskId } });
    const orphan = await tenant.submitter.post(`${tenant.path}/tasks`, {
      ...{ kind: aKind, input: {} },
      parentTaskId: '01890000-0000-7000-8000-000000000000',
    });
    expect(orphan.body).toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' });
    await submitCancel(parentTaskId);
  });

  describe('when it is cancelled', () => {
    it('ends from QUEUED, and is never handed out', async () => {
      const taskId = await submit(tenant, { priority: 100 });
      expect((await submitCancel(taskId)).body).toMatchObject({
        status: 'CANCELLED',
        error: { code: 'CANCELLED_BY_CALLER' },
      });
      const marker = await submit(tenant, { priority: 0 });
      const next = await claimOne(tenant, 'writer');
      expect(next.taskId).toBe(marker);
      mustBe(200, await handIn(tenant, next));
    });

    it('ends from RUNNING, tells the agent in its heartbeat, and takes nothing more from it', async () => {
      const { agent, path } = tenant;
      const taskId = await submit(tenant);
      const assignment = await claimOne(tenant, 'writer');
      mustBe(200, await submitCancel(taskId));
      const heartbeat = mustBe(200, await agent.post(`${path}/agents/writer/heartbeat`, { status: 'BUSY' }));
      expect(heartbeat.body.cancelledTaskIds).toEqual([taskId]);
      expect(heartbeat.body.leases).toEqual([]);
      expect((await handIn(tenant, assignment)).body).toMatchObject({ status: 409, code: 'LEASE_LOST' });
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'CANCELLED', output: null });
    });

    it('ends from NEEDS_REVIEW, and its card expires with it', async () => {
      const { taskId, reviewId } = await hold(tenant, 'writer');
      mustBe(200, await submitCancel(taskId));
      expect(await cardOf(tenant, reviewId)).toMatchObject({ status: 'EXPIRED', operatorId: null });
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'CANCELLED', output: null });
      const types = (await historyOf(tenant, taskId)).map(({ type }) => type);
      expect(types.slice(-2)).toEqual(['review.expired', 'task.cancelled']);
    });

    it('ends from APPROVED, and is never carried out', async () => {
      const { taskId, reviewId } = await hold(tenant, 'writer', { result: aDoubtfulResult() });
      mustBe(
        200,
        await tenant.operator.post(`${tenant.path}/reviews/${reviewId}/decision`, { status: 'APPROVED' }),
      );
      mustBe(200, await submitCancel(taskId));
      const marker = await submit(tenant, { priority: 0 });
      const [next, ...others] = await claim(tenant, 'writer', { maxTasks: 100, waitMs: 5_000 });
      expect([next?.taskId, others.length]).toEqual([marker, 0]);
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'CANCELLED', output: null });
    });

    it('answers the same again, and refuses for any other end', async () => {
      const cancelled = await submit(tenant, { kind: 'support.plan' });
      const first = mustBe(200, await submitCancel(cancelled));
      expect(mustBe(200, await submitCancel(cancelled)).body).toEqual(first.body);
      expect((await historyOf(tenant, cancelled)).length).toBe(2);

      const otherTenant = await createTenant(url);
      await register(otherTenant, 'writer');
      const done = await submit(otherTenant);
      mustBe(200, await handIn(otherTenant, await claimOne(otherTenant, 'writer')));
      const { submitter, path } = otherTenant;
      const refused = mustBe(409, await submitter.post(`${path}/tasks/${done}/cancel`));
      expect(refused.body.code).toBe('TASK_ALREADY_FINAL');
      expect(textOf((await untilStatus(otherTenant, done, 'SUCCEEDED')).status)).toBe('SUCCEEDED');
    });
  });

  const submitCancel = (taskId: string) => tenant.submitter.post(`${tenant.path}/tasks/${taskId}/cancel`);
});
