import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemActor } from '../../../src/models/audit.js';
import type { Page, PageRequest } from '../../../src/models/page.js';
import { decideCard } from '../../../src/models/review.js';
import { finishTask, type Task } from '../../../src/models/task.js';
import { eventually } from '../../contract/eventually.js';
import { anAgent, anApiKey, aSession, aTask } from '../../unit/models/factories.js';
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
  leaseMs,
  openBench,
  queued,
} from './bench.js';

describe('the records', () => {
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

  /** All of a list, read two at a time. */
  const leafThrough = async <T>(read: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> => {
    const items: T[] = [];
    let page: PageRequest = { limit: 2 };
    for (;;) {
      const { items: some, next } = await read(page);
      items.push(...some);
      if (next === null) return items;
      expect(some).toHaveLength(2);
      page = { limit: 2, after: next };
    }
  };
  const inTurn = async <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> => {
    const made: T[] = [];
    for (let index = 0; index < count; index += 1) made.push(await make(index));
    return made;
  };

  it('end a page that is full of bytes before it is full of rows, and leave nothing out', async () => {
    const input = { text: 'x'.repeat(250_000) };
    const large = Array.from({ length: 40 }, () => aTask({ tenantId, input }));
    await keep(desk.ledger, 'task', large);
    const read = (page: PageRequest) => desk.records.tasks(tenantId, {}, page);
    const first = await read({ limit: 200 });
    expect(first.items).toHaveLength(34);
    const rest = await read({ limit: 200, ...(first.next && { after: first.next }) });
    expect(rest).toMatchObject({ items: { length: 6 }, next: null });
    expect(new Set([...first.items, ...rest.items].map(({ taskId }) => taskId)).size).toBe(large.length);
    expect(Object.keys(first.items[0] ?? {})).not.toContain('found');
  });

  it('answer a ping', async () => {
    await expect(desk.records.ping()).resolves.toBeUndefined();
  });

  it('know tenants', async () => {
    await expect(desk.records.tenant(tenantId)).resolves.toMatchObject({ tenantId, name: null });
    await expect(desk.records.tenant('t_nobody')).resolves.toBeUndefined();
  });

  describe('of tasks', () => {
    it('are listed newest first, page by page', async () => {
      const tasks = await inTurn(5, () => queued(desk.ledger, { tenantId }));
      const listed = await leafThrough((page) => desk.records.tasks(tenantId, {}, page));
      expect(listed).toEqual(tasks.toReversed());
    });

    it('are listed by status, kind, session and agent, and by all of them', async () => {
      const session = aSession({ tenantId });
      await keep(desk.ledger, 'session', [session]);
      const { sessionId } = session;
      const waiting = await queued(desk.ledger, { tenantId, kind: 'a:b' });
      const running = await claimed(
        desk.ledger,
        await queued(desk.ledger, { tenantId, kind: 'a:b', sessionId }),
        'x',
      );
      const { task: pending } = await held(desk.ledger, { tenantId, kind: 'other', sessionId });
      const list = async (filter: Parameters<typeof desk.records.tasks>[1]) =>
        (await leafThrough((page) => desk.records.tasks(tenantId, filter, page))).map(({ taskId }) => taskId);
      expect(await list({ status: 'QUEUED' })).toEqual([waiting.taskId]);
      expect(await list({ kind: 'a:b' })).toEqual([running.taskId, waiting.taskId]);
      expect(await list({ sessionId })).toEqual([pending.taskId, running.taskId]);
      expect(await list({ agentId: 'x' })).toEqual([running.taskId]);
      expect(await list({ status: 'RUNNING', kind: 'a:b', sessionId, agentId: 'x' })).toEqual([
        running.taskId,
      ]);
      expect(await list({ status: 'RUNNING', kind: 'other' })).toEqual([]);
    });
  });

  describe('of review cards', () => {
    it('are listed oldest first, or by falling priority and then oldest first', async () => {
      const ranks = [50, 10, 50, 0, 10];
      const cards = (
        await inTurn(5, (index) => held(desk.ledger, { tenantId }, { rank: ranks[index] ?? 0 }))
      ).map(({ card }) => card.reviewId);
      const list = async (sort: 'age' | 'priority') =>
        (await leafThrough((page) => desk.records.reviews(tenantId, { status: 'PENDING' }, sort, page))).map(
          ({ reviewId }) => reviewId,
        );
      expect(await list('age')).toEqual(cards);
      expect(await list('priority')).toEqual([3, 1, 4, 0, 2].map((index) => cards[index]));
    });

    it('are listed by status, reason, kind, agent and assignee, while an assignment lasts', async () => {
      const soon = new Date(Date.now() + 600_000);
      const [plain, pii, assigned, lapsed] = await Promise.all([
        held(desk.ledger, { tenantId }),
        held(desk.ledger, { tenantId, kind: 'a:b' }, { reason: 'PII', agentId: 'x' }),
        held(desk.ledger, { tenantId }, { assignee: 'op', assignedUntil: soon }),
        held(desk.ledger, { tenantId }, { assignee: 'op', assignedUntil: new Date(Date.now() - 1_000) }),
      ]);
      const { card: decided } = await approved(desk.ledger, { tenantId });
      const list = async (filter: Parameters<typeof desk.records.reviews>[1]) =>
        (await leafThrough((page) => desk.records.reviews(tenantId, filter, 'age', page)))
          .map(({ reviewId }) => reviewId)
          .toSorted();
      const ids = (...some: { card: { reviewId: string } }[]) =>
        some.map(({ card }) => card.reviewId).toSorted();
      expect(await list({ status: 'PENDING' })).toEqual(ids(plain, pii, assigned, lapsed));
      expect(await list({ status: 'APPROVED' })).toEqual([decided.reviewId]);
      expect(await list({ reason: 'PII' })).toEqual(ids(pii));
      expect(await list({ kind: 'a:b' })).toEqual(ids(pii));
      expect(await list({ agentId: 'x' })).toEqual(ids(pii));
      expect(await list({ assignee: 'op' })).toEqual(ids(assigned));
      expect(await list({ reason: 'SECRET' })).toEqual([]);
    });

    it('are found among many when they are approved', async () => {
      const [{ card: yes }, { card: open }] = await Promise.all([
        approved(desk.ledger, { tenantId }),
        held(desk.ledger, { tenantId }),
      ]);
      const found = await desk.records.approvedCards(tenantId, [yes.reviewId, open.reviewId, randomUUID()]);
      expect([...found]).toEqual([[yes.reviewId, yes]]);
      expect(await desk.records.approvedCards(tenantId, [])).toEqual(new Map());
    });
  });

  describe('of audit events', () => {
    it('are listed in the order of the record, by everything that can be asked for', async () => {
      const session = aSession({ tenantId });
      const [taskId, reviewId] = [randomUUID(), randomUUID()];
      await keep(desk.ledger, 'session', [session]);
      const operator = { type: 'OPERATOR', id: 'op' } as const;
      const subject = { taskId, reviewId, sessionId: session.sessionId };
      for (const actor of [systemActor, operator]) {
        await decide(desk.ledger, tenantId, {}, (view) => {
          view.record({ type: 'session.paused', actor, ...subject });
          view.record({ type: 'session.resumed', actor });
        });
      }
      const list = async (filter: Parameters<typeof desk.records.audit>[1]) =>
        (await leafThrough((page) => desk.records.audit(tenantId, filter, page))).map(
          ({ sequence }) => sequence,
        );
      const all = await leafThrough((page) => desk.records.audit(tenantId, {}, page));
      expect(all.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
      expect(await list({ types: ['session.paused'] })).toEqual([2, 4]);
      expect(await list({ types: ['session.resumed', 'tenant.created'] })).toEqual([1, 3, 5]);
      expect(await list({ actor: 'op' })).toEqual([4, 5]);
      expect(await list({ taskId })).toEqual([2, 4]);
      expect(await list({ reviewId })).toEqual([2, 4]);
      expect(await list({ sessionId: session.sessionId, actor: 'op' })).toEqual([4]);
      const [from, to] = [all[1]?.at, all[3]?.at];
      const within = all
        .filter(({ at }) => from && to && at >= from && at < to)
        .map(({ sequence }) => sequence);
      expect(await list({ from, to })).toEqual(within);
      expect(await list({ from: new Date(Date.now() + 60_000) })).toEqual([]);
    });
  });

  describe('of policies', () => {
    it('are the one in force, the version asked for, and all of them newest first', async () => {
      const first = await desk.records.policy(tenantId);
      if (!first) throw new Error('Every tenant has a policy.');
      const versions = [2, 3, 4, 5].map((version) => ({
        ...first,
        version,
        reviewDeadlineMs: version * 2 ** 40,
      }));
      await keep(desk.ledger, 'policy', versions);
      await expect(desk.records.policy(tenantId)).resolves.toEqual(versions[3]);
      await expect(desk.records.policy(tenantId, 3)).resolves.toEqual(versions[1]);
      await expect(desk.records.policy(tenantId, 9)).resolves.toBeUndefined();
      const listed = await leafThrough((page) => desk.records.policies(tenantId, page));
      expect(listed).toEqual([first, ...versions].toReversed());
    });
  });

  describe('of API keys', () => {
    it('are listed oldest first', async () => {
      const keys = Array.from({ length: 3 }, () => anApiKey({ tenantId }));
      await keep(desk.ledger, 'apiKey', keys);
      expect(await leafThrough((page) => desk.records.apiKeys(tenantId, page))).toEqual(keys);
    });

    it('are found by their hash while they live, many at a time', async () => {
      const keys = [
        anApiKey({ tenantId }),
        anApiKey({ tenantId, expiresAt: new Date(Date.now() + 60_000) }),
        anApiKey({ tenantId, expiresAt: new Date(Date.now() - 60_000) }),
        anApiKey({ tenantId, revokedAt: new Date() }),
      ];
      await keep(desk.ledger, 'apiKey', keys);
      const hashes = [...keys.map(({ keyHash }) => keyHash), 'unknown', keys[0]?.keyHash ?? ''];
      const found = await Promise.all(hashes.map((hash) => desk.records.liveKey(hash)));
      expect(found).toEqual([keys[0], keys[1], undefined, undefined, undefined, keys[0]]);
    });
  });

  describe("of an agent's work", () => {
    const leaseOf = async (taskId: string) =>
      (await desk.records.task(tenantId, taskId))?.leaseExpiresAt?.getTime() ?? 0;
    const hand = async (agentId: string, ms: number, fields: Partial<Task> = {}) =>
      claimed(desk.ledger, await queued(desk.ledger, { tenantId, ...fields }), agentId, ms);

    it('tell what it has in hand, with leases that run on', async () => {
      const [spent, fresh, elsewhere] = await Promise.all([
        hand('a', leaseMs / 2 - 5_000),
        hand('a', leaseMs),
        hand('b', leaseMs / 2 - 5_000),
      ]);
      const before = await leaseOf(fresh.taskId);
      const { leases, cancelledTaskIds } = await desk.records.workOf(tenantId, 'a');
      expect(cancelledTaskIds).toEqual([]);
      expect(leases.map(({ taskId }) => taskId)).toEqual([spent.taskId, fresh.taskId].toSorted());
      for (const { taskId, leaseExpiresAt } of leases)
        expect(leaseExpiresAt.getTime()).toBe(await leaseOf(taskId));
      expect(await leaseOf(spent.taskId)).toBeGreaterThan(Date.now() + leaseMs - 5_000);
      expect(await leaseOf(fresh.taskId)).toBe(before);
      expect(await leaseOf(elsewhere.taskId)).toBe(elsewhere.leaseExpiresAt?.getTime());
    });

    it('never bring back a lease that has run out', async () => {
      const lost = await hand('a', 1);
      await eventually(
        async () => (await desk.watch.lostLeases(1_000)).map(({ taskId }) => taskId),
        (ids) => ids.includes(lost.taskId),
      );
      await desk.records.workOf(tenantId, 'a');
      expect(await leaseOf(lost.taskId)).toBe(lost.leaseExpiresAt?.getTime());
    });

    it("never let a lease run on beyond its attempt's time", async () => {
      const timeoutMs = leaseMs / 4;
      const bound = await hand('a', leaseMs / 8, { timeoutMs });
      await desk.records.workOf(tenantId, 'a');
      const deadline = bound.deadlineAt?.getTime();
      expect(await leaseOf(bound.taskId)).toBe(deadline);
      await desk.records.workOf(tenantId, 'a');
      expect(await leaseOf(bound.taskId)).toBe(deadline);
    });

    it('pass over a task that is changing hands, without waiting for it', async () => {
      const spent = await hand('a', leaseMs / 4);
      await bench.sql.query('BEGIN');
      await bench.sql.query('SELECT FROM tasks WHERE task_id = $1 FOR NO KEY UPDATE', [spent.taskId]);
      const { leases } = await desk.records.workOf(tenantId, 'a');
      await bench.sql.query('ROLLBACK');
      expect(leases).toEqual([{ taskId: spent.taskId, leaseExpiresAt: spent.leaseExpiresAt }]);
    });

    describe('when the agent says what it has in hand', () => {
      const half = leaseMs / 2 - 5_000;
      const renewed = async ({ taskId, leaseExpiresAt }: Task) =>
        (await leaseOf(taskId)) > (leaseExpiresAt?.getTime() ?? Infinity);

      it('let no lease run on that it does not know of, and tell it of all', async () => {
        const [known, unknown] = await Promise.all([hand('a', half), hand('a', half)]);
        const inHand = [known.taskId.toUpperCase(), randomUUID()];
        const { leases } = await desk.records.workOf(tenantId, 'a', inHand);
        expect(leases.map(({ taskId }) => taskId)).toEqual([known.taskId, unknown.taskId].toSorted());
        expect(await renewed(known)).toBe(true);
        expect(await renewed(unknown)).toBe(false);
        await desk.records.workOf(tenantId, 'a', []);
        expect(await renewed(unknown)).toBe(false);
      });

      it('let nothing run on for what it says of the tasks of others', async () => {
        const [own, others] = await Promise.all([hand('a', half), hand('b', half)]);
        const inHand = [own.taskId, others.taskId];
        await Promise.all([
          desk.records.workOf(tenantId, 'a', inHand),
          desk.records.workOf(tenantId, 'b', []),
        ]);
        expect(await renewed(own)).toBe(true);
        expect(await renewed(others)).toBe(false);
      });

      it('let all run on when it says so at one place and nothing at another', async () => {
        const [known, unknown] = await Promise.all([hand('a', half), hand('a', half)]);
        const works = await Promise.all([
          desk.records.workOf(tenantId, 'a', [known.taskId]),
          desk.records.workOf(tenantId, 'a'),
        ]);
        for (const { leases } of works) expect(leases).toHaveLength(2);
        expect(await renewed(known)).toBe(true);
        expect(await renewed(unknown)).toBe(true);
      });
    });

    it('tell which of its tasks were cancelled a while ago', async () => {
      const [cancelled, done] = await Promise.all([hand('a', leaseMs), hand('a', leaseMs)]);
      await change(desk.ledger, cancelled, (task, now) => finishTask(task, 'CANCELLED', now));
      await change(desk.ledger, done, (task, now) =>
        finishTask(task, 'FAILED', now, { error: { code: 'X', message: 'x', retryable: false } }),
      );
      expect(await desk.records.workOf(tenantId, 'a')).toEqual({
        leases: [],
        cancelledTaskIds: [cancelled.taskId],
      });
    });

    it('have an answer for each of many that ask at once', async () => {
      const tasks = await Promise.all(['a', 'b', 'c'].map((agentId) => hand(agentId, leaseMs)));
      const works = await Promise.all(
        ['c', 'a', 'nobody', 'a', 'b'].map((agentId) => desk.records.workOf(tenantId, agentId)),
      );
      const idsOf = (work: (typeof works)[number]) => work.leases.map(({ taskId }) => taskId);
      const [a, b, c] = tasks.map(({ taskId }) => taskId);
      expect(works.map(idsOf)).toEqual([[c], [a], [], [a], [b]]);
      const held = await desk.records.heldTasks(tenantId, ['a', 'c', 'nobody']);
      expect([...held].toSorted()).toEqual([
        ['a', [a]],
        ['c', [c]],
      ]);
    });
  });

  it('count what waits, and for how long', async () => {
    const longAgo = new Date(Date.now() - 600_000);
    await queued(desk.ledger, { tenantId, availableAt: longAgo });
    await queued(desk.ledger, { tenantId, availableAt: new Date(Date.now() + 600_000) });
    await approved(desk.ledger, { tenantId });
    await held(desk.ledger, { tenantId }, { timestamp: longAgo });
    await claimed(desk.ledger, await queued(desk.ledger, { tenantId }));
    const backlog = await desk.records.backlog(tenantId);
    expect(backlog.tasks).toMatchObject({
      QUEUED: 2,
      RUNNING: 1,
      NEEDS_REVIEW: 1,
      APPROVED: 1,
      SUCCEEDED: 0,
    });
    expect(backlog.queue.ready).toBe(2);
    expect(backlog.queue.oldestReadyMs).toBeGreaterThanOrEqual(600_000);
    expect(backlog.reviews.pending).toBe(1);
    expect(backlog.reviews.oldestPendingMs).toBeGreaterThanOrEqual(600_000);

    const empty = await desk.records.backlog(await aTenant(desk.ledger));
    expect(empty.queue).toEqual({ ready: 0, oldestReadyMs: null });
    expect(empty.reviews).toEqual({ pending: 0, oldestPendingMs: null });
  });

  it("show nothing of another tenant's", async () => {
    const elsewhere = await aTenant(desk.ledger);
    const session = aSession({ tenantId: elsewhere });
    const apiKey = anApiKey({ tenantId: elsewhere });
    await keep(desk.ledger, 'session', [session]);
    await keep(desk.ledger, 'apiKey', [apiKey]);
    await keep(desk.ledger, 'agent', [anAgent({ tenantId: elsewhere })]);
    const { task, card, result } = await held(desk.ledger, {
      tenantId: elsewhere,
      sessionId: session.sessionId,
    });
    const decided = await approved(desk.ledger, { tenantId: elsewhere });
    const running = await claimed(desk.ledger, await queued(desk.ledger, { tenantId: elsewhere }), 'theirs');
    const look = (tenant: string) =>
      Promise.all([
        desk.records.task(tenant, task.taskId),
        desk.records.review(tenant, card.reviewId),
        desk.records.find('session', tenant, session.sessionId),
        desk.records.find('agent', tenant, 'writer-1'),
        desk.records.find('apiKey', tenant, apiKey.keyId),
        desk.records.result(tenant, result.resultId),
        desk.records.approvedCards(tenant, [decided.card.reviewId]).then((cards) => [...cards.values()][0]),
        desk.records.tasks(tenant, {}, { limit: 9 }).then(({ items }) => items[0]),
        desk.records.reviews(tenant, {}, 'age', { limit: 9 }).then(({ items }) => items[0]),
        desk.records.apiKeys(tenant, { limit: 9 }).then(({ items }) => items[0]),
        desk.records.audit(tenant, { taskId: task.taskId }, { limit: 9 }).then(({ items }) => items[0]),
        desk.records.heldTasks(tenant, ['theirs']).then((tasks) => tasks.get('theirs')),
        desk.records.workOf(tenant, 'theirs').then(({ leases }) => leases[0]),
      ]);
    const mine = await look(tenantId);
    expect(mine).toEqual(mine.map(() => undefined));
    await decide(desk.ledger, elsewhere, {}, (view) =>
      view.record({ type: 'task.queued', actor: systemActor, taskId: task.taskId }),
    );
    expect(await look(elsewhere)).not.toContain(undefined);
    expect((await desk.records.backlog(tenantId)).tasks).toMatchObject({ RUNNING: 0, NEEDS_REVIEW: 0 });
    expect(running.tenantId).toBe(elsewhere);
  });

  it('find a card as it was decided', async () => {
    const { card } = await held(desk.ledger, { tenantId });
    const edit = { output: { reply: 'edited' }, outputDigest: 'sha256:edited' };
    const decided = await decide(desk.ledger, tenantId, { reviews: [card.reviewId] }, (view) => {
      const said = { status: 'APPROVED', operatorId: 'op', comment: 'Known case.', edit } as const;
      const next = decideCard(view.get('review', card.reviewId) ?? card, said, view.now);
      view.put('review', next);
      return next;
    });
    await expect(desk.records.review(tenantId, card.reviewId)).resolves.toEqual(decided);
  });
});
