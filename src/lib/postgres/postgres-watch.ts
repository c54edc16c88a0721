import { Injectable } from '@nestjs/common';
import type { Agent } from '../../models/agent.js';
import type { FleetBrake } from '../../models/fleet-brake.js';
import type { Ticket } from '../../ports/task-queue.js';
import { type TaskRef, WatchPort } from '../../ports/watch.js';
import { AgentLookup } from './agent-lookup.js';
import type { SessionLocks } from './session-locks.js';
import type { Tables } from './tables.js';
import type { TenantRows } from './tenant-rows.js';

const ref = `tenant_id AS "tenantId", task_id AS "taskId"`;

const ticket = `t.tenant_id AS "tenantId", t.kind, t.task_id AS "taskId", t.attempt + 1 AS attempt, t.priority,
  GREATEST(0, ceil(extract(epoch FROM t.available_at - clock_timestamp()) * 1000))::integer AS "delayMs"`;

/** A session that hands out no tasks, or none at all. */
const open = `NOT EXISTS (
  SELECT FROM sessions s WHERE s.tenant_id = t.tenant_id AND s.session_id = t.session_id AND s.state IN ('PAUSED', 'STOPPED')
)`;

/**
 * What is due, found in PostgreSQL. Conditions go by the time at which the statement began, which holds still: an index
 * cannot be entered by a clock that runs on.
 */
@Injectable()
export class PostgresWatch extends WatchPort {
  private readonly removed = new AgentLookup((tenantId, agentIds) =>
    this.rows.of<{ agentId: string }>(
      tenantId,
      'SELECT agent_id AS "agentId" FROM agents WHERE tenant_id = $1 AND agent_id = ANY($2) AND removed',
      [tenantId, agentIds],
    ),
  );

  constructor(
    private readonly rows: TenantRows,
    private readonly tables: Tables,
    private readonly locks: SessionLocks,
  ) {
    super();
  }

  alone(name: string, sweep: () => Promise<void>): Promise<boolean> {
    return this.locks.whileHeld(name, sweep);
  }

  lostLeases(limit: number): Promise<readonly TaskRef[]> {
    return this.rows.ofAll(
      `SELECT ${ref} FROM tasks WHERE status = 'RUNNING' AND lease_expires_at <= statement_timestamp()
       ORDER BY lease_expires_at LIMIT $1`,
      [limit],
    );
  }

  heldTasks(tenantId: string, agentId: string, limit: number): Promise<readonly string[]> {
    return this.ids(
      tenantId,
      `SELECT task_id AS id FROM tasks WHERE tenant_id = $1 AND agent_id = $2 AND status = 'RUNNING'
       ORDER BY task_id LIMIT $3`,
      [tenantId, agentId, limit],
    );
  }

  engagedBrakes(): Promise<readonly (FleetBrake & { readonly over: boolean })[]> {
    const table = this.tables.fleetBrake;
    return this.rows.ofAll(
      `SELECT ${table.select('b')}, b.releases_at <= statement_timestamp() AS over FROM ${table.name} b
       WHERE b.engaged_at IS NOT NULL`,
      [],
    );
  }

  agentsAfter(
    after: { readonly tenantId: string; readonly agentId: string } | undefined,
    limit: number,
  ): Promise<readonly Agent[]> {
    const table = this.tables.agent;
    return this.rows.ofAll(
      `SELECT ${table.select('a')} FROM ${table.name} a
       WHERE (a.tenant_id, a.agent_id) > ($1, $2) AND NOT a.removed ORDER BY a.tenant_id, a.agent_id LIMIT $3`,
      [after?.tenantId ?? '', after?.agentId ?? '', limit],
    );
  }

  async removedAgents(tenantId: string, agentIds: readonly string[]): Promise<readonly string[]> {
    const rows = await this.removed.of(tenantId, agentIds);
    return rows.map(({ agentId }) => agentId);
  }

  overdueReviews(limit: number): Promise<readonly { tenantId: string; reviewId: string }[]> {
    return this.rows.ofAll(
      `SELECT tenant_id AS "tenantId", review_id AS "reviewId" FROM review_cards
       WHERE status = 'PENDING' AND due_at <= statement_timestamp() ORDER BY due_at LIMIT $1`,
      [limit],
    );
  }

  unfinishedTasks(tenantId: string, sessionId: string, limit: number): Promise<readonly string[]> {
    return this.ids(
      tenantId,
      `SELECT task_id AS id FROM tasks WHERE tenant_id = $1 AND session_id = $2
       AND status IN ('QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED') LIMIT $3`,
      [tenantId, sessionId, limit],
    );
  }

  orphanedTasks(limit: number): Promise<readonly TaskRef[]> {
    return this.rows.ofAll(
      `SELECT t.tenant_id AS "tenantId", t.task_id AS "taskId" FROM sessions s
       JOIN tasks t ON t.tenant_id = s.tenant_id AND t.session_id = s.session_id
        AND t.status IN ('QUEUED', 'RUNNING', 'NEEDS_REVIEW', 'APPROVED')
       WHERE s.state = 'STOPPED' LIMIT $1`,
      [limit],
    );
  }

  readyInSession(
    tenantId: string,
    sessionId: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly Ticket[]> {
    return this.rows.of(
      tenantId,
      `SELECT ${ticket} FROM tasks t WHERE t.tenant_id = $1 AND t.session_id = $2
       AND t.status IN ('QUEUED', 'APPROVED') AND ($3::uuid IS NULL OR t.task_id > $3) ORDER BY t.task_id LIMIT $4`,
      [tenantId, sessionId, after ?? null, limit],
    );
  }

  readyCounts(settledMs: number): Promise<readonly { tenantId: string; kind: string; ready: number }[]> {
    return this.rows.ofAll(
      `SELECT t.tenant_id AS "tenantId", t.kind, count(*)::integer AS ready FROM tasks t
       WHERE t.status IN ('QUEUED', 'APPROVED')
         AND GREATEST(t.available_at, t.updated_at) < statement_timestamp() - $1 * interval '1 millisecond' AND ${open}
       GROUP BY 1, 2`,
      [settledMs],
    );
  }

  readyTasks(
    tenantId: string,
    kind: string,
    settledMs: number,
    after: string | undefined,
    limit: number,
  ): Promise<readonly Ticket[]> {
    return this.rows.of(
      tenantId,
      `SELECT ${ticket} FROM tasks t WHERE t.tenant_id = $1 AND t.kind = $2 AND t.status IN ('QUEUED', 'APPROVED')
         AND GREATEST(t.available_at, t.updated_at) < statement_timestamp() - $3 * interval '1 millisecond' AND ${open}
         AND ($4::uuid IS NULL OR t.task_id > $4) ORDER BY t.task_id LIMIT $5`,
      [tenantId, kind, settledMs, after ?? null, limit],
    );
  }

  private async ids(
    tenantId: string,
    sql: string,
    parameters: readonly unknown[],
  ): Promise<readonly string[]> {
    const rows = await this.rows.of<{ id: string }>(tenantId, sql, parameters);
    return rows.map(({ id }) => id);
  }
}
