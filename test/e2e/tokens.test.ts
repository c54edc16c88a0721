import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import type { TokenRules } from '../../src/models/token.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../support/chimera.js';
import { type Answer, Client, itemsOf } from '../support/client.js';
import { hold, register } from '../support/fleet.js';
import { audience, type IdentityProvider, startIdentityProvider } from '../support/identity-provider.mjs';
import { eventually } from '../contract/eventually.js';

const staff = '/org/groups';

describe('a token of an OpenID issuer', () => {
  let store: TestStore;
  let url: string;
  let own: TestTenant;
  let other: TestTenant;
  let provider: IdentityProvider;
  let oidc: TokenRules;

  const as = (token: string) => new Client(url, token);
  const withToken = async (clientId: string) => as(await provider.tokenFor(clientId));

  /** What is true of a token that opens the door; each test spoils one part. */
  const genuine = () => ({
    iss: provider.issuer,
    aud: audience,
    sub: 'ann',
    exp: inSeconds(60),
    org: { groups: ['everybody', 'chimera-ops'], id: 'acme' },
  });
  const refused = async (token: string) => codeOf(await as(token).get(`${own.path}/reviews`));

  beforeAll(async () => {
    const org = (groups: string | readonly string[], id?: string) => ({ org: { groups, id } });
    provider = await startIdentityProvider([
      { id: 'ann', claims: org(['everybody', 'chimera-ops'], 'acme') },
      { id: 'bob', claims: org('chimera-submit', 'acme') },
      { id: 'eve', claims: org('chimera-ops', 'elsewhere') },
      { id: 'root', claims: org('chimera-admins') },
      { id: 'guest', claims: org('everybody', 'acme') },
      { id: 'both', claims: org(['chimera-ops', 'chimera-submit'], 'acme') },
      { id: 'lost', claims: org('chimera-ops', 'nowhere') },
      { id: 'stray', claims: org('chimera-ops', 'stray') },
    ]);
    store = await createStore('postgres');
    const plain = await store.start();
    [own, other] = await Promise.all([createTenant(plain.url), createTenant(plain.url)]);
    await plain.stop();
    oidc = {
      issuer: provider.issuer,
      audience,
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      clockToleranceS: 5,
      roleClaim: staff,
      roles: new Map([
        ['chimera-ops', 'OPERATOR'],
        ['chimera-submit', 'SUBMITTER'],
        ['chimera-agents', 'AGENT'],
        ['chimera-admins', 'ADMIN'],
      ]),
      tenantClaim: '/org/id',
      tenants: new Map([
        ['acme', own.tenantId],
        ['elsewhere', other.tenantId],
        ['stray', 't_not_made_yet'],
      ]),
    };
    ({ url } = await store.start({ oidc }));
  });
  afterAll(async () => {
    await store.drop();
    await provider.stop();
  });

  it('stands for its role and tenant, and its caller is known by issuer and subject', async () => {
    const ann = await withToken('ann');
    mustBe(200, await ann.get(`${own.path}/reviews`));
    const policy = mustBe(200, await ann.get(`${own.path}/policy`)).body;
    mustBe(200, await ann.put(`${own.path}/policy`, { keywords: [] }));
    const events = itemsOf(mustBe(200, await ann.get(`${own.path}/audit?type=policy.changed`)));
    expect(events.at(-1)).toMatchObject({ actor: { type: 'OPERATOR', id: `${provider.issuer}#ann` } });
    const mine = encodeURIComponent(`${provider.issuer}#ann`);
    expect(itemsOf(await ann.get(`${own.path}/audit?actor=${mine}`))).toHaveLength(1);
    expect(policy.version).toBe(1);

    const bob = await withToken('bob');
    mustBe(202, await bob.post(`${own.path}/tasks`, { kind: 'a', input: 1 }));
    expect(codeOf(await bob.get(`${own.path}/reviews`))).toBe('403 FORBIDDEN');
  });

  it('of one tenant finds nothing of another', async () => {
    const eve = await withToken('eve');
    mustBe(200, await eve.get(`${other.path}/reviews`));
    expect(codeOf(await eve.get(`${own.path}/reviews`))).toBe('404 TENANT_NOT_FOUND');
    const stray = await withToken('stray');
    expect(codeOf(await stray.get('/v1/tenants/t_not_made_yet/reviews'))).toBe('404 TENANT_NOT_FOUND');
  });

  it("is the admin's only where the settings name it", async () => {
    const root = await withToken('root');
    mustBe(200, await root.get(`${own.path}/api-keys`));
    mustBe(200, await root.get(`${other.path}/api-keys`));
  });

  it.each(['guest', 'both', 'lost'])(
    'that names no one role and tenant opens nothing: %s',
    async (clientId) => {
      const client = await withToken(clientId);
      expect(codeOf(await client.get(`${own.path}/reviews`))).toBe('403 FORBIDDEN');
    },
  );

  it('must be for this audience, of this issuer, and of this hour', async () => {
    expect(await refused(await provider.forge(genuine()))).toBe('200');
    expect(await refused(await provider.tokenFor('ann', 'https://somebody.else'))).toBe(
      '401 UNAUTHENTICATED',
    );
    const spoilt = {
      'no audience': { aud: undefined },
      'another issuer': { iss: 'https://other.example' },
      'an issuer with a slash': { iss: `${provider.issuer}/` },
      expired: { exp: inSeconds(-6) },
      'without end': { exp: undefined },
      'not yet': { nbf: inSeconds(30) },
      nobody: { sub: undefined },
      'an unreadable name': { sub: 'ann\nadmin' },
      'a name too long': { sub: 'a'.repeat(256) },
    };
    for (const [what, claims] of Object.entries(spoilt)) {
      const token = await provider.forge({ ...genuine(), ...claims });
      expect([what, await refused(token)]).toEqual([what, '401 UNAUTHENTICATED']);
    }
    expect(await refused(await provider.forge({ ...genuine(), exp: inSeconds(-2) }))).toBe('200');
  });

  it('must be signed, and by the issuer', async () => {
    const unsigned = new UnsecuredJWT({ ...genuine() }).encode();
    expect(await refused(unsigned)).toBe('401 UNAUTHENTICATED');
    // The old trick: the public key, which everybody has, taken as the secret of an HMAC.
    const publicKey = Buffer.from(await provider.publicKey());
    const confused = await new SignJWT({ ...genuine() }).setProtectedHeader({ alg: 'HS256' }).sign(publicKey);
    expect(await refused(confused)).toBe('401 UNAUTHENTICATED');
    const [head = '', , signature = ''] = (await provider.forge(genuine())).split('.');
    const body = Buffer.from(JSON.stringify({ ...genuine(), sub: 'mallory' })).toString('base64url');
    expect(await refused([head, body, signature].join('.'))).toBe('401 UNAUTHENTICATED');
    const unknownKey = await provider.forge(genuine(), { kid: 'made-up' });
    expect(await refused(unknownKey)).toBe('401 UNAUTHENTICATED');
    for (const junk of ['a.b.c', '..', '{}.{}.x', `${'a'.repeat(9_000)}.b.c`])
      expect(await refused(junk)).toBe('401 UNAUTHENTICATED');
  });

  it('must be signed in one of the ways that the settings name', async () => {
    const strict = await store.start({ oidc: { ...oidc, algorithms: ['RS256'] } });
    const ann = new Client(strict.url, await provider.tokenFor('ann'));
    expect(codeOf(await ann.get(`${own.path}/reviews`))).toBe('401 UNAUTHENTICATED');
    await strict.stop();
  });

  it('is taken with the new key once the issuer has changed it, and with the old one no more', async () => {
    const before = await withToken('ann');
    mustBe(200, await before.get(`${own.path}/reviews`));
    await provider.rotate();
    const after = await withToken('ann');
    await eventually(
      async () => (await after.get(`${own.path}/reviews`)).status,
      (status) => status === 200,
    );
    expect(codeOf(await before.get(`${own.path}/reviews`))).toBe('401 UNAUTHENTICATED');
  });

  it('of a made-up key has the issuer asked once, however many come and whether it answers or not', async () => {
    const forged = await Promise.all(
      Array.from({ length: 50 }, (_, n) => provider.forge(genuine(), { kid: `made-up-${n}` })),
    );
    const server = await store.start({ oidc });
    const codesOf = async () => {
      const codes = new Set<string>();
      for (const token of forged)
        codes.add(codeOf(await new Client(server.url, token).get(`${own.path}/reviews`)));
      return [...codes];
    };
    const asked = provider.questions;
    provider.fail(true);
    expect(await codesOf()).toEqual(['503 UNAVAILABLE']);
    expect(provider.questions - asked).toBe(1);
    provider.fail(false);
    const ann = new Client(server.url, await provider.tokenFor('ann'));
    await eventually(
      async () => (await ann.get(`${own.path}/reviews`)).status,
      (status) => status === 200,
    );
    const before = provider.keyRequests;
    expect(await codesOf()).toEqual(['401 UNAUTHENTICATED']);
    expect(provider.keyRequests - before).toBeLessThanOrEqual(1);
    await server.stop();
  });

  it('of whoever proposed does not approve, though it is another token', async () => {
    const org = (group: string) => ({ org: { groups: group, id: 'acme' } });
    const [ann, annAtWork, ben] = await Promise.all([
      provider.forge({ ...genuine(), ...org('chimera-ops') }),
      provider.forge({ ...genuine(), ...org('chimera-agents') }),
      provider.forge({ ...genuine(), ...org('chimera-ops'), sub: 'ben' }),
    ]);
    const tenant = { ...own, agent: as(annAtWork), submitter: new Client(url, own.submitter.key) };
    await register(tenant, 'writer-1', { capabilities: ['own.work'] });
    const { reviewId } = await hold(tenant, 'writer-1', { task: { kind: 'own.work' } });
    const approve = (token: string) =>
      as(token).post(`${own.path}/reviews/${reviewId}/decision`, { status: 'APPROVED' });
    expect(codeOf(await approve(ann))).toBe('403 OWN_PROPOSAL');
    const decided = mustBe(200, await approve(ben));
    expect(decided.body.operatorId).toBe(`${provider.issuer}#ben`);
  });

  it('is not taken by an installation that names no issuer', async () => {
    const without = await store.start();
    const answer = await new Client(without.url, await provider.tokenFor('ann')).get(`${own.path}/reviews`);
    expect(codeOf(answer)).toBe('401 UNAUTHENTICATED');
    await without.stop();
  });

  it('is asked for again while the issuer cannot be reached', async () => {
    const away = await startIdentityProvider([{ id: 'ann', claims: { role: 'OPERATOR' } }]);
    const token = await away.tokenFor('ann');
    await away.stop();
    const rules = { roleClaim: 'role', roles: new Map(), tenantClaim: 'tenant', tenants: new Map() };
    const unreachable = {
      issuer: away.issuer,
      audience,
      algorithms: ['ES256'],
      clockToleranceS: 0,
      ...rules,
    };
    const server = await store.start({ oidc: unreachable });
    const answer = await new Client(server.url, token).get(`${own.path}/reviews`);
    expect(codeOf(answer)).toBe('503 UNAVAILABLE');
    mustBe(200, await new Client(server.url, own.operator.key).get(`${own.path}/reviews`));
    await server.stop();
  });
});

function codeOf({ status, body }: Answer): string {
  const code: unknown = body['code'];
  return typeof code === 'string' ? `${status} ${code}` : String(status);
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}
