import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DescribedOperation, operationsOf } from '../../../src/api/described-operations.js';
import { access, type Action, mayDo, type TenantRole, tenantRoles } from '../../../src/models/access.js';
import { createStore, createTenant, type TestStore, type TestTenant } from '../../support/chimera.js';
import { type Answer, Client, textOf } from '../../support/client.js';
import { descriptionOf } from './description.js';

const nobody = '01890000-0000-7000-8000-000000000000';

describe('access', () => {
  let store: TestStore;
  let url: string;
  let own: TestTenant;
  let other: TestTenant;
  let keyed: readonly Keyed[];

  beforeAll(async () => {
    store = await createStore('postgres');
    ({ url } = await store.start());
    [own, other] = await Promise.all([createTenant(url), createTenant(url)]);
    const { document } = await descriptionOf(url);
    keyed = operationsOf(document).flatMap((described) => {
      const needs = described.operation['x-needs'];
      return needs === undefined || needs === 'PUBLIC' ? [] : [{ ...described, needs }];
    });
  });
  afterAll(() => store.drop());

  it('is asked for by every action of the table, and by no other', () => {
    const asked = new Set<string>(keyed.map(({ needs }) => needs));
    expect([...asked].toSorted()).toEqual(Object.keys(access).toSorted());
  });

  it('needs a key that is known, live and sent as a bearer', async () => {
    const revoked = await revokedKey(own);
    const credentials = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer unknown',
      `Bearer ${revoked}`,
      `Basic ${own.operator.key}`,
    ];
    const answers = await each(keyed, async (route) => {
      const statuses = new Set<number>();
      for (const authorization of credentials) {
        const { status, headers } = await send(new Client(url, ''), route, own.tenantId, { authorization });
        expect(headers.get('www-authenticate')).toBe('Bearer');
        statuses.add(status);
      }
      return [...statuses].join();
    });
    expect(answers).toEqual(await each(keyed, () => '401'));
  });

  it.each(tenantRoles)('of %s is what the table says: 403 for the rest', async (role) => {
    const answers = await each(keyed, async (route) => {
      const { status } = await send(clientOf(own, role), route, own.tenantId);
      return status === 403 || status === 401 ? String(status) : 'allowed';
    });
    expect(answers).toEqual(await each(keyed, ({ needs }) => (mayDo(role, needs) ? 'allowed' : '403')));
  });

  it.each(tenantRoles)('of %s ends at its tenant: 404, whether or not the other is there', async (role) => {
    const inside = keyed.filter(({ path }) => path.includes('{tenantId}'));
    for (const tenantId of [other.tenantId, 't_nobody', 'no tenant at all']) {
      const answers = await each(inside, async (route) => {
        const { status, body } = await send(clientOf(own, role), route, tenantId);
        // The answer to HEAD has no body.
        return `${status} ${textOf(body.code)}`.replace(' undefined', ' TENANT_NOT_FOUND');
      });
      expect(answers).toEqual(await each(inside, () => '404 TENANT_NOT_FOUND'));
    }
  });

  it('is had by the admin to everything of every tenant that there is', async () => {
    const answers = await each(keyed, async (route) => {
      const { status } = await send(own.admin, route, other.tenantId);
      return String(status === 401 || status === 403);
    });
    expect(answers).toEqual(await each(keyed, () => 'false'));
    expect((await own.admin.get('/v1/tenants/t_nobody/stats')).body.code).toBe('TENANT_NOT_FOUND');
  });

  it('is open to anybody for health, metrics and the documentation', async () => {
    const anybody = new Client(url, '');
    for (const path of ['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json']) {
      expect([path, (await anybody.get(path)).status]).toEqual([path, 200]);
    }
  });
});

interface Keyed extends DescribedOperation {
  readonly needs: Action;
}

/** What a route says, by the route's name. Eight are asked at a time. */
async function each(
  routes: readonly Keyed[],
  say: (route: Keyed) => string | Promise<string>,
): Promise<Readonly<Record<string, string>>> {
  const said = new Map<string, string>();
  const rest = [...routes];
  const worker = async () => {
    for (let route = rest.shift(); route; route = rest.shift())
      said.set(`${route.method} ${route.path}`, await say(route));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return Object.fromEntries(said);
}

/** Asks for what is not there, so that whoever may ask changes nothing. A stream is left as soon as it has begun. */
async function send(
  client: Client,
  route: Keyed,
  tenantId: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const path = route.path
    .replace('{tenantId}', encodeURIComponent(tenantId))
    .replace('{agentId}', 'nobody')
    .replaceAll(/\{\w+\}/g, nobody);
  const method = route.path.endsWith('/events') ? 'HEAD' : route.method.toUpperCase();
  return client.raw(method, path, ['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : '{}', headers);
}

function clientOf(tenant: TestTenant, role: TenantRole): Client {
  const { operator, submitter, agent, auditor } = tenant;
  return { OPERATOR: operator, SUBMITTER: submitter, AGENT: agent, AUDITOR: auditor }[role];
}

async function revokedKey({ admin, path }: TestTenant): Promise<string> {
  const { body } = await admin.post(`${path}/api-keys`, { name: 'gone', role: 'OPERATOR' });
  await admin.delete(`${path}/api-keys/${textOf(body.keyId)}`);
  return textOf(body.key);
}
