import { uuidv7 } from 'uuidv7';
import { type AuditEntry, type AuditEvent, type ChainPosition, linkHash } from '../../models/audit.js';
import type { SlicedWork } from '../../models/sliced-work.js';
import { isFinal, type Task } from '../../models/task.js';
import type { LedgerView, RowKind, Rows, TrialsUnderWay } from '../../ports/ledger.js';

/** What identifies a row of each kind within its tenant. */
const idOf: { readonly [K in RowKind]: (row: Rows[K]) => string } = {
  task: (row) => row.taskId,
  review: (row) => row.reviewId,
  result: (row) => row.leaseToken,
  receipt: (row) => row.reviewId,
  session: (row) => row.sessionId,
  agent: (row) => row.agentId,
  apiKey: (row) => row.keyId,
  fleetBrake: (row) => row.tenantId,
  policy: (row) => String(row.version),
  stagedPolicy: (row) => row.draftId,
  backtest: (row) => row.backtestId,
};

/** The end of a tenant's chain, and how many of its tasks are open. */
export interface Head {
  sequence: number;
  hash: string;
  openTasks: number;
  /** Whether `openTasks` was counted at the end of the chain, and not before a version that did not count went on from there. */
  readonly counted: boolean;
}

/** A row as it was read, `undefined` for a new one, and as it is now. */
interface Slot<T> {
  readonly stored: T | undefined;
  /** As its unit had put it, where a follow-up has changed it further. */
  readonly passed?: T | undefined;
  readonly current: T;
}

/** A row as it is now, with its `storedVersion`. */
type ChangedRow = Readonly<Record<string, unknown>>;

type Slots = { readonly [K in RowKind]: Map<string, Slot<Rows[K]>> };

function noSlots(): Slots {
  return {
    task: new Map(),
    review: new Map(),
    result: new Map(),
    receipt: new Map(),
    session: new Map(),
    agent: new Map(),
    apiKey: new Map(),
    fleetBrake: new Map(),
    policy: new Map(),
    stagedPolicy: new Map(),
    backtest: new Map(),
  };
}

/** Ids hold no space, so the pair is unambiguous. */
function within(tenantId: string, id: string): string {
  return `${tenantId} ${id}`;
}

/**
 * The rows that one batch reads and writes, across tenants. Units of work see each other's changes in their order; what a
 * unit that throws has put is dropped.
 */
export class LedgerState {
  private readonly slots = noSlots();
  private readonly taskIdByKey = new Map<string, string>();
  private readonly held = new Map<string, number>();
  private readonly policies = new Map<string, Rows['policy']>();
  private readonly trials = new Map<string, TrialsUnderWay>();
  private readonly moved = new Map<string, Head>();
  readonly events: AuditEvent[] = [];

  constructor(
    readonly now: Date,
    private readonly heads: ReadonlyMap<string, Head>,
  ) {}

  load<K extends RowKind>(kind: K, rows: readonly Rows[K][]): void {
    for (const row of rows) {
      this.slots[kind].set(within(row.tenantId, idOf[kind](row)), { stored: row, current: row });
    }
  }

  loadTasks(tasks: readonly Task[]): void {
    this.load('task', tasks);
    for (const task of tasks) this.indexByKey(task);
  }

  loadHeld(tenantId: string, agentId: string, count: number): void {
    this.held.set(within(tenantId, agentId), count);
  }

  loadPolicies(policies: readonly Rows['policy'][]): void {
    for (const policy of policies) this.policies.set(policy.tenantId, policy);
  }

  loadTrials(tenantId: string, trials: TrialsUnderWay): void {
    this.trials.set(tenantId, trials);
  }

  loadedTasks(): readonly Task[] {
    return [...this.slots.task.values()].map(({ current }) => current);
  }

  /** Runs a unit of work on a layer of its own, and keeps the layer unless the unit throws. */
  run<R>(tenantId: string, decide: (view: LedgerView) => R): R {
    const layer = new Layer(this, tenantId);
    const answer = decide(layer);
    this.keep(layer, false);
    return answer;
  }

  /** The same for one that takes long to decide. No other may run between its steps. */
  *runLong<R>(tenantId: string, decide: (view: LedgerView) => SlicedWork<R>): SlicedWork<R> {
    const layer = new Layer(this, tenantId);
    const answer = yield* decide(layer);
    this.keep(layer, false);
    return answer;
  }

  /** Runs what follows a unit of work. A task goes through both states in the database, too, whose guards see each step. */
  runFollowUp(tenantId: string, decide: (view: LedgerView) => void): void {
    const layer = new Layer(this, tenantId);
    decide(layer);
    this.keep(layer, true);
  }

  current<K extends RowKind>(kind: K, tenantId: string, id: string): Rows[K] | undefined {
    return this.slots[kind].get(within(tenantId, id))?.current;
  }

  taskWithKey(tenantId: string, key: string): Task | undefined {
    const taskId = this.taskIdByKey.get(within(tenantId, key));
    return taskId === undefined ? undefined : this.current('task', tenantId, taskId);
  }

  heldBy(tenantId: string, agentId: string): number {
    return this.held.get(within(tenantId, agentId)) ?? 0;
  }

  openTasksOf(tenantId: string): number {
    return this.heads.get(tenantId)?.openTasks ?? 0;
  }

  policyOf(tenantId: string): Rows['policy'] | undefined {
    return this.policies.get(tenantId);
  }

  trialsOf(tenantId: string): TrialsUnderWay {
    return this.trials.get(tenantId) ?? { backtests: 0, shadows: 0 };
  }

  /** Rows that are new, in the order in which they came. */
  inserted(kind: RowKind): readonly object[] {
    return [...this.slots[kind].values()]
      .filter(({ stored }) => !stored)
      .map(({ passed, current }) => passed ?? current);
  }

  /** Rows that changed, with the version that they were read in. One that several units changed is written once. */
  updated(kind: Exclude<RowKind, 'result' | 'receipt' | 'policy'>): readonly ChangedRow[] {
    const rows: ChangedRow[] = [];
    for (const { stored, passed, current } of this.slots[kind].values()) {
      const first = passed ?? current;
      if (stored && stored !== first) rows.push({ ...first, storedVersion: stored.version });
    }
    return rows;
  }

  /** Tasks that follow-ups have changed behind those, with the version before. */
  tasksFollowedUp(): readonly ChangedRow[] {
    return [...this.slots.task.values()].flatMap(({ passed, current }) =>
      passed ? [{ ...current, storedVersion: passed.version }] : [],
    );
  }

  /** The end of the tenant's chain, with what the units before have appended. */
  headOf(tenantId: string): Head {
    const head = this.heads.get(tenantId);
    if (!head) throw new Error(`The audit record of ${tenantId} is not locked.`);
    return head;
  }

  /** The heads that are no longer as they were read. */
  movedHeads(): readonly object[] {
    return [...this.moved].map(([tenantId, { sequence, hash, openTasks, counted }]) => ({
      tenantId,
      sequence,
      hash,
      openTasks: counted ? openTasks : null,
    }));
  }

  private moveHead(tenantId: string, to: Partial<Head>): void {
    const head = this.headOf(tenantId);
    this.moved.set(tenantId, Object.assign(head, to));
  }

  private keep({ tenantId, puts, events }: Layer, isFollowUp: boolean): void {
    const last = events.at(-1);
    if (last) this.moveHead(tenantId, placeOf(last));
    for (const event of events) this.events.push(event);
    for (const { current } of puts.task.values()) this.noteTask(current);
    this.noteTrials(tenantId, puts);
    merge(this.slots.task, puts.task, tenantId, isFollowUp);
    merge(this.slots.review, puts.review, tenantId);
    merge(this.slots.result, puts.result, tenantId);
    merge(this.slots.receipt, puts.receipt, tenantId);
    merge(this.slots.session, puts.session, tenantId);
    merge(this.slots.agent, puts.agent, tenantId);
    merge(this.slots.apiKey, puts.apiKey, tenantId);
    merge(this.slots.fleetBrake, puts.fleetBrake, tenantId);
    merge(this.slots.policy, puts.policy, tenantId);
    merge(this.slots.stagedPolicy, puts.stagedPolicy, tenantId);
    merge(this.slots.backtest, puts.backtest, tenantId);
    this.loadPolicies([...puts.policy.values()].map(({ current }) => current));
  }

  private noteTask(after: Task): void {
    const before = this.current('task', after.tenantId, after.taskId);
    if (before) this.count(before, -1);
    this.count(after, 1);
    this.indexByKey(after);
  }

  private count(task: Task, change: 1 | -1): void {
    const { tenantId } = task;
    if (!isFinal(task.status)) this.moveHead(tenantId, { openTasks: this.openTasksOf(tenantId) + change });
    if (task.status !== 'RUNNING' || task.agentId === null) return;
    this.held.set(within(task.tenantId, task.agentId), this.heldBy(task.tenantId, task.agentId) + change);
  }

  /** Each draft and backtest that was put counts as it is now, and no longer as it was. */
  private noteTrials(tenantId: string, { backtest, stagedPolicy }: Slots): void {
    let { backtests, shadows } = this.trialsOf(tenantId);
    for (const [id, { current }] of backtest) {
      backtests +=
        Number(isUnfinished(current)) - Number(isUnfinished(this.current('backtest', tenantId, id)));
    }
    for (const [id, { current }] of stagedPolicy) {
      shadows += Number(isShadow(current)) - Number(isShadow(this.current('stagedPolicy', tenantId, id)));
    }
    this.loadTrials(tenantId, { backtests, shadows });
  }

  private indexByKey(task: Task): void {
    if (task.idempotencyKey !== null)
      this.taskIdByKey.set(within(task.tenantId, task.idempotencyKey), task.taskId);
  }
}

function placeOf({ sequence, hash }: AuditEvent): ChainPosition {
  return { sequence, hash };
}

/** The event that an entry becomes behind this end of the tenant's chain. */
function eventBehind(
  { sequence, hash }: ChainPosition,
  tenantId: string,
  entry: AuditEntry,
  at: Date,
): AuditEvent {
  const link = {
    tenantId,
    sequence: sequence + 1,
    eventId: uuidv7(),
    type: entry.type,
    at,
    actor: entry.actor,
    taskId: entry.taskId ?? null,
    reviewId: entry.reviewId ?? null,
    agentId: entry.agentId ?? null,
    sessionId: entry.sessionId ?? null,
    traceId: entry.traceId ?? null,
    payload: entry.payload ?? {},
    previousHash: hash,
  };
  return { ...link, hash: linkHash(link) };
}

function isUnfinished(backtest: Rows['backtest'] | undefined): boolean {
  return backtest?.finishedAt === null;
}

function isShadow(draft: Rows['stagedPolicy'] | undefined): boolean {
  return draft?.state === 'SHADOW';
}

/** Takes over what a layer has put; what was read stays known, and behind a unit of work what that had put as well. */
function merge<T>(
  slots: Map<string, Slot<T>>,
  puts: ReadonlyMap<string, Slot<T>>,
  tenantId: string,
  isFollowUp = false,
): void {
  for (const [id, { current }] of puts) {
    const key = within(tenantId, id);
    const before = slots.get(key);
    const put = isFollowUp && before?.stored !== before?.current ? before?.current : undefined;
    slots.set(key, { stored: before?.stored, passed: before?.passed ?? put, current });
  }
}

/** What one unit of work sees, and what it has put so far. */
class Layer implements LedgerView {
  readonly puts = noSlots();
  readonly events: AuditEvent[] = [];

  constructor(
    private readonly state: LedgerState,
    readonly tenantId: string,
  ) {}

  get now(): Date {
    return this.state.now;
  }

  get<K extends RowKind>(kind: K, id: string): Rows[K] | undefined {
    return this.puts[kind].get(id)?.current ?? this.state.current(kind, this.tenantId, id);
  }

  taskByIdempotencyKey(key: string): Task | undefined {
    return this.state.taskWithKey(this.tenantId, key);
  }

  heldBy(agentId: string): number {
    return this.state.heldBy(this.tenantId, agentId);
  }

  get openTasks(): number {
    return this.state.openTasksOf(this.tenantId);
  }

  policyInForce(): Rows['policy'] | undefined {
    return this.state.policyOf(this.tenantId);
  }

  trialsUnderWay(): TrialsUnderWay {
    return this.state.trialsOf(this.tenantId);
  }

  put<K extends RowKind>(kind: K, row: Rows[K]): void {
    this.puts[kind].set(idOf[kind](row), { stored: undefined, current: row });
  }

  record(entry: AuditEntry): ChainPosition {
    const before = this.events.at(-1) ?? this.state.headOf(this.tenantId);
    const event = eventBehind(before, this.tenantId, entry, this.now);
    this.events.push(event);
    return placeOf(event);
  }
}
