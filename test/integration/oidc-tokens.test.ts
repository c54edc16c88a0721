import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { OidcTokens } from '../../src/lib/oidc/oidc-tokens.js';

const audience = 'chimera';
const away = expect.objectContaining({ code: 'UNAVAILABLE' });

/** An issuer that says whatever a test has it say. */
describe('tokens of an issuer that is not as it should be', () => {
  let server: Server;
  let issuer: string;
  let token: string;
  let tokens: OidcTokens;
  let says: Record<string, { status?: number; body: unknown }>;

  beforeEach(async () => {
    server = createServer((request, response) => {
      const { status = 200, body } = says[request.url ?? ''] ?? { status: 404, body: {} };
      response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    token = await new SignJWT({ chimera_role: 'OPERATOR', chimera_tenant: 't_acme' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('ann')
      .setExpirationTime('1 minute')
      .sign(privateKey);
    says = {
      '/.well-known/openid-configuration': { body: { issuer, jwks_uri: `${issuer}/keys` } },
      '/keys': { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] } },
    };
    tokens = new OidcTokens({
      issuer,
      audience,
      algorithms: ['ES256'],
      clockToleranceS: 0,
      ...{ roleClaim: 'chimera_role', roles: new Map() },
      ...{ tenantClaim: 'chimera_tenant', tenants: new Map() },
    });
  });
  afterEach(async () => {
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
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
  });

  it('are neither taken nor called false while its discovery document is not to be used, and taken once it is', async () => {
    const good = says['/.well-known/openid-configuration'] ?? { body: {} };
    for (const [what, document] of Object.entries(documents())) {
      says['/.well-known/openid-configuration'] = document;
      const outcome: unknown = await tokens.callerOf(token).catch((error: unknown) => error);
      expect([what, outcome]).toEqual([what, away]);
    }
    says['/.well-known/openid-configuration'] = good;
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
  });

  it('are neither taken nor called false while its keys are not to be had', async () => {
    const good = says['/keys'] ?? { body: {} };
    for (const keys of [{ status: 500, body: {} }, { body: '<html>' }, { body: { keys: 'none' } }]) {
      says['/keys'] = keys;
      await expect(tokens.callerOf(token)).rejects.toEqual(away);
    }
    says['/keys'] = good;
    await expect(tokens.callerOf(token)).resolves.toEqual(ann());
  });
});
