import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { PostgresPolicyTrials } from '../../../src/lib/postgres/postgres-policy-trials.js';
import { PostgresRegistry } from '../../../src/lib/postgres/postgres-registry.js';
import { systemActor } from '../../../src/models/audit.js';
import { aTenant, type Bench, decide, type Desk, openBench, withoutGuards } from './bench.js';

interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** What a call of node-postgres asked: a text with its parameters, or both in one object. */
function asked([query, values]: readonly unknown[]): Query {
  if (typeof query === 'string') return { sql: query, parameters: Array.isArray(values) ? values : [] };
  const { text, values: own } = Object(query) as { text?: unknown; values?: unknown };
  return { sql: String(text), parameters: Array.isArray(own) ? own : [] };
}

/** Whose rights the connection has: policies are part of a plan. */
function roleOf(client: unknown): string {
  const { connectionParameters } = Object(client) as { connectionParameters?: { options?: string } };
  return / -c role=(\w+)/.exec(connectionParameters?.options ?? '')?.[1] ?? 'none';
}

/** A node of a plan, as EXPLAIN gives it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Tables that grow with the work: none of them is ever read from end to end. */
const growing = [
  'tasks',
  'results',
  'review_cards',
  'audit_events',
  'registry_entries',
  'registry_capabilities',
  'api_keys',
  'agents',
];

const liveness = { heartbeatIntervalMs: 5_000, suspectAfterMs: 15_000, offlineAfterMs: 30_000 };
const page = { limit: 50 };
const lastDay = () => ({ from: new Date(Date.now() - 86_400_000), to: new Date() });
const session = '00000000-0000-7000-8000-000000000001';
const task = '00000000-0000-7000-8000-00000000000a';

describe('the plans', () => {
  const sent = jest.spyOn(pg.Client.prototype, 'query');
  let bench: Bench;
  let desk: Desk;
  let registry: PostgresRegistry;
  let trials: PostgresPolicyTrials;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    registry = new PostgresRegistry(desk.rows, liveness);
    trials = new PostgresPolicyTrials(desk.rows, desk.tables);
    tenantId = await aTenant(desk.ledger);
    await fill(bench, tenantId);
  });
  afterAll(() => bench.drop());
  afterAll(() => {
    sent.mockRestore();
  });

  /** Every node of the plans of all that the call asks of the database. */
  const plansOf = async (call: () => Promise<unknown>): Promise<readonly PlanNode[]> => {
    sent.mockClear();
    await call();
    const queries = sent.mock.calls
      .map((call, index) => ({ ...asked(call), role: roleOf(sent.mock.contexts[index]) }))
      .filter(({ sql }) => /^\s*(WITH|SELECT|UPDATE|INSERT)\b/.test(sql));
    expect(queries.length).toBeGreaterThan(0);
    const nodes: PlanNode[] = [];
    for (const { sql, parameters, role } of queries) {
      await bench.sql.query(`SELECT set_config('role', $1, false)`, [role]);
      const { rows } = await bench.sql.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(
        `EXPLAIN (FORMAT JSON) ${sql}`,
        [...parameters],
      );
      for (const { 'QUERY PLAN': plans } of rows)
        nodes.push(...plans.flatMap(({ Plan }) => withChildren(Plan)));
    }
    await bench.sql.query('RESET ROLE');
    return nodes;
  };
  const scanned = (nodes: readonly PlanNode[]) =>
    nodes.flatMap(({ 'Node Type': type, 'Relation Name': relation = '' }) =>
      type === 'Seq Scan' && growing.includes(relation) ? [relation] : [],
    );

  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    'lost leases': () => desk.watch.lostLeases(200),
    'tasks that an agent holds': () => desk.watch.heldTasks(tenantId, 'agent-7', 200),
    'overdue reviews': () => desk.watch.overdueReviews(200),
    "a session's unfinished tasks": () => desk.watch.unfinishedTasks(tenantId, session, 200),
    'tasks of stopped sessions': () => desk.watch.orphanedTasks(200),
    "a session's ready tasks": () => desk.watch.readyInSession(tenantId, session, undefined, 200),
    'how many tasks are ready': () => desk.watch.readyCounts(3_000),
    'ready tasks': () => desk.watch.readyTasks(tenantId, 'kind-3', 3_000, undefined, 1_000),
    'a task': () => desk.records.task(tenantId, task),
    'a card': () => desk.records.review(tenantId, task),
    'a result': () => desk.records.result(tenantId, task),
    'a live key': () => desk.records.liveKey('hash-77'),
    tasks: () => desk.records.tasks(tenantId, {}, page),
    'tasks by status': () => desk.records.tasks(tenantId, { status: 'QUEUED' }, page),
    'tasks by kind': () => desk.records.tasks(tenantId, { kind: 'kind-3' }, page),
    'tasks by session': () => desk.records.tasks(tenantId, { sessionId: session }, page),
    'tasks by agent': () => desk.records.tasks(tenantId, { agentId: 'agent-7' }, page),
    'tasks by all of it': () =>
      desk.records.tasks(tenantId, { status: 'RUNNING', kind: 'kind-3', agentId: 'agent-7' }, page),
    'pending reviews': () => desk.records.reviews(tenantId, { status: 'PENDING' }, 'age', page),
    'pending reviews by priority': () =>
      desk.records.reviews(tenantId, { status: 'PENDING' }, 'priority', page),
    'reviews of any status': () => desk.records.reviews(tenantId, {}, 'age', page),
    'pending reviews of a reason': () =>
      desk.records.reviews(tenantId, { status: 'PENDING', reason: 'PII' }, 'age', page),
    'approved cards': () => desk.records.approvedCards(tenantId, [task, session]),
    'the audit record': () => desk.records.audit(tenantId, {}, page),
    'audit events after one': () => desk.records.audit(tenantId, {}, { limit: 50, after: [9_000] }),
    "a task's audit events": () => desk.records.audit(tenantId, { taskId: task }, page),
    "a review's audit events": () => desk.records.audit(tenantId, { reviewId: task }, page),
    "a session's audit events": () => desk.records.audit(tenantId, { sessionId: session }, page),
    'audit events of a type': () => desk.records.audit(tenantId, { types: ['key.revoked'] }, page),
    'audit events of an actor': () => desk.records.audit(tenantId, { actor: 'actor-9' }, page),
    'audit events of a time': () =>
      desk.records.audit(tenantId, { from: new Date(Date.now() - 60_000) }, page),
    "the record's end": () => desk.records.lastSequence(tenantId),
    'the backlog': () => desk.records.backlog(tenantId),
    "an agent's work": () => desk.records.workOf(tenantId, 'agent-7'),
    "agents' tasks": () => desk.records.heldTasks(tenantId, ['agent-7', 'agent-8']),
    'a unit of work': () =>
      decide(
        desk.ledger,
        tenantId,
        {
          tasks: [task],
          reviews: [task],
          sessions: [session],
          agents: ['agent-7'],
          apiKeys: [task],
          idempotencyKeys: ['key-7'],
          leaseTokens: ['token-7'],
          holders: ['agent-7'],
          policy: true,
          fleetBrakes: [tenantId],
        },
        (view) => view.record({ type: 'session.created', actor: systemActor }),
      ),
    'an agent of the registry': () => registry.find(tenantId, 'agent-20'),
    'agents of the registry': () => registry.list(tenantId, {}, page),
    'idle agents of the registry': () => registry.list(tenantId, { status: 'IDLE' }, page),
    'offline agents of the registry': () => registry.list(tenantId, { status: 'OFFLINE' }, page),
    'agents of the registry by what they take': () => registry.list(tenantId, { capability: 'kind-0' }, page),
    'idle agents by what they take': () =>
      registry.list(tenantId, { status: 'IDLE', capability: 'kind-0' }, page),
    'offline agents by what they take': () =>
      registry.list(tenantId, { status: 'OFFLINE', capability: 'kind-0' }, page),
    'many facts of agents': () => registry.agent(tenantId, 'agent-20'),
    'how many are silent': () => registry.silence(),
    'what was settled': () =>
      registry.settle(tenantId, [{ agentId: 'agent-20', state: 'SUSPECT', silentSince: 0 }]),
    'agents to be restored': () => desk.watch.agentsAfter({ tenantId, agentId: 'agent-7' }, 500),
    'agents that were removed': () => desk.watch.removedAgents(tenantId, ['agent-20', 'agent-40']),
    'leases to be kept': () => desk.records.keepLeases(tenantId),
    'how many agents there are': () => registry.counts(tenantId),
    'results that were judged': () => trials.judged(tenantId, lastDay(), page),
    'results after one': () => trials.judged(tenantId, lastDay(), { limit: 50, after: [task] }),
    'how many results were judged': () => trials.countJudged(tenantId, lastDay()),
    'what a shadow has not judged': () =>
      trials.unjudged({ tenantId, draftId: task, since: lastDay().from }, 50),
    'agents that fell silent': () => registry.departures(tenantId, false, 50),
    heartbeats: () => registry.heartbeat(tenantId, 'agent-20', 'IDLE', undefined),
  };

  it.each(Object.keys(calls))('read an index for %s', async (name) => {
    const call = calls[name];
    if (!call) throw new Error(`There is no call for ${name}.`);
    expect(scanned(await plansOf(call))).toEqual([]);
  });

  it.each([
    ['lost leases', 'tasks_lease', 'lease_expires_at'],
    ['overdue reviews', 'review_cards_due', 'due_at'],
    ['agents that fell silent', 'registry_entries_silence', 'last_seen'],
    ["an agent's work", 'tasks_cancelled', 'completed_at'],
    ['how many are silent', 'registry_entries_silence', 'last_seen'],
    ['idle agents of the registry', 'registry_entries_listed', 'status'],
    ['offline agents of the registry', 'registry_entries_absent', 'tenant_id'],
    ['agents of the registry by what they take', 'registry_capabilities_pkey', 'capability'],
  ])('reach into the index by the time for %s', async (name, index, column) => {
    const nodes = await plansOf(calls[name] ?? (() => Promise.resolve()));
    const conditions = nodes.flatMap((node) =>
      node['Index Name'] === index ? [node['Index Cond'] ?? ''] : [],
    );
    expect(conditions).toContainEqual(expect.stringContaining(column));
  });
});

function withChildren(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(withChildren)];
}

/** A fleet that has worked for a while: most of what it did is done, and a part is waiting or under way. */
async function fill({ sql }: Bench, tenantId: string): Promise<void> {
  for (const table of [
    'tasks',
    'review_cards',
    'audit_events',
    'sessions',
    'results',
    'api_keys',
    'agents',
    'registry_entries',
  ]) {
    await withoutGuards(sql, table);
  }
  const own = (n: string, share: number) =>
    `CASE WHEN ${n} % ${share} = 0 THEN $1 ELSE 't_other_' || (${n} % 7) END`;
  await sql.query(`INSERT INTO tenants SELECT 't_other_' || n, NULL, now() FROM generate_series(0, 6) n`);
  await sql.query(
    `INSERT INTO sessions SELECT ${own('n', 4)}, gen_random_uuid(), NULL, (ARRAY['RUNNING', 'STOPPED', 'PAUSED'])[n % 3 + 1], now(), now(), 1
     FROM generate_series(1, 2000) n`,
    [tenantId],
  );
  await sql.query(`INSERT INTO sessions VALUES ($1, $2, NULL, 'RUNNING', now(), now(), 1)`, [
    tenantId,
    session,
  ]);
  await sql.query(
    `INSERT INTO tasks (tenant_id, task_id, trace_id, session_id, kind, input, status, stage, priority, attempt, attempts_used,
       max_attempts, on_approval, agent_id, review_id, result_id, lease_token, lease_expires_at, available_at, idempotency_key,
       created_at, updated_at, completed_at, version)
     SELECT ${own('n', 4)}, gen_random_uuid(), 'trace', CASE WHEN n % 100 = 0 THEN $2::uuid END, 'kind-' || n % 20,
       json_build_object('text', repeat('x', 200)), s.status, CASE WHEN s.status = 'APPROVED' THEN 'EXECUTE' ELSE 'PROPOSE' END,
       n % 100, 1, 0, 3, 'EXECUTE', 'agent-' || n % 200, gen_random_uuid(), gen_random_uuid(),
       CASE WHEN s.status = 'RUNNING' THEN 'token-' || n END,
       CASE WHEN s.status = 'RUNNING' THEN now() + (n % 600 - 5) * interval '100 milliseconds' END,
       now() - interval '1 hour', 'key-' || n, now() - interval '1 hour', now() - interval '1 hour',
       CASE WHEN s.status IN ('SUCCEEDED', 'CANCELLED', 'REJECTED') THEN now() - n * interval '1 second' END, 1
     FROM generate_series(1, 20000) n
     CROSS JOIN LATERAL (SELECT CASE n % 40 / 4 WHEN 0 THEN CASE n % 8 / 4 WHEN 0 THEN 'RUNNING' ELSE 'QUEUED' END
       WHEN 1 THEN CASE n % 16 / 4 WHEN 0 THEN 'NEEDS_REVIEW' WHEN 1 THEN 'APPROVED' ELSE 'QUEUED' END
       WHEN 2 THEN 'CANCELLED' WHEN 3 THEN 'REJECTED' ELSE 'SUCCEEDED' END AS status) s`,
    [tenantId, session],
  );
  await sql.query(
    `INSERT INTO results SELECT tenant_id, result_id, task_id, 1, 'PROPOSE', agent_id, 'token-' || task_id, 'SUCCEEDED', '{}', 'sha256:0',
       0.5, NULL, '{}', 'x', status, NULL, now() FROM tasks WHERE completed_at IS NOT NULL`,
  );
  await sql.query(
    `INSERT INTO review_cards SELECT tenant_id, review_id, task_id, result_id, session_id, agent_id, kind,
       CASE WHEN random() < 0.1 THEN 'PII' ELSE 'LOW_CONFIDENCE' END, '[]', '', s.status, 0.5, priority, input, input, 'sha256:0',
       NULL, false, 1, NULL, NULL, CASE WHEN s.status <> 'PENDING' THEN 'op' END, NULL, now(),
       now() + random() * interval '1 hour' - interval '1 minute', CASE WHEN s.status <> 'PENDING' THEN now() END, 1
     FROM tasks CROSS JOIN LATERAL (SELECT CASE tasks.status WHEN 'NEEDS_REVIEW' THEN 'PENDING' ELSE 'APPROVED' END AS status) s
     WHERE tasks.status IN ('NEEDS_REVIEW', 'APPROVED', 'SUCCEEDED')`,
  );
  await sql.query(
    `INSERT INTO audit_events SELECT ${own('n', 2)}, n + 1, gen_random_uuid(), CASE WHEN n % 500 = 0 THEN 'key.revoked' ELSE 'task.queued' END,
       now() - (25000 - n) * interval '1 second', 'AGENT', 'actor-' || n / 2 % 300, gen_random_uuid(), gen_random_uuid(), NULL,
       gen_random_uuid(), NULL, '{}', repeat('0', 64), repeat('0', 64) FROM generate_series(1, 25000) n`,
    [tenantId],
  );
  await sql.query(
    `INSERT INTO api_keys SELECT ${own('n', 4)}, gen_random_uuid(), 'key', 'AGENT', 'hash-' || n, NULL, NULL, now(), 1
     FROM generate_series(1, 2000) n`,
    [tenantId],
  );
  await sql.query(
    `INSERT INTO agents SELECT ${own('n', 20)}, 'agent-' || n, NULL, 'WORKER', NULL, '{}', 4, '{}', false, false, now(), 1
     FROM generate_series(1, 20000) n`,
    [tenantId],
  );
  await sql.query(
    `INSERT INTO registry_entries SELECT tenant_id, agent_id, json_build_object('capabilities', json_build_array('x', 'kind-' || substr(agent_id, 7)::integer % 20), 'paused', false,
       'registeredAt', now()), 'IDLE', now() + random() * interval '1 hour' - interval '1 minute', NULL, CASE WHEN random() < 0.1 THEN 'OFFLINE' ELSE 'PRESENT' END FROM agents`,
  );
  await sql.query(
    `INSERT INTO registry_capabilities
     SELECT tenant_id, json_array_elements_text(facts -> 'capabilities'), agent_id FROM registry_entries`,
  );
  await sql.query('VACUUM ANALYZE');
}
