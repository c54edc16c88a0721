import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { PostgresKeyUses } from '../../../src/lib/postgres/postgres-key-uses.js';
import { PostgresCheckpoints } from '../../../src/lib/postgres/postgres-checkpoints.js';
import { PostgresRecords } from '../../../src/lib/postgres/postgres-records.js';
import { PostgresWatch } from '../../../src/lib/postgres/postgres-watch.js';
import { PostgresPolicyTrials } from '../../../src/lib/postgres/postgres-policy-trials.js';
import { PostgresRegistry } from '../../../src/lib/postgres/postgres-registry.js';
import { schemas } from '../../../src/lib/postgres/schemas.js';
import { sessionRoles } from '../../../src/lib/postgres/session-roles.js';
import { systemActor } from '../../../src/models/audit.js';
import type { ShadowVerdict } from '../../../src/ports/policy-trials.js';
import type { RowKind, Rows } from '../../../src/ports/ledger.js';
import { type Bench, decide, type Desk, openBench, withoutGuards } from './bench.js';
import { aFullTenant, aTwinOf, parentsFirst } from './full-tenant.js';

/** A statement as the server sent it, and whose rows its transaction was for. */
interface Sent {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly scope: { readonly text: string; readonly values: readonly unknown[] };
}

/** What a call of node-postgres asked: a text with its values, or both in one object. */
function asked([query, values]: readonly unknown[]): Pick<Sent, 'sql' | 'values'> {
  if (typeof query === 'string') return { sql: query, values: Array.isArray(values) ? values : [] };
  const { text, values: own } = Object(query) as { text?: unknown; values?: unknown };
  return { sql: String(text), values: Array.isArray(own) ? own : [] };
}

/** The statement without a word of whose rows it wants. Parameters stay in it, for they are sent along. */
function withoutTenant(sql: string): string {
  return sql
    .replace(/(?:\b\w+\.)?tenant_id = ANY\(\$(\d+)\)/g, '($$$1::text[] IS NOT NULL)')
    .replace(/(?:\b\w+\.)?tenant_id = \$(\d+)/g, '($$$1::text IS NOT NULL)')
    .replace(/(?:\b\w+\.)?tenant_id = \w+\.(?:"tenantId"|tenant_id\b|id\b)/g, 'true')
    .replace(/USING \(tenant_id, (\w+)\)/g, 'USING ($1)');
}

/** Rows as far as they are the same whenever they are read, in any order. */
function lasting(rows: readonly object[]): readonly string[] {
  const volatile = /^(now|lastSeen|silentSince|oldest\w+|delayMs)$/;
  return rows
    .map((row) =>
      JSON.stringify(
        Object.entries(row).map(([name, value]: [string, unknown]) =>
          volatile.test(name) || value instanceof Date ? [name] : [name, value],
        ),
      ),
    )
    .toSorted();
}

const liveness = { heartbeatIntervalMs: 5_000, suspectAfterMs: 15_000, offlineAfterMs: 30_000 };
const page = { limit: 50 };
const someTime = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2100-01-01T00:00:00Z') };

describe('a statement whose tenant condition was forgotten', () => {
  const query = jest.spyOn(pg.Client.prototype, 'query');
  const seen = new Map<string, Sent>();
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench();
    const desk = await bench.open();
    const tenantId = await aFullTenant(bench, desk);
    for (const { options } of schemas) await withoutGuards(bench.sql, options.name);
    const twin = await aTwinOf(bench, tenantId, parentsFirst);
    await lay(bench.sql, twin);
    query.mockClear();
    await askEverything(desk, bench.sql, tenantId);
    collect();
    await layBack(bench.sql, tenantId, twin);
    await aTwinOf(bench, tenantId, ['registry_entries']);
  });
  afterAll(() => {
    query.mockRestore();
  });
  afterAll(() => bench.drop());

  /** Notes what went over connections of the server, each text once. */
  const collect = () => {
    const scopes = new Map<unknown, Sent['scope']>();
    for (const [index, call] of query.mock.calls.entries()) {
      const client = query.mock.contexts[index];
      const { sql, values } = asked(call);
      if (sql.includes('set_config')) scopes.set(client, { text: sql, values });
      const scope = scopes.get(client);
      if (scope && sql.includes('tenant_id') && !seen.has(sql)) seen.set(sql, { sql, values, scope });
    }
  };

  /** What it comes to: its rows and how many it touched, or why it was refused. Nothing of it stays. */
  const outcome = async (
    sql: string,
    { values, scope }: Sent,
    role?: string,
  ): Promise<{
    readonly rows?: readonly string[];
    readonly count?: number | null;
    readonly code?: unknown;
  }> => {
    await bench.sql.query('BEGIN');
    try {
      if (role !== undefined) {
        await bench.sql.query(`SELECT set_config('role', $1, true)`, [role]);
        await bench.sql.query(scope.text, [...scope.values]);
      }
      const { rows, rowCount } = await bench.sql.query<object>(sql, [...values]);
      return { rows: lasting(rows), count: rowCount };
    } catch (error) {
      return { code: error instanceof pg.DatabaseError ? error.code : error };
    } finally {
      await bench.sql.query('ROLLBACK');
    }
  };

  it('comes to the same as with it, whichever statement it is', async () => {
    const harmless: string[] = [];
    const without: string[] = [];
    for (const sent of seen.values()) {
      const forgetful = withoutTenant(sent.sql);
      if (forgetful === sent.sql) {
        without.push(sent.sql.replace(/\s+/g, ' ').trim().slice(0, 60));
        continue;
      }
      const meant = await outcome(sent.sql, sent);
      const walled = await outcome(forgetful, sent, sessionRoles.app);
      expect({ sql: forgetful, ...walled }).toEqual({ sql: forgetful, ...meant });
      const open = await outcome(forgetful, sent);
      if (JSON.stringify(open) === JSON.stringify(meant)) harmless.push(forgetful);
    }
    // Where there are no walls, each of them is harm done: what was tried here could fail.
    // But for a checkpoint, whose forerunner has the same digest in the copy of its tenant, and for agents that are entered again: their
    // namesakes are removed in both.
    const copied = /^INSERT INTO (?:audit_checkpoints|registry_entries) /;
    expect(harmless.filter((sql) => !copied.test(sql))).toEqual([]);
    // What only inserts names its tenant in its rows, which the walls look at.
    expect(without.filter((sql) => !/^(?:WITH appended AS \()?INSERT INTO /.test(sql))).toEqual([]);
    expect(seen.size).toBeGreaterThan(60);
  });

  it('is every statement: whatever asks for rows of a tenant was called', () => {
    const ways = [
      PostgresRecords,
      PostgresWatch,
      PostgresRegistry,
      PostgresPolicyTrials,
      PostgresCheckpoints,
    ];
    const methods = ways.flatMap((way) =>
      Object.getOwnPropertyNames(way.prototype).map((name) => `${way.name}.${name}`),
    );
    expect(methods.filter((name) => !called.has(name) && !elsewhere.has(name))).toEqual([]);
  });
});

/** Makes what both tenants have something that is looked for. */
async function lay(sql: pg.Client, twin: string): Promise<void> {
  await sql.query(
    `UPDATE tasks SET session_id = s.session_id, idempotency_key = 'once-' || status, available_at = now() - interval '1 hour',
       updated_at = now() - interval '1 hour' FROM sessions s WHERE s.tenant_id = tasks.tenant_id`,
  );
  await sql.query('UPDATE agents SET removed = true');
  await sql.query(`UPDATE shadow_verdicts SET result_id = '00000000-0000-7000-8000-000000000001'`);
  // The last of the tenants has the latest.
  await sql.query(
    `INSERT INTO policies SELECT (p).* FROM (
      SELECT json_populate_record(p, '{"version": 2}') AS p FROM policies p WHERE tenant_id = $1) p`,
    [twin],
  );
  await sql.query(
    `INSERT INTO shadow_verdicts SELECT (v).* FROM (
      SELECT json_populate_record(v, json_build_object('result_id', 'ffffffff-ffff-7fff-bfff-ffffffffffff')) AS v
      FROM shadow_verdicts v WHERE tenant_id = $1) v`,
    [twin],
  );
}

/** Makes the rows that were written what they were before, so that what wrote them can be tried again. */
async function layBack(sql: pg.Client, tenantId: string, twin: string): Promise<void> {
  for (const [table, id] of Object.entries(versioned)) {
    await sql.query(
      `UPDATE ${table} a SET version = b.version FROM ${table} b WHERE a.tenant_id = $1 AND b.tenant_id = $2 AND ${id}`,
      [tenantId, twin],
    );
  }
  await sql.query(
    `DELETE FROM audit_events e WHERE e.tenant_id = $1
     AND e.sequence > (SELECT max(t.sequence) FROM audit_events t WHERE t.tenant_id = $2)`,
    [tenantId, twin],
  );
  await sql.query(`UPDATE tasks SET lease_expires_at = now() + interval '1 second' WHERE status = 'RUNNING'`);
  await sql.query(`UPDATE registry_entries SET last_seen = now() - interval '1 hour', liveness = 'PRESENT'`);
  await sql.query('UPDATE api_keys SET last_used_at = NULL');
}

/** The tables whose rows are changed by their versions, and what makes two rows of two tenants the same. */
const versioned = {
  sessions: 'a.session_id = b.session_id',
  agents: 'a.agent_id = b.agent_id',
  api_keys: 'a.key_id = b.key_id',
  fleet_brakes: 'true',
  review_cards: 'a.review_id = b.review_id',
  policy_backtests: 'a.backtest_id = b.backtest_id',
  policy_drafts: 'a.draft_id = b.draft_id',
  tasks: 'a.task_id = b.task_id',
};

/** Which methods were called, by class and name. */
const called = new Set<string>();

/** They ask nothing of a tenant, or across tenants with the rights of sweeps, or only insert, or are reached through a batch. */
const elsewhere = new Set([
  ...['constructor', 'ping', 'hotQuery', 'keysOf', 'worksOf', 'tasksOf', 'policiesOf'].map(
    (name) => `PostgresRecords.${name}`,
  ),
  ...[
    'constructor',
    'alone',
    'lostLeases',
    'engagedBrakes',
    'agentsAfter',
    'overdueReviews',
    'orphanedTasks',
    'readyCounts',
  ].map((name) => `PostgresWatch.${name}`),
  ...['constructor', 'ping', 'isWhole', 'markWhole', 'silence', 'noteBeats', 'agentsOf'].map(
    (name) => `PostgresRegistry.${name}`,
  ),
  ...['constructor', 'shadows', 'forgetVerdicts', 'stalledBacktests'].map(
    (name) => `PostgresPolicyTrials.${name}`,
  ),
  ...['constructor', 'unsealed', 'undelivered', 'backlog', 'backlogOf'].map(
    (name) => `PostgresCheckpoints.${name}`,
  ),
]);

/** The same object, whose calls are noted. */
function noting<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, name, receiver): unknown {
      called.add(`${object.constructor.name}.${String(name)}`);
      return Reflect.get(object, name, receiver);
    },
  });
}

/** Calls everything that asks for rows of a tenant, with what the tenant has. */
async function askEverything(desk: Desk, sql: pg.Client, tenantId: string): Promise<void> {
  const { ledger, rows, tables } = desk;
  const [records, watch, checkpoints] = [noting(desk.records), noting(desk.watch), noting(desk.checkpoints)];
  const registry = noting(new PostgresRegistry(rows, liveness));
  const trials = noting(new PostgresPolicyTrials(rows, tables));
  const one = async (table: string, column: string, where = 'true') => {
    const found = await sql.query<{ value: unknown }>(
      `SELECT ${column} AS value FROM ${table} WHERE tenant_id = $1 AND ${where} LIMIT 1`,
      [tenantId],
    );
    return String(found.rows[0]?.value);
  };
  const taskId = await one('tasks', 'task_id', `status = 'RUNNING'`);
  const queuedId = await one('tasks', 'task_id', `status = 'APPROVED'`);
  const agentId = await one('tasks', 'agent_id', `status = 'RUNNING'`);
  const sessionId = await one('sessions', 'session_id');
  const pending = await one('review_cards', 'review_id', `status = 'PENDING'`);
  const approvedCard = await one('review_cards', 'review_id', `status = 'APPROVED'`);
  const resultId = await one('results', 'result_id');
  const leaseToken = await one('results', 'lease_token');
  const keyId = await one('api_keys', 'key_id');
  const keyHash = await one('api_keys', 'key_hash');
  const draftId = await one('policy_drafts', 'draft_id');
  const backtestId = await one('policy_backtests', 'backtest_id');
  const registered = await one('agents', 'agent_id');
  await Promise.all([
    records.tenant(tenantId),
    records.liveKey(keyHash),
    records.task(tenantId, taskId),
    records.review(tenantId, approvedCard),
    records.find('receipt', tenantId, approvedCard),
    records.find('session', tenantId, sessionId),
    records.find('agent', tenantId, registered),
    records.find('apiKey', tenantId, keyId),
    records.find('stagedPolicy', tenantId, draftId),
    records.find('backtest', tenantId, backtestId),
    records.find('fleetBrake', tenantId, tenantId),
    records.result(tenantId, resultId),
    records.approvedCards(tenantId, [approvedCard]),
    records.policy(tenantId),
    records.policy(tenantId, 1),
    records.policies(tenantId, page),
    records.stagedPolicies(tenantId, page),
    records.apiKeys(tenantId, page),
    records.tasks(tenantId, {}, page),
    records.tasks(tenantId, { status: 'RUNNING', sessionId }, page),
    records.reviews(tenantId, {}, 'age', page),
    records.reviews(tenantId, { status: 'PENDING' }, 'priority', page),
    records.audit(tenantId, {}, page),
    records.lastSequence(tenantId),
    records.verifyChain(tenantId),
    records.backlog(tenantId),
    records.workOf(tenantId, agentId),
    records.heldTasks(tenantId, [agentId]),
    records.keepLeases(tenantId),
    watch.heldTasks(tenantId, agentId, 50),
    watch.removedAgents(tenantId, [registered]),
    watch.unfinishedTasks(tenantId, sessionId, 50),
    watch.readyInSession(tenantId, sessionId, undefined, 50),
    watch.readyTasks(tenantId, 'support.reply', 0, undefined, 50),
    trials.countJudged(tenantId, someTime),
    trials.judged(tenantId, someTime, page),
    trials.unjudged({ tenantId, draftId, since: someTime.from }, 50),
    trials.countVerdicts(tenantId, draftId),
    trials.examples(tenantId, draftId, 'NEWLY_RELEASED', 50),
    checkpoints.list(tenantId, page),
    new PostgresKeyUses(rows).note([{ tenantId, keyId }]),
    registry.heartbeat(tenantId, 'a', 'IDLE', undefined),
    registry.agent(tenantId, 'a'),
    registry.counts(tenantId),
    registry.list(tenantId, {}, page),
    registry.list(tenantId, { capability: 'x' }, page),
    registry.departures(tenantId, false, 50),
    registry.settle(tenantId, [{ agentId: 'a', state: 'SUSPECT', silentSince: 0 }]),
    registry.find(tenantId, 'a'),
  ]);
  const agent = await records.find('agent', tenantId, registered);
  if (!agent) throw new Error('There is no agent.');
  await registry.put(agent, true);
  await registry.restore(tenantId, [agent]);
  await registry.remove(tenantId, registered);
  await registry.put(agent, true);
  const [verdict] = (
    await sql.query<ShadowVerdict>(
      `SELECT tenant_id AS "tenantId", draft_id AS "draftId", gen_random_uuid() AS "resultId", task_id AS "taskId",
              review_id AS "reviewId", kind, live, shadow, detectors, judged_at AS "judgedAt"
       FROM shadow_verdicts WHERE tenant_id = $1`,
      [tenantId],
    )
  ).rows;
  if (verdict) await trials.keepVerdicts([verdict]);
  const { items } = await checkpoints.list(tenantId, page);
  for (const checkpoint of items) await checkpoints.keep({ ...checkpoint, sequence: 2 });
  await checkpoints.delivered('file', items);
  await decide(
    ledger,
    tenantId,
    {
      ...{ tasks: [taskId, queuedId], reviews: [pending], sessions: [sessionId], agents: [registered] },
      ...{ apiKeys: [keyId], stagedPolicies: [draftId], backtests: [backtestId], holders: [agentId] },
      ...{ idempotencyKeys: ['once-RUNNING'], leaseTokens: [leaseToken], fleetBrakes: [tenantId] },
      ...{ policy: true, openTasks: true, trials: true },
    },
    (view) => {
      const again = <K extends Exclude<RowKind, 'result' | 'receipt' | 'policy'>>(
        kind: K,
        row: Rows[K] | undefined,
      ) => {
        if (row) view.put(kind, { ...row, version: row.version + 1 });
      };
      again('task', view.get('task', taskId));
      again('review', view.get('review', pending));
      again('session', view.get('session', sessionId));
      again('agent', view.get('agent', registered));
      again('apiKey', view.get('apiKey', keyId));
      again('stagedPolicy', view.get('stagedPolicy', draftId));
      again('backtest', view.get('backtest', backtestId));
      again('fleetBrake', view.get('fleetBrake', tenantId));
      view.record({ type: 'session.created', actor: systemActor });
    },
  );
}
