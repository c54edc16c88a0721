import type { QueryRunner } from 'typeorm';
import type { Task } from '../../models/task.js';
import type { Needs, RowKind, Rows, Work } from '../../ports/ledger.js';
import type { LedgerState } from './ledger-state.js';
import type { Tables } from './tables.js';

type Wanted = Pick<Work<unknown>, 'tenantId' | 'needs'>;

/** Ids of one sort, each with its tenant: two parallel arrays, as `unnest` takes them. */
class Pairs {
  readonly tenantIds: string[] = [];
  readonly ids: string[] = [];
  private readonly seen = new Set<string>();

  add(tenantId: string, id: string): void {
    const key = `${tenantId} ${id}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.tenantIds.push(tenantId);
    this.ids.push(id);
  }
}

/** Reads what a batch of units of work wants to see: one query a kind of row, none for kinds that nobody wants. */
export class LedgerReader {
  constructor(private readonly tables: Tables) {}

  /** Fills the state. Task rows are locked, so that no lease is renewed while its task changes hands. */
  async load(runner: QueryRunner, wanted: readonly Wanted[], state: LedgerState): Promise<void> {
    const tasks = pairsOf(wanted, ({ tasks: ids }) => ids);
    state.loadTasks(await this.rows(runner, 'task', 'task_id = w.id::uuid', tasks, 'FOR NO KEY UPDATE OF t'));
    const keys = pairsOf(wanted, ({ idempotencyKeys }) => idempotencyKeys);
    state.loadTasks(
      await this.rows(runner, 'task', 'idempotency_key = w.id', keys, 'FOR NO KEY UPDATE OF t'),
    );

    const named = state.loadedTasks();
    const reviews = pairsOf(wanted, ({ reviews: ids }) => ids);
    const sessions = pairsOf(wanted, ({ sessions: ids }) => ids);
    addNamed(reviews, named, ({ reviewId }) => reviewId);
    addNamed(sessions, named, ({ sessionId }) => sessionId);

    state.load('review', await this.rows(runner, 'review', 'review_id = w.id::uuid', reviews));
    state.load('session', await this.rows(runner, 'session', 'session_id = w.id::uuid', sessions));
    const agents = pairsOf(wanted, (needs) => needs.agents);
    state.load('agent', await this.rows(runner, 'agent', 'agent_id = w.id', agents));
    const apiKeys = pairsOf(wanted, (needs) => needs.apiKeys);
    state.load('apiKey', await this.rows(runner, 'apiKey', 'key_id = w.id::uuid', apiKeys));
    const brakes = pairsOf(wanted, ({ fleetBrakes }) => fleetBrakes);
    state.load('fleetBrake', await this.rows(runner, 'fleetBrake', 'tenant_id = w.id', brakes));
    const leaseTokens = pairsOf(wanted, (needs) => needs.leaseTokens);
    state.load('result', await this.rows(runner, 'result', 'lease_token = w.id', leaseTokens));
    await this.loadHeld(runner, wanted, state);
    await this.loadPolicies(runner, wanted, state);
  }

  private async rows<K extends RowKind>(
    runner: QueryRunner,
    kind: K,
    match: string,
    { tenantIds, ids }: Pairs,
    lock = '',
  ): Promise<readonly Rows[K][]> {
    if (ids.length === 0) return [];
    const table = this.tables[kind];
    const rows = (await runner.query(
      `SELECT ${table.select('t')} FROM unnest($1::text[], $2::text[]) AS w(tenant_id, id)
       JOIN ${table.name} t ON t.tenant_id = w.tenant_id AND t.${match} ${lock}`,
      [tenantIds, ids],
    )) as readonly Rows[K][];
    return rows;
  }

  private async loadHeld(runner: QueryRunner, wanted: readonly Wanted[], state: LedgerState): Promise<void> {
    const { tenantIds, ids } = pairsOf(wanted, ({ holders }) => holders);
    if (ids.length === 0) return;
    const rows = (await runner.query(
      `SELECT t.tenant_id AS "tenantId", t.agent_id AS "agentId", count(*)::integer AS held
       FROM unnest($1::text[], $2::text[]) AS w(tenant_id, id)
       JOIN tasks t ON t.tenant_id = w.tenant_id AND t.agent_id = w.id AND t.status = 'RUNNING' GROUP BY 1, 2`,
      [tenantIds, ids],
    )) as readonly { tenantId: string; agentId: string; held: number }[];
    for (const { tenantId, agentId, held } of rows) state.loadHeld(tenantId, agentId, held);
  }

  private async loadPolicies(
    runner: QueryRunner,
    wanted: readonly Wanted[],
    state: LedgerState,
  ): Promise<void> {
    const tenantIds = [
      ...new Set(wanted.filter(({ needs }) => needs.policy).map(({ tenantId }) => tenantId)),
    ];
    if (tenantIds.length === 0) return;
    const rows = (await runner.query(
      `SELECT ${this.tables.policy.select('p')} FROM unnest($1::text[]) AS w(tenant_id)
       CROSS JOIN LATERAL (
         SELECT * FROM policies p WHERE p.tenant_id = w.tenant_id ORDER BY p.version DESC LIMIT 1
       ) p`,
      [tenantIds],
    )) as readonly Rows['policy'][];
    state.loadPolicies(rows);
  }
}

function pairsOf(wanted: readonly Wanted[], idsOf: (needs: Needs) => readonly string[] | undefined): Pairs {
  const pairs = new Pairs();
  for (const { tenantId, needs } of wanted) for (const id of idsOf(needs) ?? []) pairs.add(tenantId, id);
  return pairs;
}

function addNamed(pairs: Pairs, tasks: readonly Task[], idOf: (task: Task) => string | null): void {
  for (const task of tasks) {
    const id = idOf(task);
    if (id !== null) pairs.add(task.tenantId, id);
  }
}
