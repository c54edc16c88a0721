import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PostgresRecords } from '../../src/lib/postgres/postgres-records.js';
import { CheckpointDelivery } from '../../src/services/checkpoint-delivery.js';
import { sendBytes } from '../support/wire.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { type Answer, Client, textOf } from '../support/client.js';
import { until } from '../support/fleet.js';

const brief = { name: 'brief', role: 'AUDITOR' };
const desk = 'https://desk.example';

describe.each(modes)('too many requests on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore(mode);
    const server = await store.start();
    tenant = await createTenant(server.url);
    await server.stop();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => store.drop());

  const at = (url: string, { key }: Client) => new Client(url, key);

  it('with one credential are answered 429 and when to come again; others go on', async () => {
    const { url, stop } = await store.start({ rateLimitCredential: 2 });
    const operator = at(url, tenant.operator);
    const statuses = await statusesOf(25, () => operator.get(tenant.path));
    expect(statuses).toEqual([...times(20, 200), ...times(5, 429)]);
    const refused = await operator.get(tenant.path);
    expect(refused.body).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect(refused.body).not.toHaveProperty('retryAfterS');
    mustBe(200, await at(url, tenant.auditor).get(tenant.path));
    mustBe(200, await new Client(url, '').get('/health/live'));
    await stop();
  });

  it('for one tenant are answered 429, whoever sends them; other tenants go on', async () => {
    const { url, stop } = await store.start({ rateLimitTenant: 1 });
    const other = await createTenant(url);
    const everybody = [tenant.operator, tenant.auditor].map((client) => at(url, client));
    const statuses = await statusesOf(12, (n) => everybody[n % 2]?.get(tenant.path));
    expect(statuses).toEqual([...times(10, 200), 429, 429]);
    mustBe(200, await other.operator.get(other.path));
    await stop();
  });

  it('without a key, for health and metrics, do not ask the stores as often', async () => {
    const pings = jest.spyOn(PostgresRecords.prototype, 'ping');
    const looks = jest.spyOn(CheckpointDelivery.prototype, 'backlog');
    const { url, stop } = await store.start();
    const nobody = new Client(url, '');
    const begun = performance.now();
    for (const path of ['/health/ready', '/metrics'])
      expect(await Promise.all(times(100, 200).map(async () => (await nobody.get(path)).status))).toEqual(
        times(100, 200),
      );
    const quarters = Math.ceil((performance.now() - begun) / 250);
    expect(pings.mock.calls.length).toBeLessThanOrEqual(1 + quarters);
    expect(looks.mock.calls.length).toBeLessThanOrEqual(1 + quarters);
    await stop();
  });

  it('are counted for all processes together where they share a Redis, and for each without one', async () => {
    const settings = { rateLimitCredential: 2, loginFailuresPerMinute: 5 };
    const [one, other] = [await store.start(settings), await store.start(settings)];
    // What was counted before counts for others in the same Redis.
    const mine = await createTenant(one.url);
    const [here, there] = [one, other].map(({ url }) => at(url, mine.operator));
    const guessing = [one, other].map(({ url }) => new Client(url, 'chimera_guess'));
    const shared = mode === 'redis';
    expect(await statusesOf(25, () => here?.get(mine.path))).toEqual([...times(20, 200), ...times(5, 429)]);
    const elsewhere = async () => (await there?.get(mine.path))?.status;
    // What is counted here is told there within a tenth of a second or so.
    if (shared) await until(async () => (await elsewhere()) === 429, 2_000);
    else expect(await statusesOf(20, () => there?.get(mine.path))).toEqual(times(20, 200));
    expect(await statusesOf(7, () => guessing[0]?.get(mine.path))).toEqual([...times(5, 401), 429, 429]);
    const guess = async () => (await guessing[1]?.get(mine.path))?.status;
    if (shared) await until(async () => (await guess()) === 429, 2_000);
    else expect(await statusesOf(5, () => guessing[1]?.get(mine.path))).toEqual(times(5, 401));
    await Promise.all([one.stop(), other.stop()]);
  });

  it('with unknown keys shut their address out, but for the credentials that are known there', async () => {
    const { url, stop } = await store.start({ loginFailuresPerMinute: 5 });
    const known = at(url, tenant.operator);
    mustBe(200, await known.get(tenant.path));
    const guesser = new Client(url, 'chimera_guess');
    expect(await statusesOf(7, () => guesser.get(tenant.path))).toEqual([...times(5, 401), 429, 429]);
    const refused = await guesser.get(tenant.path);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Even the right key is not looked at any more, or guessing would go on.
    expect((await at(url, tenant.auditor).get(tenant.path)).status).toBe(429);
    expect(await statusesOf(10, () => known.get(tenant.path))).toEqual(times(10, 200));
    // Nobody is taken for somebody else because he says so.
    const elsewhere = { 'x-forwarded-for': '203.0.113.9' };
    expect((await guesser.get(tenant.path, elsewhere)).status).toBe(429);
    expect((await new Client(url, '').get('/health/live')).status).toBe(200);
    await stop();
  });

  it('leave the door shut for a key that was known and is revoked', async () => {
    const { url, stop } = await store.start({ loginFailuresPerMinute: 3 });
    const made = mustBe(201, await at(url, tenant.admin).post(`${tenant.path}/api-keys`, brief));
    const holder = new Client(url, textOf(made.body.key));
    mustBe(200, await holder.get(tenant.path));
    const guesser = new Client(url, 'chimera_guess');
    expect(await statusesOf(4, () => guesser.get(tenant.path))).toEqual([...times(3, 401), 429]);
    mustBe(200, await holder.get(tenant.path));
    mustBe(204, await at(url, tenant.admin).delete(`${tenant.path}/api-keys/${textOf(made.body.keyId)}`));
    expect(await statusesOf(3, () => holder.get(tenant.path))).toEqual([401, 429, 429]);
    await stop();
  });

  it('of a guesser with many addresses of IPv6 shut out their network', async () => {
    const { url, stop } = await store.start({
      loginFailuresPerMinute: 3,
      trustedProxies: ['127.0.0.1', '::1'],
    });
    const guesser = new Client(url, 'chimera_guess');
    const from = (address: string) => guesser.get(tenant.path, { 'x-forwarded-for': address });
    const guesses = ['2001:db8:0:7::1', '2001:db8::7:ffff:0:0:2', '2001:DB8:0:7:1:2:3:4', '2001:db8:0:7::9'];
    expect(await statusesOf(4, (n) => from(guesses[n] ?? ''))).toEqual([...times(3, 401), 429]);
    expect((await from('2001:db8:0:8::1')).status).toBe(401);
    const mapped = ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107', '203.0.113.7'];
    expect(await statusesOf(4, (n) => from(mapped[n] ?? ''))).toEqual([...times(3, 401), 429]);
    expect((await from('::ffff:203.0.113.8')).status).toBe(401);
    await stop();
  });

  it('of a guesser whom a trusted proxy gives no address count as the proxy’s', async () => {
    const { url, stop } = await store.start({
      loginFailuresPerMinute: 3,
      trustedProxies: ['127.0.0.1', '::1'],
    });
    const guesser = new Client(url, 'chimera_guess');
    const from = (n: number) => guesser.get(tenant.path, { 'x-forwarded-for': `unknown-${n}` });
    expect(await statusesOf(4, from)).toEqual([...times(3, 401), 429]);
    await stop();
  });

  it('of a guesser behind a trusted proxy shut out the guesser and not the proxy', async () => {
    const trusted = { loginFailuresPerMinute: 3, trustedProxies: ['127.0.0.1', '::1'] };
    const { url, stop } = await store.start(trusted);
    const guesser = new Client(url, 'chimera_guess');
    const from = (address: string) => ({ 'x-forwarded-for': `198.51.100.1, ${address}` });
    expect(await statusesOf(4, () => guesser.get(tenant.path, from('203.0.113.9')))).toEqual([
      ...times(3, 401),
      429,
    ]);
    expect((await guesser.get(tenant.path, from('203.0.113.10'))).status).toBe(401);
    mustBe(200, await at(url, tenant.auditor).get(tenant.path, from('203.0.113.10')));
    await stop();
  });
});

describe('the door', () => {
  let store: TestStore;
  let tenant: TestTenant;
  let url: string;

  beforeAll(async () => {
    store = await createStore('postgres');
    ({ url } = await store.start());
    tenant = await createTenant(url);
  });
  afterAll(() => store.drop());

  it('asks for the key before anything of the body is read', async () => {
    const head = (path: string, key: string) =>
      [
        `POST ${path}/tasks HTTP/1.1`,
        'host: x',
        `authorization: Bearer ${key}`,
        'content-type: application/json',
        'content-length: 1000000',
        'connection: close',
        '\r\n',
      ].join('\r\n');
    expect((await sendBytes(url, head(tenant.path, 'unknown'))).status).toBe(401);
    expect((await sendBytes(url, head(tenant.path, tenant.auditor.key))).status).toBe(403);
    expect((await sendBytes(url, head('/v1/tenants/t_nobody', tenant.submitter.key))).status).toBe(404);
    for (const [client, status] of [
      [new Client(url, 'unknown'), 401],
      [tenant.auditor, 403],
      [tenant.submitter, 400],
    ] as const)
      expect((await client.raw('POST', `${tenant.path}/tasks`, '{"broken')).status).toBe(status);
  });

  it('tells browsers to make nothing of an answer but what it is', async () => {
    const answers = [
      await tenant.operator.get(tenant.path),
      await tenant.operator.get('/v1/nothing'),
      await new Client(url, '').get(tenant.path),
      await new Client(url, '').get('/openapi.json'),
    ];
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('serves Swagger UI under a policy that its own page keeps', async () => {
    const page = await fetch(`${url}/docs`);
    const html = await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|javascript:/i);
    const sources = [...html.matchAll(/<(?:script|link)[^>]*?(?:src|href)=['"]([^'"]+)/g)].map(
      ([, source = '']) => new URL(source, page.url),
    );
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(source.origin).toBe(url);
      const part = await fetch(source);
      expect([source.pathname, part.status]).toEqual([source.pathname, 200]);
      expect(part.headers.get('x-content-type-options')).toBe('nosniff');
      await part.arrayBuffer();
    }
  });

  it('does without Swagger UI where it is switched off, and keeps the description', async () => {
    const quiet = await store.start({ swaggerUi: false });
    const anybody = new Client(quiet.url, '');
    expect((await anybody.get('/docs')).status).toBe(404);
    mustBe(200, await anybody.get('/openapi.json'));
    await quiet.stop();
  });

  it('is closed to pages of other origins, unless they are named', async () => {
    const preflight = (base: string, origin: string) =>
      new Client(base, '').send('OPTIONS', `${tenant.path}/tasks`, undefined, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      });
    expect((await preflight(url, desk)).headers.get('access-control-allow-origin')).toBeNull();

    const open = await store.start({ corsOrigins: [desk] });
    const allowed = await preflight(open.url, desk);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(desk);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    const other = await preflight(open.url, 'https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).not.toBe('https://evil.example');

    const { operator, path } = tenant;
    const read = await new Client(open.url, operator.key).get(path, { origin: desk });
    expect(read.headers.get('access-control-allow-origin')).toBe(desk);
    expect(read.headers.get('access-control-expose-headers')).toContain('etag');
    const refused = await new Client(open.url, 'unknown').get(path, { origin: desk });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, desk]);
    await open.stop();
  });
});

async function statusesOf(count: number, ask: (n: number) => Promise<Answer> | undefined): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) statuses.push((await ask(n))?.status ?? 0);
  return statuses;
}

function times(count: number, status: number): number[] {
  return Array.from({ length: count }, () => status);
}
