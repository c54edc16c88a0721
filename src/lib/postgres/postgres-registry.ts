import { Injectable } from '@nestjs/common';
import type { Agent, AgentStatus, HeartbeatStatus, Liveness } from '../../models/agent.js';
import type { Silence } from '../../models/fleet-brake.js';
import type { JsonValue } from '../../models/json.js';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import type { AgentCounts } from '../../ports/records.js';
import {
  type Departure,
  type Pulse,
  type RegistryEntry,
  type RegistryFilter,
  RegistryPort,
} from '../../ports/registry.js';
import { Batcher, type Outcome } from '../batcher.js';
import { agentOf, entryAt, type StoredEntry, type StoredFacts } from '../registry-entry.js';
import { entriesQuery, entryColumns, silentFor, silentSince, versionOf } from './registry-queries.js';
import type { TenantRows } from './tenant-rows.js';

interface Named {
  readonly tenantId: string;
  readonly agentId: string;
}

interface Beat extends Named {
  readonly status: HeartbeatStatus;
  readonly metrics: JsonValue | undefined;
}

type EntryRow = StoredEntry & { readonly now: number };
type PulseRow = Named & Omit<Pulse, 'status'>;

/** How many agents share a statement. */
const limits = { store: 'database', maxBatch: 1_000, maxWaiting: 20_000 } as const;

/** The registry on PostgreSQL, for installations without Redis. Heartbeats that arrive together are one statement. */
@Injectable()
export class PostgresRegistry extends RegistryPort {
  private readonly beats = new Batcher<Beat, Pulse | undefined>((beats) => this.noteBeats(beats), limits);
  private readonly agents = new Batcher<Named, Agent | undefined>((names) => this.agentsOf(names), limits);

  constructor(
    private readonly rows: TenantRows,
    private readonly liveness: Liveness,
  ) {
    super();
  }

  async ping(): Promise<void> {
    await this.rows.of([], 'SELECT 1', []);
  }

  async put(agent: Agent, seen: boolean): Promise<RegistryEntry> {
    const [row] = await this.rows.of<EntryRow>(
      agent.tenantId,
      `INSERT INTO registry_entries AS e (tenant_id, agent_id, facts, status, last_seen, metrics, liveness)
       VALUES ($1, $2, $3, 'IDLE', clock_timestamp(), NULL, CASE WHEN $4 THEN 'PRESENT' ELSE 'RESTORED' END)
       ON CONFLICT (tenant_id, agent_id) DO UPDATE SET
         facts = CASE WHEN ${versionOf('EXCLUDED')} >= ${versionOf('e')} THEN EXCLUDED.facts ELSE e.facts END,
         last_seen = CASE WHEN $4 THEN EXCLUDED.last_seen ELSE e.last_seen END,
         liveness = CASE WHEN $4 THEN 'PRESENT' ELSE e.liveness END
       RETURNING ${entryColumns}`,
      [agent.tenantId, agent.agentId, JSON.stringify(agent), seen],
    );
    if (!row) throw new Error('The registry kept nothing.');
    return this.entry(row);
  }

  async restore(tenantId: string, agents: readonly Agent[]): Promise<readonly string[]> {
    const rows = await this.rows.of<{ agentId: string }>(
      tenantId,
      `INSERT INTO registry_entries (tenant_id, agent_id, facts, status, last_seen, metrics, liveness)
       SELECT $1, a.facts ->> 'agentId', a.facts, 'IDLE', clock_timestamp(), NULL, 'RESTORED'
       FROM json_array_elements($2::json) AS a(facts)
       WHERE NOT EXISTS (
         SELECT FROM agents g WHERE g.tenant_id = $1 AND g.agent_id = a.facts ->> 'agentId' AND g.removed
       )
       ON CONFLICT (tenant_id, agent_id) DO NOTHING RETURNING agent_id AS "agentId"`,
      [tenantId, JSON.stringify(agents)],
    );
    return rows.map(({ agentId }) => agentId);
  }

  /** The entries lie beside the durable facts, and are not lost without them. */
  async isWhole(): Promise<boolean> {
    await this.ping();
    return true;
  }

  markWhole(): Promise<void> {
    return this.ping();
  }

  heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse | undefined> {
    return this.beats.submit({ tenantId, agentId, status, metrics });
  }

  agent(tenantId: string, agentId: string): Promise<Agent | undefined> {
    return this.agents.submit({ tenantId, agentId });
  }

  async find(tenantId: string, agentId: string): Promise<RegistryEntry | undefined> {
    const [row] = await this.rows.of<EntryRow>(
      tenantId,
      `SELECT ${entryColumns} FROM registry_entries e WHERE e.tenant_id = $1 AND e.agent_id = $2`,
      [tenantId, agentId],
    );
    return row && this.entry(row);
  }

  async list(tenantId: string, filter: RegistryFilter, page: PageRequest): Promise<Page<RegistryEntry>> {
    const { sql, parameters } = entriesQuery(tenantId, filter, {
      after: page.after?.[0],
      limit: page.limit + 1,
      offlineAfterMs: this.liveness.offlineAfterMs,
    });
    const rows = await this.rows.of<EntryRow>(tenantId, sql, parameters);
    return pageOf(
      rows.map((row) => this.entry(row)),
      page.limit,
      ({ agent }) => [agent.agentId],
    );
  }

  async remove(tenantId: string, agentId: string): Promise<void> {
    await this.rows.of(tenantId, 'DELETE FROM registry_entries WHERE tenant_id = $1 AND agent_id = $2', [
      tenantId,
      agentId,
    ]);
  }

  async counts(tenantId: string): Promise<AgentCounts> {
    const rows = await this.rows.of<{ status: AgentStatus; count: number; paused: number }>(
      tenantId,
      `SELECT CASE WHEN e.liveness IN ('OFFLINE', 'RESTORED') OR ${silentFor('$2')} THEN 'OFFLINE' ELSE e.status END AS status,
              count(*)::integer AS count, (count(*) FILTER (WHERE e.paused))::integer AS paused
       FROM registry_entries e WHERE e.tenant_id = $1 GROUP BY 1`,
      [tenantId, this.liveness.offlineAfterMs],
    );
    const counts = { ACTIVE: 0, IDLE: 0, BUSY: 0, OFFLINE: 0, paused: 0 };
    for (const { status, count, paused } of rows) {
      counts[status] = count;
      counts.paused += paused;
    }
    return counts;
  }

  silence(): Promise<readonly Silence[]> {
    return this.rows.ofAll<Silence>(
      `SELECT s.tenant_id AS "tenantId", s.silent, w.expected
       FROM (SELECT e.tenant_id, count(*)::integer AS silent FROM registry_entries e
             WHERE e.liveness <> 'OFFLINE' AND ${silentFor('$1')} GROUP BY e.tenant_id) s
       CROSS JOIN LATERAL (SELECT count(*)::integer AS expected FROM registry_entries e
             WHERE e.tenant_id = s.tenant_id AND e.liveness <> 'OFFLINE') w`,
      [this.liveness.suspectAfterMs],
    );
  }

  departures(tenantId: string, sparing: boolean, limit: number): Promise<readonly Departure[]> {
    const { suspectAfterMs, offlineAfterMs } = this.liveness;
    return this.rows.of<Departure>(
      tenantId,
      `SELECT e.agent_id AS "agentId", ${silentSince} AS "silentSince",
              CASE WHEN ${silentFor('$3')} AND NOT $4 THEN 'OFFLINE' ELSE 'SUSPECT' END AS state
       FROM registry_entries e
       WHERE e.tenant_id = $1 AND e.liveness <> 'OFFLINE' AND ${silentFor('$2')}
         AND (e.liveness = 'PRESENT' OR (NOT $4 AND ${silentFor('$3')}))
       ORDER BY e.last_seen LIMIT $5`,
      [tenantId, suspectAfterMs, offlineAfterMs, sparing, limit],
    );
  }

  /** Whoever was restored goes with the time of its registration: it was not heard from after that. */
  async settle(tenantId: string, departures: readonly Departure[]): Promise<readonly string[]> {
    const rows = await this.rows.of<{ agentId: string }>(
      tenantId,
      `WITH held AS (
         SELECT e.tenant_id, e.agent_id, e.liveness, g.state, ${silentSince} = g."silentSince" AS silent
         FROM json_to_recordset($2::json) AS g("agentId" text, state text, "silentSince" double precision)
         JOIN registry_entries e ON e.tenant_id = $1 AND e.agent_id = g."agentId"
         ORDER BY e.agent_id FOR UPDATE OF e
       ), settled AS (
         UPDATE registry_entries e SET liveness = h.state,
           last_seen = CASE WHEN e.liveness = 'RESTORED' THEN (e.facts ->> 'registeredAt')::timestamptz ELSE e.last_seen END
         FROM held h WHERE e.tenant_id = h.tenant_id AND e.agent_id = h.agent_id AND h.silent
       )
       SELECT agent_id AS "agentId" FROM held WHERE NOT silent AND liveness = 'PRESENT'`,
      [tenantId, JSON.stringify(departures)],
    );
    return rows.map(({ agentId }) => agentId);
  }

  /** One row may beat twice in a batch; the later beat is the one that counts. */
  private async noteBeats(beats: readonly Beat[]): Promise<readonly Outcome<Pulse | undefined>[]> {
    const latest = new Map(beats.map((beat) => [`${beat.tenantId} ${beat.agentId}`, beat]));
    const rows = await this.rows.of<PulseRow>(
      tenantsOf(beats),
      `WITH beats AS (
         SELECT b.*, e.liveness IN ('SUSPECT', 'OFFLINE') AS returned
         FROM json_to_recordset($1::json) AS b("tenantId" text, "agentId" text, status text, metrics json)
         JOIN registry_entries e ON e.tenant_id = b."tenantId" AND e.agent_id = b."agentId"
         ORDER BY e.tenant_id, e.agent_id FOR UPDATE OF e
       )
       UPDATE registry_entries e SET status = b.status, last_seen = clock_timestamp(), liveness = 'PRESENT',
         metrics = COALESCE(b.metrics, e.metrics)
       FROM beats b WHERE e.tenant_id = b."tenantId" AND e.agent_id = b."agentId"
       RETURNING b."tenantId", b."agentId", b.returned, e.paused, e.last_seen AS "lastSeen"`,
      [JSON.stringify([...latest.values()])],
    );
    const pulses = new Map(rows.map((row) => [`${row.tenantId} ${row.agentId}`, row]));
    return beats.map(({ tenantId, agentId, status }) => {
      const row = pulses.get(`${tenantId} ${agentId}`);
      if (!row) return { value: undefined };
      const { lastSeen, paused, returned } = row;
      return { value: { status, lastSeen, paused, returned } };
    });
  }

  private async agentsOf(names: readonly Named[]): Promise<readonly Outcome<Agent | undefined>[]> {
    const rows = await this.rows.of<Named & { facts: StoredFacts }>(
      tenantsOf(names),
      `SELECT e.tenant_id AS "tenantId", e.agent_id AS "agentId", e.facts
       FROM unnest($1::text[], $2::text[]) AS n(tenant_id, agent_id)
       JOIN registry_entries e ON e.tenant_id = n.tenant_id AND e.agent_id = n.agent_id`,
      [names.map(({ tenantId }) => tenantId), names.map(({ agentId }) => agentId)],
    );
    const found = new Map(rows.map((row) => [`${row.tenantId} ${row.agentId}`, row.facts]));
    return names.map(({ tenantId, agentId }) => {
      const facts = found.get(`${tenantId} ${agentId}`);
      return { value: facts && agentOf(facts) };
    });
  }

  private entry({ now, ...stored }: EntryRow): RegistryEntry {
    return entryAt(stored, now, this.liveness.offlineAfterMs);
  }
}

function tenantsOf(names: readonly Named[]): readonly string[] {
  return [...new Set(names.map(({ tenantId }) => tenantId))];
}
