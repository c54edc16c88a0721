import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import type { Actor, AuditEvent } from '../models/audit.js';
import type { Decision } from '../models/decision.js';
import { DomainError } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import type { TaskFilter } from '../models/filters.js';
import type { Page, PageRequest } from '../models/page.js';
import { type Approval, approvalOf, expireCard } from '../models/review.js';
import { finishTask, isFinal, type Task } from '../models/task.js';
import { LedgerPort, type LedgerView } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';
import { taskNotFound } from './refusals.js';
import { taskEntry } from './task-entries.js';
import { topics, Waiters } from './waiters.js';

/** A task and the approval it stands on. */
export interface TaskView {
  readonly task: Task;
  readonly approval: Approval | undefined;
}

/** How a task ended. `output` is what was released, and `null` when nothing was. */
export interface FinalResult {
  readonly taskId: string;
  readonly resultId: string | null;
  readonly status: Task['status'];
  readonly output: JsonValue;
  readonly confidence: number | null;
  readonly decision: Decision | null;
  readonly approval?: Approval;
  readonly producedBy: string | null;
  readonly completedAt: Date | null;
}

/** Where submitters look after their tasks. */
@Injectable()
export class TaskDesk {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly waiters: Waiters,
  ) {}

  /** @throws DomainError `TASK_NOT_FOUND` */
  async get(tenantId: string, taskId: string): Promise<TaskView> {
    const task = await this.find(tenantId, taskId);
    return { task, approval: await this.approval(task) };
  }

  async list(tenantId: string, filter: TaskFilter, page: PageRequest): Promise<Page<TaskView>> {
    const { items, next } = await this.records.tasks(tenantId, filter, page);
    const approvals = await this.records.approvedCards(
      tenantId,
      items.flatMap(({ reviewId }) => (reviewId === null ? [] : [reviewId])),
    );
    return {
      items: items.map((task) => ({ task, approval: approvalOf(approvals.get(task.reviewId ?? '')) })),
      next,
    };
  }

  /**
   * How the task ended, as soon as it has, for up to `waitMs`.
   *
   * @throws DomainError `TASK_NOT_FOUND`, `RESULT_NOT_READY`
   */
  async result(tenantId: string, taskId: string, waitMs: number, signal?: AbortSignal): Promise<FinalResult> {
    const until = Date.now() + waitMs;
    const waiter = this.waiters.wait([topics.final(taskId)], { signal });
    try {
      let task = await this.find(tenantId, taskId);
      while (!isFinal(task.status) && (await waiter.next(until))) task = await this.find(tenantId, taskId);
      if (!isFinal(task.status)) {
        throw new DomainError(
          'RESULT_NOT_READY',
          `Task ${taskId} is ${task.status}; its result is not ready.`,
          {
            taskStatus: task.status,
          },
        );
      }
      return await this.finalResult(task);
    } finally {
      waiter.close();
    }
  }

  /**
   * Ends the task, wherever it stands. Cancelling a cancelled task again changes nothing.
   *
   * @throws DomainError `TASK_NOT_FOUND`, `TASK_ALREADY_FINAL`
   */
  async cancel(caller: Caller, tenantId: string, taskId: string): Promise<TaskView> {
    const task = await this.ledger.transact({
      tenantId,
      needs: { tasks: [taskId] },
      decide: (view) => {
        const known = view.get('task', taskId);
        if (!known) throw taskNotFound(taskId);
        if (known.status === 'CANCELLED') return known;
        if (isFinal(known.status)) {
          throw new DomainError(
            'TASK_ALREADY_FINAL',
            `Task ${taskId} is ${known.status} and does not change any more.`,
          );
        }
        return cancelTask(view, known, actorOf(caller), 'CANCELLED_BY_CALLER');
      },
    });
    return { task, approval: await this.approval(task) };
  }

  /**
   * The task's audit events, oldest first.
   *
   * @throws DomainError `TASK_NOT_FOUND`
   */
  async history(tenantId: string, taskId: string, page: PageRequest): Promise<Page<AuditEvent>> {
    await this.find(tenantId, taskId);
    return this.records.audit(tenantId, { taskId }, page);
  }

  private async find(tenantId: string, taskId: string): Promise<Task> {
    const task = await this.records.task(tenantId, taskId);
    if (!task) throw taskNotFound(taskId);
    return task;
  }

  private async approval({ tenantId, reviewId }: Task): Promise<Approval | undefined> {
    return reviewId === null ? undefined : approvalOf(await this.records.review(tenantId, reviewId));
  }

  /** Only a success has an output: what was blocked, rejected or cancelled is never shown. */
  private async finalResult(task: Task): Promise<FinalResult> {
    const result =
      task.resultId === null ? undefined : await this.records.result(task.tenantId, task.resultId);
    const approval = await this.approval(task);
    const released = task.status === 'SUCCEEDED' ? (approval ?? result)?.output : null;
    return {
      taskId: task.taskId,
      resultId: task.resultId,
      status: task.status,
      output: released ?? null,
      confidence: result?.confidence ?? null,
      decision: result?.decision ?? null,
      ...(approval && { approval }),
      producedBy: result?.agentId ?? null,
      completedAt: task.completedAt,
    };
  }
}

/** Cancels a task that is not final, and closes its card with it. */
export function cancelTask(view: LedgerView, task: Task, actor: Actor, cause: string): Task {
  const message = cause === 'SESSION_STOPPED' ? 'The session was stopped.' : 'The task was cancelled.';
  const cancelled = finishTask(task, 'CANCELLED', view.now, {
    error: { code: cause, message, retryable: false },
    // Only who has it in hand is told to drop it.
    agentId: task.status === 'RUNNING' ? task.agentId : null,
  });
  const card = task.reviewId === null ? undefined : view.get('review', task.reviewId);
  if (card?.status === 'PENDING') {
    const { reviewId, taskId, agentId, sessionId } = card;
    view.put('review', expireCard(card, message, view.now));
    view.record({
      type: 'review.expired',
      actor,
      reviewId,
      taskId,
      agentId,
      sessionId,
      traceId: task.traceId,
      payload: { cause },
    });
  }
  view.put('task', cancelled);
  view.record(taskEntry(cancelled, actor, { cause }));
  return cancelled;
}
