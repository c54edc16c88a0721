import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { moveSession, type SessionState } from '../../../src/models/session.js';
import { finishTask, type Task } from '../../../src/models/task.js';
import { PostgresWatch } from '../../../src/lib/postgres/postgres-watch.js';
import { SessionLocks } from '../../../src/lib/postgres/session-locks.js';
import { TenantRows } from '../../../src/lib/postgres/tenant-rows.js';
import { eventually } from '../../contract/eventually.js';
import { openLink } from '../../contract/link.js';
import { aSession } from '../../unit/models/factories.js';
import {
  aTenant,
  approved,
  type Bench,
  change,
  claimed,
  decide,
  type Desk,
  held,
  keep,
  openBench,
  queued,
} from './bench.js';

describe('the watch', () => {
  let bench: Bench;
  let desk: Desk;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });
  afterAll(() => bench.drop());

  const mine = <T extends { readonly tenantId: string }>(rows: readonly T[]) =>
    rows.filter((row) => row.tenantId === tenantId);
  const idsOf = (rows: readonly { readonly taskId: string }[]) => rows.map(({ taskId }) => taskId);
  const aSessionWith = async (state: SessionState, count: number) => {
    const session = aSession({ tenantId });
    const { sessionId } = session;
    await keep(desk.ledger, 'session', [session]);
    const tasks: Task[] = [];
    for (let index = 0; index < count; index += 1)
      tasks.push(await queued(desk.ledger, { tenantId, sessionId }));
    if (state !== 'CREATED') {
      await decide(desk.ledger, tenantId, { sessions: [sessionId] }, (view) => {
        const moved = moveSession(view.get('session', sessionId) ?? session, state, view.now);
        if (moved) view.put('session', moved);
      });
    }
    return { sessionId, tasks };
  };

  it('lets one process sweep at a time, and others at other things', async () => {
    const other = await bench.open();
    const [started, finished] = [new EventEmitter(), new EventEmitter()];
    const begun = once(started, 'sweep');
    const tries = () => other.watch.alone('leases', () => Promise.resolve());
    const sweeping = desk.watch.alone('leases', async () => {
      started.emit('sweep');
      await once(finished, 'sweep');
    });
    await begun;
    expect(await tries()).toBe(false);
    expect(await other.watch.alone('reviews', () => Promise.resolve())).toBe(true);
    finished.emit('sweep');
    expect(await sweeping).toBe(true);
    expect(await tries()).toBe(true);
  });

  it('lets rows be read while more sweep at once than there are connections for rows', async () => {
    const names = Array.from({ length: 12 }, (_, nth) => `chore ${nth}`);
    const [allUnderWay, finished] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    let underWay = 0;
    const sweeping = names.map((name) =>
      desk.watch.alone(name, async () => {
        underWay += 1;
        if (underWay === names.length) allUnderWay.resolve(undefined);
        await finished.promise;
      }),
    );
    await allUnderWay.promise;
    await desk.records.ping();
    finished.resolve(undefined);
    expect(await Promise.all(sweeping)).toEqual(names.map(() => true));
  });

  it('lets another process sweep when the connection of the one that is at it breaks', async () => {
    const other = await bench.open();
    const sweeping = desk.watch.alone('leases', async () => {
      await bench.sql.query(
        `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE l.locktype = 'advisory' AND d.datname = current_database()`,
      );
      const taken = await eventually(
        () => other.watch.alone('leases', () => Promise.resolve()),
        (done) => done,
      );
      expect(taken).toBe(true);
    });
    expect(await sweeping).toBe(true);
    expect(await desk.watch.alone('leases', () => Promise.resolve())).toBe(true);
  });

  it('lets nobody else sweep however long a sweep takes', async () => {
    const other = await bench.open();
    await desk.watch.alone('leases', async () => {
      // The pool of connections lets go of one that idles for ten seconds, unless it is told not to.
      await pause(11_000);
      expect(await other.watch.alone('leases', () => Promise.resolve())).toBe(false);
    });
  });

  it('lets one sweep at a time within a process too', async () => {
    const inner: boolean[] = [];
    await desk.watch.alone('leases', async () => {
      inner.push(await desk.watch.alone('leases', () => Promise.resolve()));
    });
    expect(inner).toEqual([false]);
  });

  it('lets the next process sweep when a sweep fails', async () => {
    await expect(desk.watch.alone('x', () => Promise.reject(new Error('No.')))).rejects.toThrow('No.');
    await expect(desk.watch.alone('x', () => Promise.resolve())).resolves.toBe(true);
  });

  it('finds leases that have run out, longest ago first', async () => {
    const hand = async (ms: number) => claimed(desk.ledger, await queued(desk.ledger, { tenantId }), 'a', ms);
    const [first, second] = [await hand(1), await hand(2)];
    await hand(60_000);
    const lost = await eventually(
      async () => mine(await desk.watch.lostLeases(100)),
      (refs) => refs.length === 2,
    );
    expect(idsOf(lost)).toEqual([first.taskId, second.taskId]);
    expect(mine(await desk.watch.lostLeases(1))).toHaveLength(1);
    for (const task of [first, second])
      await change(desk.ledger, task, (t, now) => finishTask(t, 'CANCELLED', now));
    expect(mine(await desk.watch.lostLeases(100))).toEqual([]);
  });

  it("finds an agent's running tasks", async () => {
    const tasks = [];
    for (let index = 0; index < 3; index += 1) {
      tasks.push(await claimed(desk.ledger, await queued(desk.ledger, { tenantId }), 'a'));
    }
    await claimed(desk.ledger, await queued(desk.ledger, { tenantId }), 'b');
    expect(await desk.watch.heldTasks(tenantId, 'a', 10)).toEqual(idsOf(tasks));
    expect(await desk.watch.heldTasks(tenantId, 'a', 2)).toEqual(idsOf(tasks.slice(0, 2)));
    expect(await desk.watch.heldTasks(await aTenant(desk.ledger), 'a', 10)).toEqual([]);
  });

  it('finds pending cards whose deadline has passed, longest ago first', async () => {
    const due = (ms: number) => held(desk.ledger, { tenantId }, { dueAt: new Date(Date.now() + ms) });
    const late = await due(-1_000);
    const later = await due(-2_000);
    await due(60_000);
    const { card: decided } = await approved(desk.ledger, { tenantId });
    const overdue = mine(await desk.watch.overdueReviews(100));
    expect(overdue.map(({ reviewId }) => reviewId)).toEqual([later.card.reviewId, late.card.reviewId]);
    expect(overdue.map(({ reviewId }) => reviewId)).not.toContain(decided.reviewId);
    expect(await desk.watch.overdueReviews(1)).toHaveLength(1);
  });

  it("finds a session's tasks that are not final", async () => {
    const { sessionId, tasks } = await aSessionWith('RUNNING', 3);
    await queued(desk.ledger, { tenantId });
    const [done, ...open] = tasks;
    if (done) await change(desk.ledger, done, (task, now) => finishTask(task, 'CANCELLED', now));
    expect((await desk.watch.unfinishedTasks(tenantId, sessionId, 10)).toSorted()).toEqual(
      idsOf(open).toSorted(),
    );
    expect(await desk.watch.unfinishedTasks(tenantId, sessionId, 1)).toHaveLength(1);
  });

  it('finds tasks of stopped sessions that are not final', async () => {
    await aSessionWith('RUNNING', 1);
    await aSessionWith('PAUSED', 1);
    const { tasks } = await aSessionWith('STOPPED', 2);
    const [done, open] = tasks;
    if (done) await change(desk.ledger, done, (task, now) => finishTask(task, 'CANCELLED', now));
    expect(mine(await desk.watch.orphanedTasks(100))).toEqual([{ tenantId, taskId: open?.taskId }]);
  });

  it("finds a session's ready tasks, stretch by stretch, as tickets for their next attempt", async () => {
    const { sessionId, tasks } = await aSessionWith('PAUSED', 3);
    const { task: carried } = await approved(desk.ledger, { tenantId, sessionId, priority: 90 });
    await held(desk.ledger, { tenantId, sessionId });
    const first = await desk.watch.readyInSession(tenantId, sessionId, undefined, 2);
    expect(idsOf(first)).toEqual(idsOf(tasks.slice(0, 2)));
    expect(first[0]).toEqual({
      tenantId,
      kind: 'support.reply',
      taskId: tasks[0]?.taskId,
      attempt: 1,
      priority: 50,
      delayMs: 0,
    });
    const rest = await desk.watch.readyInSession(tenantId, sessionId, first.at(-1)?.taskId, 10);
    expect(rest.map(({ taskId, attempt, priority }) => [taskId, attempt, priority])).toEqual([
      [tasks[2]?.taskId, 1, 50],
      [carried.taskId, 2, 90],
    ]);
  });

  it('counts and finds what has been ready for a while and can be handed out', async () => {
    const longAgo = new Date(Date.now() - 60_000);
    const old = { availableAt: longAgo, updatedAt: longAgo };
    const ready = [
      await queued(desk.ledger, { tenantId, kind: 'a:b', ...old }),
      await queued(desk.ledger, { tenantId, kind: 'a:b', ...old }),
      await queued(desk.ledger, { tenantId, kind: 'a:b', ...old }),
    ];
    const other = await queued(desk.ledger, { tenantId, kind: 'other', ...old });
    const inFuture = new Date(Date.now() + 60_000);
    await queued(desk.ledger, { tenantId, kind: 'a:b', updatedAt: longAgo, availableAt: inFuture });
    await queued(desk.ledger, { tenantId, kind: 'a:b', updatedAt: inFuture, availableAt: longAgo });
    await claimed(desk.ledger, await queued(desk.ledger, { tenantId, kind: 'a:b', ...old }));
    for (const state of ['PAUSED', 'STOPPED'] as const) {
      const { sessionId } = await aSessionWith(state, 0);
      await queued(desk.ledger, { tenantId, kind: 'a:b', sessionId, ...old });
    }
    const { sessionId } = await aSessionWith('RUNNING', 0);
    const inSession = await queued(desk.ledger, { tenantId, kind: 'a:b', sessionId, ...old });

    const counts = mine(await desk.watch.readyCounts(3_000));
    expect(counts.toSorted((left, right) => left.kind.localeCompare(right.kind))).toEqual([
      { tenantId, kind: 'a:b', ready: 4 },
      { tenantId, kind: 'other', ready: 1 },
    ]);
    const first = await desk.watch.readyTasks(tenantId, 'a:b', 3_000, undefined, 2);
    const rest = await desk.watch.readyTasks(tenantId, 'a:b', 3_000, first.at(-1)?.taskId, 10);
    expect(idsOf([...first, ...rest])).toEqual(idsOf([...ready, inSession]));
    expect(idsOf(await desk.watch.readyTasks(tenantId, 'other', 3_000, undefined, 10))).toEqual([
      other.taskId,
    ]);
    expect(mine(await desk.watch.readyCounts(600_000))).toEqual([]);
  });

  it('says UNAVAILABLE when the database is away, to whoever removes an agent as well', async () => {
    const link = await openLink(bench.url);
    const rows = await TenantRows.open(link.url);
    const locks = new SessionLocks(link.url);
    const watch = new PostgresWatch(rows, desk.tables, locks);
    await link.cut();
    await expect(watch.heldTasks(tenantId, 'writer', 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(watch.lostLeases(10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await link.mend();
    expect(await watch.heldTasks(tenantId, 'writer', 10)).toEqual([]);
    await rows.close();
    await locks.close();
    await link.close();
  });
});
