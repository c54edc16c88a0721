import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Signal } from '../../src/ports/signals.js';
import type { TaskQueuePort, Ticket } from '../../src/ports/task-queue.js';
import { aTicket } from '../unit/models/factories.js';
import { eventually } from './eventually.js';
import type { Link } from './link.js';

/** Where the tickets of a fleet lie. */
export interface TaskQueueStore {
  /** One more instance on the store, as another process has it, and what it has signalled. */
  open(): Promise<OpenTaskQueue>;
  /** An instance, and the link that it has to the store. */
  openOverLink(): Promise<OpenTaskQueue & { readonly link: Link }>;
  /** Takes a ticket out of the queue and does no more about it, as a process does that dies at that instant. */
  takeAndDie(tenantId: string, kind: string): Promise<string | undefined>;
  /** The data of every job there is, as text. */
  jobData(): Promise<readonly string[]>;
  drop(): Promise<void>;
}

export interface OpenTaskQueue {
  readonly queue: TaskQueuePort;
  readonly signals: readonly Signal[];
  close(): Promise<void>;
}

const kind = 'support.reply';

/** What every queue of tasks promises. */
export function taskQueueContract(name: string, openStore: () => Promise<TaskQueueStore>): void {
  describe(name, () => {
    let store: TaskQueueStore;
    let open: OpenTaskQueue;
    let queue: TaskQueuePort;
    let tenantId: string;

    beforeAll(async () => {
      store = await openStore();
    });
    beforeEach(async () => {
      tenantId = `t_${randomBytes(6).toString('hex')}`;
      open = await store.open();
      queue = open.queue;
    });
    afterEach(() => open.close());
    afterAll(() => store.drop());

    const ticket = (fields: Partial<Ticket> = {}) => aTicket({ tenantId, kind, ...fields });
    const take = async (max: number, kinds = [kind]) =>
      (await queue.take(tenantId, kinds, max)).map(({ taskId }) => taskId);
    const taskIds = (tickets: readonly Ticket[]) => tickets.map(({ taskId }) => taskId);

    it('hands out a ticket as it was added, once', async () => {
      const added = ticket({ attempt: 7 });
      await queue.add([added]);
      const { taskId, attempt } = added;
      expect(await queue.take(tenantId, [kind], 10)).toEqual([{ tenantId, kind, taskId, attempt }]);
      expect(await queue.take(tenantId, [kind], 10)).toEqual([]);
    });

    it('adds a ticket that waits already no second time', async () => {
      const added = ticket();
      await queue.add([added]);
      await queue.add([added, { ...added, priority: 90 }]);
      expect(await queue.size(tenantId, kind)).toBe(1);
      expect(await take(10)).toEqual([added.taskId]);
      expect(await take(10)).toEqual([]);
    });

    it('adds a ticket again that was taken, and one for the next attempt', async () => {
      const added = ticket();
      await queue.add([added]);
      expect(await take(1)).toEqual([added.taskId]);
      await queue.add([added, { ...added, attempt: 2 }]);
      const taken = await queue.take(tenantId, [kind], 10);
      expect(taken.map(({ attempt }) => attempt).toSorted()).toEqual([1, 2]);
    });

    it('does nothing for no tickets', async () => {
      await expect(queue.add([])).resolves.toBeUndefined();
      expect(open.signals).toEqual([]);
    });

    it('has nothing in a queue that nobody has put anything in', async () => {
      expect(await queue.take(tenantId, ['never.heard:of-it'], 10)).toEqual([]);
      expect(await queue.size(tenantId, 'never.heard:of-it')).toBe(0);
      expect(await queue.take(tenantId, [], 10)).toEqual([]);
    });

    it('hands out the highest priority first, and the oldest first among equals', async () => {
      const inOrder = [
        ...[100, 99, 51, 50].map((priority) => ticket({ priority })),
        ...Array.from({ length: 20 }, () => ticket({ priority: 7 })),
        ...[1, 0].map((priority) => ticket({ priority })),
      ];
      const [first, ...rest] = inOrder.slice(4, 24);
      if (!first) throw new Error('Twenty tickets have a first.');
      await queue.add([...inOrder.slice(24).reverse(), first]);
      await queue.add(rest);
      await queue.add(inOrder.slice(0, 4).reverse());
      expect(await take(100)).toEqual(taskIds(inOrder));
    });

    it('hands out no more than were asked for, and the rest later', async () => {
      const tickets = Array.from({ length: 5 }, () => ticket());
      await queue.add(tickets);
      expect(await take(2)).toEqual(taskIds(tickets.slice(0, 2)));
      expect(await queue.size(tenantId, kind)).toBe(3);
      expect(await take(2)).toEqual(taskIds(tickets.slice(2, 4)));
      expect(await take(2)).toEqual(taskIds(tickets.slice(4)));
    });

    it('takes of several kinds at once, in their order', async () => {
      const kinds = ['a', 'b', 'c'];
      const tickets = kinds.map((one) => ticket({ kind: one }));
      await queue.add(tickets);
      expect(await take(10, ['c', 'x', 'a'])).toEqual([tickets[2]?.taskId, tickets[0]?.taskId]);
      expect(await take(10, kinds)).toEqual([tickets[1]?.taskId]);
    });

    it('keeps kinds and tenants apart, whatever legal characters they are made of', async () => {
      const kinds = ['a:b', 'a.b', 'a-b', 'a_b', 'A:B', 'a', 'a:', 'a::b', '3A', 'a3Ab', 'x'.repeat(128)];
      const tenants = [tenantId, `${tenantId}-a`, `${tenantId}_a`];
      const tickets = tenants.flatMap((tenant) =>
        kinds.map((one) => aTicket({ tenantId: tenant, kind: one })),
      );
      await queue.add(tickets);
      for (const { tenantId: tenant, kind: one, taskId, attempt } of tickets) {
        expect(await queue.size(tenant, one)).toBe(1);
        expect(await queue.take(tenant, [one], 10)).toEqual([
          { tenantId: tenant, kind: one, taskId, attempt },
        ]);
      }
    });

    it('gives each of a thousand tickets to one of fifty takers in two processes', async () => {
      const tickets = Array.from({ length: 1_000 }, () => ticket());
      const other = await store.open();
      await queue.add(tickets);
      const takeAll = async (taker: number): Promise<string[]> => {
        const all: string[] = [];
        const from = taker % 2 === 0 ? queue : other.queue;
        for (;;) {
          const taken = await from.take(tenantId, [kind], 1 + (taker % 7));
          if (taken.length === 0) return all;
          all.push(...taken.map(({ taskId }) => taskId));
        }
      };
      const taken = await Promise.all(Array.from({ length: 50 }, (_, taker) => takeAll(taker)));
      await other.close();
      expect(taken.flat().toSorted()).toEqual(taskIds(tickets).toSorted());
    });

    it('hands out a ticket with a delay only after it, and says then that it is ready', async () => {
      const delayMs = 400;
      const [late, now] = [ticket({ delayMs, kind: 'a:b' }), ticket({ kind: 'a:b' })];
      const start = Date.now();
      await queue.add([late, now]);
      await queue.add([late]);
      expect(await take(10, ['a:b'])).toEqual([now.taskId]);
      expect(await take(10, ['a:b'])).toEqual([]);
      await eventually(
        () => open.signals.length,
        (count) => count === 2,
      );
      expect(Date.now() - start).toBeGreaterThanOrEqual(delayMs);
      expect(open.signals).toEqual([
        { topic: 'ready', tenantId, kind: 'a:b', count: 1 },
        { topic: 'ready', tenantId, kind: 'a:b', count: 1 },
      ]);
      expect(await take(10, ['a:b'])).toEqual([late.taskId]);
      expect(await take(10, ['a:b'])).toEqual([]);
    });

    it('counts what can be taken', async () => {
      expect(await queue.size(tenantId, kind)).toBe(0);
      await queue.add([ticket({ priority: 0 }), ticket({ priority: 100 }), ticket({ kind: 'other' })]);
      expect(await queue.size(tenantId, kind)).toBe(2);
      await take(1);
      expect(await queue.size(tenantId, kind)).toBe(1);
    });

    it('says how many have become ready, kind by kind', async () => {
      await queue.add([ticket(), ticket({ kind: 'a:b' }), ticket()]);
      await queue.add([ticket(), ticket({ delayMs: 60_000 })]);
      const readyOf = (wanted: string) =>
        open.signals.reduce(
          (sum, signal) =>
            signal.topic === 'ready' && signal.tenantId === tenantId && signal.kind === wanted
              ? sum + signal.count
              : sum,
          0,
        );
      expect(readyOf(kind)).toBe(3);
      expect(readyOf('a:b')).toBe(1);
    });

    it('signals only what another process can already take', async () => {
      const other = await store.open();
      await queue.add([ticket()]);
      expect(open.signals).toHaveLength(1);
      expect(await other.queue.take(tenantId, [kind], 1)).toHaveLength(1);
      await other.close();
    });

    it('carries ids, and nothing else that a job could give away', async () => {
      const canary = randomUUID();
      const late = ticket({ delayMs: 60_000 });
      const leaky = { ...ticket(), input: canary, output: canary };
      await queue.add([leaky, { ...late, ...{ input: canary } }]);
      const data = await store.jobData();
      expect(data.length).toBeGreaterThanOrEqual(2);
      expect(data.filter((one) => one.includes(canary))).toEqual([]);
      const { taskId, attempt, priority } = late;
      expect(data.map((one): unknown => JSON.parse(one))).toContainEqual({
        tenantId,
        kind,
        taskId,
        attempt,
        priority,
      });
    });

    it('lets go of a ticket that a process died with, and of no other', async () => {
      const [first, second] = [ticket(), ticket()];
      await queue.add([first, second]);
      expect(await store.takeAndDie(tenantId, kind)).toContain(first.taskId);
      await eventually(
        async () => {
          await queue.recover(tenantId, kind);
          await queue.add([first]);
          return queue.size(tenantId, kind);
        },
        (size) => size === 2,
      );
      expect((await take(10)).toSorted()).toEqual([first.taskId, second.taskId].toSorted());
      await queue.recover(tenantId, kind);
      expect(await take(10)).toEqual([]);
    });

    it('opens and forgets any number of queues', async () => {
      const kinds = Array.from({ length: 1_200 }, (_, index) => `kind-${index}`);
      const oldest = ticket({ kind: 'kind-0' });
      await queue.add([oldest]);
      for (let start = 0; start < kinds.length; start += 100) {
        await Promise.all(kinds.slice(start, start + 100).map((one) => queue.size(tenantId, one)));
      }
      await queue.add([ticket({ kind: 'kind-0' })]);
      expect(await queue.size(tenantId, 'kind-0')).toBe(2);
      expect(await take(1, ['kind-0'])).toEqual([oldest.taskId]);
    });

    it('refuses with UNAVAILABLE while its store is away, and works when it is back', async () => {
      const lost = await store.openOverLink();
      const [before, during] = [ticket(), ticket()];
      await lost.queue.add([before]);
      await lost.link.cut();
      await expect(lost.queue.take(tenantId, [kind], 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(lost.queue.add([during])).rejects.toThrow();
      await lost.link.mend();
      const taken = await eventually(
        () => lost.queue.take(tenantId, [kind], 10).catch(() => []),
        (tickets) => tickets.length > 0,
      );
      expect(taken.map(({ taskId }) => taskId)).toEqual([before.taskId]);
      await lost.close();
    });

    it.each<[string, (link: Link) => unknown]>([
      ['is away', (link) => link.cut()],
      ['says nothing', (link) => link.silence()],
    ])('ends in good time while its store %s', async (_state, lose) => {
      const lost = await store.openOverLink();
      await lost.queue.add([ticket({ delayMs: 60_000 })]);
      await lose(lost.link);
      const begun = performance.now();
      await lost.close();
      expect(performance.now() - begun).toBeLessThan(5_000);
    });
  });
}
