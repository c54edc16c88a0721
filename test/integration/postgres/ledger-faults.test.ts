import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { systemActor } from '../../../src/models/audit.js';
import { defaultPolicy } from '../../../src/models/policy.js';
import type { Task } from '../../../src/models/task.js';
import { finishTask } from '../../../src/models/task.js';
import { eventually } from '../../contract/eventually.js';
import { openLink } from '../../contract/link.js';
import { anAgent, aTask } from '../../unit/models/factories.js';
import { aTenant, type Bench, decide, type Desk, headOf, keep, openBench, queued } from './bench.js';

const unavailable = { status: 'rejected', reason: { code: 'UNAVAILABLE' } };

describe('the ledger, when things go wrong', () => {
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

  const entry = { type: 'session.created', actor: systemActor } as const;
  const cancel = ({ ledger }: Desk, { taskId }: Task) =>
    decide(ledger, tenantId, { tasks: [taskId] }, (view) => {
      const task = view.get('task', taskId);
      if (!task) throw new Error('The task is there.');
      view.put('task', finishTask(task, 'CANCELLED', view.now));
      view.record({ type: 'task.cancelled', actor: systemActor, taskId });
    });
  /** A session of its own that has locked what the statement locks, until it is told to let go. */
  const locking = async (statement: string, parameters: readonly unknown[]) => {
    const holder = new pg.Client(bench.url);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(statement, [...parameters]);
    const end = async (how: 'COMMIT' | 'ROLLBACK') => {
      await holder.query(how);
      await holder.end();
    };
    return { release: () => end('ROLLBACK'), commit: () => end('COMMIT') };
  };
  const backendsThatWaitForALock = async () => {
    const { rows } = await bench.sql.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'chimera statements' AND wait_event_type = 'Lock'`,
    );
    return rows.map(({ pid }) => pid);
  };

  it('keeps no row without its audit entry', async () => {
    const task = await queued(desk.ledger, { tenantId });
    const before = await headOf(bench.sql, tenantId);
    await bench.sql.query(
      `CREATE FUNCTION refuse_cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN IF NEW.type = 'task.cancelled' THEN RAISE EXCEPTION 'The record is closed.'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER refuse_cancelled BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_cancelled()`,
    );
    try {
      await expect(cancel(desk, task)).rejects.toThrow('The record is closed.');
    } finally {
      await bench.sql.query('DROP TRIGGER refuse_cancelled ON audit_events');
    }
    await expect(desk.records.task(tenantId, task.taskId)).resolves.toEqual(task);
    expect(await headOf(bench.sql, tenantId)).toEqual(before);
    await cancel(desk, task);
    await expect(desk.records.verifyChain(tenantId)).resolves.toMatchObject({ valid: true });
  });

  it('keeps no audit entry without its row', async () => {
    const task = await queued(desk.ledger, { tenantId });
    const before = await headOf(bench.sql, tenantId);
    const wrong = decide(desk.ledger, tenantId, { tasks: [task.taskId] }, (view) => {
      view.record({ type: 'task.failed', actor: systemActor, taskId: task.taskId });
      view.put('task', { ...task, status: 'FAILED', completedAt: view.now, version: 2 });
    });
    await expect(wrong).rejects.toThrow('cannot go from QUEUED to FAILED');
    expect(await headOf(bench.sql, tenantId)).toEqual(before);
  });

  it('does not overwrite a row that another program changes at the same time', async () => {
    await keep(desk.ledger, 'agent', [anAgent({ tenantId, name: 'as registered' })]);
    const pause = () =>
      decide(desk.ledger, tenantId, { agents: ['writer-1'] }, (view) => {
        const agent = view.get('agent', 'writer-1');
        if (agent) view.put('agent', { ...agent, paused: true, version: agent.version + 1 });
        view.record({ type: 'agent.paused', actor: systemActor, agentId: 'writer-1' });
      });
    const before = await headOf(bench.sql, tenantId);
    const holder = await locking(`UPDATE agents SET version = 2, name = 'changed' WHERE tenant_id = $1`, [
      tenantId,
    ]);
    const paused = Promise.allSettled([pause()]);
    await eventually(backendsThatWaitForALock, (pids) => pids.length > 0);
    await holder.commit();
    expect(await paused).toMatchObject([{ status: 'rejected' }]);
    expect(await headOf(bench.sql, tenantId)).toEqual(before);
    await pause();
    await expect(desk.records.find('agent', tenantId, 'writer-1')).resolves.toMatchObject({
      name: 'changed',
      paused: true,
      version: 3,
    });
  });

  it('keeps nothing when its connection is lost in the middle, says UNAVAILABLE, and goes on', async () => {
    const task = await queued(desk.ledger, { tenantId });
    const before = await headOf(bench.sql, tenantId);
    const holder = await locking('SELECT FROM tasks WHERE task_id = $1 FOR UPDATE', [task.taskId]);
    const cancelled = Promise.allSettled([cancel(desk, task)]);
    const pids = await eventually(backendsThatWaitForALock, (waiting) => waiting.length === 1);
    await bench.sql.query('SELECT pg_terminate_backend($1)', [pids[0]]);
    expect(await cancelled).toMatchObject([unavailable]);
    await holder.release();
    await expect(desk.records.task(tenantId, task.taskId)).resolves.toEqual(task);
    expect(await headOf(bench.sql, tenantId)).toEqual(before);
    await cancel(desk, task);
    await expect(desk.records.task(tenantId, task.taskId)).resolves.toMatchObject({
      status: 'CANCELLED',
    });
  });

  it('locks its tenants in their order, so that no two batches wait for each other in a ring', async () => {
    const made = await Promise.all(Array.from({ length: 7 }, () => aTenant(desk.ledger)));
    const tenantIds = 'SELECT tenant_id AS id FROM audit_heads WHERE tenant_id = ANY($1) ORDER BY tenant_id';
    const idsOf = async (sql: string) =>
      (await bench.sql.query<{ id: string }>(sql, [made])).rows.map(({ id }) => id);
    const inOrder = await idsOf(tenantIds);
    for (const order of [made, inOrder, inOrder.toReversed()]) {
      const holder = await locking(`${tenantIds} OFFSET 3 LIMIT 1 FOR UPDATE`, [made]);
      const units = order.map((tenant) => decide(desk.ledger, tenant, {}, (view) => view.record(entry)));
      await eventually(backendsThatWaitForALock, (pids) => pids.length > 0);
      expect(await idsOf(`${tenantIds} FOR UPDATE SKIP LOCKED`)).toEqual(inOrder.slice(4));
      await holder.release();
      await Promise.all(units);
    }
  });

  it('puts work that is carried on before work that is added, however much of that waits', async () => {
    const holder = await locking('SELECT FROM audit_heads WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
    const unit = (addsWork: boolean) =>
      desk.ledger.transact({
        tenantId,
        addsWork,
        needs: {},
        decide: (view) => view.record(entry).sequence,
      });
    const first = unit(false);
    await eventually(backendsThatWaitForALock, (pids) => pids.length > 0);
    const added = Array.from({ length: 100 }, () => unit(true));
    const carriedOn = Array.from({ length: 5 }, () => unit(false));
    await holder.release();
    const place = await first;
    expect(await Promise.all(carriedOn)).toEqual([1, 2, 3, 4, 5].map((nth) => place + nth));
    expect(Math.min(...(await Promise.all(added)))).toBe(place + 6);
  });

  it('says UNAVAILABLE when it waits too long for its turn', async () => {
    const impatient = new URL(bench.url);
    impatient.searchParams.set('options', '-c lock_timeout=50');
    const hurried = await bench.open(impatient.href);
    const holder = await locking('SELECT FROM audit_heads WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
    const unit = () => decide(hurried.ledger, tenantId, {}, (view) => view.record(entry));
    expect(await Promise.allSettled([unit(), unit()])).toMatchObject([unavailable, unavailable]);
    await holder.release();
    const place = await unit();
    expect(await headOf(bench.sql, tenantId)).toEqual(place);
  });

  it('says UNAVAILABLE at once to those beyond ten thousand that wait', async () => {
    const units = Array.from({ length: 10_100 }, (_, index) =>
      decide(desk.ledger, tenantId, {}, () => index),
    );
    const answers = await Promise.allSettled(units);
    expect(answers.slice(0, 10_000)).toEqual(
      Array.from({ length: 10_000 }, (_, value) => ({ status: 'fulfilled', value })),
    );
    for (const answer of answers.slice(10_000)) expect(answer).toMatchObject(unavailable);
  });

  it('says UNAVAILABLE while the database is away, and works when it is back', async () => {
    const link = await openLink(bench.url);
    const far = await bench.open(link.url);
    const task = aTask({ tenantId });
    const submit = () => decide(far.ledger, tenantId, {}, (view) => view.put('task', task));
    await link.cut();
    const answers = await Promise.allSettled([
      submit(),
      far.ledger.createTenant({ tenantId: 't_never', name: null }, defaultPolicy, systemActor),
      far.records.ping(),
      far.records.task(tenantId, task.taskId),
      far.records.liveKey('x'),
      far.records.workOf(tenantId, 'a'),
    ]);
    for (const answer of answers) expect(answer).toMatchObject(unavailable);
    await link.mend();
    await expect(submit()).resolves.toBeUndefined();
    await expect(far.records.task(tenantId, task.taskId)).resolves.toEqual(task);
    await link.close();
  });

  it('tries a patient unit again until the database is back, and none that the unit itself refuses', async () => {
    const link = await openLink(bench.url);
    const far = await bench.open(link.url);
    const task = aTask({ tenantId });
    await link.cut();
    const kept = far.ledger.transact({
      tenantId,
      needs: {},
      patient: true,
      decide: (view) => view.put('task', task),
    });
    await expect(far.records.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await link.mend();
    await kept;
    await expect(far.records.task(tenantId, task.taskId)).resolves.toEqual(task);
    let asked = 0;
    const refused = far.ledger.transact({
      tenantId,
      needs: {},
      patient: true,
      decide: () => {
        asked += 1;
        throw new Error('Refused.');
      },
    });
    await expect(refused).rejects.toThrow('Refused.');
    expect(asked).toBe(1);
    await link.close();
  });
});
