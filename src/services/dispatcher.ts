import { Injectable, Logger } from '@nestjs/common';
import { isReady, type Task } from '../models/task.js';
import { type TakenTicket, TaskQueuePort, type Ticket } from '../ports/task-queue.js';

/** Puts tasks that have become ready where claims find them. */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger(Dispatcher.name);

  constructor(private readonly queue: TaskQueuePort) {}

  /**
   * Never rejects: the rows are committed, and a sweep puts into the queue what could not be put there now.
   */
  async dispatch(tasks: readonly Task[], now: Date): Promise<void> {
    await this.giveBack(tasks.filter(isReady).map((task) => ticketFor(task, now)));
  }

  /** Takes tickets of the kinds, for good. */
  take(tenantId: string, kinds: readonly string[], max: number): Promise<readonly TakenTicket[]> {
    return this.queue.take(tenantId, kinds, max);
  }

  /** Puts tickets back that were taken and not used. Never rejects. */
  async giveBack(tickets: readonly Ticket[]): Promise<void> {
    if (tickets.length === 0) return;
    try {
      await this.queue.add(tickets);
    } catch (error) {
      this.logger.warn(
        { err: error, tasks: tickets.length },
        'Tasks are ready but not in the queue; the sweep will add them.',
      );
    }
  }
}

/** The ticket for a ready task's next attempt. */
export function ticketFor(task: Task, now: Date): Ticket {
  return {
    tenantId: task.tenantId,
    kind: task.kind,
    taskId: task.taskId,
    attempt: task.attempt + 1,
    priority: task.priority,
    delayMs: Math.max(0, task.availableAt.getTime() - now.getTime()),
  };
}
