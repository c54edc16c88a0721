import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { connectRedis } from '../../src/lib/redis/connection.js';
import { type Allowances, SharedRateLimits } from '../../src/lib/shared-rate-limits.js';
import { eventually } from '../contract/eventually.js';
import { startRedis } from '../support/redis-server.js';
import { createRedis, type TestRedis } from '../support/servers.js';

const tenInAMinute = { points: 10, duration: 60 };
const allowances: Allowances = {
  credential: tenInAMinute,
  tenant: undefined,
  login: { points: 3, duration: 60 },
};

const zeros = (count: number) => Array.from({ length: count }, () => 0);

describe('a rate limit', () => {
  let database: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    database = await createRedis();
    redis = await connectRedis(database.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await database.drop();
  });

  it.each(['alone', 'with others'])('lets through just as many as are allowed: %s', async (company) => {
    const limits = new SharedRateLimits(allowances, company === 'alone' ? undefined : redis);
    const waits = await Promise.all(
      Array.from({ length: 15 }, () => limits.take('credential', `a-${company}`)),
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
    for (const wait of waits.slice(10)) expect(wait).toBeGreaterThan(0);
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(60_000);
    expect(await limits.take('credential', 'somebody else')).toBe(0);
    limits.onModuleDestroy();
  });

  it('counts each kind for itself, and none that is not limited', async () => {
    const limits = new SharedRateLimits(allowances, redis);
    expect(await inTurn(3, () => limits.take('login', 'b'))).toEqual(zeros(3));
    expect(await limits.take('login', 'b')).toBeGreaterThan(0);
    expect(await limits.take('credential', 'b')).toBe(0);
    expect(await inTurn(50, () => limits.take('tenant', 'b'))).toEqual(zeros(50));
    expect(await limits.wait('tenant', 'b')).toBe(0);
    limits.onModuleDestroy();
  });

  it('tells whether there is room without taking it', async () => {
    const limits = new SharedRateLimits(allowances, undefined);
    expect(await inTurn(20, () => limits.wait('login', 'c'))).toEqual(zeros(20));
    await inTurn(3, () => limits.take('login', 'c'));
    expect(await limits.wait('login', 'c')).toBeGreaterThan(0);
  });

  it('forgets whoever has not come for the longest when too many come, and nobody who keeps coming', async () => {
    const limits = new SharedRateLimits(allowances, undefined);
    for (const who of ['gone', 'back']) await inTurn(4, () => limits.take('login', who));
    for (let n = 0; n < 60_000; n += 1) {
      await limits.take('login', String(n));
      if (n % 10_000 === 0) expect(await limits.wait('login', 'back')).toBeGreaterThan(0);
    }
    expect(await limits.wait('login', 'back')).toBeGreaterThan(0);
    expect(await limits.wait('login', 'gone')).toBe(0);
    limits.onModuleDestroy();
  });

  it('counts what comes to several processes together', async () => {
    const [one, other] = [new SharedRateLimits(allowances, redis), new SharedRateLimits(allowances, redis)];
    expect(await inTurn(6, () => one.take('credential', 'd'))).toEqual(zeros(6));
    expect(await inTurn(6, () => other.take('credential', 'd'))).toEqual(zeros(6));
    const waiting = () => Promise.all([one, other].map((limits) => limits.wait('credential', 'd')));
    const waits = await eventually(waiting, (both) => both.some((wait) => wait > 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    // Whoever did not tell last hears of it with the next that it lets through.
    await eventually(
      () => Promise.all([one.take('credential', 'd'), other.take('credential', 'd')]),
      (both) => both.every((wait) => wait > 0),
    );
    one.onModuleDestroy();
    other.onModuleDestroy();
  });

  it('holds in each process for itself while Redis is away, and never rejects', async () => {
    const server = await startRedis();
    const away = await connectRedis(server.url);
    const limits = new SharedRateLimits(allowances, away);
    await server.stop();
    expect(await inTurn(10, () => limits.take('credential', 'e'))).toEqual(zeros(10));
    expect(await limits.take('credential', 'e')).toBeGreaterThan(0);
    await eventually(
      () => away.status,
      (status) => status !== 'ready',
    );
    expect(await limits.take('credential', 'f')).toBe(0);
    limits.onModuleDestroy();
    away.disconnect();
  });

  it('is shared again once Redis is back', async () => {
    const server = await startRedis();
    const connection = await connectRedis(server.url);
    const statusBecomes = (ready: boolean) =>
      eventually(
        () => connection.status,
        (status) => (status === 'ready') === ready,
      );
    const all = Array.from({ length: 2 }, () => new SharedRateLimits(allowances, connection));
    await server.stop();
    await statusBecomes(false);
    const alone = await Promise.all(all.map((limits) => inTurn(10, () => limits.take('credential', 'g'))));
    expect(alone).toEqual([zeros(10), zeros(10)]);
    const back = await startRedis(Number(new URL(server.url).port));
    await statusBecomes(true);
    for (const limits of all) expect(await inTurn(6, () => limits.take('credential', 'h'))).toEqual(zeros(6));
    // Neither is over the limit by its own count.
    await eventually(
      () => Promise.all(all.map((limits) => limits.wait('credential', 'h'))),
      (both) => both.some((wait) => wait > 0),
    );
    for (const limits of all) limits.onModuleDestroy();
    connection.disconnect();
    await back.stop();
  });
});

/** What each of so many calls answers, one after the other. */
async function inTurn(count: number, call: () => Promise<number>): Promise<number[]> {
  const answers: number[] = [];
  while (answers.length < count) answers.push(await call());
  return answers;
}
