import { Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Agent, AgentStatus, HeartbeatStatus, Liveness } from '../../models/agent.js';
import type { JsonValue } from '../../models/json.js';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import type { AgentCounts } from '../../ports/records.js';
import { type Departure, type Pulse, type RegistryEntry, RegistryPort } from '../../ports/registry.js';
import { Batcher, type Outcome } from '../batcher.js';
import { entryAt, type StoredEntry } from '../registry-entry.js';
import { toCallerError } from './faults.js';
import { Conditions } from './row-table.js';

interface Beat {
  readonly tenantId: string;
  readonly agentId: string;
  readonly status: HeartbeatStatus;
  readonly metrics: JsonValue | undefined;
}

type EntryRow = StoredEntry & { readonly now: number };
type PulseRow = EntryRow & {
  readonly tenantId: string;
  readonly agentId: string;
  readonly livenessBefore: string;
};

const millis = (sql: string) => `(extract(epoch FROM ${sql}) * 1000)::bigint::double precision`;
const entryColumns = `e.facts, e.status, ${millis('e.last_seen')} AS "lastSeen", e.metrics,
  ${millis('clock_timestamp()')} AS now`;

/** The registry on PostgreSQL, for installations without Redis. Heartbeats that arrive together are one statement. */
@Injectable()
export class PostgresRegistry extends RegistryPort {
  private readonly beats = new Batcher<Beat, Pulse | undefined>((beats) => this.noteBeats(beats), {
    maxBatch: 1_000,
    maxWaiting: 20_000,
  });

  constructor(
    private readonly dataSource: DataSource,
    private readonly liveness: Liveness,
  ) {
    super();
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1', []);
  }

  async put(agent: Agent, seen: boolean): Promise<RegistryEntry> {
    const [row] = await this.query<EntryRow>(
      `INSERT INTO registry_entries AS e (tenant_id, agent_id, facts, status, last_seen, metrics, liveness)
       VALUES ($1, $2, $3, 'IDLE', clock_timestamp(), NULL, 'PRESENT')
       ON CONFLICT (tenant_id, agent_id) DO UPDATE SET facts = EXCLUDED.facts,
         last_seen = CASE WHEN $4 THEN EXCLUDED.last_seen ELSE e.last_seen END,
         liveness = CASE WHEN $4 THEN 'PRESENT' ELSE e.liveness END
       RETURNING ${entryColumns}`,
      [agent.tenantId, agent.agentId, JSON.stringify(agent), seen],
    );
    if (!row) throw new Error('The registry kept nothing.');
    return this.entry(row);
  }

  heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse | undefined> {
    return this.beats.submit({ tenantId, agentId, status, metrics });
  }

  async find(tenantId: string, agentId: string): Promise<RegistryEntry | undefined> {
    const [row] = await this.query<EntryRow>(
      `SELECT ${entryColumns} FROM registry_entries e WHERE e.tenant_id = $1 AND e.agent_id = $2`,
      [tenantId, agentId],
    );
    return row && this.entry(row);
  }

  async list(
    tenantId: string,
    filter: { status?: AgentStatus | undefined; capability?: string | undefined },
    page: PageRequest,
  ): Promise<Page<RegistryEntry>> {
    const conditions = new Conditions()
      .add('e.tenant_id = ?', tenantId)
      .add(`e.agent_id COLLATE "C" > ?`, page.after?.[0])
      .add(`(e.facts -> 'capabilities')::jsonb @> to_jsonb(?::text)`, filter.capability);
    const silent = `e.last_seen <= clock_timestamp() - ${conditions.parameter(this.liveness.offlineAfterMs)}::integer * interval '1 millisecond'`;
    if (filter.status === 'OFFLINE') conditions.add(`${silent} AND ?::boolean`, true);
    else conditions.add(`(?::text IS NULL OR (e.status = ?::text AND NOT ${silent}))`, filter.status ?? null);
    const rows = await this.query<EntryRow>(
      `SELECT ${entryColumns} FROM registry_entries e WHERE ${conditions.where}
       ORDER BY e.agent_id COLLATE "C" LIMIT ${conditions.parameter(page.limit + 1)}`,
      conditions.parameters,
    );
    return pageOf(
      rows.map((row) => this.entry(row)),
      page.limit,
      ({ agent }) => [agent.agentId],
    );
  }

  async remove(tenantId: string, agentId: string): Promise<void> {
    await this.query('DELETE FROM registry_entries WHERE tenant_id = $1 AND agent_id = $2', [
      tenantId,
      agentId,
    ]);
  }

  async counts(tenantId: string): Promise<AgentCounts> {
    const rows = await this.query<{ status: AgentStatus; count: number; paused: number }>(
      `SELECT CASE WHEN last_seen <= clock_timestamp() - $2::integer * interval '1 millisecond' THEN 'OFFLINE' ELSE status END AS status,
              count(*)::integer AS count, (count(*) FILTER (WHERE (facts ->> 'paused')::boolean))::integer AS paused
       FROM registry_entries WHERE tenant_id = $1 GROUP BY 1`,
      [tenantId, this.liveness.offlineAfterMs],
    );
    const counts = { ACTIVE: 0, IDLE: 0, BUSY: 0, OFFLINE: 0, paused: 0 };
    for (const { status, count, paused } of rows) {
      counts[status] = count;
      counts.paused += paused;
    }
    return counts;
  }

  departures(limit: number): Promise<readonly Departure[]> {
    return this.changed<Departure>(
      `WITH gone AS (
         SELECT tenant_id, agent_id,
                CASE WHEN last_seen <= statement_timestamp() - $2::integer * interval '1 millisecond' THEN 'OFFLINE' ELSE 'SUSPECT' END AS state
         FROM registry_entries
         WHERE liveness <> 'OFFLINE' AND last_seen <= statement_timestamp() - $1::integer * interval '1 millisecond'
           AND (liveness = 'PRESENT' OR last_seen <= statement_timestamp() - $2::integer * interval '1 millisecond')
         ORDER BY last_seen LIMIT $3 FOR UPDATE SKIP LOCKED
       )
       UPDATE registry_entries e SET liveness = gone.state FROM gone
       WHERE e.tenant_id = gone.tenant_id AND e.agent_id = gone.agent_id
       RETURNING e.tenant_id AS "tenantId", e.agent_id AS "agentId", gone.state`,
      [this.liveness.suspectAfterMs, this.liveness.offlineAfterMs, limit],
    );
  }

  /** One row may beat twice in a batch; the later beat is the one that counts. */
  private async noteBeats(beats: readonly Beat[]): Promise<readonly Outcome<Pulse | undefined>[]> {
    const latest = new Map(beats.map((beat) => [`${beat.tenantId} ${beat.agentId}`, beat]));
    const rows = await this.changed<PulseRow>(
      `WITH beats AS (
         SELECT b.*, e.liveness AS "livenessBefore"
         FROM json_to_recordset($1::json) AS b("tenantId" text, "agentId" text, status text, metrics json)
         JOIN registry_entries e ON e.tenant_id = b."tenantId" AND e.agent_id = b."agentId"
         ORDER BY e.tenant_id, e.agent_id FOR UPDATE OF e
       )
       UPDATE registry_entries e SET status = b.status, last_seen = clock_timestamp(), liveness = 'PRESENT',
         metrics = COALESCE(b.metrics, e.metrics)
       FROM beats b WHERE e.tenant_id = b."tenantId" AND e.agent_id = b."agentId"
       RETURNING b."tenantId", b."agentId", b."livenessBefore", ${entryColumns}`,
      [JSON.stringify([...latest.values()])],
    );
    const pulses = new Map(
      rows.map((row) => [
        `${row.tenantId} ${row.agentId}`,
        { ...this.entry(row), returned: row.livenessBefore !== 'PRESENT' },
      ]),
    );
    return beats.map(({ tenantId, agentId }) => ({ value: pulses.get(`${tenantId} ${agentId}`) }));
  }

  private entry({ now, ...stored }: EntryRow): RegistryEntry {
    return entryAt(stored, now, this.liveness.offlineAfterMs);
  }

  private async query<T>(sql: string, parameters: readonly unknown[]): Promise<readonly T[]> {
    try {
      const rows: readonly T[] = await this.dataSource.query(sql, [...parameters]);
      return rows;
    } catch (error) {
      throw toCallerError(error);
    }
  }

  /** TypeORM answers an UPDATE with its rows and their number. */
  private async changed<T>(sql: string, parameters: readonly unknown[]): Promise<readonly T[]> {
    const [rows] = await this.query<readonly T[]>(sql, parameters);
    return rows ?? [];
  }
}
