import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemActor } from '../../../src/models/audit.js';
import {
  claimTask,
  finishTask,
  isFinal,
  type Task,
  taskStatuses,
  transitions,
} from '../../../src/models/task.js';
import { aResult } from '../../unit/models/factories.js';
import {
  aTenant,
  approved,
  type Bench,
  claimed,
  decide,
  type Desk,
  held,
  openBench,
  queued,
} from './bench.js';

/** How PostgreSQL refuses: by the SQLSTATE of a trigger's or a constraint's exception. */
const never = { code: '23001' };
const illegal = { code: '23514' };

describe('the guards in the database', () => {
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

  /** What a program says that goes past Chimera, undone afterwards when the database lets it pass. */
  const attempt = async (
    sql: string,
    parameters: readonly unknown[] = [],
    without: readonly string[] = [],
  ) => {
    await bench.sql.query('BEGIN');
    try {
      for (const trigger of without) await bench.sql.query(`ALTER TABLE tasks DISABLE TRIGGER ${trigger}`);
      const { rowCount } = await bench.sql.query(sql, [...parameters]);
      return rowCount;
    } finally {
      await bench.sql.query('ROLLBACK');
    }
  };

  describe.each(['audit_events', 'results', 'policies'])('on %s', (table) => {
    beforeEach(() => held(desk.ledger, { tenantId }));

    it('refuse every change', async () => {
      await expect(attempt(`UPDATE ${table} SET tenant_id = tenant_id`)).rejects.toMatchObject(never);
    });

    it('refuse to delete', async () => {
      await expect(attempt(`DELETE FROM ${table} WHERE tenant_id = $1`, [tenantId])).rejects.toMatchObject(
        never,
      );
    });

    it('refuse to truncate', async () => {
      // A table that others refer to is refused for that before its own guard is asked.
      await expect(attempt(`TRUNCATE ${table}`)).rejects.toThrow(
        /cannot truncate a table referenced|never changed/,
      );
      await expect(attempt(`TRUNCATE ${table} CASCADE`)).rejects.toMatchObject(never);
    });
  });

  describe.each(['tasks', 'review_cards', 'audit_heads'])('on %s', (table) => {
    beforeEach(() => held(desk.ledger, { tenantId }));

    it('refuse to delete', async () => {
      await expect(attempt(`DELETE FROM ${table} WHERE tenant_id = $1`, [tenantId])).rejects.toMatchObject(
        never,
      );
    });

    it('refuse to truncate', async () => {
      await expect(attempt(`TRUNCATE ${table} CASCADE`)).rejects.toMatchObject(never);
    });
  });

  describe("on a tenant's record", () => {
    it('refuse that it gets shorter', async () => {
      await decide(desk.ledger, tenantId, {}, (view) =>
        view.record({ type: 'session.created', actor: systemActor }),
      );
      await expect(
        attempt('UPDATE audit_heads SET sequence = sequence - 1 WHERE tenant_id = $1', [tenantId]),
      ).rejects.toMatchObject(never);
    });

    it('refuse a second event in the same place', async () => {
      await expect(
        attempt(
          `INSERT INTO audit_events SELECT tenant_id, sequence, gen_random_uuid(), type, at, actor_type, actor_id, task_id, review_id,
           agent_id, session_id, trace_id, payload, previous_hash, hash FROM audit_events WHERE tenant_id = $1`,
          [tenantId],
        ),
      ).rejects.toMatchObject({ code: '23505' });
    });
  });

  describe('on what belongs to something', () => {
    /** Puts a copy of the tenant's last row of the table beside it, with other values in some columns. */
    const copy = async (table: string, changes: Readonly<Record<string, string>>) => {
      const { rows } = await bench.sql.query<{ columns: string }>(
        `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns
         WHERE table_name = $1 AND NOT column_name = ANY ($2)`,
        [table, Object.keys(changes)],
      );
      const columns = rows[0]?.columns ?? '';
      return attempt(
        `INSERT INTO ${table} (${Object.keys(changes).join(', ')}, ${columns})
         SELECT ${Object.values(changes).join(', ')}, ${columns} FROM ${table} WHERE tenant_id = $1 LIMIT 1`,
        [tenantId],
      );
    };
    const orphan = { code: '23503' };
    const newTask = { task_id: 'gen_random_uuid()' };

    it('refuse a task of no tenant', async () => {
      await queued(desk.ledger, { tenantId });
      await expect(copy('tasks', newTask)).resolves.toBe(1);
      await expect(copy('tasks', { ...newTask, tenant_id: `'t_nobody'` })).rejects.toMatchObject(orphan);
    });

    it('refuse an event of no tenant', async () => {
      await queued(desk.ledger, { tenantId });
      const last = { sequence: '1000000' };
      await expect(copy('audit_events', last)).resolves.toBe(1);
      await expect(copy('audit_events', { ...last, tenant_id: `'t_nobody'` })).rejects.toMatchObject(orphan);
    });

    it('refuse a result of no task, and of a task of another tenant', async () => {
      const { result } = await held(desk.ledger, { tenantId });
      const elsewhere = await queued(desk.ledger, { tenantId: await aTenant(desk.ledger) });
      const newResult = { result_id: 'gen_random_uuid()', attempt: 'attempt + 1', lease_token: `'another'` };
      await expect(copy('results', { ...newResult, task_id: `'${result.taskId}'` })).resolves.toBe(1);
      for (const taskId of [randomUUID(), elsewhere.taskId]) {
        await expect(copy('results', { ...newResult, task_id: `'${taskId}'::uuid` })).rejects.toMatchObject(
          orphan,
        );
      }
    });

    it('refuse that a tenant goes away under its record', async () => {
      await expect(attempt('DELETE FROM tenants WHERE tenant_id = $1', [tenantId])).rejects.toMatchObject(
        orphan,
      );
    });
  });

  describe('on the lifecycle of tasks', () => {
    /** They are asked first, and refuse for their own reasons some of what the lifecycle forbids. */
    const receipts = ['tasks_need_receipt', 'tasks_use_receipt'];

    it('have the same table as the model', async () => {
      const { rows } = await bench.sql.query<{ from: string; to: string }>(
        `SELECT f AS from, t AS to FROM unnest($1::text[]) f, unnest($1::text[]) t WHERE f <> t AND task_may_go(f, t)`,
        [taskStatuses],
      );
      const inDatabase = rows.map(({ from, to }) => `${from} → ${to}`);
      const inModel = taskStatuses.flatMap((from) => transitions[from].map((to) => `${from} → ${to}`));
      expect(inDatabase.toSorted()).toEqual(inModel.toSorted());
    });

    it('let nothing of a final task change, not even into itself', async () => {
      const { rows } = await bench.sql.query<{ status: string }>(
        'SELECT s AS status FROM unnest($1::text[]) s WHERE NOT task_may_go(s, s)',
        [taskStatuses],
      );
      expect(rows.map(({ status }) => status)).toEqual(taskStatuses.filter((status) => isFinal(status)));
    });

    /** A task that has come to the status by legal steps. */
    const taskAt = async (status: Task['status']): Promise<Task> => {
      if (status === 'QUEUED') return queued(desk.ledger, { tenantId });
      if (status === 'NEEDS_REVIEW') return (await held(desk.ledger, { tenantId })).task;
      if (status === 'APPROVED') return (await approved(desk.ledger, { tenantId })).task;
      if (status === 'RUNNING') return claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
      if (status === 'SUCCEEDED') return succeeded();
      const { task } = await held(desk.ledger, { tenantId });
      const start =
        status === 'REJECTED' ? task : await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
      await bench.sql.query(`UPDATE tasks SET ${inStatus(status)} WHERE task_id = $1`, [start.taskId]);
      return start;
    };
    /** A task whose result the Judge released. */
    const succeeded = async () => {
      const { taskId, attempt, leaseToken } = await claimed(
        desk.ledger,
        await queued(desk.ledger, { tenantId }),
      );
      const decision = { outcome: 'APPROVE', policyVersion: 1, reasons: [] } as const;
      const result = aResult({ tenantId, taskId, attempt, leaseToken: leaseToken ?? '', decision });
      return decide(desk.ledger, tenantId, { tasks: [taskId] }, (view) => {
        const task = view.get('task', taskId);
        if (!task) throw new Error('The task is there.');
        const done = finishTask(task, 'SUCCEEDED', view.now, { resultId: result.resultId });
        view.put('result', result);
        view.put('task', done);
        return done;
      });
    };
    /** The columns that every constraint wants of a task in the status. */
    const inStatus = (status: Task['status']) => {
      const running = status === 'RUNNING';
      return `status = '${status}', stage = '${status === 'APPROVED' ? 'EXECUTE' : 'PROPOSE'}',
        agent_id = ${running ? `'a'` : 'agent_id'}, lease_token = ${running ? `'t'` : 'NULL'},
        lease_expires_at = ${running ? 'now()' : 'NULL'}, completed_at = ${isFinal(status) ? 'now()' : 'NULL'},
        result_id = ${status === 'SUCCEEDED' ? 'gen_random_uuid()' : 'result_id'},
        review_id = COALESCE(review_id, gen_random_uuid())`;
    };
    const from = (status: Task['status']) =>
      taskStatuses
        .filter((to) => to !== status && !transitions[status].includes(to))
        .map((to) => [status, to] as const);

    it.each(taskStatuses.flatMap(from))('refuse that a task goes from %s to %s', async (status, to) => {
      const { taskId } = await taskAt(status);
      await expect(
        attempt(`UPDATE tasks SET ${inStatus(to)} WHERE task_id = $1`, [taskId], receipts),
      ).rejects.toMatchObject({ ...illegal, message: expect.stringContaining(`from ${status} to ${to}`) });
    });

    it.each(taskStatuses.filter((status) => isFinal(status)))(
      'refuse any change of a %s task',
      async (status) => {
        const { taskId } = await taskAt(status);
        await expect(
          attempt('UPDATE tasks SET updated_at = now() WHERE task_id = $1', [taskId]),
        ).rejects.toMatchObject(illegal);
      },
    );

    it('refuse a new task in any other state than QUEUED', async () => {
      const task = await queued(desk.ledger, { tenantId });
      const { rows } = await bench.sql.query<{ columns: string }>(
        `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns
         WHERE table_name = 'tasks' AND column_name NOT IN ('task_id', 'status', 'completed_at')`,
      );
      const columns = rows[0]?.columns ?? '';
      await expect(
        attempt(
          `INSERT INTO tasks (task_id, status, completed_at, ${columns})
           SELECT gen_random_uuid(), 'CANCELLED', now(), ${columns} FROM tasks WHERE task_id = $1`,
          [task.taskId],
        ),
      ).rejects.toMatchObject(illegal);
    });

    it('refuse that an attempt number comes again, or that what was submitted changes', async () => {
      const { taskId } = await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
      const changes = [
        'attempt = attempt - 1',
        `kind = 'other'`,
        `created_at = now() - interval '1 day'`,
        `trace_id = 'other'`,
        'task_id = gen_random_uuid()',
      ];
      for (const change of changes) {
        await expect(
          attempt(`UPDATE tasks SET ${change} WHERE task_id = $1`, [taskId]),
        ).rejects.toMatchObject(illegal);
      }
    });

    it('refuse that a task succeeds with a result that nobody released, or that is not its own', async () => {
      const { task, result } = await held(desk.ledger, { tenantId });
      const { resultId: released } = await succeeded();
      const running = await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
      const end = `status = 'SUCCEEDED', lease_token = NULL, lease_expires_at = NULL, completed_at = now(), result_id = $2`;
      for (const [taskId, resultId] of [
        [task.taskId, result.resultId],
        [task.taskId, released],
        [task.taskId, randomUUID()],
        [running.taskId, released],
      ]) {
        await expect(
          attempt(`UPDATE tasks SET ${end} WHERE task_id = $1`, [taskId, resultId], receipts),
        ).rejects.toMatchObject({
          ...illegal,
          message: expect.stringContaining('no result that was released'),
        });
      }
      const { task: ready } = await approved(desk.ledger, { tenantId });
      const { taskId } = await claimed(desk.ledger, ready);
      const { rows } = await bench.sql.query<{ id: string }>(
        'SELECT result_id AS id FROM results WHERE task_id = $1',
        [taskId],
      );
      await expect(
        attempt(`UPDATE tasks SET ${end} WHERE task_id = $1`, [taskId, rows[0]?.id]),
      ).resolves.toBe(1);
    });

    it('refuse stage EXECUTE without an approved card of that very task', async () => {
      const pending = await held(desk.ledger, { tenantId });
      const { card: elsewhere } = await approved(desk.ledger, { tenantId });
      const toExecute = `UPDATE tasks SET status = 'APPROVED', stage = 'EXECUTE', review_id = $2 WHERE task_id = $1`;
      const { taskId, reviewId } = pending.card;
      for (const id of [reviewId, elsewhere.reviewId, randomUUID()]) {
        await expect(attempt(toExecute, [taskId, id], receipts)).rejects.toMatchObject({
          ...illegal,
          message: expect.stringContaining('no approved card'),
        });
      }
      const running = await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
      await expect(
        attempt(`UPDATE tasks SET stage = 'EXECUTE', review_id = $2 WHERE task_id = $1`, [
          running.taskId,
          reviewId,
        ]),
      ).rejects.toMatchObject(illegal);
      const carriedOut = await approved(desk.ledger, { tenantId });
      const lease = { agentId: 'a', token: randomUUID(), leaseMs: 1_000 };
      const { taskId: approvedId } = carriedOut.task;
      await decide(desk.ledger, tenantId, { tasks: [approvedId] }, (view) => {
        const task = view.get('task', approvedId);
        if (task) view.put('task', claimTask(task, lease, view.now));
      });
    });
  });

  describe('on statements of many rows', () => {
    it('look at each of them', async () => {
      const tasks = [];
      for (let nth = 0; nth < 3; nth += 1) tasks.push(await queued(desk.ledger, { tenantId }));
      const ids = tasks.map(({ taskId }) => taskId);
      const last = ids[2];
      await expect(
        attempt(
          `UPDATE tasks SET status = CASE WHEN task_id = $2 THEN 'FAILED' ELSE 'CANCELLED' END, completed_at = now()
           WHERE task_id = ANY($1)`,
          [ids, last],
        ),
      ).rejects.toMatchObject({
        ...illegal,
        message: expect.stringContaining(`${last} cannot go from QUEUED`),
      });
      const columns = async (table: string, but: readonly string[]) => {
        const { rows } = await bench.sql.query<{ columns: string }>(
          `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns
           WHERE table_name = $1 AND NOT column_name = ANY ($2)`,
          [table, but],
        );
        return rows[0]?.columns ?? '';
      };
      const others = await columns('tasks', ['tenant_id', 'task_id', 'status', 'completed_at']);
      const add = (tenant: string, status: string) =>
        attempt(
          `INSERT INTO tasks (tenant_id, task_id, status, completed_at, ${others})
           SELECT CASE WHEN task_id = $2 THEN ${tenant} ELSE tenant_id END, gen_random_uuid(),
                  CASE WHEN task_id = $2 THEN ${status} ELSE status END,
                  CASE WHEN task_id = $2 AND ${status} <> 'QUEUED' THEN now() END, ${others}
           FROM tasks WHERE task_id = ANY($1) ORDER BY task_id`,
          [ids, last],
        );
      await expect(add('tenant_id', `'QUEUED'`)).resolves.toBe(3);
      await expect(add(`'t_nobody'`, `'QUEUED'`)).rejects.toMatchObject({ code: '23503' });
      await expect(add('tenant_id', `'CANCELLED'`)).rejects.toMatchObject(illegal);
      const { result } = await held(desk.ledger, { tenantId });
      const ofResults = await columns('results', ['result_id', 'task_id', 'attempt', 'lease_token']);
      await expect(
        attempt(
          `INSERT INTO results (result_id, task_id, attempt, lease_token, ${ofResults})
           SELECT gen_random_uuid(), CASE WHEN n = 3 THEN gen_random_uuid() ELSE task_id END, attempt + n, 'token ' || n, ${ofResults}
           FROM results CROSS JOIN generate_series(1, 3) n WHERE result_id = $1 ORDER BY n`,
          [result.resultId],
        ),
      ).rejects.toMatchObject({ code: '23503' });
    });
  });

  describe('on review cards', () => {
    it('refuse any change of a decided card', async () => {
      const { card } = await approved(desk.ledger, { tenantId });
      for (const change of [
        'comment = NULL',
        `status = 'REJECTED'`,
        `status = 'PENDING'`,
        'version = version + 1',
      ]) {
        await expect(
          attempt(`UPDATE review_cards SET ${change} WHERE review_id = $1`, [card.reviewId]),
        ).rejects.toMatchObject(never);
      }
    });

    it('refuse that what a pending card shows changes', async () => {
      const { card } = await held(desk.ledger, { tenantId });
      const changes = [
        `proposed_output = '{"reply":"another"}'`,
        'proposed_output = NULL',
        `proposed_output = '{ "reply": "It is on its way." }'`,
        `output_digest = 'sha256:0'`,
        'result_id = gen_random_uuid()',
        `proposed_by = 'somebody else'`,
      ];
      for (const change of changes) {
        await expect(
          attempt(`UPDATE review_cards SET ${change} WHERE review_id = $1`, [card.reviewId]),
        ).rejects.toMatchObject(never);
      }
    });

    it('refuse a card that is born decided', async () => {
      const { card } = await held(desk.ledger, { tenantId });
      const { rows } = await bench.sql.query<{ columns: string }>(
        `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns WHERE table_name = 'review_cards'
         AND column_name NOT IN ('review_id', 'result_id', 'status', 'operator_id', 'resolution_at')`,
      );
      const columns = rows[0]?.columns ?? '';
      await expect(
        attempt(
          `INSERT INTO review_cards (review_id, result_id, status, operator_id, resolution_at, ${columns})
           SELECT gen_random_uuid(), gen_random_uuid(), 'APPROVED', 'nobody', now(), ${columns}
           FROM review_cards WHERE review_id = $1`,
          [card.reviewId],
        ),
      ).rejects.toMatchObject(illegal);
    });

    it('refuse a second pending card of a task, and a second card of a result', async () => {
      const { card } = await held(desk.ledger, { tenantId });
      const { rows } = await bench.sql.query<{ columns: string }>(
        `SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns WHERE table_name = 'review_cards'
         AND column_name NOT IN ('review_id', 'result_id')`,
      );
      const columns = rows[0]?.columns ?? '';
      for (const [resultId, constraint] of [
        [randomUUID(), 'review_cards_one_pending'],
        [card.resultId, expect.stringMatching(/review_cards_(one_pending|result)/)],
      ]) {
        await expect(
          attempt(
            `INSERT INTO review_cards (review_id, result_id, ${columns})
             SELECT gen_random_uuid(), $2, ${columns} FROM review_cards WHERE review_id = $1`,
            [card.reviewId, resultId],
          ),
        ).rejects.toMatchObject({ code: '23505', constraint });
      }
    });
  });
});
