import { Injectable } from '@nestjs/common';
import { type Checkpoint, checkpointDigest, noCheckpointDigest } from '../../models/checkpoint.js';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import { CheckpointsPort, type SinkBacklog, type Unsealed } from '../../ports/checkpoints.js';
import { RowTable } from './row-table.js';
import { checkpointSchema } from './schemas.js';
import type { TenantRows } from './tenant-rows.js';

/** Of a checkpoint, without the digest that the next one names. */
const columns = `c.tenant_id AS "tenantId", c.sequence::double precision AS sequence, c.hash,
  c.previous_digest AS "previousDigest", c.at, c.key_id AS "keyId", c.signature`;

/** Up to where the sink `$1` has each tenant's. The join over heads finds the rest by the index, however long the past is. */
const behind = `audit_heads h
  LEFT JOIN checkpoint_deliveries d ON d.tenant_id = h.tenant_id AND d.sink = $1`;

/** Checkpoints in PostgreSQL, where the tenant's record is. A trigger holds each to the one before. */
@Injectable()
export class PostgresCheckpoints extends CheckpointsPort {
  private readonly table: RowTable;

  constructor(private readonly rows: TenantRows) {
    super();
    this.table = new RowTable(rows.models.getMetadata(checkpointSchema));
  }

  unsealed(events: number, ms: number, limit: number): Promise<readonly Unsealed[]> {
    return this.rows.ofAll(
      `SELECT h.tenant_id AS "tenantId", h.sequence::double precision AS sequence, h.hash,
              COALESCE(c.digest, $4) AS "previousDigest", date_trunc('milliseconds', clock_timestamp()) AS now
       FROM audit_heads h
       LEFT JOIN LATERAL (
         SELECT sequence, digest FROM audit_checkpoints c WHERE c.tenant_id = h.tenant_id ORDER BY sequence DESC LIMIT 1
       ) c ON true
       WHERE h.sequence > COALESCE(c.sequence, 0) AND (
         h.sequence >= COALESCE(c.sequence, 0) + $1
         OR (SELECT e.at FROM audit_events e WHERE e.tenant_id = h.tenant_id AND e.sequence = COALESCE(c.sequence, 0) + 1)
           <= statement_timestamp() - $2 * interval '1 millisecond'
       )
       LIMIT $3`,
      [events, ms, limit, noCheckpointDigest],
    );
  }

  async keep(checkpoint: Checkpoint): Promise<boolean> {
    const row = { ...checkpoint, digest: checkpointDigest(checkpoint) };
    const kept = await this.rows.of(
      checkpoint.tenantId,
      `${this.table.insert.text} WHERE r."previousDigest" = COALESCE(
         (SELECT c.digest FROM audit_checkpoints c WHERE c.tenant_id = r."tenantId" ORDER BY c.sequence DESC LIMIT 1), $2)
       ON CONFLICT DO NOTHING RETURNING sequence`,
      [JSON.stringify([row]), noCheckpointDigest],
    );
    return kept.length > 0;
  }

  async list(tenantId: string, { limit, after }: PageRequest): Promise<Page<Checkpoint>> {
    const rows = await this.rows.of<Checkpoint>(
      tenantId,
      `SELECT ${columns} FROM audit_checkpoints c WHERE c.tenant_id = $1 AND c.sequence > $2
       ORDER BY c.sequence LIMIT $3`,
      [tenantId, after?.[0] ?? 0, limit + 1],
    );
    return pageOf(rows, limit, ({ sequence }) => [sequence]);
  }

  undelivered(sink: string, limit: number): Promise<readonly Checkpoint[]> {
    return this.rows.ofAll(
      `SELECT ${columns} FROM ${behind}
       CROSS JOIN LATERAL (
         SELECT * FROM audit_checkpoints c WHERE c.tenant_id = h.tenant_id AND c.sequence > COALESCE(d.sequence, 0)
         ORDER BY c.sequence LIMIT $2
       ) c
       ORDER BY h.tenant_id, c.sequence LIMIT $2`,
      [sink, limit],
    );
  }

  async delivered(sink: string, checkpoints: readonly Checkpoint[]): Promise<void> {
    const last = new Map(checkpoints.map(({ tenantId, sequence }) => [tenantId, sequence]));
    await this.rows.of(
      [...last.keys()],
      `INSERT INTO checkpoint_deliveries AS d (tenant_id, sink, sequence, delivered_at)
       SELECT tenant_id, $1, sequence, clock_timestamp() FROM unnest($2::text[], $3::bigint[]) AS r(tenant_id, sequence)
       ON CONFLICT (tenant_id, sink) DO UPDATE SET sequence = EXCLUDED.sequence, delivered_at = EXCLUDED.delivered_at
       WHERE d.sequence < EXCLUDED.sequence`,
      [sink, [...last.keys()], [...last.values()]],
    );
  }

  async backlog(sinks: readonly string[]): Promise<readonly SinkBacklog[]> {
    return Promise.all(sinks.map((sink) => this.backlogOf(sink)));
  }

  private async backlogOf(sink: string): Promise<SinkBacklog> {
    const [row] = await this.rows.ofAll<{ undelivered: number }>(
      `SELECT COALESCE(sum(c.waiting), 0)::double precision AS undelivered FROM ${behind}
       CROSS JOIN LATERAL (
         SELECT count(*) AS waiting FROM audit_checkpoints c
         WHERE c.tenant_id = h.tenant_id AND c.sequence > COALESCE(d.sequence, 0)
       ) c`,
      [sink],
    );
    return { sink, undelivered: row?.undelivered ?? 0 };
  }
}
