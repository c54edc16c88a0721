import { once } from 'node:events';
import { createServer } from 'node:http';
import { calculateJwkThumbprint, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { errors, Provider } from 'oidc-provider';

export const audience = 'https://chimera.example/api';
const secret = 'a-secret-of-a-client-of-a-test';

async function makeKey() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { privateKey, publicKey, jwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } };
}

function providerOf(issuer, clients, key) {
  const claimsOf = new Map(clients.map(({ id, claims }) => [id, claims]));
  return new Provider(issuer, {
    clients: clients.map(({ id }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
      redirect_uris: [],
    })),
    jwks: { keys: [key.jwk] },
    ttl: { ClientCredentials: 300 },
    cookies: { keys: ['a key of a test'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => {
          if (!resource.startsWith('https://')) throw new errors.InvalidTarget();
          return {
            scope: 'work',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 300,
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
    extraTokenClaims: (_context, { clientId }) => claimsOf.get(clientId),
  });
}

/** Listens on a port of its own, where a new provider with a new key can take the old one's place. */
export async function startIdentityProvider(clients) {
  let handle;
  let keyRequests = 0;
  let questions = 0;
  let isFailing = false;
  const server = createServer((request, response) => {
    const isForKeys = request.url === '/jwks';
    if (isForKeys) keyRequests += 1;
    if (isForKeys || request.url?.startsWith('/.well-known/')) questions += 1;
    if (isFailing) response.writeHead(500).end();
    else handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let key;
  const renew = async () => {
    key = await makeKey();
    handle = providerOf(issuer, clients, key).callback();
  };
  await renew();
  return {
    issuer,
    async tokenFor(clientId, resource = audience) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
      });
      const { access_token: token, ...rest } = await response.json();
      if (token === undefined) throw new Error(`No token: ${JSON.stringify(rest)}`);
      return token;
    },
    forge(claims, { alg = 'ES256', kid = key.jwk.kid } = {}) {
      return new SignJWT({ ...claims }).setProtectedHeader({ alg, kid }).sign(key.privateKey);
    },
    publicKey: () => exportSPKI(key.publicKey),
    rotate: renew,
    get keyRequests() {
      return keyRequests;
    },
    get questions() {
      return questions;
    },
    fail(failing) {
      isFailing = failing;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
