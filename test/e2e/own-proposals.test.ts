import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aDoubtfulResult } from '../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../support/chimera.js';
import { decide, hold, register, taskOf, until } from '../support/fleet.js';

describe('a proposal', () => {
  let store: TestStore;
  let tenant: TestTenant;
  /** A tenant in which the admin does the agents' part. */
  let byAdmin: TestTenant;

  beforeAll(async () => {
    store = await createStore('postgres');
    tenant = await createTenant((await store.start()).url);
    byAdmin = { ...tenant, agent: tenant.admin };
    await register(tenant, 'writer-1');
  });
  afterAll(() => store.drop());

  it('is approved by nobody whose own credential it came with, not even the admin', async () => {
    const { admin, path } = tenant;
    const { reviewId, taskId } = await hold(byAdmin, 'writer-1');
    const refused = await admin.post(`${path}/reviews/${reviewId}/decision`, { status: 'APPROVED' });
    expect(refused).toMatchObject({ status: 403, body: { code: 'OWN_PROPOSAL' } });
    const edited = { status: 'APPROVED', editedOutput: { reply: 'Something else.' } };
    expect((await admin.post(`${path}/reviews/${reviewId}/decision`, edited)).body.code).toBe('OWN_PROPOSAL');
    expect((await taskOf(tenant, taskId)).status).toBe('NEEDS_REVIEW');
    expect(mustBe(200, await decide(tenant, reviewId)).body).toMatchObject({ status: 'APPROVED' });
    await drain(tenant);
  });

  it('may be rejected by whoever made it, and approved by the admin when an agent did', async () => {
    const { admin, path } = tenant;
    const own = await hold(byAdmin, 'writer-1', { result: aDoubtfulResult() });
    mustBe(200, await admin.post(`${path}/reviews/${own.reviewId}/decision`, { status: 'REJECTED' }));
    const agents = await hold(tenant, 'writer-1');
    mustBe(200, await admin.post(`${path}/reviews/${agents.reviewId}/decision`, { status: 'APPROVED' }));
  });
});

/** Takes the approved work, so that the next claim finds what the next test puts there. */
async function drain({ agent, path }: TestTenant): Promise<void> {
  await until(async () => {
    const { body } = await agent.post(`${path}/agents/writer-1/claims`, {});
    const items: unknown = body['items'];
    return Array.isArray(items) && items.length > 0;
  });
}
