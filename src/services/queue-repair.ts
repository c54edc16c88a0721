import { Injectable, Logger } from '@nestjs/common';
import { TaskQueuePort } from '../ports/task-queue.js';
import { WatchPort } from '../ports/watch.js';

/** A task that is ready for this long and not in the queue was forgotten by a crash, in milliseconds. */
const settledMs = 3_000;

/** How many tickets one round adds. */
const stride = 1_000;

/** Puts into the queue what is ready and not in it: after a crash between commit and enqueue, or an emptied Redis. */
@Injectable()
export class QueueRepair {
  private readonly logger = new Logger(QueueRepair.name);
  private queuedBefore: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly queue: TaskQueuePort,
    private readonly watch: WatchPort,
  ) {}

  /**
   * A ticket that a claim has just taken is not in the queue and its task not yet leased, so on a busy queue some always
   * seem to be missing. At the sweep before they were there: only what was missing then and is missing now is lost.
   */
  async sweep(): Promise<void> {
    const queuedNow = new Map<string, number>();
    for (const { tenantId, kind, ready } of await this.watch.readyCounts(settledMs)) {
      const name = `${tenantId} ${kind}`;
      const queued = await this.queue.size(tenantId, kind);
      queuedNow.set(name, queued);
      if (Math.max(queued, this.queuedBefore.get(name) ?? 0) >= ready) continue;
      this.logger.warn({ tenantId, kind, ready, queued }, 'Ready tasks are not in the queue; adding them.');
      await this.refill(tenantId, kind);
    }
    this.queuedBefore = queuedNow;
  }

  /** Adding a ticket that is there changes nothing. */
  private async refill(tenantId: string, kind: string): Promise<void> {
    await this.queue.recover(tenantId, kind);
    let after: string | undefined;
    for (;;) {
      const tickets = await this.watch.readyTasks(tenantId, kind, settledMs, after, stride);
      await this.queue.add(tickets);
      after = tickets.at(-1)?.taskId;
      if (tickets.length < stride) return;
    }
  }
}
