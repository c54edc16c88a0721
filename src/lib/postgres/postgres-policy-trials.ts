import { Injectable } from '@nestjs/common';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import {
  type Comparison,
  firstIdAt,
  type JudgedResult,
  pairsOf,
  type ReplayExample,
} from '../../models/replay.js';
import {
  PolicyTrialsPort,
  type Shadow,
  type ShadowVerdict,
  type Stretch,
  type VerdictCount,
} from '../../ports/policy-trials.js';
import { Conditions } from './row-table.js';
import type { Tables } from './tables.js';
import type { TenantRows } from './tenant-rows.js';

/** How far the clocks of processes may lie apart: a result's id carries the time of the process that made it. */
const clockSpreadMs = 5 * 60_000;

/** How long after a later id an earlier one may still be committed. */
const lateMs = 10_000;

const judged = `r.result_id AS "resultId", r.task_id AS "taskId", t.kind, r.stage, r.confidence,
  COALESCE(r.output::text, 'null') AS output, r.decision, r.review_id AS "reviewId", r.created_at AS "createdAt"`;

/** Results are entered by their ids, which are in the order of time, so that no index is needed but the primary key's. */
@Injectable()
export class PostgresPolicyTrials extends PolicyTrialsPort {
  constructor(
    private readonly rows: TenantRows,
    private readonly tables: Tables,
  ) {
    super();
  }

  async countJudged(tenantId: string, stretch: Stretch): Promise<number> {
    const conditions = within(tenantId, stretch);
    const [row] = await this.rows.of<{ count: number }>(
      tenantId,
      `SELECT count(*)::integer AS count FROM results r WHERE ${conditions.where} AND r.decision IS NOT NULL`,
      conditions.parameters,
    );
    return row?.count ?? 0;
  }

  async judged(tenantId: string, stretch: Stretch, page: PageRequest): Promise<Page<JudgedResult>> {
    const conditions = within(tenantId, stretch).add('r.result_id > ?', page.after?.[0]);
    const rows = await this.rows.of<JudgedResult>(
      tenantId,
      `SELECT ${judged}, c.status AS "reviewStatus" FROM results r
       JOIN tasks t ON t.tenant_id = r.tenant_id AND t.task_id = r.task_id
       LEFT JOIN review_cards c ON c.tenant_id = r.tenant_id AND c.result_id = r.result_id
       WHERE ${conditions.where} AND r.decision IS NOT NULL
       ORDER BY r.result_id LIMIT ${conditions.parameter(page.limit + 1)}`,
      conditions.parameters,
    );
    return pageOf(this.opened(tenantId, rows), page.limit, ({ resultId }) => [resultId]);
  }

  shadows(limit: number): Promise<readonly Shadow[]> {
    return this.rows.ofAll(
      `SELECT tenant_id AS "tenantId", draft_id AS "draftId", shadowed_at AS since FROM policy_drafts
       WHERE state = 'SHADOW' ORDER BY tenant_id, draft_id LIMIT $1`,
      [limit],
    );
  }

  async unjudged({ tenantId, draftId, since }: Shadow, limit: number): Promise<readonly JudgedResult[]> {
    const [last] = await this.rows.of<{ resultId: string }>(
      tenantId,
      `SELECT result_id AS "resultId" FROM shadow_verdicts WHERE tenant_id = $1 AND draft_id = $2
       ORDER BY result_id DESC LIMIT 1`,
      [tenantId, draftId],
    );
    const begin = since.getTime() - clockSpreadMs;
    const goOn = last === undefined ? begin : timeOf(last.resultId) - lateMs;
    const rows = await this.rows.of<JudgedResult>(
      tenantId,
      `SELECT ${judged}, NULL AS "reviewStatus" FROM results r
       JOIN tasks t ON t.tenant_id = r.tenant_id AND t.task_id = r.task_id
       WHERE r.tenant_id = $1 AND r.result_id >= $2 AND r.created_at >= $3 AND r.decision IS NOT NULL AND NOT EXISTS (
         SELECT FROM shadow_verdicts v WHERE v.tenant_id = r.tenant_id AND v.draft_id = $4 AND v.result_id = r.result_id
       ) ORDER BY r.result_id LIMIT $5`,
      [tenantId, firstIdAt(new Date(Math.max(begin, goOn))), since, draftId, limit],
    );
    return this.opened(tenantId, rows);
  }

  private opened(tenantId: string, rows: readonly JudgedResult[]): readonly JudgedResult[] {
    const { result } = this.tables;
    return rows.map((row) => {
      const named = { tenantId, resultId: row.resultId };
      const [{ decision } = row] = result.opened([{ ...named, decision: row.decision }]);
      return { ...row, decision, output: result.openedJson(named, 'output', row.output) };
    });
  }

  async keepVerdicts(verdicts: readonly ShadowVerdict[]): Promise<void> {
    if (verdicts.length === 0) return;
    const { insert } = this.tables.shadowVerdict;
    const tenantIds = new Set(verdicts.map(({ tenantId }) => tenantId));
    await this.rows.of([...tenantIds], `${insert.text} ON CONFLICT DO NOTHING`, [JSON.stringify(verdicts)]);
  }

  async forgetVerdicts(before: Date, limit: number): Promise<number> {
    const rows = await this.rows.ofAll<{ count: number }>(
      `WITH gone AS (
         DELETE FROM shadow_verdicts WHERE (tenant_id, draft_id, result_id) IN (
           SELECT tenant_id, draft_id, result_id FROM shadow_verdicts WHERE judged_at < $1 ORDER BY judged_at LIMIT $2
         ) RETURNING 1
       ) SELECT count(*)::integer AS count FROM gone`,
      [before, limit],
    );
    return rows[0]?.count ?? 0;
  }

  countVerdicts(tenantId: string, draftId: string): Promise<readonly VerdictCount[]> {
    return this.rows.of(
      tenantId,
      `SELECT live, shadow, count(*)::integer AS count FROM shadow_verdicts WHERE tenant_id = $1 AND draft_id = $2
       GROUP BY live, shadow`,
      [tenantId, draftId],
    );
  }

  examples(
    tenantId: string,
    draftId: string,
    comparison: Comparison,
    limit: number,
  ): Promise<readonly ReplayExample[]> {
    const pairs = pairsOf(comparison);
    return this.rows.of(
      tenantId,
      `SELECT v.result_id AS "resultId", v.task_id AS "taskId", v.review_id AS "reviewId", v.kind,
              v.live AS before, v.shadow AS after, v.detectors
       FROM unnest($3::text[], $4::text[]) AS w(live, shadow) CROSS JOIN LATERAL (
         SELECT * FROM shadow_verdicts v WHERE v.tenant_id = $1 AND v.draft_id = $2 AND v.live = w.live
           AND v.shadow = w.shadow AND v.live <> v.shadow ORDER BY v.result_id DESC LIMIT $5
       ) v ORDER BY v.result_id DESC LIMIT $5`,
      [tenantId, draftId, pairs.map(([before]) => before), pairs.map(([, after]) => after), limit],
    );
  }

  stalledBacktests(
    silentMs: number,
    limit: number,
  ): Promise<readonly { readonly tenantId: string; readonly backtestId: string }[]> {
    return this.rows.ofAll(
      `SELECT tenant_id AS "tenantId", backtest_id AS "backtestId" FROM policy_backtests
       WHERE state IN ('QUEUED', 'RUNNING') AND updated_at < statement_timestamp() - $1 * interval '1 millisecond'
       ORDER BY updated_at LIMIT $2`,
      [silentMs, limit],
    );
  }
}

function within(tenantId: string, { from, to }: Stretch): Conditions {
  return new Conditions()
    .add('r.tenant_id = ?', tenantId)
    .add('r.result_id >= ?', firstIdAt(new Date(from.getTime() - clockSpreadMs)))
    .add('r.result_id < ?', firstIdAt(new Date(to.getTime() + clockSpreadMs)))
    .add('r.created_at >= ?', from)
    .add('r.created_at < ?', to);
}

/** The time that a UUIDv7 carries, in milliseconds. */
function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
