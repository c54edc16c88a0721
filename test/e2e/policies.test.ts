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
import { cardOf, claim, claimOne, handIn, register, resultOf, submit, taskOf } from '../support/fleet.js';

const quiet = { confidence: { holdBelow: 0.5, rejectBelow: 0 } };

describe.each(modes)('the policy of a tenant on %s', (mode) => {
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
    await register(tenant, 'writer', { capabilities: ['support.reply', 'legal.letter'] });
  });

  it('blocks what it denies, for good and unseen', async () => {
    const { operator, path } = tenant;
    const keywords = [{ term: 'refund', match: 'WORD', action: 'DENY' }];
    mustBe(200, await operator.put(`${path}/policy`, { keywords }));
    const taskId = await submit(tenant);
    const result = aResult({ output: { reply: 'You get a refund.' }, confidence: 0.2 });
    const receipt = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
    expect(receipt.body).toMatchObject({
      taskStatus: 'BLOCKED',
      decision: { outcome: 'DENY', policyVersion: 2 },
    });
    expect(receipt.body).not.toHaveProperty('reviewId');
    const final = await resultOf(tenant, taskId);
    expect(final).toMatchObject({ status: 'BLOCKED', output: null, decision: { outcome: 'DENY' } });
    expect(await taskOf(tenant, taskId)).toMatchObject({
      error: { code: 'BLOCKED_BY_GATE', retryable: false },
    });
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toEqual([]);
  });

  it('sends back what is too doubtful, with the reasons, until the attempts are used up', async () => {
    const { operator, path } = tenant;
    mustBe(200, await operator.put(`${path}/policy`, { confidence: { holdBelow: 0.7, rejectBelow: 0.4 } }));
    const taskId = await submit(tenant, { maxAttempts: 2 });
    const first = await claimOne(tenant, 'writer');
    expect(first.body).not.toHaveProperty('feedback');
    const doubtful = aResult({ confidence: 0.39 });
    const retried = mustBe(200, await handIn(tenant, first, doubtful));
    expect(retried.body).toMatchObject({ taskStatus: 'QUEUED', decision: { outcome: 'RETRY' } });

    const second = await claimOne(tenant, 'writer');
    const reasons = [{ code: 'LOW_CONFIDENCE', detector: 'CONFIDENCE', pointer: null }];
    expect(second.body).toMatchObject({
      ...{
        attempt: 2,
        task: { taskId },
        feedback: { decision: { outcome: 'RETRY', policyVersion: 2, reasons } },
      },
    });
    const failed = mustBe(200, await handIn(tenant, second, doubtful));
    expect(failed.body).toMatchObject({ taskStatus: 'FAILED', decision: { outcome: 'RETRY' } });
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'FAILED', output: null });
    expect(await taskOf(tenant, taskId)).toMatchObject({ error: { code: 'REJECTED_BY_GATE' } });
  });

  it('holds from rejectBelow on, also what it would send back but for its content', async () => {
    const { operator, path } = tenant;
    mustBe(200, await operator.put(`${path}/policy`, { confidence: { holdBelow: 0.7, rejectBelow: 0.4 } }));
    await submit(tenant);
    const held = mustBe(
      200,
      await handIn(tenant, await claimOne(tenant, 'writer'), aResult({ confidence: 0.4 })),
    );
    expect(held.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW' });
    await submit(tenant);
    const result = aResult({ confidence: 0.1, output: { reply: 'Call jane.doe@example.com' } });
    const content = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
    expect(content.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW', decision: { outcome: 'HITL' } });
    expect(await cardOf(tenant, textOf(content.body.reviewId))).toMatchObject({ reason: 'PII' });
  });

  it('may say otherwise for a kind of task', async () => {
    const { operator, path } = tenant;
    const kinds = { 'legal.letter': { confidence: { holdBelow: 0.95 }, reviewDeadlineMs: 60_000 } };
    mustBe(200, await operator.put(`${path}/policy`, { ...quiet, kinds }));
    const result = aResult({ confidence: 0.9 });
    await submit(tenant);
    const reply = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
    expect(reply.body).toMatchObject({ taskStatus: 'SUCCEEDED' });
    await submit(tenant, { kind: 'legal.letter' });
    const letter = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
    expect(letter.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW' });
    const { timestamp, dueAt } = await cardOf(tenant, textOf(letter.body.reviewId));
    expect(Date.parse(textOf(dueAt)) - Date.parse(textOf(timestamp))).toBe(60_000);
  });

  it('is versioned: a new one is in force at once, an old one stays as it was', async () => {
    const { operator, auditor, path } = tenant;
    const first = mustBe(200, await auditor.get(`${path}/policy`)).body;
    expect(first).toMatchObject({ version: 1, confidence: { holdBelow: 0.7, rejectBelow: 0 } });
    mustBe(200, await operator.put(`${path}/policy`, quiet));
    const third = mustBe(200, await operator.put(`${path}/policy`, quiet)).body;
    expect(third).toMatchObject({ version: 3, ...quiet });
    expect(mustBe(200, await auditor.get(`${path}/policy`)).body).toEqual(third);

    const versions = itemsOf(mustBe(200, await auditor.get(`${path}/policy/versions`)));
    expect(versions.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(versions.at(-1)).toEqual(first);
    const page = mustBe(200, await auditor.get(`${path}/policy/versions?limit=2`));
    const rest = await auditor.get(`${path}/policy/versions?limit=2&cursor=${textOf(page.body.nextCursor)}`);
    expect([...itemsOf(page), ...itemsOf(rest)]).toEqual(versions);
    expect(rest.body.nextCursor).toBeNull();

    await submit(tenant);
    const receipt = await handIn(tenant, await claimOne(tenant, 'writer'), aDoubtfulResult());
    expect(receipt.body).toMatchObject({ taskStatus: 'SUCCEEDED', decision: { policyVersion: 3 } });
  });

  it.each([
    ['a misspelt member', { confidense: {} }, '/confidense'],
    ['an impossible band', { confidence: { holdBelow: 0.3, rejectBelow: 0.6 } }, '/confidence/rejectBelow'],
    [
      'an unknown type',
      { detectors: { PII: { types: { SHOE_SIZE: { action: 'OFF' } } } } },
      '/detectors/PII/types/SHOE_SIZE',
    ],
    [
      'a pattern that cannot be run',
      { patterns: [{ name: 'x', pattern: '(', action: 'HITL' }] },
      '/patterns/0/pattern',
    ],
    ['its version', { version: 7 }, '/version'],
  ])('refuses %s, and stays as it is', async (_what, body, pointer) => {
    const { operator, path } = tenant;
    const refused = mustBe(400, await operator.put(`${path}/policy`, body));
    expect(refused.body).toMatchObject({ code: 'POLICY_INVALID', errors: [{ pointer }] });
    expect((await operator.get(`${path}/policy`)).body).toMatchObject({ version: 1 });
  });

  it('tells what it would decide, under itself or under a draft, and keeps nothing of it', async () => {
    const { operator, auditor, path } = tenant;
    const before = await auditor.get(`${path}/audit`);
    const output = { reply: 'Call jane.doe@example.com' };
    const evaluate = async (more: object) => {
      const body = JSON.stringify({ output, confidence: 0.9, ...more });
      return mustBe(200, await operator.raw('POST', `${path}/policy/evaluate`, body)).body;
    };
    expect(await evaluate({})).toMatchObject({ outcome: 'HITL', policyVersion: 1 });
    const draft = {
      detectors: { PII: { action: 'OFF' } },
      kinds: { 'legal.letter': { confidence: { holdBelow: 1 } } },
    };
    expect(await evaluate({ policy: draft })).toMatchObject({ outcome: 'APPROVE', reasons: [] });
    expect(await evaluate({ policy: draft, kind: 'legal.letter' })).toMatchObject({ outcome: 'HITL' });
    const refused = await operator.post(`${path}/policy/evaluate`, {
      output,
      confidence: 1,
      policy: { no: 1 },
    });
    expect(refused.body).toMatchObject({ status: 400, code: 'POLICY_INVALID' });
    expect((await auditor.get(`${path}/audit`)).body).toEqual(before.body);
    expect(itemsOf(await auditor.get(`${path}/policy/versions`))).toHaveLength(1);
  });
});
