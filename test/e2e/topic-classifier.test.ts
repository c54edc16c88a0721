import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/models/json.js';
import { aFailure, aResult } from '../factories.js';
import {
  adminKey,
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { type AnswerBody, textOf } from '../support/client.js';
import {
  cardOf,
  claimOne,
  decide,
  handIn,
  historyOf,
  hold,
  listOf,
  register,
  resultOf,
  submit,
  until,
} from '../support/fleet.js';
import {
  answer,
  type ModerationEndpoint,
  scores,
  silence,
  startModerationEndpoint,
} from '../support/moderation-endpoint.js';
import { killProcesses, startProcess } from '../support/server-process.js';
import { createDatabase } from '../support/servers.js';

const key = 'canary-classifier-key-2f8e';
const budgetMs = 500;
const calm = { politics: 0.01, health: 0.02 };
const political = { ...calm, politics: 0.93 };
const politicsOff = { topics: { POLITICS: { action: 'OFF' } } };
const bothOff = { topics: { POLITICS: { action: 'OFF' }, HEALTH_ADVICE: { action: 'OFF' } } };

describe.each(modes)('a topic classifier on %s', (mode) => {
  let store: TestStore;
  let url: string;
  let endpoint: ModerationEndpoint;
  let tenant: TestTenant;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    store = await createStore(mode);
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    endpoint = await startModerationEndpoint(scores(calm));
    const server = await store.start({
      topicClassifier: {
        url: endpoint.url,
        key,
        model: 'topics-1',
        categories: [
          { category: 'politics', topic: 'POLITICS', threshold: 0.5 },
          { category: 'health', topic: 'HEALTH_ADVICE', threshold: 0.5 },
        ],
        budgetMs,
        maxLength: 2_000,
        concurrency: 4,
      },
    });
    ({ url } = server);
    stop = () => server.stop();
    tenant = await createTenant(url);
    await register(tenant, 'writer');
  });
  afterEach(async () => {
    await stop();
    await endpoint.stop();
  });

  const finished = async (result: JsonObject = aResult()): Promise<AnswerBody> => {
    const taskId = await submit(tenant);
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
    return resultOf(tenant, taskId);
  };

  const backtest = async (policy: JsonObject): Promise<AnswerBody> => {
    const { path, operator, auditor } = tenant;
    const { body } = mustBe(202, await operator.post(`${path}/policy/backtest`, { policy }));
    return until(async () => {
      const address = `${path}/policy/backtests/${textOf(body.backtestId)}`;
      const { body: now } = mustBe(200, await auditor.get(address));
      return textOf(now.state) === 'DONE' && now;
    });
  };

  it('holds what it scores high, and the record says why', async () => {
    endpoint.behave(scores(political));
    const { taskId, reviewId } = await hold(tenant, 'writer', { result: aResult() });
    const verdict = {
      outcome: 'ANSWERED',
      model: 'topics-1',
      breaker: 'CLOSED',
      categories: [
        { category: 'politics', topic: 'POLITICS', threshold: 0.5, score: 0.93 },
        { category: 'health', topic: 'HEALTH_ADVICE', threshold: 0.5, score: 0.02 },
      ],
    };
    const why = 'The topic classifier topics-1 gives politics 0.93; 0.5 is enough.';
    expect(await cardOf(tenant, reviewId)).toMatchObject({
      reason: 'SENSITIVE_TOPIC',
      reasons: [{ code: 'SENSITIVE_TOPIC', detector: 'TOPIC/POLITICS', detail: why, pointer: null }],
    });
    const explained = await tenant.operator.get(`${tenant.path}/reviews/${reviewId}/explanation`);
    expect(mustBe(200, explained).body.items).toMatchObject([{ rule: '/topics/POLITICS/action', why }]);
    const events = await historyOf(tenant, taskId);
    expect(events.map(({ payload }) => payload?.classifier).filter(Boolean)).toMatchObject([verdict]);

    mustBe(200, await decide(tenant, reviewId, { status: 'REJECTED' }));
    expect(await resultOf(tenant, taskId)).toMatchObject({
      decision: { outcome: 'HITL', classifier: verdict },
    });
    expect(endpoint.asked).toEqual([
      {
        path: '/v1/moderations',
        authorization: `Bearer ${key}`,
        body: { model: 'topics-1', input: 'reply: It leaves the warehouse on Monday.' },
      },
    ]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('chimera_topic_classifier_verdicts_total{outcome="ANSWERED"} 1');
    expect(metrics).toContain('chimera_topic_classifier_verdicts_total{outcome="TIMEOUT"} 0');
    expect(metrics).toContain('chimera_topic_classifier_call_duration_seconds_count 1');
    expect(metrics).toContain('chimera_topic_classifier_breaker{state="CLOSED"} 1');
    expect(metrics).toContain('chimera_topic_classifier_breaker{state="OPEN"} 0');
  });

  it('lets pass what it scores low, once a submission', async () => {
    const taskId = await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    const first = mustBe(200, await handIn(tenant, assignment));
    expect(first.body).toMatchObject({
      decision: { outcome: 'APPROVE', classifier: { outcome: 'ANSWERED' } },
    });
    expect(mustBe(200, await handIn(tenant, assignment)).body).toEqual(first.body);
    expect(await resultOf(tenant, taskId)).toMatchObject({ status: 'SUCCEEDED' });
    expect(endpoint.asked).toHaveLength(1);
  });

  it('is not asked when the policy has its topics off', async () => {
    mustBe(200, await tenant.operator.put(`${tenant.path}/policy`, bothOff));
    const { decision } = await finished();
    expect(decision).toMatchObject({ outcome: 'APPROVE' });
    expect(decision).not.toHaveProperty('classifier');
    expect(endpoint.asked).toEqual([]);
  });

  it('holds every result while it is away, and costs no more than its budget', async () => {
    endpoint.behave(silence);
    const taskId = await submit(tenant);
    const assignment = await claimOne(tenant, 'writer');
    const started = performance.now();
    const { body } = mustBe(200, await handIn(tenant, assignment));
    const took = performance.now() - started;
    expect(body).toMatchObject({ taskId, taskStatus: 'NEEDS_REVIEW', decision: { outcome: 'HITL' } });
    expect(took).toBeLessThan(2 * budgetMs);
    expect(await cardOf(tenant, textOf(body.reviewId))).toMatchObject({
      reason: 'GATE_ERROR',
      reasons: [
        { detector: 'TOPIC_CLASSIFIER', detail: 'The topic classifier topics-1 did not answer in time.' },
      ],
    });

    await endpoint.stop();
    const outcomes: string[] = [];
    for (let nth = 0; nth < 6; nth += 1) {
      const next = await submit(tenant);
      const receipt = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer')));
      expect(receipt.body).toMatchObject({ taskId: next, taskStatus: 'NEEDS_REVIEW' });
      outcomes.push(textOf(receipt.body.decision?.classifier?.outcome));
    }
    expect(outcomes[0]).toBe('UNREACHABLE');
    expect(outcomes.at(-1)).toBe('BREAKER_OPEN');
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('chimera_topic_classifier_breaker{state="OPEN"} 1');
  });

  it('keeps nobody else waiting while it thinks', async () => {
    const asked = Promise.withResolvers<undefined>();
    const thought = Promise.withResolvers<undefined>();
    endpoint.behave(async (one, response) => {
      asked.resolve(undefined);
      await thought.promise;
      await scores(calm)(one, response);
    });
    await submit(tenant);
    await submit(tenant);
    const [slow, other] = [await claimOne(tenant, 'writer'), await claimOne(tenant, 'writer')];
    const handedIn = handIn(tenant, slow);
    await asked.promise;
    mustBe(200, await handIn(tenant, other, aFailure()));
    thought.resolve(undefined);
    expect(mustBe(200, await handedIn).body).toMatchObject({ taskStatus: 'SUCCEEDED' });
  });

  it('is not asked again by backtests and shadows', async () => {
    const { operator, auditor, path } = tenant;
    const drafts = `${path}/policy/drafts`;
    const { body: draft } = mustBe(201, await operator.post(drafts, { policy: politicsOff }));
    const shadow = `${drafts}/${textOf(draft.draftId)}/shadow`;
    mustBe(200, await operator.post(shadow));
    await finished();
    endpoint.behave(scores(political));
    await hold(tenant, 'writer', { result: aResult() });
    endpoint.behave(answer({}, 400));
    await hold(tenant, 'writer', { result: aResult() });

    endpoint.behave(scores({ politics: 1, health: 1 }));
    expect((await backtest({})).report).toMatchObject({
      decisions: 3,
      same: 3,
      newlyHeld: 0,
      newlyReleased: 0,
    });
    expect((await backtest(politicsOff)).report).toMatchObject({ same: 2, newlyReleased: 1 });
    expect((await backtest(bothOff)).report).toMatchObject({ same: 1, newlyReleased: 2 });
    const report = await until(async () => {
      const { body } = mustBe(200, await auditor.get(shadow));
      return textOf(body.decisions) === '3' && body;
    });
    expect(report).toMatchObject({ agree: 2, newlyReleased: 1, newlyHeld: 0 });
    // The decisions are another version's now, so that both sides are judged again.
    mustBe(200, await operator.put(`${path}/policy`, {}));
    expect((await backtest(politicsOff)).report).toMatchObject({ same: 2, newlyReleased: 1 });
    expect(endpoint.asked).toHaveLength(3);
  });

  it('is asked of an edit, which passes only when it is confirmed', async () => {
    const { reviewId } = await hold(tenant, 'writer', { result: aResult({ confidence: 0.5 }) });
    endpoint.behave(scores(political));
    const edit = { status: 'APPROVED', editedOutput: { reply: 'Vote on Monday.' } };
    const refused = await decide(tenant, reviewId, edit);
    expect(refused).toMatchObject({ status: 409, body: { code: 'EDIT_NEEDS_CONFIRMATION' } });
    expect(listOf(refused.body.reasons)).toMatchObject([{ detector: 'TOPIC/POLITICS' }]);
    mustBe(200, await decide(tenant, reviewId, { ...edit, confirmReasons: true }));
    const audit = await tenant.auditor.get(`${tenant.path}/audit?reviewId=${reviewId}&type=review.decided`);
    expect(listOf(mustBe(200, audit).body.items)).toMatchObject([
      { payload: { confirmedReasons: ['TOPIC/POLITICS'], classifier: { outcome: 'ANSWERED' } } },
    ]);
  });

  it('is asked when a policy is tried', async () => {
    endpoint.behave(scores(political));
    const asked = { output: 'Good morning.', confidence: 0.9, kind: 'support.reply' };
    const { body } = mustBe(200, await tenant.operator.post(`${tenant.path}/policy/evaluate`, asked));
    expect(body).toMatchObject({
      outcome: 'HITL',
      classifier: { outcome: 'ANSWERED' },
      explanation: [{ rule: '/topics/POLITICS/action' }],
    });
  });
});

describe('a server with a topic classifier', () => {
  afterAll(killProcesses);

  it('writes neither its key nor what it is asked about, whatever goes wrong', async () => {
    const database = await createDatabase();
    const endpoint = await startModerationEndpoint(scores(calm));
    const server = await startProcess({
      DATABASE_URL: database.url,
      CHIMERA_ADMIN_KEY: adminKey,
      LOG_LEVEL: 'trace',
      TOPIC_CLASSIFIER_URL: endpoint.url,
      TOPIC_CLASSIFIER_KEY: key,
      TOPIC_CLASSIFIER_BUDGET_MS: '300',
      TOPIC_CLASSIFIER_CATEGORIES: 'politics:POLITICS:0.5',
    });
    await server.serving;
    const tenant = await createTenant(server.url);
    await register(tenant, 'writer');
    const said: string[] = [];
    const behaviours = [scores(political), answer('canary-answer', 500), answer('canary-answer'), silence];
    for (const behaviour of behaviours) {
      endpoint.behave(behaviour);
      await submit(tenant);
      const result = aResult({ output: 'canary-output' });
      const receipt = mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), result));
      said.push(JSON.stringify(receipt.body));
    }
    const audit = await tenant.auditor.get(`${tenant.path}/audit?limit=200`);
    said.push(JSON.stringify(audit.body), await (await fetch(`${server.url}/metrics`)).text());
    await endpoint.stop();
    await server.stop();
    await database.drop();
    expect(endpoint.asked.map(({ authorization }) => authorization)).toEqual(
      behaviours.map(() => `Bearer ${key}`),
    );
    expect(server.stdout()).toContain('TIMEOUT');
    expect([server.stdout(), server.stderr(), ...said].filter((text) => text.includes('canary'))).toEqual([]);
  });
});
