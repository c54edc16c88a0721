import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UUID, uuidv7 } from 'uuidv7';
import { PostgresPolicyTrials } from '../../../src/lib/postgres/postgres-policy-trials.js';
import type { Backtest, BacktestReport } from '../../../src/models/backtest.js';
import { BacktestTally } from '../../../src/models/backtest-tally.js';
import { defaultPolicy } from '../../../src/models/policy.js';
import { inForce, proposed, shadowed, type StagedPolicy } from '../../../src/models/staged-policy.js';
import type { ShadowVerdict } from '../../../src/ports/policy-trials.js';
import { aTenant, type Bench, decide, type Desk, held, keep, openBench } from './bench.js';

const never = { code: '23001' };
const illegal = { code: '23514' };
const noReport: BacktestReport = new BacktestTally().report();

function aDraft(tenantId: string, fields: Partial<StagedPolicy> = {}): StagedPolicy {
  return {
    tenantId,
    draftId: uuidv7(),
    rules: defaultPolicy,
    rulesDigest: 'sha256:x',
    note: null,
    state: 'DRAFT',
    createdAt: new Date('2026-03-01T12:00:00.000Z'),
    createdBy: 'ann',
    shadowedAt: null,
    looser: null,
    proposedAt: null,
    proposedBy: null,
    proposedOver: null,
    backtestId: null,
    replayed: null,
    approvedAt: null,
    approvedBy: null,
    policyVersion: null,
    closedAt: null,
    version: 1,
    ...fields,
  };
}

function aBacktest(tenantId: string, fields: Partial<Backtest> = {}): Backtest {
  const time = new Date('2026-03-01T12:00:00.000Z');
  return {
    tenantId,
    backtestId: uuidv7(),
    draftId: null,
    rules: defaultPolicy,
    rulesDigest: 'sha256:x',
    baseVersion: 1,
    from: new Date('2026-02-01T00:00:00.000Z'),
    to: time,
    state: 'QUEUED',
    total: null,
    done: 0,
    report: null,
    error: null,
    createdAt: time,
    createdBy: 'ann',
    updatedAt: time,
    finishedAt: null,
    version: 1,
    ...fields,
  };
}

describe('policies on their way into force, in the database', () => {
  let bench: Bench;
  let desk: Desk;
  let trials: PostgresPolicyTrials;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
    trials = new PostgresPolicyTrials(desk.rows, desk.tables);
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });
  afterAll(() => bench.drop());

  /** What a program says that goes past Chimera, undone afterwards when the database lets it pass. */
  const attempt = async (sql: string, ...parameters: readonly unknown[]) => {
    await bench.sql.query('BEGIN');
    try {
      await bench.sql.query(sql, [...parameters]);
    } finally {
      await bench.sql.query('ROLLBACK');
    }
  };

  /** A looser draft that ann has proposed with its backtest. */
  const waiting = async (): Promise<StagedPolicy> => {
    const backtest = aBacktest(tenantId);
    const draft = aDraft(tenantId);
    const { backtestId } = backtest;
    const proposal = { looser: true, proposedBy: 'ann', proposedOver: 1, backtestId, replayed: 7 };
    await keep(desk.ledger, 'backtest', [backtest]);
    await keep(desk.ledger, 'stagedPolicy', [draft]);
    return next(draft, (current, now) => proposed(current, proposal, now));
  };

  const next = (
    { draftId }: StagedPolicy,
    step: (draft: StagedPolicy, now: Date) => StagedPolicy,
  ): Promise<StagedPolicy> =>
    decide(desk.ledger, tenantId, { stagedPolicies: [draftId] }, (view) => {
      const draft = view.get('stagedPolicy', draftId);
      if (!draft) throw new Error(`There is no draft ${draftId}.`);
      const changed = step(draft, view.now);
      view.put('stagedPolicy', changed);
      return changed;
    });

  it('come back as they were kept', async () => {
    const draft = await waiting();
    expect(await desk.records.find('stagedPolicy', tenantId, draft.draftId)).toEqual(draft);
    const page = await desk.records.stagedPolicies(tenantId, { limit: 5 });
    expect(page.items).toEqual([draft]);
    const done = aBacktest(tenantId, { state: 'DONE', report: noReport, finishedAt: new Date(0) });
    await keep(desk.ledger, 'backtest', [done]);
    expect(await desk.records.find('backtest', tenantId, done.backtestId)).toEqual(done);
    expect(await desk.records.find('backtest', tenantId, randomUUID())).toBeUndefined();
  });

  it('never come into force by who proposed them, whoever says so', async () => {
    const { draftId } = await waiting();
    const live = `UPDATE policy_drafts SET state = 'LIVE', policy_version = 1, closed_at = now()`;
    const where = 'WHERE tenant_id = $1 AND draft_id = $2';
    const by = (set: string) => attempt(`${live}${set} ${where}`, tenantId, draftId);
    await expect(by(`, approved_by = 'ann', approved_at = now()`)).rejects.toMatchObject(illegal);
    await expect(by('')).rejects.toMatchObject(illegal);
    await expect(by(`, approved_by = 'bob', proposed_by = 'cat'`)).rejects.toMatchObject(illegal);
    await expect(by(`, approved_by = 'bob', backtest_id = NULL`)).rejects.toMatchObject(illegal);
    await expect(by(`, approved_by = 'bob', approved_at = now()`)).resolves.toBeUndefined();
  });

  it('keep their rules, and stay what they are once they are in force', async () => {
    const draft = await waiting();
    const where = 'WHERE tenant_id = $1 AND draft_id = $2';
    const set = (what: string) =>
      attempt(`UPDATE policy_drafts SET ${what} ${where}`, tenantId, draft.draftId);
    await expect(set(`rules = '{}'`)).rejects.toMatchObject(never);
    await expect(set(`created_by = 'bob'`)).rejects.toMatchObject(never);
    await next(draft, (current, now) => inForce(current, 1, 'bob', now));
    await expect(set(`note = 'x'`)).rejects.toMatchObject(never);
    await expect(
      attempt(`DELETE FROM policy_drafts ${where}`, tenantId, draft.draftId),
    ).rejects.toMatchObject(never);
    await expect(attempt('TRUNCATE policy_drafts CASCADE')).rejects.toMatchObject(never);
  });

  it('are held against what a backtest asked for, which stays as it is', async () => {
    const backtest = aBacktest(tenantId);
    await keep(desk.ledger, 'backtest', [backtest]);
    const set = (what: string) =>
      attempt(`UPDATE policy_backtests SET ${what} WHERE backtest_id = $1`, backtest.backtestId);
    await expect(set(`rules = '{}'`)).rejects.toMatchObject(never);
    await expect(set('to_at = now()')).rejects.toMatchObject(never);
    await expect(set(`state = 'DONE', finished_at = now()`)).rejects.toMatchObject(illegal);
    await expect(attempt('DELETE FROM policy_backtests')).rejects.toMatchObject(never);
  });

  describe('tried on results', () => {
    const always = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

    /** Results that were held, of ids and times that are apart by a second. */
    const judgedAt = async (...times: readonly string[]): Promise<readonly string[]> => {
      const ids: string[] = [];
      for (const time of times) {
        const { result } = await held(desk.ledger, { tenantId });
        const id = UUID.fromFieldsV7(Date.parse(time), 0, 0, randomInt(2 ** 32)).toString();
        await bench.sql.query('ALTER TABLE results DISABLE TRIGGER USER');
        await bench.sql.query('UPDATE results SET created_at = $2, result_id = $3 WHERE result_id = $1', [
          result.resultId,
          time,
          id,
        ]);
        await bench.sql.query('ALTER TABLE results ENABLE TRIGGER USER');
        ids.push(id);
      }
      return ids;
    };

    it('find those of the stretch, its end exclusive, in pages and in order', async () => {
      const from = new Date('2026-03-01T12:00:00Z');
      const to = new Date('2026-03-01T12:00:03Z');
      const ids = await judgedAt(
        '2026-03-01T11:59:59.999Z',
        '2026-03-01T12:00:00Z',
        '2026-03-01T12:00:01Z',
        '2026-03-01T12:00:02Z',
        '2026-03-01T12:00:03Z',
      );
      expect(await trials.countJudged(tenantId, { from, to })).toBe(3);
      const first = await trials.judged(tenantId, { from, to }, { limit: 2 });
      const rest = await trials.judged(tenantId, { from, to }, { limit: 2, after: first.next ?? undefined });
      expect([...first.items, ...rest.items].map(({ resultId }) => resultId)).toEqual(ids.slice(1, 4));
      expect(rest.next).toBeNull();
      expect(first.items[0]).toMatchObject({
        ...{ kind: 'support.reply', stage: 'PROPOSE', confidence: 0.5, output: expect.any(String) },
        decision: { outcome: 'HITL' },
      });
      expect(await trials.countJudged(await aTenant(desk.ledger), always)).toBe(0);
    });

    it('find what a shadow has not judged since it began, also when it was kept late', async () => {
      const draft = aDraft(tenantId);
      await keep(desk.ledger, 'stagedPolicy', [draft]);
      await next(draft, (current) => shadowed(current, new Date('2026-03-01T12:00:00Z')));
      const [, ...ids] = await judgedAt(
        '2026-03-01T11:59:59Z',
        '2026-03-01T12:00:01Z',
        '2026-03-01T12:00:02Z',
      );
      const [shadow] = (await trials.shadows(50)).filter((one) => one.tenantId === tenantId);
      if (!shadow) throw new Error('There is a shadow.');
      const unjudged = async () => (await trials.unjudged(shadow, 10)).map(({ resultId }) => resultId);
      expect(await unjudged()).toEqual(ids);

      const [late = '', last = ''] = ids;
      const verdict: ShadowVerdict = {
        ...{ tenantId, draftId: draft.draftId, resultId: last, taskId: uuidv7(), reviewId: null },
        ...{ kind: 'support.reply', live: 'HITL', shadow: 'APPROVE', detectors: ['CONFIDENCE'] },
        judgedAt: new Date('2026-03-01T12:00:03Z'),
      };
      await trials.keepVerdicts([verdict]);
      await trials.keepVerdicts([{ ...verdict, shadow: 'DENY' }]);
      expect(await unjudged()).toEqual([late]);
      expect(await trials.countVerdicts(tenantId, draft.draftId)).toEqual([
        { live: 'HITL', shadow: 'APPROVE', count: 1 },
      ]);
      expect(await trials.examples(tenantId, draft.draftId, 'NEWLY_RELEASED', 5)).toMatchObject([
        { resultId: last, before: 'HITL', after: 'APPROVE', detectors: ['CONFIDENCE'] },
      ]);
      expect(await trials.examples(tenantId, draft.draftId, 'NEWLY_HELD', 5)).toEqual([]);

      await expect(attempt(`UPDATE shadow_verdicts SET shadow = 'HITL'`)).rejects.toMatchObject(never);
      expect(await trials.forgetVerdicts(verdict.judgedAt, 10)).toBe(0);
      expect(await trials.forgetVerdicts(new Date('2026-03-02T00:00:00Z'), 10)).toBe(1);
    });

    it('find backtests that nobody goes on with', async () => {
      const silent = aBacktest(tenantId);
      const fresh = aBacktest(tenantId, { updatedAt: new Date() });
      const done = aBacktest(tenantId, { state: 'DONE', report: noReport, finishedAt: new Date() });
      await keep(desk.ledger, 'backtest', [silent, fresh, done]);
      const stalled = await trials.stalledBacktests(60_000, 1_000);
      const own = stalled.filter((one) => one.tenantId === tenantId);
      expect(own).toEqual([{ tenantId, backtestId: silent.backtestId }]);
    });
  });
});
