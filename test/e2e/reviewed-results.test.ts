import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { digestOf } from '../../src/models/digest.js';
import { aDoubtfulResult, aFailure, aResult } from '../factories.js';
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
  decide,
  handIn,
  historyOf,
  hold,
  listOf,
  register,
  resultOf,
  submit,
  taskOf,
  untilStatus,
} from '../support/fleet.js';

const secretReply = { reply: 'Your new password is "Tr0ub4dor&3".' };

describe.each(modes)('a held result on %s', (mode) => {
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
    await register(tenant, 'runner');
  });

  it('is a card with everything that a person needs to decide', async () => {
    const task = { priority: 80, input: { text: 'I cannot log in.' } };
    const { taskId, reviewId } = await hold(tenant, 'writer', {
      task,
      result: aResult({ output: secretReply }),
    });
    const card = await cardOf(tenant, reviewId);
    expect(card).toMatchObject({
      ...{ reviewId, taskId, tenantId: tenant.tenantId, agentId: 'writer', kind: 'support.reply' },
      ...{ status: 'PENDING', confidence: 0.95, taskInput: task.input, proposedOutput: secretReply },
      ...{ outputDigest: digestOf(secretReply), policyVersion: 1, version: 1, editedOutput: null },
    });
    const [reason] = listOf(card.reasons);
    expect(reason).toMatchObject({
      code: expect.any(String),
      detector: expect.any(String),
      pointer: '/reply',
    });
    expect(textOf(card.details)).not.toContain('Tr0ub4dor');
    expect(JSON.stringify(listOf(card.reasons))).not.toContain('Tr0ub4dor');
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'NEEDS_REVIEW', reviewId, approval: null });
  });

  it('keeps no agent busy, however long a person takes', async () => {
    await register(tenant, 'single', { maxConcurrentTasks: 1, capabilities: ['single.work'] });
    const first = await submit(tenant, { kind: 'single.work' });
    const second = await submit(tenant, { kind: 'single.work' });
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'single'), aDoubtfulResult()));
    expect(await taskOf(tenant, first)).toMatchObject({ status: 'NEEDS_REVIEW' });
    expect((await claimOne(tenant, 'single')).taskId).toBe(second);
  });

  it('is never carried out nor shown when the operator rejects it', async () => {
    const { taskId, reviewId } = await hold(tenant, 'writer', { result: aResult({ output: secretReply }) });
    const comment = 'We never send passwords.';
    const decided = mustBe(200, await decide(tenant, reviewId, { status: 'REJECTED', comment }));
    expect(decided.body).toMatchObject({ status: 'REJECTED', comment });
    const error = { message: 'Rejected by Review', comment, retryable: false };
    expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'REJECTED', error, approval: null });
    const result = await resultOf(tenant, taskId);
    expect(result).toMatchObject({ status: 'REJECTED', output: null });
    expect(JSON.stringify(result)).not.toContain('Tr0ub4dor');
    const marker = await submit(tenant, { priority: 0 });
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toMatchObject([{ taskId: marker }]);
    const types = (await historyOf(tenant, taskId)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['review.decided', 'task.rejected']);
  });

  it('ends its task with the approval when nothing is to be carried out', async () => {
    const { taskId, reviewId } = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
    mustBe(200, await decide(tenant, reviewId, { status: 'APPROVED', comment: 'Fine.' }));
    expect(await resultOf(tenant, taskId)).toMatchObject({
      ...{ status: 'SUCCEEDED', output: aResult().output, confidence: 0.5, producedBy: 'writer' },
      ...{ approval: { reviewId, comment: 'Fine.' }, decision: { outcome: 'HITL' } },
    });
    expect(await claim(tenant, 'runner', { maxTasks: 100 })).toEqual([]);
  });

  it('is carried out by any agent, which may fail and be followed by another', async () => {
    const { taskId, reviewId } = await hold(tenant, 'writer', { task: { maxAttempts: 2 } });
    mustBe(200, await decide(tenant, reviewId));
    const first = await claimOne(tenant, 'runner');
    expect(first.body).toMatchObject({ stage: 'EXECUTE', attempt: 2, approval: { reviewId, comment: null } });
    expect((await handIn(tenant, first, aFailure())).body).toMatchObject({ taskStatus: 'APPROVED' });
    const second = await claimOne(tenant, 'writer');
    expect(second).toMatchObject({ taskId, body: { stage: 'EXECUTE', attempt: 3, approval: { reviewId } } });
    expect((await handIn(tenant, second, aFailure())).body).toMatchObject({ taskStatus: 'FAILED' });
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'FAILED', output: null });
  });

  it('is done once an agent hands the approved output back, without any confidence', async () => {
    const { taskId, reviewId } = await hold(tenant, 'writer');
    mustBe(200, await decide(tenant, reviewId));
    const done = { status: 'SUCCEEDED', output: aResult().output ?? null };
    const receipt = mustBe(200, await handIn(tenant, await claimOne(tenant, 'runner'), done));
    expect(receipt.body).toMatchObject({ taskStatus: 'SUCCEEDED', reviewId });
    expect(receipt.body).not.toHaveProperty('decision');
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED', producedBy: 'runner' });
  });

  describe('that an operator has edited', () => {
    it('is handed out byte for byte as edited, under the digest of the edit', async () => {
      const editedOutput = { b: 'Zoë — 10 € \u{1F600}', a: [1.5, 'x'], reply: 'Monday, I promise.' };
      const { taskId, reviewId } = await hold(tenant, 'writer', { result: aResult({ output: secretReply }) });
      const card = mustBe(200, await decide(tenant, reviewId, { status: 'APPROVED', editedOutput }));
      const outputDigest = digestOf(editedOutput);
      expect(card.body).toMatchObject({ editedOutput, outputDigest, proposedOutput: secretReply });
      const execution = await claimOne(tenant, 'runner');
      expect(execution.body.approval).toMatchObject({ outputDigest });
      expect(JSON.stringify(execution.body.approval?.output)).toBe(JSON.stringify(editedOutput));
      mustBe(200, await handIn(tenant, execution, { status: 'SUCCEEDED', outputDigest }));
      const result = await resultOf(tenant, taskId);
      expect(JSON.stringify(result.output)).toBe(JSON.stringify(editedOutput));
      expect(JSON.stringify(result)).not.toContain('Tr0ub4dor');
    });

    it('needs a confirmation of what the gate finds in the edit, which the audit record keeps', async () => {
      const { taskId, reviewId } = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
      const edit = { status: 'APPROVED', editedOutput: { reply: 'Write to jane.doe@example.com, please.' } };
      const refused = mustBe(409, await decide(tenant, reviewId, edit));
      expect(refused.body.code).toBe('EDIT_NEEDS_CONFIRMATION');
      expect(listOf(refused.body.reasons)).toMatchObject([
        { code: 'PII', detector: 'PII/EMAIL', pointer: '/reply' },
      ]);
      expect(await cardOf(tenant, reviewId)).toMatchObject({ status: 'PENDING', version: 1 });
      mustBe(200, await decide(tenant, reviewId, { ...edit, confirmReasons: true }));
      expect(await resultOf(tenant, taskId)).toMatchObject({
        status: 'SUCCEEDED',
        output: edit.editedOutput,
      });
      const decided = (await historyOf(tenant, taskId)).find(({ type }) => textOf(type) === 'review.decided');
      expect(decided?.payload).toMatchObject({ edited: true, confirmedReasons: ['PII/EMAIL'] });
    });

    it('needs none for what the proposal had already, nor for an edit that changes nothing', async () => {
      const output = { reply: 'Write to jane.doe@example.com.' };
      const kept = await hold(tenant, 'writer', { result: aResult({ output }) });
      const editedOutput = { reply: 'Kindly write to jane.doe@example.com.' };
      mustBe(200, await decide(tenant, kept.reviewId, { status: 'APPROVED', editedOutput }));
      await claimOne(tenant, 'runner');
      const same = await hold(tenant, 'writer', { result: aResult({ output }) });
      const card = mustBe(
        200,
        await decide(tenant, same.reviewId, { status: 'APPROVED', editedOutput: output }),
      );
      expect(card.body).toMatchObject({ editedOutput: null, outputDigest: digestOf(output) });
    });

    it('is not approved by any confirmation when the policy denies what it adds', async () => {
      const { operator, path } = tenant;
      mustBe(200, await operator.put(`${path}/policy`, { detectors: { PII: { action: 'DENY' } } }));
      const { taskId, reviewId } = await hold(tenant, 'writer');
      const editedOutput = { reply: 'Write to jane.doe@example.com.' };
      const edit = { status: 'APPROVED', editedOutput, confirmReasons: true };
      const refused = mustBe(409, await decide(tenant, reviewId, edit));
      expect(refused.body).toMatchObject({ code: 'EDIT_DENIED', reasons: [{ detector: 'PII/EMAIL' }] });
      expect(await taskOf(tenant, taskId)).toMatchObject({ status: 'NEEDS_REVIEW' });
    });

    it('may become null', async () => {
      const { taskId, reviewId } = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
      const card = mustBe(200, await decide(tenant, reviewId, { status: 'APPROVED', editedOutput: null }));
      expect(card.body).toMatchObject({ status: 'APPROVED', outputDigest: digestOf(null) });
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED', output: null });
    });

    it('counts for nothing when the card is rejected', async () => {
      const { reviewId } = await hold(tenant, 'writer');
      const card = mustBe(
        200,
        await decide(tenant, reviewId, { status: 'REJECTED', editedOutput: { a: 1 } }),
      );
      expect(card.body).toMatchObject({
        status: 'REJECTED',
        editedOutput: null,
        outputDigest: digestOf(aResult().output),
      });
    });
  });

  describe('that was approved and is carried out otherwise', () => {
    it('is a new proposal on a new card, which can be approved in its turn', async () => {
      const { taskId, reviewId } = await hold(tenant, 'writer');
      mustBe(200, await decide(tenant, reviewId));
      const output = { reply: 'It leaves on Tuesday.' };
      const receipt = mustBe(
        200,
        await handIn(tenant, await claimOne(tenant, 'runner'), aResult({ output })),
      );
      const second = textOf(receipt.body.reviewId);
      expect(receipt.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW', decision: { outcome: 'HITL' } });
      expect(second).not.toBe(reviewId);
      expect(await cardOf(tenant, second)).toMatchObject({
        ...{ reason: 'APPROVAL_MISMATCH', proposedOutput: output, agentId: 'runner', status: 'PENDING' },
      });
      expect(await taskOf(tenant, taskId)).toMatchObject({
        status: 'NEEDS_REVIEW',
        stage: 'PROPOSE',
        approval: null,
      });
      mustBe(200, await decide(tenant, second));
      const execution = await claimOne(tenant, 'writer');
      expect(execution.body).toMatchObject({ stage: 'EXECUTE', approval: { reviewId: second, output } });
      mustBe(200, await handIn(tenant, execution, aResult({ output })));
      expect(await resultOf(tenant, taskId)).toMatchObject({
        status: 'SUCCEEDED',
        output,
        approval: { reviewId: second },
      });
    });

    it('is found out although it carries the digest that was approved', async () => {
      const { reviewId } = await hold(tenant, 'writer');
      mustBe(200, await decide(tenant, reviewId));
      const lie = aResult({ output: { reply: 'Never.' }, outputDigest: digestOf(aResult().output) });
      const receipt = mustBe(200, await handIn(tenant, await claimOne(tenant, 'runner'), lie));
      expect(receipt.body).toMatchObject({ taskStatus: 'NEEDS_REVIEW' });
      expect(await cardOf(tenant, textOf(receipt.body.reviewId))).toMatchObject({
        reason: 'APPROVAL_MISMATCH',
      });
    });

    it('needs a confidence, like any proposal', async () => {
      const { taskId, reviewId } = await hold(tenant, 'writer');
      mustBe(200, await decide(tenant, reviewId));
      const execution = await claimOne(tenant, 'runner');
      const other = { status: 'SUCCEEDED', outputDigest: digestOf('another') };
      expect((await handIn(tenant, execution, other)).body).toMatchObject({ code: 'VALIDATION_FAILED' });
      expect(await untilStatus(tenant, taskId, 'RUNNING')).toMatchObject({ stage: 'EXECUTE' });
    });

    it('is blocked when the policy denies what it has become', async () => {
      const { operator, path } = tenant;
      const { taskId, reviewId } = await hold(tenant, 'writer');
      mustBe(200, await decide(tenant, reviewId));
      mustBe(200, await operator.put(`${path}/policy`, { detectors: { PII: { action: 'DENY' } } }));
      const output = { reply: 'Ask jane.doe@example.com.' };
      const receipt = mustBe(
        200,
        await handIn(tenant, await claimOne(tenant, 'runner'), aResult({ output })),
      );
      expect(receipt.body).toMatchObject({ taskStatus: 'BLOCKED', decision: { outcome: 'DENY' } });
      expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'BLOCKED', output: null });
    });
  });
});
