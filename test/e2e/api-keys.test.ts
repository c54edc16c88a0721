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
    const { key, ...shown } = made.body;
    const holder = new Client(url, textOf(key));
    mustBe(200, await holder.get(`${path}/reviews`));
    const listed = itemsOf(mustBe(200, await admin.get(`${path}/api-keys`)));
    expect(listed).toHaveLength(5);
    expect(listed.at(-1)).toEqual(shown);
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
