import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { PostgresCheckpoints } from '../../../src/lib/postgres/postgres-checkpoints.js';
import { PostgresLedger } from '../../../src/lib/postgres/postgres-ledger.js';
import { PostgresRecords } from '../../../src/lib/postgres/postgres-records.js';
import { PayloadSeal } from '../../../src/lib/postgres/payload-seal.js';
import { PostgresWatch } from '../../../src/lib/postgres/postgres-watch.js';
import { SessionLocks } from '../../../src/lib/postgres/session-locks.js';
import { StatementPool } from '../../../src/lib/postgres/statement-pool.js';
import { type Tables, tablesOf } from '../../../src/lib/postgres/tables.js';
import { TenantRows } from '../../../src/lib/postgres/tenant-rows.js';
import { systemActor } from '../../../src/models/audit.js';
import { defaultPolicy } from '../../../src/models/policy.js';
import type { Result } from '../../../src/models/result.js';
import { decideCard, type ReviewCard } from '../../../src/models/review.js';
import { approveTask, claimTask, holdTask, type Task } from '../../../src/models/task.js';
import type { LedgerPort, LedgerView, Needs, RowKind, Rows } from '../../../src/ports/ledger.js';
import { type Signal, SignalPort } from '../../../src/ports/signals.js';
import { createDatabase } from '../../support/servers.js';
import { aCard, aReceipt, aResult, aTask } from '../../unit/models/factories.js';

export const leaseMs = 60_000;

/** One process's way to the database. */
export interface Desk {
  readonly rows: TenantRows;
  readonly tables: Tables;
  readonly ledger: PostgresLedger;
  readonly records: PostgresRecords;
  readonly watch: PostgresWatch;
  readonly checkpoints: PostgresCheckpoints;
  /** What was signalled, in order. */
  readonly signals: Signal[];
}

/** A database of its own, on which any number of processes can be at work. */
export interface Bench {
  readonly url: string;
  /** A connection of the tables' owner, for looking and reaching past the adapters. */
  readonly sql: pg.Client;
  /** `url` is the way to it, when that is not the straight one. */
  open(url?: string): Promise<Desk>;
  drop(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const database = await createDatabase();
  const sql = new pg.Client(database.url);
  await sql.connect();
  const pools: { close(): Promise<void> }[] = [];
  return {
    url: database.url,
    sql,
    async open(url = database.url) {
      const rows = await TenantRows.open(url);
      const statements = new StatementPool(url);
      const locks = new SessionLocks(url);
      pools.push(statements, locks, rows);
      const tables = tablesOf(rows.models, new PayloadSeal([]));
      const notebook = new Notebook();
      return {
        rows,
        tables,
        ledger: new PostgresLedger(statements, tables, notebook),
        records: new PostgresRecords(rows, statements, tables, leaseMs),
        watch: new PostgresWatch(rows, tables, locks),
        checkpoints: new PostgresCheckpoints(rows),
        signals: notebook.signals,
      };
    },
    async drop() {
      await Promise.all(pools.map((pool) => pool.close()));
      await sql.end();
      await database.drop();
    },
  };
}

class Notebook extends SignalPort {
  readonly signals: Signal[] = [];

  publish(signals: readonly Signal[]): void {
    this.signals.push(...signals);
  }

  subscribe(): () => void {
    return () => undefined;
  }
}

/** A new tenant under the default policy. Returns its id. */
export async function aTenant(ledger: LedgerPort): Promise<string> {
  const tenantId = `t_${randomBytes(6).toString('hex')}`;
  await ledger.createTenant({ tenantId, name: null }, defaultPolicy, systemActor);
  return tenantId;
}

/** Runs a unit of work. */
export function decide<R>(
  ledger: LedgerPort,
  tenantId: string,
  needs: Needs,
  unit: (view: LedgerView) => R,
): Promise<R> {
  return ledger.transact({ tenantId, needs, decide: unit });
}

/** Keeps new rows. */
export async function keep<K extends RowKind>(
  ledger: LedgerPort,
  kind: K,
  rows: readonly Rows[K][],
): Promise<void> {
  for (const [tenantId, own] of Map.groupBy(rows, (row) => row.tenantId)) {
    await decide(ledger, tenantId, {}, (view) => {
      for (const row of own) view.put(kind, row);
    });
  }
}

/** Submits a task. */
export async function queued(ledger: LedgerPort, fields: Partial<Task>): Promise<Task> {
  const task = aTask(fields);
  await keep(ledger, 'task', [task]);
  return task;
}

/** Changes a task as the model does. */
export function change(
  ledger: LedgerPort,
  { tenantId, taskId }: Pick<Task, 'tenantId' | 'taskId'>,
  next: (task: Task, now: Date) => Task,
): Promise<Task> {
  return decide(ledger, tenantId, { tasks: [taskId] }, (view) => {
    const task = view.get('task', taskId);
    if (!task) throw new Error(`There is no task ${taskId}.`);
    const changed = next(task, view.now);
    view.put('task', changed);
    return changed;
  });
}

/** Puts the task into an agent's hands. */
export function claimed(ledger: LedgerPort, task: Task, agentId = 'writer-1', ms = leaseMs): Promise<Task> {
  const token = randomBytes(8).toString('hex');
  return change(ledger, task, (current, now) => claimTask(current, { agentId, token, leaseMs: ms }, now));
}

/** A task that waits for a person, with its result and card. */
export async function held(
  ledger: LedgerPort,
  fields: Partial<Task>,
  cardFields: Partial<ReviewCard> = {},
): Promise<{ task: Task; card: ReviewCard; result: Result }> {
  const running = await claimed(ledger, await queued(ledger, fields));
  const { tenantId, taskId, leaseToken, attempt } = running;
  const result = aResult({ tenantId, taskId, attempt, leaseToken: leaseToken ?? '' });
  const card = aCard({ tenantId, taskId, resultId: result.resultId, kind: running.kind, ...cardFields });
  const task = await decide(ledger, tenantId, { tasks: [taskId] }, (view) => {
    const waiting = holdTask(view.get('task', taskId) ?? running, card.reviewId, view.now);
    view.put('result', { ...result, reviewId: card.reviewId });
    view.put('review', card);
    view.put('task', waiting);
    return waiting;
  });
  return { task, card, result };
}

/** A task whose card was approved, and that waits for stage EXECUTE. */
export async function approved(
  ledger: LedgerPort,
  fields: Partial<Task>,
): Promise<{ task: Task; card: ReviewCard }> {
  const waiting = await held(ledger, fields);
  const { tenantId, taskId, reviewId } = waiting.card;
  return decide(ledger, tenantId, { tasks: [taskId], reviews: [reviewId] }, (view) => {
    const card = decideCard(
      view.get('review', reviewId) ?? waiting.card,
      { status: 'APPROVED', operatorId: 'operator-1', comment: null },
      view.now,
    );
    const task = approveTask(view.get('task', taskId) ?? waiting.task, view.now);
    view.put('review', card);
    view.put('receipt', aReceipt(card));
    view.put('task', task);
    return { card, task };
  });
}

/** Takes the triggers off a table, as its owner can: what is left is what the rows themselves give away. */
export async function withoutGuards(sql: pg.Client, table: string): Promise<void> {
  await sql.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
}

/** The audit record's end. */
export async function headOf(sql: pg.Client, tenantId: string): Promise<{ sequence: number; hash: string }> {
  const { rows } = await sql.query<{ sequence: string; hash: string }>(
    'SELECT sequence, hash FROM audit_heads WHERE tenant_id = $1',
    [tenantId],
  );
  const [head] = rows;
  if (!head) throw new Error(`Tenant ${tenantId} has no audit record.`);
  return { sequence: Number(head.sequence), hash: head.hash };
}
