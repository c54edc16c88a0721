import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Caller } from '../models/access.js';
import { type Actor, systemActor } from '../models/audit.js';
import { DomainError } from '../models/errors.js';
import { moveSession, type Session, type SessionState } from '../models/session.js';
import { isFinal } from '../models/task.js';
import { LedgerPort } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { WatchPort } from '../ports/watch.js';
import { actorOf } from './actor.js';
import { Dispatcher } from './dispatcher.js';
import { sessionNotFound } from './refusals.js';
import { cancelTask } from './task-desk.js';

/** How many tasks one round moves. */
const stride = 200;

/** Opens, pauses, resumes and stops the runs that group tasks. */
@Injectable()
export class Sessions {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly watch: WatchPort,
    private readonly dispatcher: Dispatcher,
  ) {}

  create(caller: Caller, tenantId: string, requestedBy: string | undefined): Promise<Session> {
    return this.ledger.transact({
      tenantId,
      needs: {},
      decide: (view) => {
        const session: Session = {
          sessionId: uuidv7(),
          tenantId,
          requestedBy: requestedBy ?? null,
          state: 'CREATED',
          createdAt: view.now,
          updatedAt: view.now,
          version: 1,
        };
        view.put('session', session);
        view.record({ type: 'session.created', actor: actorOf(caller), sessionId: session.sessionId });
        return session;
      },
    });
  }

  /** @throws DomainError `SESSION_NOT_FOUND` */
  async get(tenantId: string, sessionId: string): Promise<Session> {
    const session = await this.records.find('session', tenantId, sessionId);
    if (!session) throw sessionNotFound(sessionId);
    return session;
  }

  /**
   * From now on none of its tasks is handed out. What agents have in hand they may finish.
   *
   * @throws DomainError `SESSION_NOT_FOUND`, `SESSION_STATE_CONFLICT`
   */
  async pause(caller: Caller, tenantId: string, sessionId: string): Promise<Session> {
    return this.move(caller, tenantId, sessionId, 'PAUSED', 'session.paused');
  }

  /**
   * Its tasks are handed out again.
   *
   * @throws DomainError `SESSION_NOT_FOUND`, `SESSION_STATE_CONFLICT`
   */
  async resume(caller: Caller, tenantId: string, sessionId: string): Promise<Session> {
    const session = await this.move(caller, tenantId, sessionId, 'RUNNING', 'session.resumed');
    let after: string | undefined;
    for (;;) {
      const ready = await this.watch.readyInSession(tenantId, sessionId, after, stride);
      await this.dispatcher.giveBack(ready);
      after = ready.at(-1)?.taskId;
      if (ready.length < stride) return session;
    }
  }

  /**
   * Cancels what has not finished, and takes no more tasks.
   *
   * @throws DomainError `SESSION_NOT_FOUND`
   */
  async stop(caller: Caller, tenantId: string, sessionId: string): Promise<Session> {
    const session = await this.move(caller, tenantId, sessionId, 'STOPPED', 'session.stopped');
    for (;;) {
      const unfinished = await this.watch.unfinishedTasks(tenantId, sessionId, stride);
      await this.cancelAll(tenantId, unfinished, actorOf(caller));
      if (unfinished.length < stride) return session;
    }
  }

  /** Cancels what a crash left unfinished in stopped sessions. Returns how many tasks there were. */
  async sweep(): Promise<number> {
    const orphans = await this.watch.orphanedTasks(stride);
    for (const [tenantId, tasks] of Map.groupBy(orphans, (task) => task.tenantId)) {
      await this.cancelAll(
        tenantId,
        tasks.map(({ taskId }) => taskId),
        systemActor,
      );
    }
    return orphans.length;
  }

  private async cancelAll(tenantId: string, taskIds: readonly string[], actor: Actor): Promise<void> {
    if (taskIds.length === 0) return;
    await this.ledger.transact({
      tenantId,
      needs: { tasks: taskIds },
      decide: (view) => {
        for (const taskId of taskIds) {
          const task = view.get('task', taskId);
          if (task && !isFinal(task.status)) cancelTask(view, task, actor, 'SESSION_STOPPED');
        }
      },
    });
  }

  private move(
    caller: Caller,
    tenantId: string,
    sessionId: string,
    state: SessionState,
    type: 'session.paused' | 'session.resumed' | 'session.stopped',
  ): Promise<Session> {
    return this.ledger.transact({
      tenantId,
      needs: { sessions: [sessionId] },
      decide: (view) => {
        const session = view.get('session', sessionId);
        if (!session) throw sessionNotFound(sessionId);
        if (session.state === state) return session;
        const moved =
          type === 'session.resumed' && session.state !== 'PAUSED'
            ? undefined
            : moveSession(session, state, view.now);
        if (!moved) {
          throw new DomainError(
            'SESSION_STATE_CONFLICT',
            `Session ${sessionId} is ${session.state} and cannot become ${state}.`,
          );
        }
        view.put('session', moved);
        view.record({ type, actor: actorOf(caller), sessionId });
        return moved;
      },
    });
  }
}
