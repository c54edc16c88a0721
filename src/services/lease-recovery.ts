import { Injectable } from '@nestjs/common';
import { systemActor } from '../models/audit.js';
import { backoffMs, failAttempt, isReady, type Task } from '../models/task.js';
import { LedgerPort, type LedgerView } from '../ports/ledger.js';
import { WatchPort } from '../ports/watch.js';
import { Dispatcher } from './dispatcher.js';
import { requeuedEntry, taskEntry } from './task-entries.js';

/** Why leases are taken away before they have run out. */
export type TakeBackCause = 'AGENT_REMOVED' | 'AGENT_OFFLINE';

/** How many tasks one round takes back. */
const stride = 200;

/** Ends leases whose agent is gone or late, and lets the tasks go on. */
@Injectable()
export class LeaseRecovery {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly watch: WatchPort,
    private readonly dispatcher: Dispatcher,
  ) {}

  /** Takes back every lease that has run out. Returns how many there were. */
  async expire(): Promise<number> {
    const lost = await this.watch.lostLeases(stride);
    await Promise.all(
      lost.map(({ tenantId, taskId }) =>
        this.end(tenantId, taskId, (task, view) => {
          if (task.leaseExpiresAt === null || task.leaseExpiresAt > view.now) return undefined;
          return task.deadlineAt !== null && task.deadlineAt <= view.now
            ? timedOut(task, view.now)
            : lostLease(task, view.now);
        }),
      ),
    );
    return lost.length;
  }

  /** Takes back every task that the agent is running: it will not finish them. */
  async takeBack(tenantId: string, agentId: string, cause: TakeBackCause): Promise<void> {
    for (;;) {
      const held = await this.watch.heldTasks(tenantId, agentId, stride);
      await Promise.all(
        held.map((taskId) =>
          this.end(tenantId, taskId, (task, view) =>
            task.agentId === agentId ? gone(task, view.now, cause) : undefined,
          ),
        ),
      );
      if (held.length < stride) return;
    }
  }

  private async end(
    tenantId: string,
    taskId: string,
    decide: (task: Task, view: LedgerView) => Task | undefined,
  ): Promise<void> {
    const ended = await this.ledger.transact({
      tenantId,
      needs: { tasks: [taskId] },
      decide: (view) => {
        const task = view.get('task', taskId);
        const next = task?.status === 'RUNNING' ? decide(task, view) : undefined;
        if (!task || !next) return undefined;
        view.put('task', next);
        view.record(
          isReady(next)
            ? requeuedEntry(next, systemActor, next.error?.code ?? 'LEASE_LOST', task.agentId)
            : taskEntry(next, systemActor),
        );
        return { task: next, now: view.now };
      },
    });
    if (ended) await this.dispatcher.dispatch([ended.task], ended.now);
  }
}

/** Work that is too slow waits before it is tried again; work whose agent is gone does not. */
function timedOut(task: Task, now: Date): Task {
  const message = `Attempt ${task.attempt} took longer than the task's ${task.timeoutMs} ms.`;
  const error = { code: 'TIMED_OUT', message, retryable: true };
  return failAttempt(task, now, { error, final: 'TIMED_OUT', delayMs: backoffMs(task.attemptsUsed + 1) });
}

function lostLease(task: Task, now: Date): Task {
  const message = `The agent of attempt ${task.attempt} let its lease run out.`;
  return failAttempt(task, now, { error: { code: 'LEASE_LOST', message, retryable: true }, final: 'FAILED' });
}

function gone(task: Task, now: Date, cause: TakeBackCause): Task {
  const message = `The agent of attempt ${task.attempt} is gone.`;
  return failAttempt(task, now, { error: { code: cause, message, retryable: true }, final: 'FAILED' });
}
