import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Decision } from '../../../src/models/decision.js';
import { digestOf } from '../../../src/models/digest.js';
import type { ApprovalReceipt } from '../../../src/models/receipt.js';
import { decideCard, type ReviewCard } from '../../../src/models/review.js';
import { approveTask, finishTask, type Task } from '../../../src/models/task.js';
import { aReceipt, aResult } from '../../unit/models/factories.js';
import { aTenant, type Bench, claimed, decide, type Desk, held, openBench, withoutGuards } from './bench.js';

const refused = (message: string) => ({ code: '23514', message: expect.stringContaining(message) });

describe('the receipt of an approval', () => {
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

  /** Approves a held task, with the receipt that `receiptOf` makes, if any, and brings the task on. */
  const approve = async (
    onApproval: Task['onApproval'],
    receiptOf: (card: ReviewCard) => ApprovalReceipt | undefined = aReceipt,
    edit?: { output: string; outputDigest: string },
    instead?: { readonly waiting: Awaited<ReturnType<typeof held>>; readonly resultId: string },
  ) => {
    const waiting = instead?.waiting ?? (await held(desk.ledger, { tenantId, onApproval }));
    const { taskId, reviewId } = waiting.card;
    const { resultId } = instead ?? waiting.card;
    return decide(desk.ledger, tenantId, { tasks: [taskId], reviews: [reviewId] }, (view) => {
      const said = { status: 'APPROVED', operatorId: 'operator-1', comment: null } as const;
      const pending = view.get('review', reviewId) ?? waiting.card;
      const before = view.get('task', taskId) ?? waiting.task;
      const card = decideCard(pending, edit ? { ...said, edit } : said, view.now);
      const task =
        onApproval === 'COMPLETE'
          ? finishTask(before, 'SUCCEEDED', view.now, { resultId })
          : approveTask(before, view.now);
      const receipt = receiptOf(card);
      view.put('review', card);
      if (receipt) view.put('receipt', receipt);
      view.put('task', task);
      return { card, task };
    });
  };
  /** Hands in an executed result with this digest, and ends the task with it. */
  const execute = async (ready: Task, outputDigest: string, decision: Decision | null = null) => {
    const running = await claimed(desk.ledger, ready);
    const { taskId, attempt, leaseToken } = running;
    const result = aResult({ tenantId, taskId, attempt, leaseToken: leaseToken ?? '', stage: 'EXECUTE' });
    await decide(desk.ledger, tenantId, { tasks: [taskId] }, (view) => {
      view.put('result', { ...result, decision, outputDigest });
      view.put(
        'task',
        finishTask(view.get('task', taskId) ?? running, 'SUCCEEDED', view.now, { resultId: result.resultId }),
      );
    });
    return result.resultId;
  };
  const usesOf = async (reviewId: string) => {
    const { rows } = await bench.sql.query<{ taskId: string; resultId: string }>(
      'SELECT task_id AS "taskId", result_id AS "resultId" FROM receipt_uses WHERE review_id = $1',
      [reviewId],
    );
    return rows;
  };

  it('is used up by the approval that releases at once', async () => {
    const { card } = await approve('COMPLETE');
    expect(await usesOf(card.reviewId)).toEqual([{ taskId: card.taskId, resultId: card.resultId }]);
  });

  it('is used up by an approved edit too', async () => {
    const output = 'Mine.';
    const { card } = await approve('COMPLETE', aReceipt, { output, outputDigest: digestOf(output) });
    expect(await usesOf(card.reviewId)).toHaveLength(1);
  });

  it('is used up by the result that carries the approval out, and not before', async () => {
    const { card, task } = await approve('EXECUTE');
    expect(await usesOf(card.reviewId)).toEqual([]);
    const resultId = await execute(task, card.outputDigest);
    expect(await usesOf(card.reviewId)).toEqual([{ taskId: card.taskId, resultId }]);
  });

  it('has no release without it: neither at once, nor to stage EXECUTE', async () => {
    const none = () => undefined;
    await expect(approve('COMPLETE', none)).rejects.toMatchObject(refused('no receipt releases'));
    await expect(approve('EXECUTE', none)).rejects.toMatchObject(refused('has no receipt'));
  });

  it('releases nothing but the output that was approved', async () => {
    const { task, card } = await approve('EXECUTE');
    await expect(execute(task, digestOf('Another.'))).rejects.toMatchObject(refused('no receipt releases'));
    expect(await usesOf(card.reviewId)).toEqual([]);
  });

  it('releases at stage EXECUTE nothing that the Judge alone approved', async () => {
    const { task, card } = await approve('EXECUTE');
    const byJudge = { outcome: 'APPROVE', policyVersion: 1, reasons: [] } as const;
    await expect(execute(task, digestOf('Another.'), byJudge)).rejects.toMatchObject(
      refused('no receipt releases'),
    );
    expect(await usesOf(card.reviewId)).toEqual([]);
  });

  it('releases at once the very result that was held, and no other of the task', async () => {
    const earlier = await held(desk.ledger, { tenantId, onApproval: 'COMPLETE' });
    const other = aResult({ tenantId, taskId: earlier.card.taskId, attempt: 9, leaseToken: randomUUID() });
    await decide(desk.ledger, tenantId, {}, (view) => {
      view.put('result', other);
    });
    await expect(
      approve('COMPLETE', aReceipt, undefined, { waiting: earlier, resultId: other.resultId }),
    ).rejects.toMatchObject(refused('no receipt releases'));
  });

  it('is not made of a card that is not approved', async () => {
    const { card } = await held(desk.ledger, { tenantId });
    const decided = { ...card, operatorId: 'operator-1', resolutionAt: new Date() };
    const early = decide(desk.ledger, tenantId, {}, (view) => {
      view.put('receipt', aReceipt(decided));
    });
    await expect(early).rejects.toMatchObject(refused('says something else'));
  });

  it('releases once', async () => {
    const { card } = await approve('COMPLETE');
    await expect(
      bench.sql.query(
        `INSERT INTO receipt_uses SELECT tenant_id, review_id, task_id, result_id, now() FROM receipt_uses WHERE review_id = $1`,
        [card.reviewId],
      ),
    ).rejects.toMatchObject({ code: '23505', constraint: 'receipt_uses_pkey' });
  });

  it('is refused when it says something else than the card', async () => {
    for (const lie of [
      { outputDigest: digestOf('Another.') },
      { operatorId: 'operator-2' },
      { decidedAt: new Date(0) },
      { taskId: randomUUID() },
      { resultId: randomUUID() },
      { policyVersion: 2 },
      { edited: true },
    ]) {
      await expect(approve('COMPLETE', (card) => aReceipt(card, lie))).rejects.toMatchObject(
        refused('says something else'),
      );
    }
  });

  it('never changes and never goes away, nor does its use', async () => {
    await approve('COMPLETE');
    const changes = {
      approval_receipts: `UPDATE approval_receipts SET operator_id = 'x'`,
      receipt_uses: 'UPDATE receipt_uses SET used_at = now()',
      receipt_rule: `UPDATE receipt_rule SET since = 'infinity'`,
    };
    for (const [table, update] of Object.entries(changes)) {
      // The table's own guard, and not that of one which refers to it.
      const never = { code: '23001', message: `${table} rows are never changed or deleted` };
      for (const change of [update, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`])
        await expect(bench.sql.query(change)).rejects.toMatchObject(never);
    }
  });

  it('is not asked of an approval from before there were receipts', async () => {
    await withoutGuards(bench.sql, 'receipt_rule');
    await bench.sql.query(`UPDATE receipt_rule SET since = now() + interval '1 day'`);
    const none = () => undefined;
    const { task, card } = await approve('EXECUTE', none);
    await execute(task, card.outputDigest);
    expect((await approve('COMPLETE', none)).task.status).toBe('SUCCEEDED');
    // One that has a receipt all the same is held to it.
    const { task: held } = await approve('EXECUTE');
    await expect(execute(held, digestOf('Another.'))).rejects.toMatchObject(refused('no receipt releases'));
    await bench.sql.query('UPDATE receipt_rule SET since = now()');
  });
});
