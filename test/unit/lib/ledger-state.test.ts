import { describe, expect, it } from '@jest/globals';
import { LedgerState } from '../../../src/lib/postgres/ledger-state.js';
import { type AuditEntry, genesisHash, linkHash, systemActor } from '../../../src/models/audit.js';
import { claimTask, finishTask, requeueTask } from '../../../src/models/task.js';
import { anAgent, aRunningTask, aSession, aTask } from '../models/factories.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const tenantId = 't_factory';
const lease = { agentId: 'writer-1', token: 'token', leaseMs: 30_000 };
const queued: AuditEntry = { type: 'task.queued', actor: systemActor };

function aState(): LedgerState {
  const heads = [tenantId, 't_other'].map(
    (id) => [id, { sequence: 0, hash: genesisHash, openTasks: 2, counted: true }] as const,
  );
  return new LedgerState(now, new Map(heads));
}

describe('the state of a batch', () => {
  it('shows a unit of work what it put itself and what units before it have put', () => {
    const state = aState();
    const task = aTask();
    state.run(tenantId, (view) => {
      view.put('task', task);
      expect(view.get('task', task.taskId)).toBe(task);
    });
    const seen = state.run(tenantId, (view) => view.get('task', task.taskId));
    expect(seen).toBe(task);
  });

  it('keeps nothing of a unit that throws, and all of those around it', () => {
    const state = aState();
    const running = aRunningTask({ idempotencyKey: 'key' });
    const agent = anAgent();
    state.load('agent', [agent]);
    state.run(tenantId, (view) => view.record(queued));
    const fault = new Error('Refused.');
    const failing = () =>
      state.run(tenantId, (view) => {
        view.put('task', running);
        view.put('agent', { ...agent, paused: true });
        view.record(queued);
        throw fault;
      });
    expect(failing).toThrow(fault);
    state.run(tenantId, (view) => {
      expect(view.get('task', running.taskId)).toBeUndefined();
      expect(view.taskByIdempotencyKey('key')).toBeUndefined();
      expect(view.heldBy('writer-1')).toBe(0);
      expect(view.get('agent', agent.agentId)).toBe(agent);
      view.record(queued);
    });
    expect(state.inserted('task')).toEqual([]);
    expect(state.updated('agent')).toEqual([]);
    expect(state.events.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  describe('with a follow-up', () => {
    const submitted = aTask();
    const leased = claimTask(submitted, lease, now);

    it('has a new task written as it was before it, and then as it is behind it', () => {
      const state = aState();
      state.run(tenantId, (view) => view.put('task', submitted));
      state.runFollowUp(tenantId, (view) => {
        expect(view.get('task', submitted.taskId)).toBe(submitted);
        view.put('task', leased);
      });
      expect(state.inserted('task')).toEqual([submitted]);
      expect(state.updated('task')).toEqual([]);
      expect(state.tasksFollowedUp()).toEqual([{ ...leased, storedVersion: submitted.version }]);
      expect(state.run(tenantId, (view) => view.heldBy('writer-1'))).toBe(1);
    });

    it('has a known task written in both steps, each from the version before', () => {
      const state = aState();
      const held = aRunningTask({ version: 7 });
      const waiting = requeueTask(held, now);
      const again = claimTask(waiting, lease, now);
      state.loadTasks([held]);
      state.run(tenantId, (view) => view.put('task', waiting));
      state.runFollowUp(tenantId, (view) => view.put('task', again));
      expect(state.updated('task')).toEqual([{ ...waiting, storedVersion: 7 }]);
      expect(state.tasksFollowedUp()).toEqual([{ ...again, storedVersion: 8 }]);
    });

    it('has what later units make of the task in the last step', () => {
      const state = aState();
      const cancelled = finishTask(leased, 'CANCELLED', now);
      state.run(tenantId, (view) => view.put('task', submitted));
      state.runFollowUp(tenantId, (view) => view.put('task', leased));
      state.run(tenantId, (view) => view.put('task', cancelled));
      expect(state.inserted('task')).toEqual([submitted]);
      expect(state.tasksFollowedUp()).toEqual([{ ...cancelled, storedVersion: submitted.version }]);
    });

    it('has one step for a task that only the follow-up changes, and none for one that throws', () => {
      const state = aState();
      const held = aRunningTask({ version: 7 });
      state.loadTasks([held]);
      state.runFollowUp(tenantId, (view) => view.put('task', requeueTask(held, now)));
      expect(state.updated('task')).toMatchObject([{ status: 'QUEUED', storedVersion: 7 }]);
      expect(state.tasksFollowedUp()).toEqual([]);
      state.run(tenantId, (view) => view.put('task', submitted));
      const fault = new Error('A fault.');
      const failing = () =>
        state.runFollowUp(tenantId, (view) => {
          view.put('task', leased);
          throw fault;
        });
      expect(failing).toThrow(fault);
      expect(state.inserted('task')).toEqual([submitted]);
      expect(state.tasksFollowedUp()).toEqual([]);
    });
  });

  it('shows nothing of one tenant to another', () => {
    const state = aState();
    const task = aRunningTask({ idempotencyKey: 'key' });
    state.loadTasks([task]);
    state.loadHeld(tenantId, 'writer-1', 1);
    state.run('t_other', (view) => {
      expect(view.get('task', task.taskId)).toBeUndefined();
      expect(view.taskByIdempotencyKey('key')).toBeUndefined();
      expect(view.heldBy('writer-1')).toBe(0);
    });
  });

  it('counts what an agent holds through claims, returns and endings', () => {
    const state = aState();
    const [one, two] = [aTask(), aTask()];
    state.loadTasks([one, two]);
    state.loadHeld(tenantId, 'writer-1', 3);
    const held = () => state.run(tenantId, (view) => view.heldBy('writer-1'));
    const claimed = [one, two].map((task) => claimTask(task, lease, now));
    const counts = [held()];
    for (const task of [
      ...claimed,
      ...claimed.slice(0, 1).map((task) => requeueTask(task, now)),
      ...claimed.slice(1).map((task) => finishTask(task, 'FAILED', now)),
    ]) {
      state.run(tenantId, (view) => {
        view.put('task', task);
      });
      counts.push(held());
    }
    expect(counts).toEqual([3, 4, 5, 4, 3]);
  });

  it('counts the open tasks of each tenant through submissions and endings, and none of a unit that throws', () => {
    const state = aState();
    const [known, fresh, refused] = [aTask(), aTask(), aTask()];
    state.loadTasks([known]);
    const put = (task: typeof known, then: () => void = () => undefined) =>
      state.run(tenantId, (view) => {
        view.put('task', task);
        then();
        return view.openTasks;
      });
    expect(put(fresh)).toBe(2);
    const fail = () => {
      throw new Error('Refused.');
    };
    expect(() => put(refused, fail)).toThrow('Refused.');
    expect(put(claimTask(fresh, lease, now))).toBe(3);
    put(finishTask(claimTask(known, lease, now), 'FAILED', now));
    expect([state.openTasksOf(tenantId), state.openTasksOf('t_other')]).toEqual([2, 2]);
  });

  it('finds a task by the key of its submission, within the batch that submitted it', () => {
    const state = aState();
    const task = aTask({ idempotencyKey: 'key' });
    state.run(tenantId, (view) => {
      view.put('task', task);
    });
    expect(state.run(tenantId, (view) => view.taskByIdempotencyKey('key'))).toBe(task);
  });

  it('inserts what is new and updates what changed, each once and from the version that was read', () => {
    const state = aState();
    const [known, untouched, fresh] = [aSession({ version: 4 }), aSession(), aSession()];
    state.load('session', [known, untouched]);
    const put = (session: typeof known) =>
      state.run(tenantId, (view) => {
        view.put('session', session);
      });
    put({ ...known, version: 5 });
    put({ ...known, version: 6, state: 'STOPPED' });
    put(fresh);
    put({ ...fresh, version: 2 });
    expect(state.updated('session')).toEqual([{ ...known, version: 6, state: 'STOPPED', storedVersion: 4 }]);
    expect(state.inserted('session')).toEqual([{ ...fresh, version: 2 }]);
  });

  it('chains the entries of each tenant, without gaps, onto the end that was read', () => {
    const heads = new Map([
      [tenantId, { sequence: 41, hash: 'a'.repeat(64), openTasks: 7, counted: true }],
      ['t_other', { sequence: 0, hash: genesisHash, openTasks: 0, counted: true }],
    ]);
    const state = new LedgerState(now, heads);
    for (const tenant of [tenantId, 't_other', tenantId]) {
      state.run(tenant, (view) => {
        view.record(queued);
        view.record({ ...queued, type: 'task.running' });
      });
    }
    const mine = state.events.filter((event) => event.tenantId === tenantId);
    expect(mine.map(({ sequence }) => sequence)).toEqual([42, 43, 44, 45]);
    expect(mine.map(({ previousHash }) => previousHash)).toEqual([
      'a'.repeat(64),
      ...mine.slice(0, -1).map(({ hash }) => hash),
    ]);
    for (const { hash, ...event } of state.events) expect(hash).toBe(linkHash(event));
    expect(state.events.every(({ at }) => at === now)).toBe(true);
    expect(heads.get(tenantId)).toEqual({
      sequence: 45,
      hash: mine.at(-1)?.hash,
      openTasks: 7,
      counted: true,
    });
  });

  it('puts nothing on a record that is not locked', () => {
    expect(() => aState().run('t_third', (view) => view.record(queued))).toThrow('t_third is not locked');
  });
});
