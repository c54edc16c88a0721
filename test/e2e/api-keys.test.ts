import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  adminKey,
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { JsonObject } from '../../src/models/json.js';
import { Client, itemsOf, textOf } from '../support/client.js';
import { until } from '../support/fleet.js';

const nowhere = '01890000-0000-7000-8000-000000000000';

describe.each(modes)('an API key on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start());
    tenant = await createTenant(url);
  });
  afterAll(() => store.drop());

  it('shows a key once, and takes it until it is revoked', async () => {
    const { admin, auditor, path } = tenant;
    const made = mustBe(201, await admin.post(`${path}/api-keys`, { name: 'night shift', role: 'OPERATOR' }));
    // When it was last used may be written down at any moment from here on.
    const { key, lastUsedAt, ...shown } = made.body;
    expect(lastUsedAt).toBeNull();
    const holder = new Client(url, textOf(key));
    mustBe(200, await holder.get(`${path}/reviews`));
    const listed = itemsOf(mustBe(200, await admin.get(`${path}/api-keys`)));
    expect(listed).toHaveLength(5);
    expect(listed.at(-1)).toMatchObject(shown);
    expect(JSON.stringify(listed)).not.toContain(textOf(key));

    const url2 = `${path}/api-keys/${textOf(shown.keyId)}`;
    mustBe(204, await admin.delete(url2));
    expect((await holder.get(`${path}/reviews`)).body).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
    mustBe(204, await admin.delete(url2));
    const after = itemsOf(await admin.get(`${path}/api-keys`)).at(-1);
    expect(after).toMatchObject({ ...shown, revokedAt: expect.any(String) });
    expect((await admin.delete(`${path}/api-keys/${nowhere}`)).body.code).toBe('API_KEY_NOT_FOUND');
    const events = itemsOf(await auditor.get(`${path}/audit?type=key.revoked`));
    expect(events).toMatchObject([{ payload: { keyId: shown.keyId, role: 'OPERATOR' } }]);
  });

  it('ends a key at its time', async () => {
    const { admin, path } = tenant;
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const made = mustBe(
      201,
      await admin.post(`${path}/api-keys`, { name: 'brief', role: 'AUDITOR', expiresAt }),
    );
    expect(made.body.expiresAt).toBe(expiresAt);
    const holder = new Client(url, textOf(made.body.key));
    mustBe(200, await holder.get(path));
    await until(async () => (await holder.get(path)).status === 401);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    for (const past of ['2020-01-01T00:00:00Z', 'tomorrow', 5]) {
      const refused = await admin.post(`${path}/api-keys`, {
        name: 'late',
        role: 'AUDITOR',
        expiresAt: past,
      });
      expect(refused.body).toMatchObject({ status: 400, errors: [{ pointer: '/expiresAt' }] });
    }
  });

  it('is taken in the form that keys once had', async () => {
    const key = `chimera_${randomBytes(32).toString('base64url')}`;
    const keyHash = createHash('sha256').update(key).digest('hex');
    await sql(
      store,
      `INSERT INTO api_keys (tenant_id, key_id, name, role, key_hash, created_at, version)
       VALUES ($1, gen_random_uuid(), 'former', 'AUDITOR', $2, now(), 1)`,
      [tenant.tenantId, keyHash],
    );
    mustBe(200, await new Client(url, key).get(`${tenant.path}/policy`));
  });

  it('is replaced by another of the same holder, beside which the old one goes on for a while', async () => {
    const { admin, path } = tenant;
    const { body: first } = await admin.post(`${path}/api-keys`, { name: 'ann', role: 'OPERATOR' });
    const rotate = (keyId: unknown, body: JsonObject = {}) =>
      admin.post(`${path}/api-keys/${textOf(keyId)}/rotate`, body);
    const { body: second } = mustBe(201, await rotate(first.keyId, { overlapMs: 1_500 }));
    expect(second).toMatchObject({ name: 'ann', role: 'OPERATOR', holderId: first.keyId, expiresAt: null });
    expect(second.key).not.toBe(first.key);

    const old = new Client(url, textOf(first.key));
    const next = new Client(url, textOf(second.key));
    mustBe(200, await old.put(`${path}/policy`, { keywords: [] }));
    mustBe(200, await next.put(`${path}/policy`, {}));
    const changes = itemsOf(await admin.get(`${path}/audit?type=policy.changed`));
    expect(changes.map(({ actor }) => actor?.id)).toEqual([first.keyId, first.keyId]);
    await until(async () => (await old.get(path)).status === 401);
    mustBe(200, await next.get(path));

    const { body: third } = mustBe(201, await rotate(second.keyId, { overlapMs: 0 }));
    expect(third.holderId).toBe(first.keyId);
    expect((await next.get(path)).status).toBe(401);
    expect((await rotate(second.keyId)).body).toMatchObject({ status: 409, code: 'API_KEY_ENDED' });
    expect((await rotate(nowhere)).body).toMatchObject({ status: 404, code: 'API_KEY_NOT_FOUND' });
    const events = itemsOf(await admin.get(`${path}/audit?type=key.rotated`));
    expect(events.map(({ payload }) => payload)).toMatchObject([
      { keyId: second.keyId, replaces: first.keyId, name: 'ann', role: 'OPERATOR' },
      { keyId: third.keyId, replaces: second.keyId },
    ]);
    expect(JSON.stringify(events)).not.toContain(textOf(third.key));
  });

  it('of a limited life is replaced by one of as long a life, and never outlives its own', async () => {
    const { admin, path } = tenant;
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const made = await admin.post(`${path}/api-keys`, { name: 'brief', role: 'AUDITOR', expiresAt });
    const { keyId, createdAt } = made.body;
    const { body: next } = mustBe(201, await admin.post(`${path}/api-keys/${textOf(keyId)}/rotate`));
    expect(Date.parse(textOf(next.expiresAt)) - Date.parse(textOf(next.createdAt))).toBe(
      Date.parse(expiresAt) - Date.parse(textOf(createdAt)),
    );
    const listed = itemsOf(await admin.get(`${path}/api-keys?limit=200`));
    expect(listed.find((key) => key.keyId === keyId)?.expiresAt).toBe(expiresAt);
  });

  it.each(['without end', 'with an end'])(
    '%s gives keys of as long a life each time it is replaced',
    async (life) => {
      const { admin, path } = tenant;
      const expiresAt =
        life === 'with an end' ? new Date(Date.now() + 90 * 86_400_000).toISOString() : undefined;
      const wanted = { name: 'ann', role: 'OPERATOR', ...(expiresAt && { expiresAt }) };
      const { body: first } = mustBe(201, await admin.post(`${path}/api-keys`, wanted));
      const lifeOf = ({ expiresAt: end, createdAt }: JsonObject) =>
        end === null ? null : Date.parse(textOf(end)) - Date.parse(textOf(createdAt));
      const rotate = async (overlapMs: number) => {
        const answer = await admin.post(`${path}/api-keys/${textOf(first.keyId)}/rotate`, { overlapMs });
        return mustBe(201, answer).body;
      };
      const listed = async () =>
        itemsOf(await admin.get(`${path}/api-keys?limit=200`)).find(({ keyId }) => keyId === first.keyId);
      const second = await rotate(60_000);
      const overlapEnds = (await listed())?.expiresAt;
      const third = await rotate(3_600_000);
      const fourth = await rotate(30_000);
      for (const next of [second, third, fourth]) expect(lifeOf(next)).toBe(lifeOf(first));
      const events = itemsOf(await admin.get(`${path}/audit?type=key.rotated&limit=200`));
      const ends = events.flatMap(({ payload }) => {
        const { replaces, replacedEndsAt } = Object(payload) as JsonObject;
        return replaces === first.keyId ? [replacedEndsAt] : [];
      });
      // A longer overlap makes the old key's life no longer, a shorter one makes it shorter.
      expect(ends).toEqual([overlapEnds, overlapEnds, (await listed())?.expiresAt]);
      expect(Date.parse(textOf(ends[2]))).toBeLessThan(Date.parse(textOf(overlapEnds)));
    },
  );

  it('shows when it was last used, written down once a minute at most', async () => {
    const { admin, path } = tenant;
    const { body: made } = await admin.post(`${path}/api-keys`, { name: 'seldom', role: 'AUDITOR' });
    const holder = new Client(url, textOf(made.key));
    const listed = async () =>
      itemsOf(await admin.get(`${path}/api-keys?limit=200`)).find(({ keyId }) => keyId === made.keyId);
    expect((await listed())?.lastUsedAt).toBeNull();
    mustBe(200, await holder.get(path));
    const lastUsedAt = await until(async () => {
      const used: unknown = (await listed())?.lastUsedAt;
      return typeof used === 'string' && used;
    });
    expect(Math.abs(Date.now() - Date.parse(lastUsedAt))).toBeLessThan(10_000);
    const other = await store.start();
    mustBe(200, await new Client(other.url, textOf(made.key)).get(path));
    // What a server still has to write down, it writes before it stops.
    await other.stop();
    expect((await listed())?.lastUsedAt).toBe(lastUsedAt);
    await sql(
      store,
      `UPDATE api_keys SET last_used_at = last_used_at - interval '2 minutes' WHERE key_id = $1`,
      [textOf(made.keyId)],
    );
    const third = await store.start();
    mustBe(200, await new Client(third.url, textOf(made.key)).get(path));
    await third.stop();
    expect(Date.parse(textOf((await listed())?.lastUsedAt))).toBeGreaterThan(Date.parse(lastUsedAt));
  });

  it('is seen to be used also by a request that is answered while the server stops', async () => {
    const { admin, path } = tenant;
    const { body: made } = await admin.post(`${path}/api-keys`, { name: 'last', role: 'AUDITOR' });
    const other = await store.start();
    const db = new pg.Client(store.config.databaseUrl);
    await db.connect();
    await db.query('BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE');
    const answer = new Client(other.url, textOf(made.key)).get(path);
    const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'api_keys'::regclass`;
    await until(async () => (await db.query(waiting)).rowCount === 1);
    const stopped = other.stop();
    await until(() =>
      new Client(other.url, '').get('/health/live').then(
        () => false,
        () => true,
      ),
    );
    await db.query('COMMIT');
    await db.end();
    mustBe(200, await answer);
    await stopped;
    const listed = itemsOf(await admin.get(`${path}/api-keys?limit=200`));
    expect(listed.find(({ keyId }) => keyId === made.keyId)?.lastUsedAt).toEqual(expect.any(String));
  });

  it('knows no other key', async () => {
    for (const key of ['', 'x', `${adminKey}x`, 'chimera_AAAA']) {
      const answer = await new Client(url, key).get(tenant.path);
      expect(answer.body).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    const basic = await fetch(`${url}${tenant.path}`, { headers: { authorization: 'Basic eDp5' } });
    expect(basic.status).toBe(401);
    await basic.body?.cancel();
  });

  it('lets each role do its own part', async () => {
    const { path, admin } = tenant;
    const everyone = ['operator', 'submitter', 'agent', 'auditor'] as const;
    const allowed: readonly [string, string, readonly (typeof everyone)[number][]][] = [
      ['GET', '', everyone],
      ['GET', '/api-keys', []],
      ['POST', '/sessions', ['submitter']],
      ['PUT', '/agents/role-check', ['agent']],
      ['POST', '/agents/role-check/claims', ['agent']],
      ['GET', '/agents/role-check', ['agent', 'operator', 'auditor']],
      ['GET', '/agents', ['operator', 'auditor', 'submitter']],
      ['POST', '/agents/role-check/pause', ['operator']],
      ['POST', '/tasks', ['submitter']],
      ['GET', '/tasks', ['submitter', 'operator', 'auditor']],
      ['POST', `/tasks/${nowhere}/cancel`, ['submitter', 'operator']],
      ['POST', `/tasks/${nowhere}/results`, ['agent']],
      ['GET', '/reviews', ['operator', 'auditor']],
      ['POST', `/reviews/${nowhere}/decision`, ['operator']],
      ['GET', '/policy', ['operator', 'auditor']],
      ['PUT', '/policy', ['operator']],
      ['GET', '/audit', ['operator', 'auditor']],
      ['GET', '/audit/export', ['operator', 'auditor']],
      ['GET', '/stats', ['submitter', 'operator', 'auditor']],
    ];
    for (const [method, part, roles] of allowed) {
      const body = method === 'GET' ? undefined : {};
      for (const role of everyone) {
        const { status } = await tenant[role].send(method, path + part, body);
        expect([method, part, role, status === 403]).toEqual([method, part, role, !roles.includes(role)]);
      }
      expect((await admin.send(method, path + part, body)).status).not.toBe(403);
    }
  });
});

async function sql({ config }: TestStore, text: string, values: readonly unknown[]): Promise<void> {
  const client = new pg.Client(config.databaseUrl);
  await client.connect();
  try {
    await client.query(text, [...values]);
  } finally {
    await client.end();
  }
}
