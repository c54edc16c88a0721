import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Caller } from '../models/access.js';
import { digestOf } from '../models/digest.js';
import { DomainError } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import { moveSession, type Session } from '../models/session.js';
import type { SlicedWork } from '../models/sliced-work.js';
import type { OnApproval, Task } from '../models/task.js';
import { LedgerPort, type LedgerView, type Work } from '../ports/ledger.js';
import { actorOf } from './actor.js';
import { Dispatcher } from './dispatcher.js';
import { sessionNotFound } from './refusals.js';
import { Settings } from './settings.js';
import { taskEntry } from './task-entries.js';

/** A task as its submitter describes it. */
export interface TaskSubmission {
  readonly kind: string;
  readonly input: JsonValue;
  readonly priority?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly parentTaskId?: string | undefined;
  readonly onApproval?: OnApproval | undefined;
}

const defaults = { priority: 50, maxAttempts: 3 } as const;

/** A task of a batch costs the ledger about a tenth of one that comes alone, as it has no request, lock and round trip of its own. */
const tasksOfAUnit = 10;

/** Takes tasks in. */
@Injectable()
export class TaskIntake {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly dispatcher: Dispatcher,
    private readonly settings: Settings,
  ) {}

  /**
   * Accepts one task. Under an idempotency key the same submission again answers with the same task.
   *
   * @throws DomainError `IDEMPOTENCY_KEY_REUSED` for another submission under the key; `SESSION_NOT_FOUND`,
   * `SESSION_STATE_CONFLICT`, `TASK_NOT_FOUND` for a session or parent that cannot take it; `TOO_MANY_OPEN_TASKS`.
   */
  async submit(
    caller: Caller,
    tenantId: string,
    submission: TaskSubmission,
    traceId: string,
    idempotencyKey?: string,
  ): Promise<Task> {
    const requestDigest = idempotencyKey === undefined ? null : digestOf(withoutHoles(submission));
    const work: Work<Submitted> = {
      tenantId,
      addsWork: true,
      demand: this.dispatcher.demandFor(tenantId, submission.kind),
      needs: {
        ...needsOf([submission]),
        idempotencyKeys: idempotencyKey === undefined ? [] : [idempotencyKey],
      },
      decide: (view) => {
        const known = idempotencyKey === undefined ? undefined : view.taskByIdempotencyKey(idempotencyKey);
        if (known) return { task: sameRequest(known, requestDigest), open: false };
        this.findRoom(view, 1);
        const identity = { traceId, idempotencyKey: idempotencyKey ?? null, requestDigest };
        return addTask(view, caller, tenantId, submission, identity);
      },
    };
    const { task } = await this.dispatcher.transact(work, submission.kind, ({ task, open }) =>
      open ? task : undefined,
    );
    return task;
  }

  /** Accepts all of the tasks, or none. */
  async submitBatch(
    caller: Caller,
    tenantId: string,
    submissions: readonly TaskSubmission[],
    traceId: string,
  ): Promise<readonly Task[]> {
    const { added, now } = await this.ledger.transactLong({
      tenantId,
      addsWork: true,
      size: Math.ceil(submissions.length / tasksOfAUnit),
      needs: needsOf(submissions),
      decide: (view) => this.addAll(view, caller, tenantId, submissions, traceId),
    });
    const ready = added.filter(({ open }) => open).map(({ task }) => task);
    await this.dispatcher.dispatch(ready, now);
    return added.map(({ task }) => task);
  }

  private *addAll(
    view: LedgerView,
    caller: Caller,
    tenantId: string,
    submissions: readonly TaskSubmission[],
    traceId: string,
  ): SlicedWork<{ added: readonly Submitted[]; now: Date }> {
    this.findRoom(view, submissions.length);
    const identity = { traceId, idempotencyKey: null, requestDigest: null };
    const added: Submitted[] = [];
    for (const submission of submissions) {
      added.push(addTask(view, caller, tenantId, submission, identity));
      yield;
    }
    return { added, now: view.now };
  }

  /** What may lie open is bounded, so that a flood ends in refusals and not in a full disk. */
  private findRoom({ openTasks }: LedgerView, more: number): void {
    const { maxOpenTasks } = this.settings;
    if (openTasks + more <= maxOpenTasks) return;
    throw new DomainError(
      'TOO_MANY_OPEN_TASKS',
      `The tenant has ${openTasks} open tasks and may have ${maxOpenTasks}: ${more} more do not fit. Nothing was submitted; try again once some have ended.`,
    );
  }
}

interface Submitted {
  readonly task: Task;
  /** Whether it is new and may be handed out. */
  readonly open: boolean;
}

type Identity = Pick<Task, 'traceId' | 'idempotencyKey' | 'requestDigest'>;

function needsOf(submissions: readonly TaskSubmission[]) {
  const sessions = submissions.flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId]));
  const tasks = submissions.flatMap(({ parentTaskId }) => (parentTaskId === undefined ? [] : [parentTaskId]));
  return { sessions, tasks, openTasks: true };
}

function sameRequest(known: Task, requestDigest: string | null): Task {
  if (known.requestDigest === requestDigest) return known;
  throw new DomainError(
    'IDEMPOTENCY_KEY_REUSED',
    `This Idempotency-Key was used for another submission, which became task ${known.taskId}. Use a new key for a new task.`,
  );
}

function addTask(
  view: LedgerView,
  caller: Caller,
  tenantId: string,
  submission: TaskSubmission,
  identity: Identity,
): Submitted {
  const session = joinSession(view, caller, submission.sessionId);
  const { parentTaskId } = submission;
  if (parentTaskId !== undefined && !view.get('task', parentTaskId)) {
    throw new DomainError('TASK_NOT_FOUND', `There is no task ${parentTaskId} to be the parent.`);
  }
  const task = newTask(tenantId, submission, identity, view.now);
  view.put('task', task);
  view.record(
    taskEntry(task, actorOf(caller), {
      kind: task.kind,
      cause: 'SUBMITTED',
      parentTaskId: task.parentTaskId,
    }),
  );
  return { task, open: session?.state !== 'PAUSED' };
}

/** The first task sets a session running. */
function joinSession(view: LedgerView, caller: Caller, sessionId: string | undefined): Session | undefined {
  if (sessionId === undefined) return undefined;
  const session = view.get('session', sessionId);
  if (!session) throw sessionNotFound(sessionId);
  if (session.state === 'STOPPED') {
    throw new DomainError(
      'SESSION_STATE_CONFLICT',
      `Session ${sessionId} is stopped and takes no more tasks.`,
    );
  }
  if (session.state !== 'CREATED') return session;
  const running = moveSession(session, 'RUNNING', view.now);
  if (!running) return session;
  view.put('session', running);
  view.record({ type: 'session.started', actor: actorOf(caller), sessionId });
  return running;
}

function newTask(tenantId: string, submission: TaskSubmission, identity: Identity, now: Date): Task {
  return {
    taskId: uuidv7(),
    tenantId,
    ...identity,
    parentTaskId: submission.parentTaskId ?? null,
    sessionId: submission.sessionId ?? null,
    kind: submission.kind,
    input: submission.input,
    status: 'QUEUED',
    stage: 'PROPOSE',
    priority: submission.priority ?? defaults.priority,
    attempt: 0,
    attemptsUsed: 0,
    maxAttempts: submission.maxAttempts ?? defaults.maxAttempts,
    timeoutMs: submission.timeoutMs ?? null,
    onApproval: submission.onApproval ?? 'EXECUTE',
    agentId: null,
    reviewId: null,
    resultId: null,
    feedback: null,
    error: null,
    leaseToken: null,
    leaseExpiresAt: null,
    deadlineAt: null,
    availableAt: new Date(now.getTime() + (submission.delayMs ?? 0)),
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    completedAt: null,
    version: 1,
  };
}

function withoutHoles(submission: TaskSubmission): object {
  return Object.fromEntries(Object.entries(submission).filter(([, value]) => value !== undefined));
}
