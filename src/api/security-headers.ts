import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Pages for browsers: Swagger UI, and what else is served as HTML. All they load comes from here. */
const isPage = (url: string): boolean => /^\/(docs|console)(\/|$)/.test(url);

const pageHeaders = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      // Swagger UI writes styles into its page.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  frameguard: { action: 'deny' as const },
  // What else is served under the domain is not for us to decide. Without TLS browsers pay no heed to it (RFC 6797, section 8.1).
  hsts: { maxAge: 31_536_000, includeSubDomains: false },
};

/** What an answer to a program needs: that no browser takes it for a page, keeps it, or shows it in a frame. */
const answerHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
};

/** Gives every answer the headers that keep browsers from misusing it. */
export async function setSecurityHeaders(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    if (isPage(route.url)) route.helmet = {};
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!isPage(request.routeOptions.url ?? '')) void reply.headers(answerHeaders);
    done();
  });
  await app.register(helmet, { ...pageHeaders, global: false });
}

/** Lets pages of these origins, and of no other, call the API from a browser. They send a key, never cookies. */
export async function allowOrigins(app: NestFastifyApplication, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'last-event-id',
      'traceparent',
      'x-request-id',
    ],
    exposedHeaders: ['etag', 'retry-after', 'x-request-id'],
    credentials: false,
    maxAge: 600,
  });
}
