import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import type { JsonObject } from '../../src/models/json.js';
import { type AnswerBody, Client, textOf } from '../support/client.js';
import { follow } from '../support/event-stream.js';
import { register, submit, taskOf, until } from '../support/fleet.js';

const maxEventStreams = 3;
const maxLongPolls = 3;

describe.each(modes)('a call that stays open, on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode, { maxEventStreams, maxLongPolls });
    ({ url } = await store.start());
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    tenant = await createTenant(url);
    await register(tenant, 'writer');
  });

  const newKey = async (
    role: string,
    more: JsonObject = {},
  ): Promise<{ readonly client: Client; readonly made: AnswerBody }> => {
    const { admin, path } = tenant;
    const { body: made } = mustBe(
      201,
      await admin.post(`${path}/api-keys`, { name: 'brief', role, ...more }),
    );
    return { client: new Client(url, textOf(made.key)), made };
  };
  const revoke = async ({ keyId }: AnswerBody): Promise<void> => {
    mustBe(204, await tenant.admin.delete(`${tenant.path}/api-keys/${textOf(keyId)}`));
  };

  it('ends as a stream of events when its key is revoked or expires, and nobody else does', async () => {
    const { client, made } = await newKey('AUDITOR');
    const expiring = await newKey('AUDITOR', { expiresAt: new Date(Date.now() + 1_500).toISOString() });
    const feed = await follow(client, `${tenant.path}/events`);
    const brief = await follow(expiring.client, `${tenant.path}/events`);
    const other = await follow(tenant.auditor, `${tenant.path}/events`);
    await revoke(made);
    await Promise.all([feed.ended, brief.ended]);
    await submit(tenant);
    expect((await other.untilType('task.queued')).length).toBeGreaterThan(0);
    expect(feed.events.filter(({ type }) => type === 'task.queued')).toEqual([]);
    other.close();
  });

  it('ends as a wait for tasks when its key is revoked, and takes no task with it', async () => {
    const { client, made } = await newKey('AGENT');
    const claim = client.post(`${tenant.path}/agents/writer/claims`, { maxTasks: 1, waitMs: 30_000 });
    await revoke(made);
    expect(mustBe(200, await claim).body).toMatchObject({ items: [] });
    const taskId = await submit(tenant);
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'QUEUED', agentId: null });
  });

  it('is one of so many of its tenant, and leaves its place to the next', async () => {
    const { auditor, path } = tenant;
    const feeds = [];
    for (let count = 0; count < maxEventStreams; count += 1)
      feeds.push(await follow(auditor, `${path}/events`));
    const refused = mustBe(429, await auditor.get(`${path}/events`));
    expect(refused.body).toMatchObject({
      code: 'RATE_LIMITED',
      detail: expect.stringContaining('3 event streams'),
    });
    expect(refused.headers.get('retry-after')).toBe('5');
    const elsewhere = await createTenant(url);
    (await follow(elsewhere.auditor, `${elsewhere.path}/events`)).close();
    for (const feed of feeds) feed.close();
    const again = await until(async () => {
      const feed = await follow(auditor, `${path}/events`);
      if (feed.status === 200) return feed;
      feed.close();
      return undefined;
    });
    again.close();
  });

  it('is one of so many waits of its tenant, and leaves its place to the next', async () => {
    const { agent, path } = tenant;
    const claim = async (waitMs: number) =>
      (await agent.post(`${path}/agents/writer/claims`, { maxTasks: 1, waitMs })).status;
    const statuses = await Promise.all(Array.from({ length: maxLongPolls + 4 }, () => claim(4_000)));
    expect(statuses.toSorted()).toEqual([200, 200, 200, 429, 429, 429, 429]);
    expect(await claim(0)).toBe(200);
  });
});
