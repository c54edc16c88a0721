import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { IssuerKeys } from '../../src/lib/oidc/issuer-keys.js';
import { OidcTokens } from '../../src/lib/oidc/oidc-tokens.js';
import type { TokenRules } from '../../src/models/token.js';
import { eventually } from '../contract/eventually.js';

const audience = 'chimera';
/** Longer than any test takes, and shorter than one notices, in milliseconds. */
const cooldown = { long: 60_000, short: 50 };
const discovery = '/.well-known/openid-configuration';
const away = expect.objectContaining({ code: 'UNAVAILABLE' });

const notKeys = [
  { status: 302, body: {} },
  { status: 500, body: {} },
  { body: '<html>' },
  { body: { keys: 'none' } },
  { body: { keys: [1] } },
];

/** An issuer that says whatever a test has it say. */
describe('tokens of an issuer that is not as it should be', () => {
  let server: Server;
  let issuer: string;
  let tokenOf: (kid: string) => Promise<string>;
  let token: string;
  let privateKey: CryptoKey;
  let rules: TokenRules;
  let says: Record<string, { status?: number; body: unknown }>;
  let asked: string[];
  let warn: jest.SpiedFunction<Logger['warn']>;

  const tokensOf = (cooldownMs: number) => new OidcTokens(rules, new IssuerKeys(issuer, cooldownMs));
  const outcomeOf = (tokens: OidcTokens, one: string): Promise<unknown> =>
    tokens.callerOf(one).catch((error: unknown) => error);

  beforeEach(async () => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const { status = 200, body } = says[request.url ?? ''] ?? { status: 404, body: {} };
      response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { privateKey: own, publicKey } = await generateKeyPair('ES256', { extractable: true });
    tokenOf = (kid) =>
      new SignJWT({ chimera_role: 'OPERATOR', chimera_tenant: 't_acme' })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject('ann')
        .setExpirationTime('1 minute')
        .sign(own);
    privateKey = own;
    token = await tokenOf('k');
    says = {
      [discovery]: { body: { issuer, jwks_uri: `${issuer}/keys` } },
      '/keys': { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] } },
    };
    rules = {
      issuer,
      audience,
      algorithms: ['ES256'],
      clockToleranceS: 0,
      ...{ roleClaim: 'chimera_role', roles: new Map() },
      ...{ tenantClaim: 'chimera_tenant', tenants: new Map() },
    };
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const ann = () => ({ role: 'OPERATOR', id: `${issuer}#ann`, tenantId: 't_acme' });
  const documents = () => ({
    'of another issuer': { body: { issuer: 'https://other.example', jwks_uri: `${issuer}/keys` } },
    'that is away': { status: 500, body: {} },
    'that is somewhere else': { status: 302, body: {} },
    'that is none': { body: '<html>' },
    'without keys': { body: { issuer } },
    'with keys at no address': { body: { issuer, jwks_uri: 'keys' } },
    'with keys over a line that anybody can change': { body: { issuer, jwks_uri: 'http://192.0.2.1/keys' } },
  });

  it('are taken when all is well', async () => {
    await expect(tokensOf(cooldown.long).callerOf(token)).resolves.toEqual(ann());
    expect(asked).toEqual([discovery, '/keys']);
  });

  it('are neither taken nor called false while its discovery document is not to be used, and taken once it is', async () => {
    const good = says[discovery] ?? { body: {} };
    const tokens = tokensOf(cooldown.short);
    for (const [what, document] of Object.entries(documents())) {
      says[discovery] = document;
      expect([what, await outcomeOf(tokensOf(cooldown.long), token)]).toEqual([what, away]);
      expect([what, await outcomeOf(tokens, token)]).toEqual([what, away]);
    }
    says[discovery] = good;
    const caller = await eventually(
      () => outcomeOf(tokens, token),
      (outcome) => !(outcome instanceof Error),
    );
    expect(caller).toEqual(ann());
  });

  it('are neither taken nor called false while its keys are not to be had, and taken once they are', async () => {
    const good = says['/keys'] ?? { body: {} };
    const tokens = tokensOf(cooldown.short);
    for (const keys of notKeys) {
      says['/keys'] = keys;
      expect(await outcomeOf(tokensOf(cooldown.long), token)).toEqual(away);
      expect(await outcomeOf(tokens, token)).toEqual(away);
    }
    says['/keys'] = good;
    const caller = await eventually(
      () => outcomeOf(tokens, token),
      (outcome) => !(outcome instanceof Error),
    );
    expect(caller).toEqual(ann());
  });

  /** From now on it is so much later, in milliseconds, by either clock. */
  const pass = (ms: number) => {
    const [date, since] = [Date.now(), performance.now()];
    jest.spyOn(Date, 'now').mockImplementation(() => date + ms);
    jest.spyOn(performance, 'now').mockReturnValue(since + ms);
  };

  it('are taken with keys that are somewhere else by now, also while others are where they were', async () => {
    const tokens = tokensOf(cooldown.long);
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
    const { privateKey: newKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    says[discovery] = { body: { issuer, jwks_uri: `${issuer}/moved` } };
    says['/moved'] = { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'new' }] } };
    pass(10 * 60_000 + 1);
    const later = await new SignJWT({ chimera_role: 'OPERATOR', chimera_tenant: 't_acme' })
      .setProtectedHeader({ alg: 'ES256', kid: 'new' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('ann')
      .setExpirationTime('30 minutes')
      .sign(newKey);
    await expect(tokens.callerOf(later)).resolves.toEqual(ann());
    expect(asked).toEqual([discovery, '/keys', discovery, '/moved']);
  });

  it('are taken with keys that are not where they were any more', async () => {
    const tokens = tokensOf(cooldown.short);
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
    says[discovery] = { body: { issuer, jwks_uri: `${issuer}/moved` } };
    says['/moved'] = says['/keys'] ?? { body: {} };
    says['/keys'] = { status: 404, body: {} };
    // Its keys are asked for again; when the document was read is not what counts here.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 11 * 60_000);
    const later = await new SignJWT({ chimera_role: 'OPERATOR', chimera_tenant: 't_acme' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('ann')
      .setExpirationTime('30 minutes')
      .sign(privateKey);
    const caller = await eventually(
      () => outcomeOf(tokens, later),
      (outcome) => !(outcome instanceof Error),
    );
    expect(caller).toEqual(ann());
    expect(asked.at(-1)).toBe('/moved');
  });

  it('are taken no more once its keys are without theirs, ten minutes later at most', async () => {
    const tokens = tokensOf(cooldown.long);
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    says['/keys'] = { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'other' }] } };
    await expect(tokens.callerOf(await tokenOf('k'))).resolves.toEqual(ann());
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * 60_000 + 1);
    await expect(tokens.callerOf(await tokenOf('k'))).resolves.toBeUndefined();
  });

  it('have it asked once while it is away, and it is logged once, however many come', async () => {
    const good = says[discovery] ?? { body: {} };
    for (const document of Object.values(documents())) {
      says[discovery] = document;
      asked = [];
      warn.mockClear();
      const tokens = tokensOf(cooldown.long);
      for (let n = 0; n < 5; n += 1) expect(await outcomeOf(tokens, token)).toEqual(away);
      expect(asked).toEqual([discovery]);
      expect(warn).toHaveBeenCalledTimes(1);
    }
    says[discovery] = good;
    for (const keys of notKeys) {
      says['/keys'] = keys;
      asked = [];
      const tokens = tokensOf(cooldown.long);
      for (let n = 0; n < 5; n += 1) expect(await outcomeOf(tokens, token)).toEqual(away);
      expect(asked).toEqual([discovery, '/keys']);
    }
  });

  it('of keys that it does not have, made up while it is away, have it asked no more often than the cool-down lets', async () => {
    const cooldownMs = 500;
    const tokens = tokensOf(cooldownMs);
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
    says['/keys'] = { status: 500, body: {} };
    await eventually(
      async () => outcomeOf(tokens, await tokenOf('made-up')),
      (outcome) => outcome instanceof Error,
    );
    asked = [];
    const start = performance.now();
    for (let n = 0; n < 50; n += 1) await outcomeOf(tokens, await tokenOf(`made-up-${n}`));
    expect(asked.length).toBeLessThanOrEqual(1 + Math.floor((performance.now() - start) / cooldownMs));
    // Those of a key that was had go on.
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
  });

  it('that are none, or signed in no way that is taken, have nobody asked', async () => {
    const tokens = tokensOf(cooldown.long);
    const [, claims = '', signature = ''] = token.split('.');
    const headers = ['a', '{}', '[]', '{"alg":"none"}', '{"alg":"HS256"}', '{"alg":"RS256","kid":"k"}'];
    for (const header of headers) {
      const junk = `${Buffer.from(header).toString('base64url')}.${claims}.${signature}`;
      expect(await tokens.callerOf(junk)).toBeUndefined();
    }
    for (const junk of ['..', 'a.b.c', '{}.{}.x']) expect(await tokens.callerOf(junk)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
