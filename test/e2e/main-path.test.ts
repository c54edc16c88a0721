import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import { digestOf } from '../../src/models/digest.js';

describe.each(modes)('the main path on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    tenant = await createTenant((await store.start()).url);
  });
  afterAll(() => store.drop());

  it('holds a doubtful result until a person approves it, and has exactly that carried out', async () => {
    const { path, agent, submitter, operator, auditor } = tenant;
    mustBe(200, await agent.put(`${path}/agents/writer-1`, { capabilities: ['support.reply'] }));
    const submitted = mustBe(
      202,
      await submitter.post(`${path}/tasks`, { kind: 'support.reply', input: { text: 'Help!' } }),
    );
    const taskId = textOf(submitted.body.taskId);
    const [proposal] = itemsOf(await agent.post(`${path}/agents/writer-1/claims`, { waitMs: 5000 }));
    expect(proposal).toMatchObject({ stage: 'PROPOSE', attempt: 1, task: { taskId, status: 'RUNNING' } });

    const output = { reply: 'Your new password is "Tr0ub4dor&3".' };
    const result = {
      agentId: 'writer-1',
      leaseToken: textOf(proposal?.leaseToken),
      status: 'SUCCEEDED',
      output,
      confidence: 0.95,
    };
    const receipt = mustBe(200, await agent.post(`${path}/tasks/${taskId}/results`, result));
    expect(receipt.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW', decision: { outcome: 'HITL' } });
    expect((await submitter.get(`${path}/tasks/${taskId}/result`)).body.code).toBe('RESULT_NOT_READY');

    const reviewId = textOf(receipt.body.reviewId);
    const decided = mustBe(
      200,
      await operator.post(`${path}/reviews/${reviewId}/decision`, {
        status: 'APPROVED',
        comment: 'Known case.',
      }),
    );
    expect(decided.body).toMatchObject({ status: 'APPROVED', outputDigest: digestOf(output) });

    const [execution] = itemsOf(await agent.post(`${path}/agents/writer-1/claims`, { waitMs: 5000 }));
    expect(execution).toMatchObject({
      stage: 'EXECUTE',
      attempt: 2,
      approval: { reviewId, comment: 'Known case.', output },
    });
    const leaseToken = textOf(execution?.leaseToken);
    const done = { agentId: 'writer-1', leaseToken, status: 'SUCCEEDED', outputDigest: digestOf(output) };
    mustBe(200, await agent.post(`${path}/tasks/${taskId}/results`, done));

    const final = mustBe(200, await submitter.get(`${path}/tasks/${taskId}/result`));
    expect(final.body).toMatchObject({
      status: 'SUCCEEDED',
      output,
      approval: { reviewId },
      producedBy: 'writer-1',
    });
    const history = itemsOf(await auditor.get(`${path}/tasks/${taskId}/history`)).map(({ type }) => type);
    expect(history).toEqual([
      'task.queued',
      'task.running',
      'task.needs_review',
      'review.created',
      'review.decided',
      'task.approved',
      'task.running',
      'task.succeeded',
    ]);
    expect((await auditor.get(`${path}/audit/verify`)).body).toMatchObject({ valid: true });
  });
});
