import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { claimTask, finishTask, type Task } from '../../../src/models/task.js';
import { systemActor } from '../../../src/models/audit.js';
import { aTask } from '../../unit/models/factories.js';
import { aTenant, type Bench, decide, type Desk, openBench } from './bench.js';

type Step = 'submit' | 'claim' | 'finish' | 'throw';

const steps = fc.array(fc.constantFrom<Step>('submit', 'submit', 'claim', 'finish', 'throw'), {
  maxLength: 30,
});

describe('the count of open tasks', () => {
  let bench: Bench;
  let desk: Desk;
  let other: Desk;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    other = await bench.open();
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });
  afterAll(() => bench.drop());

  const put = ({ ledger }: Desk, tenant: string, task: Task, fault?: Error) =>
    decide(ledger, tenant, { tasks: [task.taskId], openTasks: true }, (view) => {
      view.put('task', task);
      view.record({ type: 'task.queued', actor: systemActor, taskId: task.taskId });
      if (fault) throw fault;
      return view.openTasks;
    });
  const lookAt = (tenant: string) =>
    decide(desk.ledger, tenant, { openTasks: true }, (view) => view.openTasks);
  const rowsOf = async (tenant: string) => {
    const { rows } = await bench.sql.query<{ open: number }>(
      'SELECT count(*)::integer AS open FROM tasks WHERE tenant_id = $1 AND completed_at IS NULL',
      [tenant],
    );
    return rows[0]?.open;
  };

  it('is that of the rows, whatever was submitted, ended and refused, together and by any process', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const tenant = await aTenant(desk.ledger);
        const open: Task[] = [];
        for (const [index, step] of taken.entries()) {
          const at = index % 2 === 0 ? desk : other;
          const fresh = aTask({ tenantId: tenant });
          if (step === 'submit') {
            // Two units that may share a batch.
            const twin = aTask({ tenantId: tenant });
            await Promise.all([put(at, tenant, fresh), put(at, tenant, twin)]);
            open.push(fresh, twin);
          } else if (step === 'throw') {
            await expect(put(at, tenant, fresh, new Error('Refused.'))).rejects.toThrow('Refused.');
          } else {
            const task = open.shift();
            if (!task) continue;
            const next = moved(task, step);
            await put(at, tenant, next);
            if (next.completedAt === null) open.push(next);
          }
        }
        expect([await lookAt(tenant), await rowsOf(tenant)]).toEqual([open.length, open.length]);
      }),
      { numRuns: 25 },
    );
  });

  it('is kept by a unit that says nothing of what it changes, too', async () => {
    await decide(desk.ledger, tenantId, {}, (view) => {
      view.put('task', aTask({ tenantId }));
    });
    expect([await lookAt(tenantId), await rowsOf(tenantId)]).toEqual([1, 1]);
  });

  it('is taken anew after a version that does not keep it has written', async () => {
    await put(desk, tenantId, aTask({ tenantId }));
    await bench.sql.query('UPDATE audit_heads SET open_tasks = 7, open_tasks_at = 0 WHERE tenant_id = $1', [
      tenantId,
    ]);
    // Who does not ask does not count, and says no wrong number either.
    await decide(other.ledger, tenantId, {}, (view) => {
      view.put('task', aTask({ tenantId }));
      view.record({ type: 'task.queued', actor: systemActor });
    });
    expect(await lookAt(tenantId)).toBe(2);
    expect(await put(other, tenantId, aTask({ tenantId }))).toBe(2);
    expect(await lookAt(tenantId)).toBe(3);
    const { rows } = await bench.sql.query(
      'SELECT open_tasks::integer AS open, open_tasks_at = sequence AS current FROM audit_heads WHERE tenant_id = $1',
      [tenantId],
    );
    expect(rows).toEqual([{ open: 3, current: true }]);
  });
});

/** A waiting task that is claimed is running; any other has ended after the step. */
function moved(task: Task, step: Step): Task {
  const now = new Date();
  if (task.status === 'RUNNING') return finishTask(task, 'FAILED', now);
  if (step === 'finish') return finishTask(task, 'CANCELLED', now);
  return claimTask(task, { agentId: 'writer-1', token: task.taskId, leaseMs: 60_000 }, now);
}
