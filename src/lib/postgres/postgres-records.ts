import { Injectable } from '@nestjs/common';
import type { ApiKey } from '../../models/access.js';
import { type AuditEvent, type ChainReport, genesisHash, linkHash } from '../../models/audit.js';
import type { AuditFilter, ReviewFilter, TaskFilter } from '../../models/filters.js';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import type { ReviewCard } from '../../models/review.js';
import type { StagedPolicy } from '../../models/staged-policy.js';
import { type Task, taskStatuses } from '../../models/task.js';
import type { Tenant } from '../../models/tenant.js';
import type { RowKind, Rows } from '../../ports/ledger.js';
import { type AgentWork, type Backlog, RecordsPort } from '../../ports/records.js';
import { Batcher } from '../batcher.js';
import { AgentLookup } from './agent-lookup.js';
import { unlessAway } from './faults.js';
import { RowLookup, sharedReads } from './row-lookup.js';
import { Conditions } from './row-table.js';
import type { AuditRow } from './schemas.js';
import { ofTenants, type Scope } from './scope.js';
import type { Statement, StatementPool } from './statement-pool.js';
import type { Tables } from './tables.js';
import type { TenantRows } from './tenant-rows.js';

interface Holder {
  readonly tenantId: string;
  readonly agentId: string;
}

/** An agent that asks for its work, and the tasks that it knows of, if it says so. */
interface AskingHolder extends Holder {
  readonly inHand?: readonly string[] | undefined;
}

const idColumns = {
  receipt: 'review_id',
  session: 'session_id',
  agent: 'agent_id',
  apiKey: 'key_id',
  stagedPolicy: 'draft_id',
  backtest: 'backtest_id',
  fleetBrake: 'tenant_id',
} as const;

/** How many events a check of the chain reads at a time. */
const chainStride = 1_000;

/** A page with this much JSON, in bytes, is full: two hundred of the largest cards would be some hundred megabytes. */
const pageBytes = 8 * 1024 * 1024;

/** The system of record, read. */
@Injectable()
export class PostgresRecords extends RecordsPort {
  private readonly keys = new Batcher<string, ApiKey | undefined>(
    (hashes) => this.keysOf(hashes),
    sharedReads,
  );
  private readonly work = new Batcher<AskingHolder, AgentWork>(
    (holders) => this.worksOf(holders),
    sharedReads,
  );
  private readonly tasksById: RowLookup<Task>;
  private readonly cardsById: RowLookup<ReviewCard>;
  private readonly inForce = new Batcher<string, Rows['policy'] | undefined>(
    (tenantIds) => this.policiesOf(tenantIds),
    sharedReads,
  );

  private readonly held = new AgentLookup<{ agentId: string; taskIds: readonly string[] }>(
    (tenantId, agentIds) =>
      this.rows.of(
        tenantId,
        `SELECT agent_id AS "agentId", array_agg(task_id::text ORDER BY task_id) AS "taskIds" FROM tasks
         WHERE tenant_id = $1 AND agent_id = ANY($2) AND status = 'RUNNING' GROUP BY agent_id`,
        [tenantId, agentIds],
      ),
  );

  private readonly hot: ReturnType<typeof hotStatements>;

  constructor(
    private readonly rows: TenantRows,
    private readonly statements: StatementPool,
    private readonly tables: Tables,
    private readonly leaseMs: number,
  ) {
    super();
    this.hot = hotStatements(tables);
    this.tasksById = new RowLookup(statements, tables.task, {
      column: 'task_id',
      of: ({ taskId }) => taskId,
    });
    this.cardsById = new RowLookup(statements, tables.review, {
      column: 'review_id',
      of: ({ reviewId }) => reviewId,
    });
  }

  async ping(): Promise<void> {
    await this.rows.of([], 'SELECT 1', []);
  }

  async tenant(tenantId: string): Promise<Tenant | undefined> {
    const table = this.tables.tenant;
    const [row] = await this.rows.of<Tenant>(
      tenantId,
      `SELECT ${table.select('t')} FROM ${table.name} t WHERE tenant_id = $1`,
      [tenantId],
    );
    return row;
  }

  liveKey(keyHash: string): Promise<ApiKey | undefined> {
    return this.keys.submit(keyHash);
  }

  async find<K extends keyof typeof idColumns>(
    kind: K,
    tenantId: string,
    id: string,
  ): Promise<Rows[K] | undefined> {
    return this.one(kind, `t.${idColumns[kind]} = $2`, tenantId, id);
  }

  task(tenantId: string, taskId: string): Promise<Task | undefined> {
    return this.tasksById.of(tenantId, taskId);
  }

  review(tenantId: string, reviewId: string): Promise<ReviewCard | undefined> {
    return this.cardsById.of(tenantId, reviewId);
  }

  async result(tenantId: string, resultId: string): Promise<Rows['result'] | undefined> {
    return this.one('result', 't.result_id = $2', tenantId, resultId);
  }

  async approvedCards(
    tenantId: string,
    reviewIds: readonly string[],
  ): Promise<ReadonlyMap<string, ReviewCard>> {
    if (reviewIds.length === 0) return new Map();
    const table = this.tables.review;
    const rows = await this.rows.of<ReviewCard>(
      tenantId,
      `SELECT ${table.select('t')} FROM ${table.name} t
       WHERE tenant_id = $1 AND review_id = ANY($2) AND status = 'APPROVED'`,
      [tenantId, reviewIds],
    );
    return new Map(table.opened(rows).map((card) => [card.reviewId, card]));
  }

  async policy(tenantId: string, version?: number): Promise<Rows['policy'] | undefined> {
    return version === undefined
      ? this.inForce.submit(tenantId)
      : this.one('policy', 't.version = $2', tenantId, version);
  }

  policies(tenantId: string, page: PageRequest): Promise<Page<Rows['policy']>> {
    const conditions = new Conditions()
      .add('t.tenant_id = ?', tenantId)
      .add('t.version < ?', page.after?.[0]);
    return this.page('policy', tenantId, conditions, 't.version DESC', page, ({ version }) => [version]);
  }

  stagedPolicies(tenantId: string, page: PageRequest): Promise<Page<StagedPolicy>> {
    const conditions = new Conditions()
      .add('t.tenant_id = ?', tenantId)
      .add('t.draft_id < ?', page.after?.[0]);
    return this.page('stagedPolicy', tenantId, conditions, 't.draft_id DESC', page, ({ draftId }) => [
      draftId,
    ]);
  }

  apiKeys(tenantId: string, page: PageRequest): Promise<Page<ApiKey>> {
    const conditions = new Conditions().add('t.tenant_id = ?', tenantId).add('t.key_id > ?', page.after?.[0]);
    return this.page('apiKey', tenantId, conditions, 't.key_id', page, ({ keyId }) => [keyId]);
  }

  tasks(tenantId: string, filter: TaskFilter, page: PageRequest): Promise<Page<Task>> {
    const conditions = new Conditions()
      .add('t.tenant_id = ?', tenantId)
      .add('t.status = ?', filter.status)
      .add('t.kind = ?', filter.kind)
      .add('t.session_id = ?', filter.sessionId)
      .add('t.agent_id = ?', filter.agentId)
      .add('t.task_id < ?', page.after?.[0]);
    return this.page('task', tenantId, conditions, 't.task_id DESC', page, ({ taskId }) => [taskId]);
  }

  reviews(
    tenantId: string,
    filter: ReviewFilter,
    sort: 'age' | 'priority',
    page: PageRequest,
  ): Promise<Page<ReviewCard>> {
    const conditions = new Conditions()
      .add('t.tenant_id = ?', tenantId)
      .add('t.status = ?', filter.status)
      .add('t.reason = ?', filter.reason)
      .add('t.kind = ?', filter.kind)
      .add('t.agent_id = ?', filter.agentId)
      .add('t.assignee = ? AND t.assigned_until > clock_timestamp()', filter.assignee);
    if (sort === 'age') {
      conditions.add('t.review_id > ?', page.after?.[0]);
      return this.page('review', tenantId, conditions, 't.review_id', page, ({ reviewId }) => [reviewId]);
    }
    if (page.after) {
      const rank = conditions.parameter(page.after[0]);
      conditions.add(`(t.rank, t.review_id) > (${rank}, ?)`, page.after[1]);
    }
    return this.page('review', tenantId, conditions, 't.rank, t.review_id', page, ({ rank, reviewId }) => [
      rank,
      reviewId,
    ]);
  }

  async audit(tenantId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>> {
    const conditions = new Conditions()
      .add('t.tenant_id = ?', tenantId)
      .add('t.type = ANY(?)', filter.types)
      .add('t.actor_id = ?', filter.actor)
      .add('t.task_id = ?', filter.taskId)
      .add('t.review_id = ?', filter.reviewId)
      .add('t.session_id = ?', filter.sessionId)
      .add('t.at >= ?', filter.from)
      .add('t.at < ?', filter.to)
      .add('t.sequence > ?', page.after?.[0]);
    const rows = await this.rows.of<AuditRow>(
      tenantId,
      `SELECT ${this.tables.audit.select('t')} FROM audit_events t WHERE ${conditions.where}
       ORDER BY t.sequence LIMIT ${conditions.parameter(page.limit + 1)}`,
      conditions.parameters,
    );
    return pageOf(this.tables.audit.opened(rows).map(eventOf), page.limit, ({ sequence }) => [sequence]);
  }

  async lastSequence(tenantId: string): Promise<number> {
    return (await this.head(tenantId))?.sequence ?? 0;
  }

  async verifyChain(tenantId: string): Promise<ChainReport> {
    const head = await this.head(tenantId);
    let lastSequence = 0;
    let lastHash = genesisHash;
    const broken = (at: number): ChainReport => ({
      valid: false,
      checkedEvents: lastSequence,
      lastSequence,
      lastHash,
      firstInvalidSequence: at,
    });
    for (;;) {
      const { items } = await this.audit(tenantId, {}, { limit: chainStride, after: [lastSequence] });
      for (const { hash, ...link } of items) {
        if (head && link.sequence > head.sequence) break;
        const fits =
          link.sequence === lastSequence + 1 && link.previousHash === lastHash && linkHash(link) === hash;
        if (!fits) return broken(Math.min(link.sequence, lastSequence + 1));
        lastSequence = link.sequence;
        lastHash = hash;
      }
      const reachedHead = lastSequence >= (head?.sequence ?? 0);
      if (items.length < chainStride || reachedHead) break;
    }
    const complete = head?.sequence === lastSequence && head.hash === lastHash;
    if (!complete || head.lastEvent !== lastSequence) return broken(lastSequence + 1);
    return { valid: true, checkedEvents: lastSequence, lastSequence, lastHash };
  }

  async backlog(tenantId: string): Promise<Backlog> {
    const statuses = await this.rows.of<{ status: string; count: number }>(
      tenantId,
      'SELECT status, count(*)::integer AS count FROM tasks WHERE tenant_id = $1 GROUP BY status',
      [tenantId],
    );
    const counts = new Map(statuses.map(({ status, count }) => [status, count]));
    const [waiting] = await this.rows.of<Backlog['queue'] & Backlog['reviews']>(
      tenantId,
      `SELECT q.*, r.* FROM (
         SELECT count(*)::integer AS ready,
                (extract(epoch FROM clock_timestamp() - min(available_at)) * 1000)::bigint::double precision AS "oldestReadyMs"
         FROM tasks WHERE tenant_id = $1 AND status IN ('QUEUED', 'APPROVED') AND available_at <= clock_timestamp()
       ) q, (
         SELECT count(*)::integer AS pending,
                (extract(epoch FROM clock_timestamp() - min(created_at)) * 1000)::bigint::double precision AS "oldestPendingMs"
         FROM review_cards WHERE tenant_id = $1 AND status = 'PENDING'
       ) r`,
      [tenantId],
    );
    return {
      tasks: countsOf(counts),
      queue: { ready: waiting?.ready ?? 0, oldestReadyMs: waiting?.oldestReadyMs ?? null },
      reviews: { pending: waiting?.pending ?? 0, oldestPendingMs: waiting?.oldestPendingMs ?? null },
    };
  }

  workOf(tenantId: string, agentId: string, inHand?: readonly string[]): Promise<AgentWork> {
    return this.work.submit({ tenantId, agentId, inHand });
  }

  async heldTasks(
    tenantId: string,
    agentIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const rows = await this.held.of(tenantId, agentIds);
    return new Map(rows.map(({ agentId, taskIds }) => [agentId, taskIds]));
  }

  async keepLeases(tenantId: string): Promise<void> {
    await this.rows.of(
      tenantId,
      `WITH due AS (
         SELECT t.task_id FROM tasks t WHERE t.tenant_id = $1 AND t.status = 'RUNNING'
           AND t.lease_expires_at < statement_timestamp() + $2 * interval '0.5 milliseconds'
           AND t.lease_expires_at IS DISTINCT FROM t.deadline_at
         FOR NO KEY UPDATE SKIP LOCKED
       )
       UPDATE tasks t SET lease_expires_at = date_trunc('milliseconds', LEAST(
           clock_timestamp() + $2 * interval '1 millisecond', COALESCE(t.deadline_at, 'infinity')))
       FROM due d WHERE t.tenant_id = $1 AND t.task_id = d.task_id`,
      [tenantId, this.leaseMs],
    );
  }

  /** Rows that another transaction holds are passed over: their tasks are changing hands. */
  private async worksOf(holders: readonly AskingHolder[]) {
    // Of an agent that says nothing once, all that it may have in hand is renewed.
    const silent = new Set(holders.filter(({ inHand }) => !inHand).map(nameOf));
    const known = holders.flatMap((holder) =>
      silent.has(nameOf(holder))
        ? []
        : (holder.inHand ?? []).map((id) => `${nameOf(holder)} ${id.toLowerCase()}`),
    );
    const rows = await this.hotQuery<Holder & { taskId: string; leaseExpiresAt: Date | null }>(
      ofTenants(tenantsOf(holders)),
      this.hot.work,
      [
        holders.map(({ tenantId }) => tenantId),
        holders.map(({ agentId }) => agentId),
        holders.map((holder) => silent.has(nameOf(holder))),
        known,
        this.leaseMs,
      ],
    );
    const byHolder = Map.groupBy(rows, nameOf);
    return holders.map((holder) => {
      const own = byHolder.get(nameOf(holder)) ?? [];
      const leases = own.flatMap(({ taskId, leaseExpiresAt }) =>
        leaseExpiresAt ? [{ taskId, leaseExpiresAt }] : [],
      );
      const cancelledTaskIds = own
        .filter(({ leaseExpiresAt }) => !leaseExpiresAt)
        .map(({ taskId }) => taskId);
      return { value: { leases, cancelledTaskIds } };
    });
  }

  /** One statement sees one moment: an event that lies behind the head then was not written by the ledger. */
  private async head(tenantId: string) {
    const [head] = await this.rows.of<{ sequence: number; hash: string; lastEvent: number | null }>(
      tenantId,
      `SELECT h.sequence::double precision AS sequence, h.hash,
              (SELECT max(e.sequence)::double precision FROM audit_events e WHERE e.tenant_id = h.tenant_id) AS "lastEvent"
       FROM audit_heads h WHERE h.tenant_id = $1`,
      [tenantId],
    );
    return head;
  }

  private async keysOf(hashes: readonly string[]) {
    const asked = [...new Set(hashes)];
    const rows = await unlessAway(this.statements.lookUpKeys<ApiKey>(this.hot.keys, [asked]));
    const byHash = new Map(rows.map((row) => [row.keyHash, row]));
    return hashes.map((hash) => ({ value: byHash.get(hash) }));
  }

  private async policiesOf(tenantIds: readonly string[]) {
    const asked = [...new Set(tenantIds)];
    const rows = await this.hotQuery<Rows['policy']>(ofTenants(asked), this.hot.policies, [asked]);
    const byTenant = new Map(rows.map((row) => [row.tenantId, row]));
    return tenantIds.map((tenantId) => ({ value: byTenant.get(tenantId) }));
  }

  private async one<K extends RowKind>(
    kind: K,
    condition: string,
    tenantId: string,
    id: string | number,
  ): Promise<Rows[K] | undefined> {
    const table = this.tables[kind];
    const [row] = await this.rows.of<Rows[K]>(
      tenantId,
      `SELECT ${table.select('t')} FROM ${table.name} t WHERE t.tenant_id = $1 AND ${condition}`,
      [tenantId, id],
    );
    return row && table.opened([row])[0];
  }

  /** Ends behind the row that fills it, whichever is reached first: its rows or its bytes. */
  private async page<K extends RowKind>(
    kind: K,
    tenantId: string,
    conditions: Conditions,
    order: string,
    { limit }: PageRequest,
    positionOf: (row: Rows[K]) => readonly (string | number)[],
  ): Promise<Page<Rows[K]>> {
    const table = this.tables[kind];
    const wanted = `SELECT t.* FROM ${table.name} t WHERE ${conditions.where}
       ORDER BY ${order} LIMIT ${conditions.parameter(limit + 1)}`;
    const rows = await this.rows.of<Rows[K] & { found?: number }>(
      tenantId,
      `SELECT ${table.select('t')}, t.found FROM (
         SELECT t.*, count(*) OVER ()::integer AS found, sum(${table.jsonBytes('t')}) OVER before_it AS before
         FROM (${wanted}) t
         WINDOW before_it AS (ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
       ) t WHERE coalesce(t.before, 0) < ${conditions.parameter(pageBytes)} ORDER BY ${order}`,
      conditions.parameters,
    );
    const found = rows[0]?.found ?? 0;
    for (const row of rows) delete row.found;
    const items = table.opened(rows);
    const last = items.at(-1);
    const isCut = last !== undefined && items.length < found;
    return isCut && items.length <= limit
      ? { items, next: positionOf(last) }
      : pageOf(items, limit, positionOf);
  }

  private async hotQuery<T extends object>(
    scope: Scope,
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly T[]> {
    return unlessAway(this.statements.query<T>(scope, statement, values));
  }
}

/** Those that requests wait for by the hundred: prepared, and shared by the requests that arrive together. */
function hotStatements({ apiKey, policy }: Tables) {
  return {
    keys: {
      name: 'live-keys',
      text: `SELECT ${apiKey.select('t')} FROM ${apiKey.name} t
        WHERE key_hash = ANY($1) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
    },
    policies: {
      name: 'policies-seen',
      text: `SELECT ${policy.select('p')} FROM unnest($1::text[]) AS w(tenant_id)
        CROSS JOIN LATERAL (
          SELECT * FROM policies p WHERE p.tenant_id = w.tenant_id ORDER BY p.version DESC LIMIT 1
        ) p`,
    },
    work: {
      name: 'work-of-agents',
      text: `WITH holders AS (
           SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::boolean[]) AS w(tenant_id, agent_id, silent)
         ), held AS (
           SELECT t.tenant_id, t.task_id, t.agent_id, t.lease_expires_at,
                  w.silent OR w.tenant_id || ' ' || w.agent_id || ' ' || t.task_id = ANY($4::text[]) AS known
           FROM holders w JOIN tasks t ON t.tenant_id = w.tenant_id AND t.agent_id = w.agent_id AND t.status = 'RUNNING'
         ), due AS (
           SELECT t.tenant_id, t.task_id FROM tasks t JOIN held h USING (tenant_id, task_id)
           WHERE h.known AND t.status = 'RUNNING' AND t.lease_expires_at > clock_timestamp()
             AND t.lease_expires_at < clock_timestamp() + $5 * interval '0.5 milliseconds'
             AND t.lease_expires_at IS DISTINCT FROM t.deadline_at
           FOR NO KEY UPDATE OF t SKIP LOCKED
         ), renewed AS (
           UPDATE tasks t SET lease_expires_at = date_trunc('milliseconds', LEAST(
               clock_timestamp() + $5 * interval '1 millisecond', COALESCE(t.deadline_at, 'infinity')))
           FROM due d WHERE t.tenant_id = d.tenant_id AND t.task_id = d.task_id
           RETURNING t.tenant_id, t.task_id, t.lease_expires_at
         )
         SELECT h.tenant_id AS "tenantId", h.agent_id AS "agentId", h.task_id AS "taskId",
                COALESCE(r.lease_expires_at, h.lease_expires_at) AS "leaseExpiresAt"
         FROM held h LEFT JOIN renewed r USING (tenant_id, task_id)
         UNION ALL
         SELECT t.tenant_id, t.agent_id, t.task_id, NULL
         FROM holders w JOIN tasks t ON t.tenant_id = w.tenant_id AND t.agent_id = w.agent_id
          AND t.status = 'CANCELLED' AND t.completed_at > statement_timestamp() - $5 * interval '1 millisecond'
         ORDER BY 3`,
    },
  };
}

function nameOf({ tenantId, agentId }: Holder): string {
  return `${tenantId} ${agentId}`;
}

function tenantsOf(named: readonly { readonly tenantId: string }[]): readonly string[] {
  return [...new Set(named.map(({ tenantId }) => tenantId))];
}

function countsOf(counts: ReadonlyMap<string, number>): Backlog['tasks'] {
  const of = (status: (typeof taskStatuses)[number]) => counts.get(status) ?? 0;
  return {
    QUEUED: of('QUEUED'),
    RUNNING: of('RUNNING'),
    NEEDS_REVIEW: of('NEEDS_REVIEW'),
    APPROVED: of('APPROVED'),
    SUCCEEDED: of('SUCCEEDED'),
    FAILED: of('FAILED'),
    TIMED_OUT: of('TIMED_OUT'),
    BLOCKED: of('BLOCKED'),
    REJECTED: of('REJECTED'),
    CANCELLED: of('CANCELLED'),
  };
}

function eventOf({ actorType, actorId, ...row }: AuditRow): AuditEvent {
  return { ...row, actor: { type: actorType, id: actorId } };
}
