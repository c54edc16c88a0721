import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { systemActor } from '../../../src/models/audit.js';
import { type Checkpoint, checkpointDigest, noCheckpointDigest } from '../../../src/models/checkpoint.js';
import { privateKeyFrom } from '../../../src/models/signing-key.js';
import { CheckpointSinkPort } from '../../../src/ports/checkpoint-sink.js';
import { AuditSigner } from '../../../src/services/audit-signer.js';
import { CheckpointDelivery } from '../../../src/services/checkpoint-delivery.js';
import { Checkpoints } from '../../../src/services/checkpoints.js';
import { eventually } from '../../contract/eventually.js';
import { aTenant, type Bench, decide, type Desk, headOf, openBench, withoutGuards } from './bench.js';

const signer = new AuditSigner(privateKeyFrom(Buffer.alloc(32, 1).toString('base64')));
const never = 86_400_000;

/** A sink that takes what it is brought, while it is up. */
class MemorySink extends CheckpointSinkPort {
  readonly got: Checkpoint[] = [];
  readonly portions: number[] = [];
  up = true;

  constructor(readonly name: string) {
    super();
  }

  deliver(checkpoints: readonly Checkpoint[]): Promise<void> {
    if (!this.up) return Promise.reject(new Error('away'));
    this.portions.push(checkpoints.length);
    this.got.push(...checkpoints);
    return Promise.resolve();
  }
}

describe('checkpoints', () => {
  let bench: Bench;
  let desk: Desk;
  let tenantId: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    bench = await openBench();
    desk = await bench.open();
  });
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });
  afterAll(() => bench.drop());

  const grow = (events: number) =>
    decide(desk.ledger, tenantId, {}, (view) => {
      for (let index = 0; index < events; index += 1)
        view.record({ type: 'session.created', actor: systemActor });
    });
  const sealer = (checkpointEvents: number, checkpointMs = never, { checkpoints } = desk) =>
    new Checkpoints(checkpoints, signer, { checkpointEvents, checkpointMs });
  const all = async (): Promise<readonly Checkpoint[]> =>
    (await desk.checkpoints.list(tenantId, { limit: 200 })).items;

  it('seal a record after so many events, and each names the one before', async () => {
    const three = sealer(3);
    await three.seal();
    expect(await all()).toEqual([]);
    await grow(2);
    await three.seal();
    const first = await headOf(bench.sql, tenantId);
    await grow(2);
    await three.seal();
    await grow(1);
    await three.seal();
    const [one, two, ...more] = await all();
    expect(one).toMatchObject({ ...first, previousDigest: noCheckpointDigest });
    expect(two).toMatchObject(await headOf(bench.sql, tenantId));
    expect(one && two?.previousDigest).toBe(one && checkpointDigest(one));
    expect(more).toEqual([]);
  });

  it('seal a record once an event has waited long enough, and not again while nothing happens', async () => {
    await sealer(1_000, never).seal();
    expect(await all()).toEqual([]);
    await sealer(1_000, 0).seal();
    await sealer(1_000, 0).seal();
    expect((await all()).map(({ sequence }) => sequence)).toEqual([1]);
  });

  it('stay one chain when several processes seal at once, which is no fault of any', async () => {
    const faults = jest.spyOn(Logger.prototype, 'error');
    const desks = [desk, await bench.open(), await bench.open()];
    for (let round = 0; round < 40; round += 1) {
      await grow(1);
      await Promise.all(desks.map((one) => sealer(1, never, one).seal()));
    }
    const kept = await all();
    expect(kept).toHaveLength(40);
    expect(faults).not.toHaveBeenCalled();
    faults.mockRestore();
    let previousDigest = noCheckpointDigest;
    for (const checkpoint of kept) {
      expect(checkpoint.previousDigest).toBe(previousDigest);
      previousDigest = checkpointDigest(checkpoint);
    }
  });

  it('have no second one behind the same one, also when two of different places meet', async () => {
    await sealer(1).seal();
    const [first] = await all();
    const previousDigest = first ? checkpointDigest(first) : '';
    const placed = async () => {
      await grow(1);
      const head = await headOf(bench.sql, tenantId);
      return signer.checkpoint({ tenantId, ...head, previousDigest, at: new Date() });
    };
    const [second, third] = [await placed(), await placed()];
    await bench.sql.query('BEGIN');
    await bench.sql.query(`INSERT INTO audit_checkpoints VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, [
      tenantId,
      second.sequence,
      second.hash,
      previousDigest,
      second.at,
      second.keyId,
      second.signature,
      checkpointDigest(second),
    ]);
    const late = desk.checkpoints.keep(third);
    await eventually(
      async () =>
        (
          await bench.sql.query(`SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND locktype = 'transactionid' AND datname = current_database()`)
        ).rowCount,
      (waiting) => waiting === 1,
    );
    await bench.sql.query('COMMIT');
    expect(await late).toBe(false);
    expect((await all()).map(({ sequence }) => sequence)).toEqual([1, second.sequence]);
  });

  it('are made of every record that can be sealed, whatever is wrong with another', async () => {
    const broken = tenantId;
    await withoutGuards(bench.sql, 'audit_heads');
    const broke = 'UPDATE audit_heads SET sequence = $2 WHERE tenant_id = $1';
    await bench.sql.query(broke, [broken, 99]);
    tenantId = await aTenant(desk.ledger);
    await sealer(1).seal();
    expect(await all()).toHaveLength(1);
    await bench.sql.query(broke, [broken, 1]);
  });

  it('are not kept when they do not follow the last one', async () => {
    await sealer(1).seal();
    await grow(1);
    const head = await headOf(bench.sql, tenantId);
    const fork = signer.checkpoint({ tenantId, ...head, previousDigest: noCheckpointDigest, at: new Date() });
    expect(await desk.checkpoints.keep(fork)).toBe(false);
    expect(await all()).toHaveLength(1);
  });

  it('are refused by the database itself when they do not follow, are changed or are removed', async () => {
    await sealer(1).seal();
    await grow(3);
    const insert = `INSERT INTO audit_checkpoints SELECT tenant_id, $2, hash, $3, at, key_id, signature, 'x' FROM audit_checkpoints
                    WHERE tenant_id = $1 AND sequence = 1`;
    await sealer(1).seal();
    const [first, last] = await all();
    const digest = last ? checkpointDigest(last) : '';
    for (const [sequence, previous, code] of [
      [2, 'sha256:0', '23514'],
      [2, digest, '23514'],
      [3, noCheckpointDigest, '23505'],
      [first?.sequence, digest, '23505'],
    ]) {
      await expect(bench.sql.query(insert, [tenantId, sequence, previous])).rejects.toMatchObject({ code });
    }
    for (const change of [
      'UPDATE audit_checkpoints SET at = now()',
      'DELETE FROM audit_checkpoints',
      'TRUNCATE audit_checkpoints CASCADE',
    ])
      await expect(bench.sql.query(change)).rejects.toMatchObject({ code: '23001' });
  });

  it('are exported one and all, however many pages they are', async () => {
    for (let round = 0; round < 3; round += 1) {
      await grow(1);
      await sealer(1).seal();
    }
    const exported: Checkpoint[] = [];
    for await (const one of sealer(1).export(tenantId)) exported.push(one);
    expect(exported).toEqual(await all());
    const page = await desk.checkpoints.list(tenantId, { limit: 2 });
    expect(page.next).toEqual([page.items[1]?.sequence]);
  });

  describe('on their way outside', () => {
    const mine = ({ got }: MemorySink): readonly number[] =>
      got.filter((one) => one.tenantId === tenantId).map(({ sequence }) => sequence);

    it('reach each sink once, in order, also one that was away or that is new', async () => {
      const [steady, shaky] = [new MemorySink('steady'), new MemorySink('shaky')];
      const delivery = new CheckpointDelivery(desk.checkpoints, [steady, shaky]);
      await sealer(1).seal();
      shaky.up = false;
      await delivery.deliver();
      await grow(1);
      await sealer(1).seal();
      await delivery.deliver();
      expect(mine(steady)).toEqual([1, 2]);
      expect(mine(shaky)).toEqual([]);
      const behind = await delivery.backlog();
      expect(behind.find(({ sink }) => sink === 'steady')?.undelivered).toBe(0);
      expect(behind.find(({ sink }) => sink === 'shaky')?.undelivered).toBeGreaterThanOrEqual(2);
      expect(delivery.failed()).toContainEqual({ sink: 'shaky', failures: 1 });
      shaky.up = true;
      // Another process has not seen it fail, and does not wait.
      await new CheckpointDelivery(desk.checkpoints, [shaky]).deliver();
      await delivery.deliver();
      expect(mine(shaky)).toEqual([1, 2]);
      expect(mine(steady)).toEqual([1, 2]);
    });

    it('are brought again after a while by the process that saw the sink fail', async () => {
      const sink = new MemorySink('again');
      const delivery = new CheckpointDelivery(desk.checkpoints, [sink]);
      await sealer(1).seal();
      sink.up = false;
      await delivery.deliver();
      sink.up = true;
      await delivery.deliver();
      expect(mine(sink)).toEqual([]);
      const now = Date.now();
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 1_001);
      await delivery.deliver();
      clock.mockRestore();
      expect(mine(sink)).toEqual([1]);
      expect(delivery.failed()).toEqual([{ sink: 'again', failures: 1 }]);
    });

    it('stay where they are when the process stops', async () => {
      const sink = new MemorySink('stopped');
      const delivery = new CheckpointDelivery(desk.checkpoints, [sink]);
      await sealer(1).seal();
      sink.up = false;
      const brought = jest.spyOn(sink, 'deliver').mockImplementation(() => {
        delivery.beforeApplicationShutdown();
        return Promise.reject(new Error('stopped'));
      });
      await delivery.deliver();
      await delivery.deliver();
      expect(brought).toHaveBeenCalledTimes(1);
      expect(delivery.failed()).toEqual([{ sink: 'stopped', failures: 0 }]);
    });

    it('reach a sink though another one hangs, which is given nothing more until it answers', async () => {
      const [hanging, steady] = [new MemorySink('hanging'), new MemorySink('beside')];
      const answer = Promise.withResolvers<undefined>();
      const brought = jest.spyOn(hanging, 'deliver').mockReturnValue(answer.promise);
      const timeout = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
      const delivery = new CheckpointDelivery(desk.checkpoints, [hanging, steady]);
      await sealer(1).seal();
      await delivery.deliver();
      await delivery.deliver();
      timeout.mockRestore();
      expect(mine(steady)).toEqual([1]);
      expect(delivery.failed()).toContainEqual({ sink: 'hanging', failures: 1 });
      const later = Date.now() + 3_600_000;
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => later);
      await delivery.deliver();
      expect(brought).toHaveBeenCalledTimes(1);
      answer.resolve(undefined);
      await eventually(
        () => delivery.deliver().then(() => brought.mock.calls.length),
        (calls) => calls > 1,
      );
      clock.mockRestore();
    });

    it('go in portions when there are many', async () => {
      const sink = new MemorySink('many');
      for (let round = 0; round < 101; round += 1) {
        await grow(1);
        await sealer(1).seal();
      }
      await new CheckpointDelivery(desk.checkpoints, [sink]).deliver();
      expect(mine(sink)).toHaveLength(101);
      expect(Math.max(...sink.portions)).toBe(100);
      expect(mine(sink)).toEqual(mine(sink).toSorted((a, b) => a - b));
    });
  });
});
