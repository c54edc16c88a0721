import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BullmqBacktestQueue } from '../../src/lib/bullmq/bullmq-backtest-queue.js';
import { eventually } from './eventually.js';
import { type QueueStore, queueStores } from './queue-stores.js';

const tenantId = 't_backtests';

describe.each(queueStores)('BullmqBacktestQueue on %s', (_name, openStore) => {
  let store: QueueStore;
  const opened: BullmqBacktestQueue[] = [];

  beforeAll(async () => {
    store = await openStore();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.onApplicationShutdown()));
  });
  afterAll(() => store.drop());

  const open = async () => {
    const queue = new BullmqBacktestQueue(await store.open());
    opened.push(queue);
    return queue;
  };

  it('calls the handler of one process for each backtest, however often it was added', async () => {
    const due: string[] = [];
    const queues = [await open(), await open()] as const;
    const ids = Array.from({ length: 5 }, () => randomUUID());
    for (const backtestId of [...ids, ...ids]) await queues[0].schedule({ tenantId, backtestId });
    for (const queue of queues) {
      queue.onDue(({ backtestId }) => {
        due.push(backtestId);
        return Promise.resolve();
      });
    }
    await eventually(
      () => due.length,
      (count) => count >= ids.length,
    );
    expect(due.toSorted()).toEqual(ids.toSorted());
  });

  it('hands out one at a time', async () => {
    const queue = await open();
    let [running, most, ran] = [0, 0, 0];
    for (let n = 0; n < 3; n += 1) await queue.schedule({ tenantId, backtestId: randomUUID() });
    queue.onDue(async () => {
      running += 1;
      most = Math.max(most, running);
      await store.jobData();
      running -= 1;
      ran += 1;
    });
    await eventually(
      () => ran,
      (count) => count === 3,
    );
    expect(most).toBe(1);
  });

  it('calls the handler again when it has failed', async () => {
    const queue = await open();
    let calls = 0;
    await queue.schedule({ tenantId, backtestId: randomUUID() });
    queue.onDue(() => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('Not now.')) : Promise.resolve();
    });
    await eventually(
      () => calls,
      (count) => count === 2,
    );
  });

  it('carries ids and nothing else', async () => {
    const queue = await open();
    const backtestId = randomUUID();
    await queue.schedule({ tenantId, backtestId });
    const data = (await store.jobData()).map((text) => JSON.parse(text) as unknown);
    expect(data).toContainEqual({ tenantId, backtestId });
  });
});
