import { describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { AccessGuard } from '../../../src/api/access-guard.js';
import { type Role, roles } from '../../../src/models/access.js';

/** A guard for which everybody is who they say, and every tenant is there. */
function guardFor(role: Role): AccessGuard {
  const caller = { role, id: 'ann', tenantId: role === 'ADMIN' ? null : 't_acme' };
  return Reflect.construct(AccessGuard, [
    { recognise: () => Promise.resolve(caller), count: () => Promise.resolve() },
    { mustExist: () => Promise.resolve() },
    {},
    {},
  ]) as AccessGuard;
}

describe('a route that says of no action what it needs', () => {
  it.each(roles)('is closed to %s', async (role) => {
    const app = Fastify();
    app.addHook('onRequest', (request, reply) => guardFor(role).admit(request, reply, undefined));
    app.get('/v1/tenants/:tenantId/forgotten', () => 'open');
    const answer = await app.inject({
      url: '/v1/tenants/t_acme/forgotten',
      headers: { authorization: 'Bearer key' },
    });
    expect([answer.statusCode, answer.json()]).toEqual([500, expect.objectContaining({ code: 'FORBIDDEN' })]);
    await app.close();
  });
});
