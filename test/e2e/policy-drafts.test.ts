import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/models/json.js';
import { aResult } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { type AnswerBody, type Client, itemsOf, textOf } from '../support/client.js';
import { claimOne, decide, handIn, hold, register, submit, until } from '../support/fleet.js';

const looser = { confidence: { holdBelow: 0.4 } };
const tighter = { confidence: { holdBelow: 0.9 } };
const doubtful = aResult({ confidence: 0.5 });
const sure = aResult({ confidence: 0.8 });

describe.each(modes)('a policy on its way into force on %s', (mode) => {
  let store: TestStore;
  let url: string;
  let tenant: TestTenant;
  let second: Client;
  let drafts: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start());
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    tenant = await createTenant(url);
    second = await tenant.client('OPERATOR');
    drafts = `${tenant.path}/policy/drafts`;
    await register(tenant, 'writer');
  });

  const drafted = async (policy: JsonObject): Promise<string> =>
    textOf(mustBe(201, await tenant.operator.post(drafts, { policy })).body.draftId);

  const finished = (backtest: AnswerBody): Promise<AnswerBody> =>
    until(async () => {
      const address = `${tenant.path}/policy/backtests/${textOf(backtest.backtestId)}`;
      const { body } = mustBe(200, await tenant.auditor.get(address));
      return textOf(body.state) === 'DONE' && body;
    });

  const backtested = async (draftId: string, stretch: JsonObject = {}): Promise<AnswerBody> => {
    const { body } = mustBe(202, await tenant.operator.post(`${drafts}/${draftId}/backtest`, stretch));
    return finished(body);
  };

  const released = async (result: JsonObject): Promise<string> => {
    const taskId = await submit(tenant);
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
    return taskId;
  };

  const typesOf = async (): Promise<readonly string[]> => {
    const { body } = mustBe(200, await tenant.auditor.get(`${tenant.path}/audit?limit=200`));
    const items = itemsOf({ status: 200, body, headers: new Headers() });
    return items.map(({ type }) => textOf(type)).filter((type) => type.startsWith('policy.'));
  };

  it('is in force once it is proposed, when it is not looser', async () => {
    const draftId = await drafted(tighter);
    const { body } = mustBe(200, await tenant.operator.post(`${drafts}/${draftId}/propose`));
    expect(body).toMatchObject({ state: 'LIVE', looser: false, policyVersion: 2, approvedBy: null });
    expect((await tenant.auditor.get(`${tenant.path}/policy`)).body).toMatchObject({
      version: 2,
      ...tighter,
    });
    expect(await typesOf()).toEqual(['policy.drafted', 'policy.proposed', 'policy.changed']);
    expect((await tenant.operator.post(`${drafts}/${draftId}/shadow`)).body.code).toBe(
      'DRAFT_STATE_CONFLICT',
    );
  });

  it('needs its backtest and another operator, when it is looser', async () => {
    const { operator } = tenant;
    const draftId = await drafted(looser);
    const address = `${drafts}/${draftId}`;
    expect((await second.post(`${address}/approve`)).body.code).toBe('DRAFT_STATE_CONFLICT');
    expect((await operator.post(`${address}/propose`)).body.code).toBe('BACKTEST_NEEDED');
    const foreign = mustBe(202, await operator.post(`${tenant.path}/policy/backtest`, { policy: {} }));
    const other = { backtestId: textOf((await finished(foreign.body)).backtestId) };
    expect((await operator.post(`${address}/propose`, other)).body.code).toBe('BACKTEST_NEEDED');

    const { backtestId } = await backtested(draftId);
    const proposal = { backtestId: textOf(backtestId) };
    const proposed = mustBe(200, await operator.post(`${address}/propose`, proposal));
    expect(proposed.body).toMatchObject({ state: 'DRAFT', looser: true, proposedOver: 1, ...proposal });
    expect((await operator.post(`${address}/approve`)).body.code).toBe('POLICY_NEEDS_SECOND_OPERATOR');
    expect((await operator.get(`${tenant.path}/policy`)).body).toMatchObject({ version: 1 });

    const approved = mustBe(200, await second.post(`${address}/approve`));
    expect(approved.body).toMatchObject({ state: 'LIVE', policyVersion: 2 });
    expect(approved.body.approvedBy).not.toEqual(approved.body.proposedBy);
    expect(mustBe(200, await second.post(`${address}/approve`)).body).toEqual(approved.body);
    expect((await operator.get(`${tenant.path}/policy`)).body).toMatchObject({ version: 2, ...looser });
    expect(await typesOf()).toEqual([
      'policy.drafted',
      'policy.backtested',
      'policy.backtested',
      'policy.proposed',
      'policy.approved',
      'policy.changed',
    ]);
    expect(mustBe(200, await tenant.auditor.get(`${tenant.path}/audit/verify`)).body).toMatchObject({
      valid: true,
    });
  });

  it('needs a backtest that shows something: over a week or more up to now, and with decisions if there are any', async () => {
    const { operator } = tenant;
    const draftId = await drafted(looser);
    const propose = async (backtest: AnswerBody) =>
      operator.post(`${drafts}/${draftId}/propose`, { backtestId: textOf(backtest.backtestId) });
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

    const ofNothing = await backtested(draftId);
    expect(mustBe(200, await propose(ofNothing)).body).toMatchObject({ looser: true, replayed: 0 });
    await released(doubtful);
    for (const [backtest, because] of [
      [ofNothing, 'there was no decision in its stretch'],
      [await backtested(draftId, { from: ago(30), to: ago(2) }), 'ended more than a day ago'],
      [await backtested(draftId, { from: ago(1) }), 'shorter than a week'],
    ] as const) {
      const refused = mustBe(409, await propose(backtest));
      expect(refused.body.code).toBe('BACKTEST_NEEDED');
      expect(textOf(refused.body.detail)).toContain(because);
    }
    const proposed = mustBe(200, await propose(await backtested(draftId, { from: ago(8) })));
    expect(proposed.body).toMatchObject({ looser: true, replayed: 1 });
    const approved = mustBe(200, await second.post(`${drafts}/${draftId}/approve`));
    expect(approved.body).toMatchObject({ state: 'LIVE', replayed: 1 });
    const { items } = mustBe(200, await tenant.auditor.get(`${tenant.path}/audit?limit=200`)).body;
    expect(items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: 'policy.approved',
          payload: expect.objectContaining({ replayed: 1 }),
        }),
      ]),
    );
  });

  it('is held against nothing that is yet to come', async () => {
    const draftId = await drafted(looser);
    const later = new Date(Date.now() + 7 * 86_400_000).toISOString();
    const { body } = mustBe(202, await tenant.operator.post(`${drafts}/${draftId}/backtest`, { to: later }));
    expect(body.to).toEqual(body.createdAt);
    const refused = mustBe(400, await tenant.operator.post(`${drafts}/${draftId}/backtest`, { from: later }));
    expect(refused.body).toMatchObject({ errors: [{ pointer: '/from' }] });
  });

  it('is proposed again when another policy has come into force meanwhile', async () => {
    const { operator } = tenant;
    const draftId = await drafted(looser);
    const { backtestId } = await backtested(draftId);
    mustBe(200, await operator.post(`${drafts}/${draftId}/propose`, { backtestId: textOf(backtestId) }));
    mustBe(200, await operator.put(`${tenant.path}/policy`, tighter));
    expect((await second.post(`${drafts}/${draftId}/approve`)).body.code).toBe('DRAFT_STATE_CONFLICT');
    const again = await operator.post(`${drafts}/${draftId}/propose`, { backtestId: textOf(backtestId) });
    expect(again.body.code).toBe('BACKTEST_NEEDED');
  });

  it('judges in the shadow beside four others, and no more', async () => {
    const { operator } = tenant;
    const [first, ...others] = await Promise.all(Array.from({ length: 6 }, () => drafted(tighter)));
    const shadow = (draftId: string | undefined) => operator.post(`${drafts}/${draftId}/shadow`);
    for (const draftId of others) mustBe(200, await shadow(draftId));
    expect(await shadow(first)).toMatchObject({ status: 409, body: { code: 'TOO_MANY_SHADOWS' } });
    mustBe(200, await shadow(others[0]));
    mustBe(204, await operator.delete(`${drafts}/${others[0]}`));
    mustBe(200, await shadow(first));
  });

  it('judges in the shadow what is judged live, and changes nothing', async () => {
    const shadow = await drafted({
      ...looser,
      keywords: [{ term: 'refund', match: 'WORD', action: 'HITL' }],
    });
    const before = await released(doubtful);
    mustBe(200, await tenant.operator.post(`${drafts}/${shadow}/shadow`));
    mustBe(200, await tenant.operator.post(`${drafts}/${shadow}/shadow`));
    const same = await released(sure);
    const wouldPass = await released(doubtful);
    const wouldHold = await released(aResult({ confidence: 0.8, output: { reply: 'Take your refund.' } }));
    const report = await until(async () => {
      const { body } = mustBe(200, await tenant.auditor.get(`${drafts}/${shadow}/shadow`));
      return textOf(body.decisions) === '3' && body;
    });
    expect(report).toMatchObject({
      ...{ agree: 1, newlyHeld: 1, newlyReleased: 1, otherwise: 0 },
      examples: {
        newlyHeld: [{ taskId: wouldHold, before: 'APPROVE', after: 'HITL', detectors: ['KEYWORD/refund'] }],
        newlyReleased: [{ taskId: wouldPass, before: 'HITL', after: 'APPROVE', detectors: ['CONFIDENCE'] }],
      },
    });
    for (const taskId of [before, same]) expect(JSON.stringify(report)).not.toContain(taskId);
    expect(JSON.stringify(report)).not.toContain('Take your');
    const { submitter, path } = tenant;
    expect((await submitter.get(`${path}/tasks/${wouldPass}`)).body).toMatchObject({
      status: 'NEEDS_REVIEW',
    });
    expect((await submitter.get(`${path}/tasks/${wouldHold}`)).body).toMatchObject({ status: 'SUCCEEDED' });

    mustBe(204, await tenant.operator.delete(`${drafts}/${shadow}`));
    mustBe(204, await tenant.operator.delete(`${drafts}/${shadow}`));
    expect((await tenant.operator.get(`${drafts}/${shadow}`)).body).toMatchObject({ state: 'DISCARDED' });
    expect(await typesOf()).toEqual(['policy.drafted', 'policy.shadowed', 'policy.discarded']);
  });

  it('is told by a backtest what it would have changed, and what people had said of that', async () => {
    const rejected = await hold(tenant, 'writer', { result: doubtful });
    mustBe(200, await decide(tenant, rejected.reviewId, { status: 'REJECTED' }));
    const waiting = await hold(tenant, 'writer', { result: doubtful });
    const passed = await released(aResult({ confidence: 0.8, output: { reply: 'Take your refund.' } }));
    await released(sure);
    const draftId = await drafted({
      ...looser,
      keywords: [{ term: 'refund', match: 'WORD', action: 'HITL' }],
    });
    const found = await backtested(draftId);
    expect(found).toMatchObject({
      ...{ draftId, baseVersion: 1, total: 4, done: 4, error: null },
      report: {
        ...{ decisions: 4, same: 1, otherwise: 0, newlyHeld: 1, newlyReleased: 2 },
        ...{ releasedThoughRejected: 1, heldThoughApproved: 0, cards: { before: 2, after: 1 } },
        kinds: [{ kind: 'support.reply', decisions: 4, newlyHeld: 1, newlyReleased: 2 }],
        reasons: [
          { code: 'SENSITIVE_KEYWORD', newlyHeld: 1, newlyReleased: 0 },
          { code: 'LOW_CONFIDENCE', newlyHeld: 0, newlyReleased: 2 },
        ],
        days: [{ before: 2, after: 1 }],
        examples: {
          releasedThoughRejected: [{ taskId: rejected.taskId, reviewId: rejected.reviewId }],
          newlyReleased: [{ taskId: waiting.taskId, detectors: ['CONFIDENCE'] }],
          newlyHeld: [{ taskId: passed, detectors: ['KEYWORD/refund'] }],
        },
      },
    });
    expect(JSON.stringify(found)).not.toContain('Take your');
  });

  it('is compared with the policy in force, whichever one had decided', async () => {
    await hold(tenant, 'writer', { result: doubtful });
    mustBe(200, await tenant.operator.put(`${tenant.path}/policy`, looser));
    const { body } = mustBe(
      202,
      await tenant.operator.post(`${tenant.path}/policy/backtest`, { policy: {} }),
    );
    expect(await finished(body)).toMatchObject({
      baseVersion: 2,
      report: { newlyHeld: 1, newlyReleased: 0 },
    });
  });

  it('is replayed by another process when the one that took it up stops', async () => {
    const brief = await store.start();
    const address = `${brief.url}${tenant.path}/policy/backtest`;
    const headers = {
      authorization: `Bearer ${tenant.operator.key}`,
      'content-type': 'application/json',
    };
    const answer = await fetch(address, { method: 'POST', headers, body: '{"policy":{}}' });
    const backtest = (await answer.json()) as AnswerBody;
    await brief.stop();
    expect(await finished(backtest)).toMatchObject({ state: 'DONE', report: { decisions: 0 } });
  });

  it('refuses a stretch of time that there is not', async () => {
    const address = `${tenant.path}/policy/backtest`;
    const at = (from: string, to: string) => tenant.operator.post(address, { policy: {}, from, to });
    for (const refused of [
      await at('2026-02-02T00:00:00Z', '2026-02-02T00:00:00Z'),
      await at('2024-02-02T00:00:00Z', '2026-02-02T00:00:00Z'),
    ]) {
      expect(mustBe(400, refused).body).toMatchObject({ errors: [{ pointer: '/from' }] });
    }
  });

  it('is told apart from another in words', async () => {
    const { auditor, operator, path } = tenant;
    mustBe(200, await operator.put(`${path}/policy`, tighter));
    const draftId = await drafted({ kinds: { letter: { topics: { POLITICS: { action: 'OFF' } } } } });
    const text = 'What has a confidence below 0.7 was held for a person; now it is what is below 0.9.';
    const change = { effect: 'TIGHTER', kind: null, pointer: '/confidence/holdBelow', text };
    expect(mustBe(200, await auditor.get(`${path}/policy/diff?from=1&to=2`)).body).toEqual({
      looser: false,
      changes: [change],
      more: 0,
    });
    expect(mustBe(200, await auditor.get(`${path}/policy/diff?to=${draftId}`)).body).toMatchObject({
      looser: true,
      changes: [{ kind: null }, { kind: 'letter', effect: 'LOOSER', pointer: '/topics/POLITICS' }],
    });
    expect(mustBe(404, await auditor.get(`${path}/policy/diff?to=9`)).body.code).toBe(
      'POLICY_VERSION_NOT_FOUND',
    );
    expect(mustBe(400, await auditor.get(`${path}/policy/diff?to=x`)).body.code).toBe('VALIDATION_FAILED');
  });

  it('explains what it holds: the rule, the place, and what would have had to be different', async () => {
    const { auditor, operator, path } = tenant;
    const policy = { kinds: { 'support.reply': { confidence: { holdBelow: 0.95 } } } };
    mustBe(200, await operator.put(`${path}/policy`, policy));
    const output = { reply: 'Write to ann@acme.org.' };
    const expected = [
      { detector: 'PII/EMAIL', rule: '/detectors/PII/action', pointer: '/reply', start: 9, end: 21 },
      { detector: 'CONFIDENCE', rule: '/kinds/support.reply/confidence/holdBelow', pointer: null },
    ];
    const asked = { output, confidence: 0.9, kind: 'support.reply' };
    const evaluated = mustBe(200, await auditor.post(`${path}/policy/evaluate`, asked));
    expect(evaluated.body).toMatchObject({ outcome: 'HITL', explanation: expected });
    const { reviewId } = await hold(tenant, 'writer', { result: aResult({ output, confidence: 0.9 }) });
    const explained = itemsOf(mustBe(200, await auditor.get(`${path}/reviews/${reviewId}/explanation`)));
    expect(explained).toMatchObject(expected);
    expect(explained[1]?.toPass).toContain('0.95 or more');
  });
});

describe('an installation that asks for four eyes', () => {
  let store: TestStore;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore('postgres', { policyFourEyes: true });
    tenant = await createTenant((await store.start()).url);
  });
  afterAll(() => store.drop());

  it('takes a tighter policy at once, and a looser one from nobody alone', async () => {
    const { admin, operator, path } = tenant;
    mustBe(200, await operator.put(`${path}/policy`, tighter));
    for (const client of [operator, admin]) {
      const refused = mustBe(409, await client.put(`${path}/policy`, looser));
      expect(refused.body.code).toBe('POLICY_NEEDS_SECOND_OPERATOR');
      expect(textOf(refused.body.detail)).toContain(
        'below 0.9 was held for a person; now it is what is below 0.4',
      );
    }
    expect((await operator.get(`${path}/policy`)).body).toMatchObject({ version: 2 });
  });
});
