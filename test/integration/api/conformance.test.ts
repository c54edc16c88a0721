import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { mayDo, type TenantRole, tenantRoles } from '../../../src/models/access.js';
import { digestOf } from '../../../src/models/digest.js';
import type { JsonValue } from '../../../src/models/json.js';
import type { DescribedOperation } from '../../../src/api/described-operations.js';
import { problems } from '../../../src/api/problems.js';
import { bodyLimits } from '../../../src/api/json-body.js';
import { eventually } from '../../contract/eventually.js';
import { openLink } from '../../contract/link.js';
import { aFailure, aKind, aResult, aTask } from '../../factories.js';
import {
  createStore,
  createTenant,
  type Mode,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../../support/chimera.js';
import { Client, itemsOf, textOf } from '../../support/client.js';
import { follow } from '../../support/event-stream.js';
import { scores, silence, startModerationEndpoint } from '../../support/moderation-endpoint.js';
import { DescribedClient, type Description, descriptionOf } from './description.js';
import { claim, claimNew, type Crew, handIn, holdNew, register, worker } from './work.js';

const nobody = '01890000-0000-7000-8000-000000000000';

/** What the routes have answered until now, in either mode. */
const exercised = new Set<string>();

/** A server whose every answer is held against its own description. */
interface Stage {
  readonly store: TestStore;
  readonly tenant: TestTenant;
  readonly description: Description;
  readonly admin: Client;
  readonly operator: Client;
  readonly auditor: Client;
  readonly crew: Crew;
}

async function openStage(mode: Mode): Promise<Stage> {
  const store = await createStore(mode, { checkpointEvents: 1 });
  const { url } = await store.start();
  const description = await descriptionOf(url, exercised);
  const tenant = await createTenant(url);
  const described = (client: Client) => new DescribedClient(client, description);
  const { path } = tenant;
  return {
    store,
    tenant,
    description,
    admin: described(tenant.admin),
    operator: described(tenant.operator),
    auditor: described(tenant.auditor),
    crew: { path, submitter: described(tenant.submitter), agent: described(tenant.agent) },
  };
}

describe.each(modes)('answers on %s, held against the description', (mode) => {
  let stage: Stage;
  let admin: Client;
  let operator: Client;
  let auditor: Client;
  let crew: Crew;

  beforeAll(async () => {
    stage = await openStage(mode);
    ({ admin, operator, auditor, crew } = stage);
  });
  afterAll(() => stage.store.drop());

  it('covers tenants, keys and sessions', async () => {
    const { path, submitter } = crew;
    const tenantId = `${stage.tenant.tenantId}_b`;
    mustBe(201, await admin.post('/v1/tenants', { tenantId }));
    mustBe(409, await admin.post('/v1/tenants', { tenantId, name: 'Again' }));
    mustBe(200, await auditor.get(path));
    const key = mustBe(
      201,
      await admin.post(`${path}/api-keys`, {
        name: 'night',
        role: 'AUDITOR',
        expiresAt: '2999-01-01T00:00:00Z',
      }),
    );
    expect(itemsOf(mustBe(200, await admin.get(`${path}/api-keys?limit=2`)))).toHaveLength(2);
    const aged = `${path}/api-keys/${textOf(key.body.keyId)}`;
    mustBe(201, await admin.post(`${aged}/rotate`, { overlapMs: 60_000 }));
    mustBe(204, await admin.delete(aged));
    mustBe(409, await admin.post(`${aged}/rotate`));

    const opened = mustBe(201, await submitter.post(`${path}/sessions`, { requestedBy: 'nightly import' }));
    const session = `${path}/sessions/${textOf(opened.body.sessionId)}`;
    mustBe(200, await submitter.get(session));
    mustBe(409, await submitter.post(`${session}/resume`));
    mustBe(200, await submitter.post(`${session}/pause`));
    mustBe(200, await submitter.post(`${session}/resume`));
    mustBe(200, await submitter.post(`${session}/stop`));
    mustBe(409, await submitter.post(`${session}/pause`));
  });

  it('covers agents', async () => {
    const { path, agent } = crew;
    const other = `${path}/agents/planner:2`;
    const registration = {
      name: 'Two',
      role: 'PLANNER',
      version: '2',
      capabilities: ['plan'],
      metadata: { a: 1 },
    };
    mustBe(200, await agent.put(other, registration));
    mustBe(200, await agent.post(`${other}/heartbeat`, { status: 'IDLE', metrics: { load: 0.5 } }));
    mustBe(200, await agent.post(`${other}/heartbeat`, { status: 'IDLE', taskIds: [randomUUID()] }));
    mustBe(200, await agent.get(other));
    mustBe(200, await operator.get(`${path}/agents?status=IDLE&capability=plan`));
    mustBe(200, await operator.post(`${other}/pause`));
    mustBe(200, await operator.post(`${other}/resume`));
    mustBe(200, await agent.post(`${other}/claims`, { maxTasks: 3, kinds: ['plan'] }));
    mustBe(204, await agent.delete(other));
    mustBe(404, await agent.post(`${other}/claims`));
  });

  it('covers a task from its submission to its execution', async () => {
    const { path, submitter, agent } = crew;
    await register(crew);
    const opened = await submitter.post(`${path}/sessions`, {});
    const sessionId = textOf(opened.body.sessionId);
    const proposal = await claimNew(crew, { sessionId, timeoutMs: 60_000, priority: 99 });
    const task = `${path}/tasks/${proposal.taskId}`;
    const lease = { agentId: worker, leaseToken: proposal.leaseToken };
    mustBe(200, await agent.post(`${task}/lease`, { ...lease, extendMs: 20_000 }));
    mustBe(404, await submitter.get(`${task}/result`));
    const output = { reply: 'Write to bob@example.com.' };
    const wrongDigest = { ...aResult({ output }), outputDigest: digestOf('something else') };
    mustBe(400, await handIn(crew, proposal, wrongDigest));
    const held = mustBe(200, await handIn(crew, proposal, aResult({ output })));
    mustBe(200, await submitter.get(task));

    const review = `${path}/reviews/${textOf(held.body.reviewId)}`;
    const card = mustBe(200, await operator.get(review));
    mustBe(200, await operator.post(`${review}/reveal`, { reason: 'A customer asks.' }));
    mustBe(200, await operator.post(`${review}/assign`, { ttlMs: 60_000 }));
    mustBe(409, await admin.post(`${review}/assign`));
    mustBe(409, await admin.post(`${review}/unassign`));
    mustBe(200, await operator.post(`${review}/unassign`));
    const decide = (body: JsonValue, headers = {}) => operator.post(`${review}/decision`, body, headers);
    const etag = card.headers.get('etag') ?? '';
    mustBe(412, await decide({ status: 'APPROVED' }, { 'if-match': etag }));
    const edit = {
      status: 'APPROVED',
      editedOutput: { reply: 'Call +44 20 7946 0958.' },
      comment: 'No mail.',
    };
    mustBe(409, await decide(edit));
    mustBe(200, await decide({ ...edit, confirmReasons: true }));
    mustBe(409, await decide({ status: 'REJECTED' }));
    mustBe(200, await auditor.get(`${review}/receipt`));
    mustBe(409, await operator.post(`${review}/assign`));
    mustBe(409, await operator.post(`${review}/unassign`));
    mustBe(200, await operator.get(`${path}/reviews?status=APPROVED&sort=priority`));

    const execution = await claim(crew);
    expect(execution.assignment).toMatchObject({ stage: 'EXECUTE', approval: { output: edit.editedOutput } });
    const done = { status: 'SUCCEEDED', outputDigest: digestOf(edit.editedOutput) };
    mustBe(200, await handIn(crew, execution, done));
    mustBe(409, await handIn(crew, execution, { ...done, confidence: 1 }));
    mustBe(200, await submitter.get(`${task}/result`));
    mustBe(200, await auditor.get(`${task}/history?limit=3`));
    mustBe(409, await submitter.post(`${task}/cancel`));
    mustBe(200, await submitter.get(`${path}/tasks?sessionId=${sessionId}&kind=${aKind}`));
  });

  it('covers the other ways of a task', async () => {
    const { path, submitter, agent } = crew;
    const released = await claimNew(crew);
    const lease = { agentId: worker, leaseToken: released.leaseToken };
    mustBe(204, await agent.post(`${path}/tasks/${released.taskId}/release`, lease));
    mustBe(409, await agent.post(`${path}/tasks/${released.taskId}/release`, lease));
    mustBe(409, await agent.post(`${path}/tasks/${released.taskId}/lease`, lease));
    const failing = await claim(crew);
    mustBe(200, await handIn(crew, failing, aFailure({ retryable: false })));
    mustBe(200, await submitter.get(`${path}/tasks/${failing.taskId}/result`));
    mustBe(200, await submitter.get(`${path}/tasks/${failing.taskId}`));

    const rejected = await holdNew(crew, { onApproval: 'COMPLETE' });
    mustBe(
      200,
      await operator.post(`${path}/reviews/${rejected}/decision`, { status: 'REJECTED', comment: 'No.' }),
    );
    const cancelled = await holdNew(crew);
    const { body } = await operator.get(`${path}/reviews/${cancelled}`);
    mustBe(200, await submitter.post(`${path}/tasks/${textOf(body.taskId)}/cancel`));
    mustBe(200, await operator.get(`${path}/reviews/${cancelled}`));
    mustBe(404, await auditor.get(`${path}/reviews/${cancelled}/receipt`));

    mustBe(202, await submitter.post(`${path}/tasks/batch`, { tasks: [aTask({ kind: 'other' })] }));
    const once = { 'idempotency-key': 'order 17' };
    mustBe(202, await submitter.post(`${path}/tasks`, aTask({ kind: 'other' }), once));
    mustBe(422, await submitter.post(`${path}/tasks`, aTask({ kind: 'another' }), once));
    const stopped = await submitter.post(`${path}/sessions`);
    const sessionId = textOf(stopped.body.sessionId);
    mustBe(200, await submitter.post(`${path}/sessions/${sessionId}/stop`));
    mustBe(409, await submitter.post(`${path}/tasks`, aTask({ sessionId })));
    mustBe(409, await submitter.post(`${path}/tasks/batch`, { tasks: [aTask({ sessionId })] }));
    for (const absent of [{ sessionId: nobody }, { parentTaskId: nobody }]) {
      mustBe(404, await submitter.post(`${path}/tasks`, aTask(absent)));
      mustBe(404, await submitter.post(`${path}/tasks/batch`, { tasks: [aTask(absent)] }));
    }
  });

  it('covers the policy, and a result that it sends back', async () => {
    const { path } = crew;
    const strict = {
      confidence: { holdBelow: 0.9, rejectBelow: 0.3 },
      keywords: [{ term: 'refund', match: 'PREFIX', action: 'DENY' }],
      patterns: [{ name: 'order', pattern: 'ORD-[0-9]{8}', action: 'HITL' }],
      detectors: {
        PII: { allow: ['a@b.example'], types: { EMAIL: { action: 'OFF' } } },
        SECRET: { action: 'DENY' },
      },
      topics: { POLITICS: { action: 'OFF' } },
      kinds: {
        [aKind]: { detectors: { SECRET: { types: { JWT: { action: 'HITL' } } } }, reviewDeadlineMs: 5000 },
      },
    };
    mustBe(200, await operator.put(`${path}/policy`, strict));
    mustBe(200, await auditor.get(`${path}/policy`));
    mustBe(200, await auditor.get(`${path}/policy/versions?limit=1`));
    mustBe(400, await operator.put(`${path}/policy`, { confidence: { holdbelow: 1 } }));
    const asked = { output: { reply: 'refunding ORD-12345678' }, confidence: 0.95, kind: aKind };
    mustBe(200, await auditor.post(`${path}/policy/evaluate`, asked));
    mustBe(200, await auditor.post(`${path}/policy/evaluate`, { ...asked, policy: strict }));
    mustBe(400, await auditor.post(`${path}/policy/evaluate`, { ...asked, policy: { topics: 1 } }));

    const sentBack = await claimNew(crew);
    mustBe(200, await handIn(crew, sentBack, aResult({ confidence: 0.2 })));
    const again = await claim(crew);
    expect(again.assignment).toMatchObject({ feedback: { decision: { outcome: 'RETRY' } } });
    mustBe(200, await handIn(crew, again, aResult({ output: 'A refund!' })));
    expect((await crew.submitter.get(`${path}/tasks/${again.taskId}/result`)).body.status).toBe('BLOCKED');
    const review = `${path}/reviews/${await holdNew(crew)}`;
    const denied = { status: 'APPROVED', editedOutput: 'A refund!', confirmReasons: true };
    expect(mustBe(409, await operator.post(`${review}/decision`, denied)).body.code).toBe('EDIT_DENIED');
    mustBe(200, await operator.put(`${path}/policy`, {}));
  });

  it('covers what somebody proposed and may not approve', async () => {
    const own = `${crew.path}/reviews/${await holdNew({ ...crew, agent: admin })}/decision`;
    const approval = mustBe(403, await admin.post(own, { status: 'APPROVED' }));
    expect(approval.body.code).toBe('OWN_PROPOSAL');
    mustBe(200, await operator.post(own, { status: 'REJECTED' }));
  });

  it('covers policies on their way into force', async () => {
    const { path } = crew;
    const drafts = `${path}/policy/drafts`;
    const policy = { confidence: { holdBelow: 0.6 } };
    const held = await holdNew(crew);
    mustBe(200, await auditor.get(`${path}/reviews/${held}/explanation`));
    mustBe(400, await operator.post(drafts, { policy: { topics: 1 } }));
    const drafted = mustBe(201, await operator.post(drafts, { policy, note: 'Fewer cards.' }));
    const draftId = textOf(drafted.body.draftId);
    const draft = `${drafts}/${draftId}`;
    mustBe(200, await auditor.get(`${drafts}?limit=1`));
    mustBe(200, await auditor.get(draft));
    mustBe(200, await auditor.get(`${path}/policy/diff?to=${draftId}`));
    mustBe(404, await auditor.get(`${path}/policy/diff?from=99`));
    mustBe(404, await auditor.get(`${path}/policy/diff?from=${nobody}`));
    mustBe(200, await operator.post(`${draft}/shadow`));
    mustBe(400, await operator.post(`${path}/policy/backtest`, { policy: { topics: 1 } }));
    mustBe(202, await operator.post(`${path}/policy/backtest`, { policy }));
    mustBe(409, await operator.post(`${draft}/approve`));
    mustBe(409, await operator.post(`${draft}/propose`, {}));
    mustBe(404, await operator.post(`${draft}/propose`, { backtestId: nobody }));
    const { body: backtest } = mustBe(202, await operator.post(`${draft}/backtest`));
    const backtestId = textOf(backtest.backtestId);
    await eventually(
      async () => mustBe(200, await auditor.get(`${path}/policy/backtests/${backtestId}`)).body,
      ({ state }) => textOf(state) === 'DONE',
    );
    mustBe(200, await operator.post(`${draft}/propose`, { backtestId }));
    mustBe(409, await operator.post(`${draft}/approve`));
    mustBe(200, await admin.post(`${draft}/approve`));
    mustBe(200, await auditor.get(`${draft}/shadow`));
    mustBe(409, await operator.post(`${draft}/shadow`));
    mustBe(409, await operator.post(`${draft}/propose`));
    mustBe(409, await operator.delete(draft));
    const dropped = mustBe(201, await operator.post(drafts, { policy }));
    mustBe(204, await operator.delete(`${drafts}/${textOf(dropped.body.draftId)}`));

    const strict = await stage.store.start({ policyFourEyes: true });
    const careful = new DescribedClient(new Client(strict.url, operator.key), stage.description);
    mustBe(409, await careful.put(`${path}/policy`, { confidence: { holdBelow: 0 } }));
    await strict.stop();
  });

  it('covers as many backtests and shadows as a tenant may have', async () => {
    const { path } = crew;
    const drafts = `${path}/policy/drafts`;
    for (let nth = 0; nth < 5; nth += 1) {
      const { body } = mustBe(201, await operator.post(drafts, { policy: {} }));
      mustBe(200, await operator.post(`${drafts}/${textOf(body.draftId)}/shadow`));
    }
    const { body } = mustBe(201, await operator.post(drafts, { policy: {} }));
    const draft = `${drafts}/${textOf(body.draftId)}`;
    expect(mustBe(409, await operator.post(`${draft}/shadow`)).body.code).toBe('TOO_MANY_SHADOWS');
    await queueBacktests(stage, 10);
    for (const full of [`${draft}/backtest`, `${path}/policy/backtest`]) {
      const asked = full.startsWith(draft) ? {} : { policy: {} };
      expect(mustBe(409, await operator.post(full, asked)).body.code).toBe('TOO_MANY_BACKTESTS');
    }
  });

  it('covers what an external classifier says', async () => {
    const endpoint = await startModerationEndpoint(scores({ politics: 0.75 }));
    const server = await stage.store.start({
      topicClassifier: {
        url: endpoint.url,
        key: undefined,
        model: 'topics-1',
        categories: [{ category: 'politics', topic: 'POLITICS', threshold: 0.5 }],
        budgetMs: 200,
        maxLength: 1_000,
        concurrency: 1,
      },
    });
    const asking = new DescribedClient(new Client(server.url, auditor.key), stage.description);
    const evaluated = async () => {
      const asked = { output: 'Good morning.', confidence: 0.9 };
      return mustBe(200, await asking.post(`${crew.path}/policy/evaluate`, asked)).body.classifier;
    };
    expect(await evaluated()).toMatchObject({ outcome: 'ANSWERED' });
    endpoint.behave((_asked, response) => void response.writeHead(503).end());
    expect(await evaluated()).toMatchObject({ outcome: 'REFUSED', status: 503 });
    endpoint.behave(silence);
    expect(await evaluated()).toMatchObject({ outcome: 'TIMEOUT' });
    await server.stop();
    await endpoint.stop();
  });

  it('covers the audit record, the feed and the numbers', async () => {
    const { path, submitter } = crew;
    mustBe(200, await auditor.get(`${path}/audit?type=task.queued&from=2020-01-01T00:00:00Z&limit=2`));
    mustBe(200, await auditor.get(`${path}/audit/verify`));
    const { body } = mustBe(200, await auditor.get(`${path}/audit/export`));
    const lines = textOf(body.value).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      expect(
        stage.description.faultIn(JSON.parse(line), 'components', 'schemas', 'AuditEvent'),
      ).toBeUndefined();
    }
    await eventually(
      async () => mustBe(200, await auditor.get(`${path}/audit/checkpoints?limit=1`)),
      (page) => itemsOf(page).length > 0,
    );
    const sealed = mustBe(200, await auditor.get(`${path}/audit/checkpoints/export`));
    for (const line of textOf(sealed.body.value ?? sealed.body)
      .trimEnd()
      .split('\n')) {
      expect(
        stage.description.faultIn(JSON.parse(line), 'components', 'schemas', 'Checkpoint'),
      ).toBeUndefined();
    }
    mustBe(200, await auditor.get(`${path}/audit/keys`));
    const session = await submitter.post(`${path}/sessions`);
    for (const address of [`${path}/events`, `${path}/sessions/${textOf(session.body.sessionId)}/events`]) {
      const stream = await follow(auditor, address, '0');
      stage.description.check('GET', address, { ...stream, body: {} });
      const [first] = await stream.untilCount(1);
      expect(stage.description.faultIn(first?.data, 'components', 'schemas', 'Event')).toBeUndefined();
      stream.close();
    }
    mustBe(200, await auditor.get(`${path}/stats`));
    for (const address of ['/health/live', '/health/ready', '/metrics']) {
      mustBe(200, await new DescribedClient(new Client(admin.url, ''), stage.description).get(address));
    }
  });
});

/** Adds backtests that nobody runs. */
async function queueBacktests({ store, tenant: { tenantId } }: Stage, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: store.config.databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO policy_backtests (tenant_id, backtest_id, rules, rules_digest, base_version, from_at, to_at, state, done,
       created_at, created_by, updated_at, version)
     SELECT $1, gen_random_uuid(), '{}', 'sha256:', 1, now() - interval '1 day', now(), 'QUEUED', 0, now(), 'nobody', now(), 1
     FROM generate_series(1, $2)`,
    [tenantId, count],
  );
  await client.end();
}

describe('refusals, held against the description', () => {
  let stage: Stage;

  beforeAll(async () => {
    // Queues and signals on Redis live on while the database is gone.
    stage = await openStage('redis');
  });
  afterAll(() => stage.store.drop());

  it('are those of every route', async () => {
    const { admin, description, tenant } = stage;
    const insider = (role: TenantRole) => new DescribedClient(clientOf(tenant, role), description);
    for (const described of description.operations) {
      const { method, operation } = described;
      const verb = method.toUpperCase();
      const codes = operation['x-error-codes'] ?? [];
      const address = addressOf(described, tenant.tenantId);
      const body = JSON.stringify(exampleOf(described));
      const elsewhere = addressOf(described, 't_nobody');
      const anonymous = new DescribedClient(new Client(admin.url, ''), description);
      const needs = operation['x-needs'] ?? 'PUBLIC';
      if (needs === 'PUBLIC') continue;
      const outsider = tenantRoles.find((role) => !mayDo(role, needs));
      const sendings = {
        UNAUTHENTICATED: () => anonymous.raw(verb, address, body),
        FORBIDDEN: () => insider(outsider ?? 'OPERATOR').raw(verb, address, body),
        TENANT_NOT_FOUND: () => admin.raw(verb, elsewhere, body),
        VALIDATION_FAILED: () => admin.raw(verb, `${address}?unheardOf=1`, body),
        MALFORMED_JSON: () => admin.raw(verb, address, '{'),
        UNSUPPORTED_MEDIA_TYPE: () => admin.raw(verb, address, 'a=b', { 'content-type': 'text/plain' }),
        PAYLOAD_TOO_LARGE: () => admin.raw(verb, address, oversized(address)),
        INVALID_CURSOR: () => admin.raw(verb, `${address}?cursor=x`),
      };
      for (const [code, send] of Object.entries(sendings)) {
        if (codes.some((known) => known === code)) expect((await send()).body.code).toBe(code);
      }
      const absent = codes.find((code) =>
        /^(API_KEY|SESSION|AGENT|TASK|REVIEW|DRAFT|BACKTEST)_NOT_(FOUND|REGISTERED)$/.test(code),
      );
      if (absent && /\{(keyId|sessionId|agentId|taskId|reviewId|draftId|backtestId)\}/.test(described.path)) {
        expect((await admin.raw(verb, address, body)).body.code).toBe(absent);
      }
    }
  }, 60_000);

  it('are 429 where a tenant has as many open tasks as it may have', async () => {
    const { store, tenant, crew, description } = stage;
    const server = await store.start({ maxOpenTasks: 1 });
    const submitter = new DescribedClient(new Client(server.url, tenant.submitter.key), description);
    await submitter.post(`${crew.path}/tasks`, aTask({ kind: 'other' }));
    mustBe(429, await submitter.post(`${crew.path}/tasks`, aTask({ kind: 'other' })));
    mustBe(429, await submitter.post(`${crew.path}/tasks/batch`, { tasks: [aTask(), aTask()] }));
    await server.stop();
  });

  it('are 503 while the database is gone', async () => {
    const { admin, description, store, tenant } = stage;
    const link = await openLink(store.config.databaseUrl ?? '');
    const server = await store.start({ databaseUrl: link.url });
    await link.cut();
    const cutOff = new DescribedClient(new Client(server.url, admin.key), description);
    const keyed = description.operations.filter(({ operation }) => operation['x-needs'] !== 'PUBLIC');
    for (const described of keyed) {
      const address = addressOf(described, tenant.tenantId);
      const body = JSON.stringify(exampleOf(described));
      mustBe(503, await cutOff.raw(described.method.toUpperCase(), address, body));
    }
    mustBe(503, await cutOff.get('/health/ready'));
    await server.stop();
  });

  it('are 429 for who comes too often', async () => {
    const { description, store, admin } = stage;
    const server = await store.start({ rateLimitCredential: 1 });
    const hasty = new DescribedClient(new Client(server.url, admin.key), description);
    for (const described of description.operations) {
      if (described.operation['x-needs'] === 'PUBLIC') continue;
      // Nothing is there for who is let in when a new window begins.
      const address = addressOf(described, 't_nobody');
      const send = () =>
        hasty.raw(described.method.toUpperCase(), address, JSON.stringify(exampleOf(described)));
      const refused = await eventually(send, ({ status }) => status === 429);
      expect(refused.body.code).toBe('RATE_LIMITED');
    }
    await server.stop();
  });

  it('leave no success and no error of any route undriven', () => {
    const missing = stage.description.operations.flatMap(({ method, path, operation }) => {
      const route = `${method.toUpperCase()} ${path}`;
      const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
      const refusals = (operation['x-error-codes'] ?? [])
        // A fault of ours cannot be provoked from outside, and overload is met before any route is.
        .filter((code) => code !== 'INTERNAL_ERROR' && code !== 'OVERLOADED')
        .map((code) => `${problems[code].status} ${code}`);
      return [...successes, ...refusals]
        .map((outcome) => `${route} ${outcome}`)
        .filter((one) => !exercised.has(one));
    });
    expect(missing).toEqual([]);
  });
});

function clientOf(tenant: TestTenant, role: TenantRole): Client {
  const { operator, submitter, agent, auditor } = tenant;
  return { OPERATOR: operator, SUBMITTER: submitter, AGENT: agent, AUDITOR: auditor }[role];
}

/** The operation's address, of things that are not there. */
function addressOf({ path }: DescribedOperation, tenantId: string): string {
  return path
    .replace('{tenantId}', tenantId)
    .replace('{agentId}', 'nobody')
    .replaceAll(/\{\w+\}/g, nobody);
}

/** The first example of the operation's body. */
function exampleOf({ operation: { requestBody } }: DescribedOperation): unknown {
  if (!requestBody || '$ref' in requestBody) return undefined;
  const [example] = Object.values(requestBody.content['application/json']?.examples ?? {});
  return example && 'value' in example ? example.value : undefined;
}

function oversized(address: string): string {
  const bytes = address.endsWith('/batch') ? bodyLimits.batchBytes : bodyLimits.bytes;
  return JSON.stringify({ padding: 'x'.repeat(bytes) });
}
