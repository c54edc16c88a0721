import { isFinal, type Task, taskStatuses } from '../../models/task.js';
import type { Needs, RowKind, Rows, TrialsUnderWay, Work } from '../../ports/ledger.js';
import type { Head, LedgerState } from './ledger-state.js';
import type { Sender, Statement } from './statement-pool.js';
import type { Tables } from './tables.js';

type Wanted = Pick<Work<unknown>, 'tenantId' | 'needs'>;

/** Which ids of one sort a unit of work asks for. */
type IdsOf = (needs: Needs) => readonly string[] | undefined;

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

type Trials = TrialsUnderWay & { readonly tenantId: string };

type Holder = Rows['agent'] & { readonly held: number };

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
      SELECT * FROM audit_heads WHERE tenant_id = ANY($1) ORDER BY tenant_id FOR UPDATE
    )
    SELECT tenant_id AS "tenantId", sequence::double precision AS sequence, hash,
           open_tasks::double precision AS "openTasks", open_tasks_at = sequence AS counted,
           date_trunc('milliseconds', clock_timestamp()) AS now FROM heads`,
};

const openStatuses = taskStatuses.filter((status) => !isFinal(status));

/** Comes after the lock, so that it sees what the holder before has committed. */
const countOpenTasks: Statement = {
  name: 'count-open-tasks',
  text: `SELECT count(*)::double precision AS count FROM tasks WHERE tenant_id = $1 AND status = ANY($2)`,
};

const pairs = 'unnest($1::text[], $2::text[]) AS w(tenant_id, id)';
/** Converted before the join: under row-level security an index is not entered by what a conversion of rows may say in an error. */
const uuidPairs = 'unnest($1::text[], $2::uuid[]) AS w(tenant_id, id)';

function statementsOf(tables: Tables) {
  const rows = (kind: RowKind, name: string, from: string, match: string, lock = ''): Statement => ({
    name,
    text: `SELECT ${tables[kind].select('t')} FROM ${from}
      JOIN ${tables[kind].name} t ON t.tenant_id = w.tenant_id AND t.${match} ${lock}`,
  });
  const locked = 'FOR NO KEY UPDATE OF t';
  return {
    tasks: rows('task', 'tasks-by-id', uuidPairs, 'task_id = w.id', locked),
    keyed: rows('task', 'tasks-by-key', pairs, 'idempotency_key = w.id', locked),
    reviews: rows('review', 'reviews-by-id', uuidPairs, 'review_id = w.id'),
    sessions: rows('session', 'sessions-by-id', uuidPairs, 'session_id = w.id'),
    agents: rows('agent', 'agents-by-id', pairs, 'agent_id = w.id'),
    holders: {
      name: 'holders-by-id',
      text: `SELECT ${tables.agent.select('t')}, (
          SELECT count(*)::integer FROM tasks k
          WHERE k.tenant_id = t.tenant_id AND k.agent_id = t.agent_id AND k.status = 'RUNNING') AS held
        FROM ${pairs} JOIN ${tables.agent.name} t ON t.tenant_id = w.tenant_id AND t.agent_id = w.id`,
    },
    apiKeys: rows('apiKey', 'keys-by-id', uuidPairs, 'key_id = w.id'),
    brakes: rows('fleetBrake', 'fleet-brakes-by-id', pairs, 'tenant_id = w.id'),
    stagedPolicies: rows('stagedPolicy', 'drafts-by-id', uuidPairs, 'draft_id = w.id'),
    backtests: rows('backtest', 'backtests-by-id', uuidPairs, 'backtest_id = w.id'),
    results: rows('result', 'results-by-lease', pairs, 'lease_token = w.id'),
    policies: {
      name: 'policies-in-force',
      text: `SELECT ${tables.policy.select('p')} FROM unnest($1::text[]) AS w(tenant_id)
        CROSS JOIN LATERAL (
          SELECT * FROM policies p WHERE p.tenant_id = w.tenant_id ORDER BY p.version DESC LIMIT 1
        ) p`,
    },
    trials: {
      name: 'trials-under-way',
      text: `SELECT w.tenant_id AS "tenantId", (
          SELECT count(*)::integer FROM policy_backtests b
          WHERE b.tenant_id = w.tenant_id AND b.state IN ('QUEUED', 'RUNNING')) AS backtests, (
          SELECT count(*)::integer FROM policy_drafts d
          WHERE d.tenant_id = w.tenant_id AND d.state = 'SHADOW') AS shadows
        FROM unnest($1::text[]) AS w(tenant_id)`,
    },
  };
}

/** Reads what a batch of units of work wants to see: one statement a kind of row, none for kinds that nobody wants. */
export class LedgerReader {
  private readonly statements: ReturnType<typeof statementsOf>;

  constructor(private readonly tables: Tables) {
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
    const ask = <T>(statement: Statement, idsOf: IdsOf) =>
      rowsOf<T>(sender, statement, pairsOf(wanted, idsOf));
    const reading = {
      tasks: ask<Rows['task']>(statements.tasks, (needs) => needs.tasks),
      keyed: ask<Rows['task']>(statements.keyed, (needs) => needs.idempotencyKeys),
      agents: ask<Rows['agent']>(statements.agents, (needs) => needs.agents),
      holders: ask<Holder>(statements.holders, (needs) => needs.holders),
      apiKeys: ask<Rows['apiKey']>(statements.apiKeys, (needs) => needs.apiKeys),
      brakes: ask<Rows['fleetBrake']>(statements.brakes, (needs) => needs.fleetBrakes),
      drafts: ask<Rows['stagedPolicy']>(statements.stagedPolicies, (needs) => needs.stagedPolicies),
      backtests: ask<Rows['backtest']>(statements.backtests, (needs) => needs.backtests),
      policies: ofTenants<Rows['policy']>(sender, statements.policies, wanted, 'policy'),
      trials: ofTenants<Trials>(sender, statements.trials, wanted, 'trials'),
    };
    await Promise.all([locking, ...Object.values(reading)]);
    const tasks = this.tables.task.opened([...(await reading.tasks), ...(await reading.keyed)]);
    const behind = await this.behindTasks(sender, wanted, tasks);
    const found = {
      agents: [...(await reading.agents), ...(await reading.holders).map(agentOf)],
      holders: await reading.holders,
      apiKeys: await reading.apiKeys,
      brakes: await reading.brakes,
      drafts: await reading.drafts,
      backtests: await reading.backtests,
      policies: await reading.policies,
      trials: await reading.trials,
    };
    const heads = await counted(sender, wanted, (await locking).rows as readonly Locked[]);
    return {
      heads: new Map(heads.map((head) => [head.tenantId, head])),
      now: new Date(Math.max(0, ...heads.map(({ now }) => now.getTime()))),
      fill(state) {
        state.loadTasks(tasks);
        state.load('review', behind.reviews);
        state.load('session', behind.sessions);
        state.load('agent', found.agents);
        for (const { tenantId, agentId, held } of found.holders) state.loadHeld(tenantId, agentId, held);
        state.load('apiKey', found.apiKeys);
        state.load('fleetBrake', found.brakes);
        state.load('result', behind.results);
        state.load('stagedPolicy', found.drafts);
        state.load('backtest', found.backtests);
        state.loadPolicies(found.policies);
        for (const { tenantId, backtests, shadows } of found.trials) {
          state.loadTrials(tenantId, { backtests, shadows });
        }
      },
    };
  }

  /**
   * The cards and sessions that are asked for, and those that the tasks name: most name none, and then nothing is asked. A lease
   * that still holds has had no result, so nobody looks for one.
   */
  private async behindTasks(sender: Sender, wanted: readonly Wanted[], tasks: readonly Task[]) {
    const reviewIds = pairsOf(wanted, (needs) => needs.reviews);
    const sessionIds = pairsOf(wanted, (needs) => needs.sessions);
    const held = new Set(tasks.map(({ leaseToken }) => leaseToken));
    const leaseTokens = pairsOf(wanted, ({ leaseTokens }) =>
      leaseTokens?.filter((token) => !held.has(token)),
    );
    for (const { tenantId, reviewId, sessionId } of tasks) {
      if (reviewId !== null) reviewIds.add(tenantId, reviewId);
      if (sessionId !== null) sessionIds.add(tenantId, sessionId);
    }
    const [reviews, sessions, results] = await Promise.all([
      rowsOf<Rows['review']>(sender, this.statements.reviews, reviewIds),
      rowsOf<Rows['session']>(sender, this.statements.sessions, sessionIds),
      rowsOf<Rows['result']>(sender, this.statements.results, leaseTokens),
    ]);
    return {
      reviews: this.tables.review.opened(reviews),
      sessions,
      results: this.tables.result.opened(results),
    };
  }
}

/** The heads with as many open tasks as there are, where somebody asks for that. */
function counted(
  sender: Sender,
  wanted: readonly Wanted[],
  heads: readonly Locked[],
): Promise<readonly Locked[]> {
  const asked = new Set(wanted.filter(({ needs }) => needs.openTasks).map(({ tenantId }) => tenantId));
  return Promise.all(
    heads.map(async (head) => {
      if (head.counted || !asked.has(head.tenantId)) return head;
      const { rows } = await sender.send(countOpenTasks, [head.tenantId, openStatuses]);
      const [{ count } = { count: 0 }] = rows as readonly { readonly count: number }[];
      return { ...head, openTasks: count, counted: true };
    }),
  );
}

/** The agent's own row, without the count. */
function agentOf(holder: Holder): Rows['agent'] {
  const agent: Rows['agent'] & { held?: number } = { ...holder };
  delete agent.held;
  return agent;
}

async function rowsOf<T>(
  sender: Sender,
  statement: Statement,
  { tenantIds, ids }: Pairs,
): Promise<readonly T[]> {
  if (ids.length === 0) return [];
  const { rows } = await sender.send(statement, [tenantIds, ids]);
  return rows as readonly T[];
}

/** A row for each tenant that some unit of work needs it of. */
async function ofTenants<T>(
  sender: Sender,
  statement: Statement,
  wanted: readonly Wanted[],
  need: 'policy' | 'trials',
): Promise<readonly T[]> {
  const tenantIds = new Set(wanted.filter(({ needs }) => needs[need]).map(({ tenantId }) => tenantId));
  if (tenantIds.size === 0) return [];
  const { rows } = await sender.send(statement, [[...tenantIds]]);
  return rows as readonly T[];
}

function pairsOf(wanted: readonly Wanted[], idsOf: IdsOf): Pairs {
  const found = new Pairs();
  for (const { tenantId, needs } of wanted) for (const id of idsOf(needs) ?? []) found.add(tenantId, id);
  return found;
}
