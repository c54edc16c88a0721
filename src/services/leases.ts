import { Injectable } from '@nestjs/common';
import { extendLease, requeueTask } from '../models/task.js';
import { LedgerPort } from '../ports/ledger.js';
import { agentActor } from './actor.js';
import { Dispatcher } from './dispatcher.js';
import { heldTask, type LeaseClaim } from './refusals.js';
import { Settings } from './settings.js';
import { requeuedEntry } from './task-entries.js';

/** What an agent may do with a lease, but for handing in a result. */
@Injectable()
export class Leases {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly dispatcher: Dispatcher,
    private readonly settings: Settings,
  ) {}

  /**
   * Makes the lease last `extendMs` from now, though not beyond the attempt's time-out. Returns when it ends.
   *
   * @throws DomainError `TASK_NOT_FOUND`, `LEASE_LOST`
   */
  async extend(
    tenantId: string,
    taskId: string,
    lease: LeaseClaim,
    extendMs = this.settings.leaseMs,
  ): Promise<Date> {
    return this.ledger.transact({
      tenantId,
      needs: { tasks: [taskId] },
      decide: (view) => {
        const extended = extendLease(heldTask(view, taskId, lease), extendMs, view.now);
        view.put('task', extended);
        return extended.leaseExpiresAt ?? view.now;
      },
    });
  }

  /**
   * Gives the task back without using up an attempt.
   *
   * @throws DomainError `TASK_NOT_FOUND`, `LEASE_LOST`
   */
  async release(tenantId: string, taskId: string, lease: LeaseClaim): Promise<void> {
    const { task, now } = await this.ledger.transact({
      tenantId,
      needs: { tasks: [taskId] },
      decide: (view) => {
        const released = requeueTask(heldTask(view, taskId, lease), view.now);
        view.put('task', released);
        view.record(requeuedEntry(released, agentActor(lease.agentId), 'RELEASED', lease.agentId));
        return { task: released, now: view.now };
      },
    });
    await this.dispatcher.dispatch([task], now);
  }
}
