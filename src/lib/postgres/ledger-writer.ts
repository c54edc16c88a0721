import type { LedgerState } from './ledger-state.js';
import type { Sender, Statement, StatementResult } from './statement-pool.js';
import type { Tables } from './tables.js';

/** The events and the new ends of their chains, in one statement. */
function appendEvents(tables: Tables): Statement {
  return {
    name: 'append-events',
    text: `WITH appended AS (${tables.audit.insert.text})
      UPDATE audit_heads h SET sequence = r.sequence, hash = r.hash, open_tasks = COALESCE(r."openTasks", h.open_tasks),
        open_tasks_at = CASE WHEN r."openTasks" IS NULL THEN h.open_tasks_at ELSE r.sequence END
      FROM json_to_recordset($2::json) AS r("tenantId" text, sequence bigint, hash text, "openTasks" bigint)
      WHERE h.tenant_id = r."tenantId"`,
  };
}

/** Writes what a batch has changed: one statement a kind of row and change. */
export class LedgerWriter {
  private readonly append: Statement;

  constructor(private readonly tables: Tables) {
    this.append = appendEvents(tables);
  }

  /**
   * Sends the writes, in an order that the database's guards allow: a task reaches EXECUTE only behind an approved card, and a
   * policy is there before the draft that became it, a receipt before the task that it releases. Each resolves once it is done.
   */
  *write(sender: Sender, state: LedgerState): Generator<Promise<StatementResult>, undefined> {
    const insert = (table: keyof Tables, rows: readonly object[]) =>
      rows.length === 0 ? [] : [sender.send(this.tables[table].insert, [this.tables[table].rowsOf(rows)])];
    const update = (table: keyof Tables, rows: readonly Readonly<Record<string, unknown>>[]) =>
      rows.length === 0
        ? []
        : [sender.send(this.tables[table].update, [this.tables[table].changesOf(rows), rows.length])];
    const first = ['session', 'agent', 'apiKey', 'fleetBrake', 'policy', 'backtest', 'stagedPolicy'] as const;
    for (const kind of ['session', 'agent', 'apiKey', 'fleetBrake', 'review'] as const)
      yield* update(kind, state.updated(kind));
    for (const kind of first) yield* insert(kind, state.inserted(kind));
    for (const kind of ['backtest', 'stagedPolicy'] as const) yield* update(kind, state.updated(kind));
    for (const kind of ['task', 'result', 'review', 'receipt'] as const)
      yield* insert(kind, state.inserted(kind));
    yield* update('task', state.updated('task'));
    yield* update('task', state.tasksFollowedUp());
    yield* this.events(sender, state);
  }

  private events(sender: Sender, state: LedgerState): Promise<StatementResult>[] {
    const heads = state.movedHeads();
    if (heads.length === 0) return [];
    const rows = state.events.map(({ actor, ...event }) => ({
      ...event,
      actorType: actor.type,
      actorId: actor.id,
    }));
    return [sender.send(this.append, [this.tables.audit.rowsOf(rows), JSON.stringify(heads)])];
  }
}
