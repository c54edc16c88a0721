import { isFinal, type TaskStatus, transitions } from '../../src/models/task.js';
import type { Seen, Sighting } from './plan.js';

/** One audit event of a task or of its card. */
export interface TrailEvent {
  readonly type: string;
  /** The task's stage, where the event says so. */
  readonly stage: string | null;
  /** What an operator decided, where the event says so. */
  readonly decision: string | null;
}

/** A task with all that the database holds about it. */
export interface LedgerTask {
  readonly tenantId: string;
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly onApproval: string;
  /** In the order of the record. */
  readonly trail: readonly TrailEvent[];
  /** The results that were accepted: for which attempt, and what the task became. */
  readonly results: readonly { readonly attempt: number; readonly taskStatus: string }[];
  /** The states of its cards. */
  readonly cards: readonly string[];
}

/** A tenant's audit record as a whole. */
export interface LedgerTenant {
  readonly tenantId: string;
  readonly events: number;
  readonly lastSequence: number;
  /** Events that belong to no task. */
  readonly registrations: number;
  readonly taskEvents: number;
  /** What `GET T/audit/verify` answered after the events were counted: the record may have grown since. */
  readonly verified: { readonly valid: boolean; readonly checkedEvents: number };
}

/** What must be so for every task, and in the record as a whole; the words of the report. */
export const rules = {
  lost: 'every task that was accepted is there',
  extra: 'every task that is there was submitted once',
  doubled: 'no task was done twice',
  lease: 'no lease was accepted twice, and each attempt was handed out once',
  released: 'no held output was released without an approval',
  trail: 'audit events and transitions are the same',
  disagrees: 'what the clients were told is what the database says',
  chain: 'the audit chain is whole',
  seen: 'no client saw what it should not see',
} as const;
export type Rule = keyof typeof rules;

/** A rule that was broken, how often, and where for example. */
export interface Breach {
  readonly rule: Rule;
  readonly count: number;
  readonly examples: readonly string[];
}

/** How many tasks there were and what became of them, and which rules were broken. */
export interface AccountReport {
  readonly submitted: number;
  readonly unanswered: number;
  readonly final: number;
  readonly waiting: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly auditEvents: number;
  readonly transitions: number;
  readonly breaches: readonly Breach[];
}

const examplesKept = 5;

/** The exact account of a run: what the database says, task by task, held against itself and against what the clients saw. */
export class Account {
  private readonly sightings: Map<string, Sighting>;
  private readonly byStatus = new Map<string, number>();
  private readonly breaches = new Map<Rule, { count: number; examples: string[] }>();
  private readonly known = new Set<string>();
  private rows = 0;
  private unheardOf = 0;
  private transitions = 0;
  private trailEvents = 0;
  private auditEvents = 0;
  private registrations = 0;
  private taskEvents = 0;

  constructor(private readonly seen: Seen) {
    this.sightings = new Map(seen.tasks.map((one) => [one.taskId, one]));
    for (const words of seen.violations) this.breach('seen', words);
    const unsaid = seen.violationCount - seen.violations.length;
    if (unsaid > 0) this.breach('seen', 'more of the same', unsaid);
  }

  /** Takes up one task of the database. */
  add(task: LedgerTask): void {
    const { taskId, status } = task;
    this.rows += 1;
    if (this.known.has(taskId)) this.breach('doubled', `task ${taskId} is there twice`);
    this.known.add(taskId);
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.trailEvents += task.trail.length;
    const sighting = this.sightings.get(taskId);
    if (sighting) this.compare(task, sighting);
    else this.unheardOf += 1;
    this.followTrail(task);
    this.checkResults(task);
    this.checkCards(task);
  }

  /** Takes up the record of one tenant. */
  addTenant({ tenantId, events, lastSequence, registrations, taskEvents, verified }: LedgerTenant): void {
    this.auditEvents += events;
    this.registrations += registrations;
    this.taskEvents += taskEvents;
    if (!verified.valid) this.breach('chain', `the chain of ${tenantId} does not verify`);
    if (verified.checkedEvents < events || lastSequence !== events) {
      this.breach(
        'chain',
        `${tenantId} has ${events} events, of which ${verified.checkedEvents} were checked, and the last is number ${lastSequence}`,
      );
    }
  }

  /** Closes the account, once all tasks and tenants are in it. */
  close(): AccountReport {
    for (const taskId of this.sightings.keys())
      if (!this.known.has(taskId)) this.breach('lost', `task ${taskId} is not there`);
    const { unanswered, registered, registrationsSent } = this.seen;
    if (this.unheardOf > unanswered)
      this.breach(
        'extra',
        `${this.unheardOf} tasks are there that no answer named, and ${unanswered} submissions were not answered`,
      );
    if (this.taskEvents !== this.trailEvents)
      this.breach('trail', `${this.taskEvents} events name a task, and ${this.trailEvents} belong to one`);
    if (this.registrations < registered || this.registrations > registrationsSent)
      this.breach(
        'trail',
        `${this.registrations} registrations are on record, ${registered} were answered, ${registrationsSent} sent`,
      );
    const final = [...this.byStatus].reduce((sum, [status, count]) => sum + (isEnd(status) ? count : 0), 0);
    return {
      submitted: this.seen.tasks.length,
      unanswered,
      final,
      waiting: this.rows - final,
      byStatus: Object.fromEntries(this.byStatus),
      auditEvents: this.auditEvents,
      transitions: this.transitions,
      breaches: [...this.breaches].map(([rule, { count, examples }]) => ({ rule, count, examples })),
    };
  }

  private compare({ taskId, status, results }: LedgerTask, sighting: Sighting): void {
    if (sighting.successes > results.filter(({ taskStatus }) => taskStatus === 'SUCCEEDED').length)
      this.breach('disagrees', `clients were told of ${sighting.successes} successes of task ${taskId}`);
    if (sighting.status !== null && isFinal(sighting.status) && sighting.status !== status)
      this.breach('disagrees', `task ${taskId} was told to be ${sighting.status} and is ${status}`);
    if (sighting.status === 'NEEDS_REVIEW' && status === 'QUEUED')
      this.breach('disagrees', `task ${taskId} was told to be held and is QUEUED`);
  }

  /** Replays the record: each event must be a transition that the lifecycle has, and the last one the task's state. */
  private followTrail({ taskId, status, attempt, trail }: LedgerTask): void {
    let state: TaskStatus | undefined;
    let claims = 0;
    let approvals = 0;
    for (const event of trail) {
      if (event.type === 'review.decided' && event.decision === 'APPROVED') approvals += 1;
      const next = stateAfter(event);
      if (next === undefined) continue;
      this.transitions += 1;
      if (next === 'RUNNING') claims += 1;
      if (event.stage === 'EXECUTE' && approvals === 0)
        this.breach('released', `task ${taskId} was ${next} at stage EXECUTE before anybody approved it`);
      const legal = state === undefined ? next === 'QUEUED' : transitions[state].includes(next);
      if (!legal)
        this.breach('trail', `the record has task ${taskId} go from ${state ?? 'nothing'} to ${next}`);
      state = next;
    }
    if (state !== status)
      this.breach('trail', `task ${taskId} is ${status}, its record says ${state ?? 'nothing'}`);
    if (claims !== attempt)
      this.breach('lease', `task ${taskId} is at attempt ${attempt}, and ${claims} claims are on record`);
  }

  private checkResults({ taskId, status, attempt, onApproval, results, cards }: LedgerTask): void {
    const attempts = new Set(results.map((result) => result.attempt));
    if (attempts.size !== results.length)
      this.breach('lease', `an attempt of task ${taskId} has two results`);
    if (results.some((result) => result.attempt > attempt))
      this.breach('lease', `task ${taskId} has a result of an attempt that it has not come to`);
    const successes = results.filter(({ taskStatus }) => taskStatus === 'SUCCEEDED').length;
    if (successes > 1) this.breach('doubled', `task ${taskId} has ${successes} results that ended it`);
    const approved = onApproval === 'COMPLETE' && cards.includes('APPROVED');
    if (status === 'SUCCEEDED' && successes + (approved ? 1 : 0) !== 1)
      this.breach(
        'doubled',
        `task ${taskId} succeeded by ${successes} results and ${approved ? 'an' : 'no'} approval`,
      );
    if (status !== 'SUCCEEDED' && successes > 0)
      this.breach('disagrees', `task ${taskId} has a result that ended it and is ${status}`);
  }

  private checkCards({ taskId, status, trail, results, cards }: LedgerTask): void {
    const held = results.filter(({ taskStatus }) => taskStatus === 'NEEDS_REVIEW').length;
    const count = (type: string) => trail.filter((event) => event.type === type).length;
    if (held !== cards.length || held !== count('review.created') || held !== count('task.needs_review'))
      this.breach(
        'trail',
        `task ${taskId} was held ${held} times, has ${cards.length} cards and ${count('review.created')} records of it`,
      );
    if (
      cards.filter((card) => card !== 'PENDING').length !==
      count('review.decided') + count('review.expired')
    )
      this.breach('trail', `the decisions about task ${taskId} and their records differ`);
    if ((status === 'NEEDS_REVIEW') !== cards.includes('PENDING'))
      this.breach(
        'trail',
        `task ${taskId} is ${status}, and ${cards.includes('PENDING') ? 'a' : 'no'} card waits`,
      );
    if (status === 'SUCCEEDED' && held > 0 && !cards.includes('APPROVED') && !succeededFresh(results))
      this.breach('released', `task ${taskId} was held and succeeded without an approval`);
  }

  private breach(rule: Rule, words: string, count = 1): void {
    const known = this.breaches.get(rule) ?? { count: 0, examples: [] };
    known.count += count;
    if (known.examples.length < examplesKept) known.examples.push(words);
    this.breaches.set(rule, known);
  }
}

/** Whether a result after the last held one was released by the gate itself. */
function succeededFresh(results: LedgerTask['results']): boolean {
  const last = results.toSorted((one, other) => one.attempt - other.attempt).at(-1);
  return last?.taskStatus === 'SUCCEEDED';
}

const stateByType: Readonly<Record<string, TaskStatus>> = {
  'task.queued': 'QUEUED',
  'task.running': 'RUNNING',
  'task.needs_review': 'NEEDS_REVIEW',
  'task.approved': 'APPROVED',
  'task.succeeded': 'SUCCEEDED',
  'task.failed': 'FAILED',
  'task.timed_out': 'TIMED_OUT',
  'task.blocked': 'BLOCKED',
  'task.rejected': 'REJECTED',
  'task.cancelled': 'CANCELLED',
};

/** The state that an event says the task has come into; `undefined` for what is no transition of the task. */
function stateAfter({ type, stage }: TrailEvent): TaskStatus | undefined {
  return type === 'task.queued' && stage === 'EXECUTE' ? 'APPROVED' : stateByType[type];
}

function isEnd(status: string): boolean {
  return Object.values(stateByType).some((one) => one === status && isFinal(one));
}
