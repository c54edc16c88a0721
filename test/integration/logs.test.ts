import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as PostgresClient } from 'pg';
import { readIfPresent } from '../../src/lib/files.js';
import { adminKey, createTenant, type Mode, modes, mustBe, type TestTenant } from '../support/chimera.js';
import { type Answer, Client, textOf } from '../support/client.js';
import { type EventStream, follow } from '../support/event-stream.js';
import { cardOf, claimOne, decide, handIn, hold, register, submit, until } from '../support/fleet.js';
import { killProcesses, type ServerProcess, startProcess } from '../support/server-process.js';
import { createDatabase, createRedis, type TestDatabase, type TestRedis } from '../support/servers.js';
import {
  answer,
  type ModerationEndpoint,
  scores,
  startModerationEndpoint,
} from '../support/moderation-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { aDoubtfulResult, aFailure, aResult } from '../factories.js';

/** Text that must stay where it belongs, by where it was put. */
const canaries = {
  input: 'canary-input-7f3a91',
  held: 'canary-held-2be604',
  released: 'canary-released-c81d55',
  edited: 'canary-edited-90ef17',
  error: 'canary-error-4d6b28',
  body: 'canary-body-e5a3c0',
  policy: 'canary-policy-18f7d9',
  path: 'canary-path-b602ee',
  key: 'chimera_canary-key-57ac34',
  evaluated: 'canary-evaluated-6c97f2',
  webhook: 'canary-webhook-03d5be',
  classified: 'canary-classified-b27e40',
  classifier: 'canary-classifier-key-61fa8d',
  refused: 'canary-refused-5ce913',
  signing: Buffer.alloc(32, 'canary-signing').toString('base64'),
};

/** What a person writes for the record is on it and in its events, for those whom it is about, and nowhere else. */
const forTheRecord = { reason: 'canary-reason-d41b76', comment: 'canary-comment-a83e10' };

/** What the database is asked at the moment, as everybody sees it who watches it. */
async function activityOf(url: string): Promise<string> {
  const client = new PostgresClient({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ seen: string }>(
      'SELECT a::text AS seen FROM pg_stat_activity a WHERE datname = current_database()',
    );
    return rows.map(({ seen }) => seen).join('\n');
  } finally {
    await client.end();
  }
}

interface Exchange {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** What kind of refusal it was answered with. */
  readonly code: string;
}

/** Requests that are refused before it is asked who is calling. */
const nobodys: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'ROUTE_NOT_FOUND']);

const exchanges: Exchange[] = [];

/** A client that remembers what it asked, and under which id it was answered. */
class RecordedClient extends Client {
  override async raw(...request: Parameters<Client['raw']>): Promise<Answer> {
    const answer = await super.raw(...request);
    const requestId = answer.headers.get('x-request-id') ?? '';
    const code = textOf(answer.body.code);
    exchanges.push({ requestId, method: request[0], path: request[1], status: answer.status, code });
    return answer;
  }
}

function recorded(tenant: TestTenant): TestTenant {
  const client = ({ url, key }: Client) => new RecordedClient(url, key);
  const { admin, operator, submitter, agent, auditor } = tenant;
  return {
    ...tenant,
    ...{ admin: client(admin), operator: client(operator), submitter: client(submitter) },
    ...{ agent: client(agent), auditor: client(auditor) },
  };
}

type LogLine = Readonly<Record<string, unknown>>;

/** The log without the announcement, which is for people. */
function linesOf(server: ServerProcess): readonly LogLine[] {
  const lines = server.stdout().split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
}

/** Everything that a Redis holds, as text. */
async function contentOf(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    const found: unknown[] = [];
    for await (const keys of redis.scanStream({ count: 1000 }) as AsyncIterable<string[]>) {
      for (const key of keys) found.push([key, await valueOf(redis, key)]);
    }
    return JSON.stringify(found);
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, -1);
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      throw new Error(`${key} is a ${type}, which this test cannot read.`);
  }
}

/** Every row of the queue's own schema, as text. */
async function queueRowsOf(url: string): Promise<string> {
  const client = new PostgresClient({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      found.push(...rows.map(({ row }) => row));
    }
    return found.join('\n');
  } finally {
    await client.end();
  }
}

describe.each(modes)('a server that logs everything on %s', (mode: Mode) => {
  let database: TestDatabase;
  let redis: TestRedis | undefined;
  let connection: Redis | undefined;
  let monitor: Redis | undefined;
  let server: ServerProcess;
  let tenant: TestTenant;
  let stream: EventStream;
  let waiting: string;
  let sink: WebhookReceiver;
  let endpoint: ModerationEndpoint;
  let directory: string;
  const stored = {
    ...{ commands: '', redis: '', queues: '', audit: '' },
    ...{ metrics: '', activity: '', checkpoints: '', reports: '' },
  };

  beforeAll(async () => {
    exchanges.length = 0;
    database = await createDatabase();
    redis = mode === 'redis' ? await createRedis() : undefined;
    connection = redis && new Redis(redis.url);
    monitor = await connection?.monitor();
    monitor?.on('monitor', (_time: string, args: readonly string[]) => {
      stored.commands += `${args.join(' ')}\n`;
    });
    // It refuses at first, so that a failed delivery is told of as well.
    sink = await startWebhookReceiver(500);
    endpoint = await startModerationEndpoint(scores({ politics: 0.01 }));
    directory = await mkdtemp(join(tmpdir(), 'chimera-canary-'));
    const checkpoints = join(directory, 'checkpoints.ndjson');
    server = await startProcess({
      REPLAY_THREADS: '0',
      AUDIT_SIGNING_KEY: canaries.signing,
      AUDIT_CHECKPOINT_EVENTS: '1',
      AUDIT_CHECKPOINT_FILE: checkpoints,
      AUDIT_CHECKPOINT_WEBHOOK: `http://127.0.0.1:${sink.port}/sink?token=${canaries.webhook}`,
      AUDIT_CHECKPOINT_WEBHOOK_PRIVATE: 'on',
      TOPIC_CLASSIFIER_URL: endpoint.url,
      TOPIC_CLASSIFIER_KEY: canaries.classifier,
      TOPIC_CLASSIFIER_CATEGORIES: 'politics:POLITICS:0.5',
      DATABASE_URL: database.url,
      ...(redis && { REDIS_URL: redis.url }),
      CHIMERA_ADMIN_KEY: adminKey,
      LOG_LEVEL: 'trace',
    });
    await server.serving;
    tenant = recorded(await createTenant(server.url));
    stream = await follow(tenant.auditor, `${tenant.path}/events`);
    await workThrough();
    waiting = await submit(tenant, { input: { text: canaries.input } });
    await stream.untilType('task.failed');
    const audit = mustBe(200, await tenant.auditor.get(`${tenant.path}/audit/export`));
    stored.audit = textOf(audit.body['value']);
    stored.redis = redis ? await contentOf(redis.url) : '';
    stored.queues = await queueRowsOf(database.url);
    stored.metrics = await (await fetch(`${server.url}/metrics`)).text();
    stored.activity = await activityOf(database.url);
    await until(() => Promise.resolve(sink.state.requests > 0), 30_000);
    sink.state.status = 204;
    const taken = await until(() => Promise.resolve(sink.got().length > 0 && sink.got()), 30_000);
    // Each sink is brought its own, and neither waits for the other.
    const kept = await until(async () => {
      const text = await readIfPresent(checkpoints);
      return text?.includes(tenant.tenantId) && text;
    }, 30_000);
    stored.checkpoints = JSON.stringify(taken) + kept;
    stream.close();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  }, 120_000);
  afterAll(async () => {
    monitor?.disconnect();
    connection?.disconnect();
    await killProcesses();
    await database.drop();
    await redis?.drop();
    await Promise.all([sink.close(), endpoint.stop()]);
    await rm(directory, { recursive: true, force: true });
  });

  /** Each way that a text can take through the service, and what is refused on the way. */
  async function workThrough(): Promise<void> {
    const { path, admin, agent, operator, submitter } = tenant;
    const task = { input: { text: canaries.input } };
    const doubtful = aDoubtfulResult({ output: { reply: canaries.held } });
    await register(tenant, 'writer');

    const approved = await hold(tenant, 'writer', { task, result: doubtful });
    mustBe(200, await decide(tenant, approved.reviewId));
    await carryOut();
    const edited = await hold(tenant, 'writer', { task, result: doubtful });
    const verdict = { status: 'APPROVED', editedOutput: { reply: canaries.edited } };
    mustBe(200, await decide(tenant, edited.reviewId, verdict));
    mustBe(409, await decide(tenant, edited.reviewId, { status: 'REJECTED' }));
    await carryOut();
    const open = await hold(tenant, 'writer', { task, result: doubtful });
    await cardOf(tenant, open.reviewId);
    const seen = await operator.post(`${path}/reviews/${open.reviewId}/reveal`, {
      reason: forTheRecord.reason,
    });
    expect(JSON.stringify(mustBe(200, seen).body)).toContain(canaries.held);
    const rejection = { status: 'REJECTED', comment: forTheRecord.comment };
    mustBe(200, await decide(tenant, open.reviewId, rejection));
    await tryPolicies();

    const taskId = await submit(tenant, task);
    const released = aResult({ output: { reply: canaries.released } });
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), released));
    mustBe(200, await submitter.get(`${path}/tasks/${taskId}/result`));
    await submit(tenant, task);
    const failure = aFailure({ message: canaries.error, retryable: false });
    mustBe(200, await handIn(tenant, await claimOne(tenant, 'writer'), failure));

    const shadow = await shadowed();
    await askInVain();
    await refuseRows();
    stored.reports += await shadow.report();

    mustBe(400, await submitter.raw('POST', `${path}/tasks`, `{"input": "${canaries.body}`));
    mustBe(400, await submitter.post(`${path}/tasks`, { kind: canaries.body, [canaries.body]: 1, input: 1 }));
    mustBe(400, await agent.post(`${path}/agents/writer/heartbeat`, { status: canaries.body }));
    mustBe(400, await submitter.get(`${path}/tasks?status=${canaries.path}`));
    mustBe(404, await submitter.get(`/v1/${canaries.path}`));
    mustBe(404, await submitter.get(`/v1/tenants/${canaries.path}/tasks`));
    mustBe(400, await operator.put(`${path}/policy`, policyWith(`(${canaries.policy}`)));
    mustBe(400, await operator.put(`${path}/policy`, { [canaries.policy]: canaries.policy }));
    mustBe(403, await agent.put(`${path}/policy`, policyWith(canaries.policy)));
    mustBe(401, await new RecordedClient(admin.url, canaries.key).get(`${path}/tasks`));
  }

  /** What was judged is judged again, by a backtest and by trying a policy out. */
  async function tryPolicies(): Promise<void> {
    const { path, operator } = tenant;
    const output = { reply: canaries.evaluated };
    const evaluated = await operator.post(`${path}/policy/evaluate`, { output, confidence: 0.5 });
    stored.reports += JSON.stringify(mustBe(200, evaluated).body);
    const asked = await operator.post(`${path}/policy/backtest`, {
      policy: { confidence: { holdBelow: 0.4 } },
    });
    const address = `${path}/policy/backtests/${textOf(asked.body.backtestId)}`;
    const report = await until(async () => {
      const { body } = mustBe(200, await operator.get(address));
      return textOf(body.state) === 'DONE' && body;
    });
    stored.reports += JSON.stringify(report);
  }

  /** A draft that judges beside the policy in force from now on, and what it says of that. */
  async function shadowed() {
    const { path, operator } = tenant;
    const policy = { keywords: [{ term: canaries.classified, match: 'WORD', action: 'HITL' }] };
    const { body } = mustBe(201, await operator.post(`${path}/policy/drafts`, { policy }));
    const address = `${path}/policy/drafts/${textOf(body.draftId)}/shadow`;
    mustBe(200, await operator.post(address));
    return {
      report: () =>
        until(async () => {
          const { body: report } = mustBe(200, await operator.get(address));
          return Number(report['decisions']) > 0 && JSON.stringify(report);
        }),
    };
  }

  /** The external classifier repeats what it was sent, in answers of which none can be used. */
  async function askInVain(): Promise<void> {
    const echoes: readonly ((sent: string) => readonly [body: unknown, status: number])[] = [
      (sent) => [{ error: { message: sent } }, 500],
      (sent) => [`no JSON: ${sent}`, 200],
      (sent) => [{ results: [{ category_scores: { [sent]: sent } }] }, 200],
    ];
    for (const echo of echoes) {
      endpoint.behave((asked, response) => answer(...echo(JSON.stringify(asked.body)))(asked, response));
      const result = aResult({ output: { reply: canaries.classified } });
      const { reviewId } = await hold(tenant, 'writer', { result });
      stored.reports += JSON.stringify((await cardOf(tenant, reviewId)).reasons);
      mustBe(200, await decide(tenant, reviewId, { status: 'REJECTED' }));
    }
    expect(JSON.stringify(endpoint.asked)).toContain(canaries.classified);
    endpoint.behave(scores({ politics: 0.01 }));
  }

  /** PostgreSQL repeats the row that it refuses in what it says of it. */
  async function refuseRows(): Promise<void> {
    const client = new PostgresClient({ connectionString: database.url });
    await client.connect();
    try {
      await submit(tenant, { input: { text: canaries.refused } });
      const work = await claimOne(tenant, 'writer');
      const result = aResult({ output: { reply: canaries.refused }, confidence: 0.8125 });
      await client.query('ALTER TABLE results ADD CONSTRAINT refused CHECK (confidence <> 0.8125) NOT VALID');
      stored.reports += JSON.stringify(mustBe(500, await handIn(tenant, work, result)).body);
      await client.query('ALTER TABLE results DROP CONSTRAINT refused');
      mustBe(200, await handIn(tenant, work, result));
      await client.query("ALTER TABLE tasks ADD CONSTRAINT refused CHECK (kind <> 'refused') NOT VALID");
      const task = { kind: 'refused', input: { text: canaries.refused } };
      stored.reports += JSON.stringify(
        mustBe(500, await tenant.submitter.post(`${tenant.path}/tasks`, task)).body,
      );
      await client.query('ALTER TABLE tasks DROP CONSTRAINT refused');
    } finally {
      await client.end();
    }
  }

  function policyWith(pattern: string) {
    return { patterns: [{ name: 'canary', pattern, action: 'HOLD' }] };
  }

  /** The agent takes the approved work, and says that it did exactly that. */
  async function carryOut(): Promise<void> {
    const work = await claimOne(tenant, 'writer');
    const outputDigest = textOf(work.body.approval?.outputDigest);
    mustBe(200, await handIn(tenant, work, { status: 'SUCCEEDED', outputDigest }));
  }

  function secrets(): readonly string[] {
    const keys = [tenant.admin, tenant.operator, tenant.submitter, tenant.agent, tenant.auditor];
    return [...Object.values(canaries), ...keys.map(({ key }) => key)];
  }

  /** The secrets that the text holds, also where bytes are written in hex. */
  function foundIn(text: string): readonly string[] {
    return secrets().filter((secret) =>
      [secret, Buffer.from(secret).toString('hex')].some((one) => text.includes(one)),
    );
  }

  it('writes nothing of keys, inputs, outputs and faulty requests', () => {
    expect(foundIn(server.stdout() + server.stderr())).toEqual([]);
    expect(server.stderr()).toBe('');
  });

  it('writes JSON alone after its announcement', () => {
    const lines = server.stdout().trimEnd().split('\n');
    const first = lines.findLastIndex((line) => line.startsWith('  '));
    expect(lines.slice(first + 1).filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  });

  it('writes one line a request: who, what, how it went, how long it took', () => {
    const requests = linesOf(server).filter(({ context }) => context === 'Request');
    expect(exchanges.length).toBeGreaterThan(30);
    for (const { requestId, method, path, status, code } of exchanges) {
      const [line, ...more] = requests.filter((one) => one['requestId'] === requestId);
      expect(more).toEqual([]);
      const durationMs: unknown = expect.any(Number);
      const place = path.startsWith(`${tenant.path}/`) ? routeOf(path) : expect.any(String);
      expect(line).toMatchObject({ requestId, method, route: place, status, durationMs });
      expect(line?.['tenantId']).toBe(nobodys.has(code) ? undefined : tenant.tenantId);
      if (path.includes('/agents/')) expect(line?.['agentId']).toBe('writer');
    }
    expect(new Set(requests.map((one) => one['requestId'])).size).toBe(requests.length);
  });

  /** The pattern of a route, from a path. */
  function routeOf(path: string): string {
    const [pattern = ''] = path.split('?');
    return pattern
      .replace(tenant.path, '/v1/tenants/:tenantId')
      .replace(/\/agents\/[^/]+/, '/agents/:agentId')
      .replace(/\/tasks\/[^/]+/, '/tasks/:taskId')
      .replace(/\/reviews\/[^/]+/, '/reviews/:reviewId')
      .replace(/\/backtests\/[^/]+/, '/backtests/:backtestId')
      .replace(/\/drafts\/[^/]+/, '/drafts/:draftId');
  }

  it('keeps inputs, outputs and keys out of the queues and the registry', () => {
    expect(stored.redis + stored.queues).toContain(waiting);
    expect(foundIn(stored.redis)).toEqual([]);
    expect(foundIn(stored.queues)).toEqual([]);
  });

  it('never sends them through Redis', () => {
    expect(stored.commands.includes(waiting)).toBe(mode === 'redis');
    expect(foundIn(stored.commands)).toEqual([]);
  });

  it('keeps them out of what is measured, and out of what who watches the database sees', () => {
    expect(stored.metrics).toContain('chimera_http_request_duration_seconds');
    expect(foundIn(stored.metrics)).toEqual([]);
    expect(stored.activity).toContain('chimera');
    expect(foundIn(stored.activity)).toEqual([]);
  });

  it('keeps them out of checkpoints, wherever these are brought', () => {
    expect(stored.checkpoints).toContain(tenant.tenantId);
    expect(foundIn(stored.checkpoints)).toEqual([]);
  });

  it('keeps them out of the reports of backtests and evaluations', () => {
    expect(stored.reports).toContain('backtestId');
    expect(foundIn(stored.reports)).toEqual([]);
  });

  it.each(Object.entries(forTheRecord))('has the %s that a person gave on the record alone', (_, words) => {
    expect(stored.audit).toContain(words);
    const { redis: kept, queues, commands, metrics, activity, checkpoints } = stored;
    const elsewhere = [server.stdout(), kept, queues, commands, metrics, activity, checkpoints];
    expect(elsewhere.filter((text) => text.includes(words))).toEqual([]);
  });

  it('keeps them out of events and the audit record', () => {
    expect(stream.text()).toContain('task.succeeded');
    expect(foundIn(stream.text())).toEqual([]);
    expect(stored.audit).toContain(waiting);
    expect(foundIn(stored.audit)).toEqual([]);
  });
});
