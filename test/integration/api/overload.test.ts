import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Agent } from 'undici';
import { aTask } from '../../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../../support/chimera.js';
import { textOf } from '../../support/client.js';

describe('a server with more requests in hand than it can answer', () => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;
  const crowd = new Agent({ pipelining: 1, keepAliveTimeout: 60_000 });
  const callers = 4_200;

  beforeAll(async () => {
    store = await createStore('postgres');
    const server = await store.start();
    url = server.url;
    tenant = await createTenant(server.url);
  });
  afterAll(async () => {
    await crowd.close();
    await store.drop();
  });

  const get = (path: string) =>
    crowd.request({
      origin: url,
      path,
      method: 'GET',
      headers: { authorization: `Bearer ${tenant.auditor.key}` },
    });

  it('turns the next away at once, stays alive, and answers those that it let in', async () => {
    // Connected before: the database gives up on a lock after ten seconds, and so many connections may take as long.
    await Promise.all(Array.from({ length: callers }, async () => (await get('/health/live')).body.dump()));
    // Tasks are read in batches. What is not would wait for one of ten connections, and some of it for too long.
    const accepted = mustBe(202, await tenant.submitter.post(`${tenant.path}/tasks`, aTask()));
    const task = `${tenant.path}/tasks/${textOf(accepted.body.taskId)}`;
    const holder = new pg.Client(store.config.databaseUrl);
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE');
    const asked = Array.from({ length: callers }, () => get(task));
    const refused = await Promise.any(
      asked.map(async (answer) => {
        const { statusCode, headers, body } = await answer;
        if (statusCode === 200) throw new Error('It was let in.');
        return { statusCode, headers, problem: await body.json() };
      }),
    );
    expect(refused).toMatchObject({
      statusCode: 503,
      headers: {
        'content-type': 'application/problem+json; charset=utf-8',
        'retry-after': '1',
        'x-request-id': expect.any(String),
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      },
      problem: { code: 'OVERLOADED', status: 503, instance: task },
    });
    expect((await get('/health/live')).statusCode).toBe(200);
    const metrics = await (await get('/metrics')).body.text();
    expect(metrics).toMatch(/^chimera_requests_refused_total [1-9]/m);
    expect(metrics).toContain('\nchimera_admission_limit{requests="all"} 4096\n');
    expect(metrics).toContain('\nchimera_admission_limit{requests="new_work"} 1024\n');
    await holder.query('COMMIT');
    await holder.end();
    const statuses = Map.groupBy(
      (await Promise.all(asked)).map(({ statusCode }) => statusCode),
      (status) => status,
    );
    expect(statuses.get(200)).toHaveLength(4_096);
    expect([...statuses.keys()].sort()).toEqual([200, 503]);
  }, 60_000);
});
