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
import { claimOne, handIn, register, resultOf } from '../support/fleet.js';

const nowhere = '01890000-0000-7000-8000-000000000000';

describe.each(modes)('the submission of tasks on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let stranger: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    const { url } = await store.start();
    [tenant, stranger] = await Promise.all([createTenant(url), createTenant(url)]);
  });
  afterAll(() => store.drop());

  describe('under an idempotency key', () => {
    const once = (who: TestTenant, key: string, changes = {}) =>
      who.submitter.post(`${who.path}/tasks`, aTask({ kind: 'once', ...changes }), {
        'idempotency-key': key,
      });

    it('makes one task of the same submission under the same key, and refuses another', async () => {
      const first = mustBe(202, await once(tenant, 'order-1'));
      const repeats = await Promise.all(Array.from({ length: 5 }, () => once(tenant, 'order-1')));
      for (const { status, body } of repeats) expect([status, body.taskId]).toEqual([202, first.body.taskId]);
      const other = await once(tenant, 'order-1', { priority: 1 });
      expect(other.body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
      const together = await Promise.all(Array.from({ length: 6 }, () => once(tenant, 'order-2')));
      expect(new Set(together.map(({ body }) => body.taskId)).size).toBe(1);
      expect(itemsOf(await tenant.submitter.get(`${tenant.path}/tasks?kind=once`))).toHaveLength(2);
      expect((await once(tenant, 'ä')).body).toMatchObject({
        status: 400,
        errors: [{ pointer: 'Idempotency-Key' }],
      });
    });

    it('keeps its own apart from those of another', async () => {
      const mine = mustBe(202, await once(tenant, 'shared'));
      const theirs = mustBe(202, await once(stranger, 'shared', { priority: 1 }));
      expect(theirs.body.taskId).not.toBe(mine.body.taskId);
    });

    it('answers with the task as it is by now', async () => {
      await register(tenant, 'finisher', { capabilities: ['once.done'] });
      const submitted = mustBe(202, await once(tenant, 'done', { kind: 'once.done' }));
      mustBe(200, await handIn(tenant, await claimOne(tenant, 'finisher')));
      await resultOf(tenant, textOf(submitted.body.taskId));
      const again = mustBe(202, await once(tenant, 'done', { kind: 'once.done' }));
      expect(again.body).toEqual({ ...submitted.body, status: 'SUCCEEDED' });
    });
  });

  it('takes a batch whole or not at all', async () => {
    const { submitter, path } = stranger;
    const before = itemsOf(await submitter.get(`${path}/tasks?kind=batch`));
    for (const [tasks, code, pointer] of [
      [
        [aTask({ kind: 'batch' }), aTask({ kind: 'batch', priority: 101 })],
        'VALIDATION_FAILED',
        '/tasks/1/priority',
      ],
      [[aTask({ kind: 'batch' }), 'task'], 'VALIDATION_FAILED', undefined],
      [[], 'VALIDATION_FAILED', '/tasks'],
      [Array.from({ length: 1_001 }, () => aTask({ kind: 'batch' })), 'VALIDATION_FAILED', '/tasks'],
      [
        [aTask({ kind: 'batch' }), aTask({ kind: 'batch', parentTaskId: nowhere })],
        'TASK_NOT_FOUND',
        undefined,
      ],
    ] as const) {
      const refused = await submitter.post(`${path}/tasks/batch`, { tasks: [...tasks] });
      expect(refused.body).toMatchObject({ code });
      if (pointer !== undefined) expect(refused.body).toMatchObject({ errors: [{ pointer }] });
    }
    expect(itemsOf(await submitter.get(`${path}/tasks?kind=batch`))).toEqual(before);
    const tasks = [aTask({ kind: 'batch', priority: 3 }), aTask({ kind: 'batch', priority: 4 })];
    const taken = mustBe(202, await submitter.post(`${path}/tasks/batch`, { tasks }, { traceparent }));
    expect(itemsOf(taken)).toMatchObject([
      { status: 'QUEUED', traceId },
      { status: 'QUEUED', traceId },
    ]);
    const listed = itemsOf(await submitter.get(`${path}/tasks?kind=batch&status=QUEUED`));
    expect(listed.map(({ priority }) => priority)).toEqual([4, 3]);
  });

  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
});
