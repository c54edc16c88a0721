import type { Needs, RowKind, Rows, Work } from '../../ports/ledger.js';
import type { Head, LedgerState } from './ledger-state.js';
import type { Sender, Statement } from './statement-pool.js';
import type { Tables } from './tables.js';

type Wanted = Pick<Work<unknown>, 'tenantId' | 'needs'>;

/** What a batch wants to see, as it was read. */
export interface Loaded {
  readonly heads: ReadonlyMap<string, Head>;
  /** The database's time after the heads were locked, to the millisecond. */
  readonly now: Date;
  fill(state: LedgerState): void;
}

interface Locked extends Head {
  readonly tenantId: string;
  readonly now: Date;
}

interface Held {
  readonly tenantId: string;
  readonly agentId: string;
  readonly held: number;
}

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

const lockHeads: Statement = {
  name: 'lock-heads',
  text: `WITH heads AS MATERIALIZED (
      SELECT tenant_id, sequence, hash FROM audit_heads WHERE tenant_id = ANY($1) ORDER BY tenant_id FOR UPDATE
    )
    SELECT tenant_id AS "tenantId", sequence::double precision AS sequence, hash,
           date_trunc('milliseconds', clock_timestamp()) AS now FROM heads`,
};

const countHeld: Statement = {
  name: 'count-held',
  text: `SELECT t.tenant_id AS "tenantId", t.agent_id AS "agentId", count(*)::integer AS held
    FROM unnest($1::text[], $2::text[]) AS w(tenant_id, id)
    JOIN tasks t ON t.tenant_id = w.tenant_id AND t.agent_id = w.id AND t.status = 'RUNNING' GROUP BY 1, 2`,
};

const pairs = 'unnest($1::text[], $2::text[]) AS w(tenant_id, id)';

/** Ids that are asked for (`$1`, `$2`) beside those that tasks name (`$3`, `$4`). */
function namedBy(column: string): string {
  return `(SELECT w.tenant_id, w.id::uuid FROM ${pairs}
    UNION SELECT k.tenant_id, k.${column} FROM unnest($3::text[], $4::text[]) AS w(tenant_id, id)
          JOIN tasks k ON k.tenant_id = w.tenant_id AND k.task_id = w.id::uuid WHERE k.${column} IS NOT NULL
  ) AS w(tenant_id, id)`;
}

function statementsOf(tables: Tables) {
  const rows = (kind: RowKind, name: string, from: string, match: string, lock = ''): Statement => ({
    name,
    text: `SELECT ${tables[kind].select('t')} FROM ${from}
      JOIN ${tables[kind].name} t ON t.tenant_id = w.tenant_id AND t.${match} ${lock}`,
  });
  const locked = 'FOR NO KEY UPDATE OF t';
  return {
    tasks: rows('task', 'tasks-by-id', pairs, 'task_id = w.id::uuid', locked),
    keyed: rows('task', 'tasks-by-key', pairs, 'idempotency_key = w.id', locked),
    reviews: rows('review', 'reviews-by-id', namedBy('review_id'), 'review_id = w.id'),
    sessions: rows('session', 'sessions-by-id', namedBy('session_id'), 'session_id = w.id'),
    agents: rows('agent', 'agents-by-id', pairs, 'agent_id = w.id'),
    apiKeys: rows('apiKey', 'keys-by-id', pairs, 'key_id = w.id::uuid'),
    fleetBrakes: rows('fleetBrake', 'fleet-brakes-by-id', pairs, 'tenant_id = w.id'),
    results: rows('result', 'results-by-lease', pairs, 'lease_token = w.id'),
    policies: {
      name: 'policies-in-force',
      text: `SELECT ${tables.policy.select('p')} FROM unnest($1::text[]) AS w(tenant_id)
        CROSS JOIN LATERAL (
          SELECT * FROM policies p WHERE p.tenant_id = w.tenant_id ORDER BY p.version DESC LIMIT 1
        ) p`,
    },
  };
}

/** Reads what a batch of units of work wants to see: one statement a kind of row, none for kinds that nobody wants. */
export class LedgerReader {
  private readonly statements: ReturnType<typeof statementsOf>;

  constructor(tables: Tables) {
    this.statements = statementsOf(tables);
  }

  /**
   * Locks the heads of the batch's tenants and reads what lies behind them. Task rows are locked, so that no lease is renewed
   * while its task changes hands.
   */
  async load(sender: Sender, wanted: readonly Wanted[]): Promise<Loaded> {
    const tenantIds = [...new Set(wanted.map(({ tenantId }) => tenantId))].sort();
    const locking = sender.send(lockHeads, [tenantIds]);
    const { statements } = this;
    const of = (idsOf: (needs: Needs) => readonly string[] | undefined) => pairsOf(wanted, idsOf);
    const taskIds = of(({ tasks }) => tasks);
    const [tasks, keyed, reviews, sessions, agents, apiKeys, brakes, results, held, policies] =
      await Promise.all([
        rowsOf<Rows['task']>(sender, statements.tasks, taskIds),
        rowsOf<Rows['task']>(
          sender,
          statements.keyed,
          of(({ idempotencyKeys }) => idempotencyKeys),
        ),
        rowsOf<Rows['review']>(
          sender,
          statements.reviews,
          of((needs) => needs.reviews),
          taskIds,
        ),
        rowsOf<Rows['session']>(
          sender,
          statements.sessions,
          of((needs) => needs.sessions),
          taskIds,
        ),
        rowsOf<Rows['agent']>(
          sender,
          statements.agents,
          of((needs) => needs.agents),
        ),
        rowsOf<Rows['apiKey']>(
          sender,
          statements.apiKeys,
          of((needs) => needs.apiKeys),
        ),
        rowsOf<Rows['fleetBrake']>(
          sender,
          statements.fleetBrakes,
          of((needs) => needs.fleetBrakes),
        ),
        rowsOf<Rows['result']>(
          sender,
          statements.results,
          of(({ leaseTokens }) => leaseTokens),
        ),
        rowsOf<Held>(
          sender,
          countHeld,
          of(({ holders }) => holders),
        ),
        this.policies(sender, wanted),
        locking,
      ]);
    const heads = (await locking).rows as readonly Locked[];
    return {
      heads: new Map(heads.map(({ tenantId, sequence, hash }) => [tenantId, { sequence, hash }])),
      now: new Date(Math.max(0, ...heads.map(({ now }) => now.getTime()))),
      fill(state) {
        state.loadTasks([...tasks, ...keyed]);
        state.load('review', reviews);
        state.load('session', sessions);
        state.load('agent', agents);
        state.load('apiKey', apiKeys);
        state.load('fleetBrake', brakes);
        state.load('result', results);
        for (const { tenantId, agentId, held: count } of held) state.loadHeld(tenantId, agentId, count);
        state.loadPolicies(policies);
      },
    };
  }

  private async policies(sender: Sender, wanted: readonly Wanted[]): Promise<readonly Rows['policy'][]> {
    const tenantIds = new Set(wanted.filter(({ needs }) => needs.policy).map(({ tenantId }) => tenantId));
    if (tenantIds.size === 0) return [];
    const { rows } = await sender.send(this.statements.policies, [[...tenantIds]]);
    return rows as readonly Rows['policy'][];
  }
}

async function rowsOf<T>(
  sender: Sender,
  statement: Statement,
  ...sets: readonly Pairs[]
): Promise<readonly T[]> {
  if (sets.every(({ ids }) => ids.length === 0)) return [];
  const { rows } = await sender.send(
    statement,
    sets.flatMap(({ tenantIds, ids }) => [tenantIds, ids]),
  );
  return rows as readonly T[];
}

function pairsOf(wanted: readonly Wanted[], idsOf: (needs: Needs) => readonly string[] | undefined): Pairs {
  const found = new Pairs();
  for (const { tenantId, needs } of wanted) for (const id of idsOf(needs) ?? []) found.add(tenantId, id);
  return found;
}
