import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aDoubtfulResult, aResult } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import { follow, type StreamedEvent } from '../support/event-stream.js';
import { claimOne, decide, handIn, hold, isNull, register, submit } from '../support/fleet.js';

const canary = 'canary-5f1d';

describe.each(modes)('the feed of events on %s', (mode) => {
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

  it('tells what happens to a task, as it happens and in order, and never an output', async () => {
    const { submitter, path, tenantId } = tenant;
    const feed = await follow(submitter, `${path}/events`);
    expect(feed.status).toBe(200);
    expect(feed.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const { taskId, reviewId } = await hold(tenant, 'writer', {
      task: { input: { text: `input ${canary}` } },
      result: aDoubtfulResult({ output: { reply: `output ${canary}` } }),
    });
    await decideWithEdit(reviewId);
    mustBe(
      200,
      await handIn(tenant, await claimOne(tenant, 'writer'), { status: 'SUCCEEDED', output: edited }),
    );
    const events = await feed.untilType('task.succeeded');
    feed.close();
    expect(events.map(({ type }) => type)).toEqual([
      ...['task.queued', 'task.running', 'task.needs_review', 'review.created'],
      ...['review.decided', 'task.approved', 'task.running', 'task.succeeded'],
    ]);
    for (const { id, type, data } of events) {
      expect(data).toMatchObject({
        id,
        type,
        tenantId,
        taskId,
        at: expect.any(String),
        data: expect.any(Object),
      });
    }
    expect(events.find(({ type }) => type === 'review.created')?.data).toMatchObject({
      reviewId,
      agentId: 'writer',
    });
    expect(idsOf(events)).toEqual(idsOf(events).toSorted((one, other) => one - other));
    expect(new Set(idsOf(events)).size).toBe(events.length);
    expect(feed.text()).not.toContain(canary);
  });

  it('goes on where a client was, without loss and without repetition', async () => {
    const { submitter, path } = tenant;
    const whole = await follow(submitter, `${path}/events`, '0');
    for (let count = 0; count < 5; count += 1) await submit(tenant);
    const first = [...(await whole.untilCount(6))];
    whole.close();
    const last = first[3]?.id;
    for (let count = 0; count < 5; count += 1) await submit(tenant);
    const resumed = await follow(submitter, `${path}/events`, last);
    await submit(tenant);
    const rest = [...(await resumed.untilCount(8))];
    resumed.close();
    const all = await follow(submitter, `${path}/events`, '0');
    expect([...first.slice(0, 4), ...rest]).toEqual([...(await all.untilCount(12))]);
    all.close();
    expect(first[0]?.type).toBe('agent.registered');
    const wrong = await submitter.get(`${path}/events`, { 'last-event-id': 'yesterday' });
    expect(wrong.body).toMatchObject({ status: 400, errors: [{ pointer: 'Last-Event-ID' }] });
  });

  it('sends more than one look reads', async () => {
    const { submitter, path } = tenant;
    const tasks = Array.from({ length: 450 }, () => ({ kind: 'support.plan', input: null }));
    const feed = await follow(submitter, `${path}/events`);
    mustBe(202, await submitter.post(`${path}/tasks/batch`, { tasks }));
    const events = await feed.untilCount(450);
    feed.close();
    const ids = idsOf(events);
    expect(ids).toEqual(Array.from({ length: 450 }, (_, index) => (ids[0] ?? 0) + index));
  });

  it('of a session tells of that session alone', async () => {
    const { submitter, operator, path } = tenant;
    const open = async () => textOf(mustBe(201, await submitter.post(`${path}/sessions`, {})).body.sessionId);
    const [sessionId, other] = [await open(), await open()];
    const feed = await follow(operator, `${path}/sessions/${sessionId}/events`);
    await submit(tenant, { kind: 'support.plan', sessionId: other });
    await submit(tenant, { kind: 'support.plan' });
    const { taskId, reviewId } = await hold(tenant, 'writer', { task: { sessionId } });
    mustBe(200, await decide(tenant, reviewId, { status: 'REJECTED' }));
    mustBe(200, await operator.post(`${path}/sessions/${sessionId}/pause`));
    mustBe(200, await operator.post(`${path}/sessions/${sessionId}/resume`));
    mustBe(200, await operator.post(`${path}/sessions/${sessionId}/stop`));
    const events = await feed.untilType('session.stopped');
    feed.close();
    expect(events.map(({ type }) => type)).toEqual([
      ...['task.queued', 'task.running', 'task.needs_review', 'review.created', 'review.decided'],
      ...['task.rejected', 'session.paused', 'session.resumed', 'session.stopped'],
    ]);
    for (const { data } of events) expect(data.sessionId).toBe(sessionId);
    expect(events.slice(0, 6).map(({ data }) => data.taskId)).toEqual(
      Array.from({ length: 6 }, () => taskId),
    );
    const again = await follow(operator, `${path}/sessions/${sessionId}/events`, '0');
    expect((await again.untilType('session.stopped')).map(({ type }) => type)).toEqual([
      'session.created',
      ...events.map(({ type }) => type),
    ]);
    again.close();
  });

  it('tells of agents, cards and policies too, and of no other tenant', async () => {
    const { operator, path } = tenant;
    const stranger = await createTenant(url);
    const feed = await follow(operator, `${path}/events`);
    await register(stranger, 'writer');
    await submit(stranger);
    mustBe(200, await operator.post(`${path}/agents/writer/pause`));
    mustBe(200, await operator.post(`${path}/agents/writer/resume`));
    const { reviewId } = await hold(tenant, 'writer');
    mustBe(200, await operator.post(`${path}/reviews/${reviewId}/assign`));
    mustBe(200, await operator.post(`${path}/reviews/${reviewId}/unassign`));
    mustBe(204, await operator.delete(`${path}/agents/writer`));
    mustBe(200, await operator.put(`${path}/policy`, {}));
    const events = await feed.untilType('policy.changed');
    feed.close();
    const types = events.map(({ type }) => type).filter((type) => !type.startsWith('task.'));
    expect(types).toEqual([
      ...['agent.paused', 'agent.resumed', 'review.created', 'review.assigned', 'review.unassigned'],
      ...['agent.removed', 'policy.changed'],
    ]);
    for (const { data } of events) expect(data.tenantId).toBe(tenant.tenantId);
  });

  const edited = { reply: `edited ${canary}` };
  const decideWithEdit = async (reviewId: string) =>
    mustBe(200, await decide(tenant, reviewId, { status: 'APPROVED', editedOutput: edited }));
});

describe.each(modes)('the audit record on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    tenant = await createTenant((await store.start()).url);
    await register(tenant, 'writer');
  });
  afterAll(() => store.drop());

  it('has every event once, in an unbroken chain, and no output in any of them', async () => {
    const { auditor, path } = tenant;
    const { reviewId } = await hold(tenant, 'writer', {
      result: aDoubtfulResult({ output: `output ${canary}` }),
    });
    mustBe(200, await decide(tenant, reviewId, { status: 'APPROVED', editedOutput: `edited ${canary}` }));
    const execution = await claimOne(tenant, 'writer');
    mustBe(200, await handIn(tenant, execution, aResult({ output: `edited ${canary}` })));

    const exported = await auditor.get(`${path}/audit/export`);
    expect(exported.headers.get('content-type')).toBe('application/x-ndjson');
    const text = textOf(exported.body.value);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { sequence: number; hash: string; previousHash: string });
    expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_, index) => index + 1));
    expect(lines.slice(1).map(({ previousHash }) => previousHash)).toEqual(
      lines.slice(0, -1).map(({ hash }) => hash),
    );
    expect(text).not.toContain(canary);
    const last = lines.at(-1);
    expect(mustBe(200, await auditor.get(`${path}/audit/verify`)).body).toEqual({
      ...{ valid: true, checkedEvents: lines.length, lastSequence: lines.length, lastHash: last?.hash },
    });
    const listed = itemsOf(mustBe(200, await auditor.get(`${path}/audit?limit=200`)));
    expect(listed).toEqual(lines);
  });

  it('names who did it: the key, the agent, or Chimera itself', async () => {
    const { auditor, path } = tenant;
    const events = itemsOf(await auditor.get(`${path}/audit?limit=200`));
    const actorsOf = (type: string) =>
      events.filter((event) => textOf(event.type) === type).map(({ actor }) => textOf(actor?.type));
    expect(actorsOf('tenant.created')).toEqual(['ADMIN']);
    expect(actorsOf('key.created')).toEqual(['ADMIN', 'ADMIN', 'ADMIN', 'ADMIN']);
    expect(actorsOf('task.queued')).toEqual(['SUBMITTER']);
    expect(actorsOf('task.running')).toEqual(['AGENT', 'AGENT']);
    expect(actorsOf('review.created')).toEqual(['SYSTEM']);
    expect(actorsOf('review.decided')).toEqual(['OPERATOR']);
    expect(events.find(({ type }) => textOf(type) === 'task.running')?.actor?.id).toBe('writer');
  });

  it('lists the events that are asked for, part by part', async () => {
    const { auditor, path } = tenant;
    const all = itemsOf(await auditor.get(`${path}/audit?limit=200`));
    const listed = async (query: string) => itemsOf(mustBe(200, await auditor.get(`${path}/audit?${query}`)));
    const running = all.filter(({ type }) => textOf(type) === 'task.running');
    const [first] = running;
    expect(await listed('type=task.running')).toEqual(running);
    expect(await listed(`actor=writer`)).toEqual(all.filter(({ actor }) => textOf(actor?.id) === 'writer'));
    const ofTask = all.filter(({ taskId }) => textOf(taskId) === textOf(first?.taskId));
    expect(await listed(`taskId=${textOf(first?.taskId)}`)).toEqual(ofTask);
    const withCard = all.filter(({ reviewId }) => !isNull(reviewId));
    expect(await listed(`reviewId=${textOf(withCard[0]?.reviewId)}`)).toEqual(withCard);
    const from = textOf(first?.at);
    expect(await listed(`from=${from}`)).toEqual(all.filter(({ at }) => textOf(at) >= from));
    expect(await listed(`to=${from}`)).toEqual(all.filter(({ at }) => textOf(at) < from));
    expect(await listed(`type=task.running&from=2999-01-01T00:00:00%2B02:00`)).toEqual([]);
    const page = mustBe(200, await auditor.get(`${path}/audit?limit=5`));
    const rest = await listed(`limit=200&cursor=${textOf(page.body.nextCursor)}`);
    expect([...itemsOf(page), ...rest]).toEqual(all);
    for (const wrong of [
      'type=task.lost',
      'from=yesterday',
      'taskId=1',
      'limit=0',
      'limit=201',
      'colour=red',
    ]) {
      expect((await auditor.get(`${path}/audit?${wrong}`)).body).toMatchObject({ code: 'VALIDATION_FAILED' });
    }
  });
});

function idsOf(events: readonly StreamedEvent[]): number[] {
  return events.map(({ id }) => Number(id));
}
