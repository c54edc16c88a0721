import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fastify from 'fastify';

/** Pages for browsers: Swagger UI. All it loads comes from here. */
const isPage = (url: string): boolean => /^\/docs(\/|$)/.test(url);

const pages = {
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
export const answerHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

/** Gives every answer the headers that keep browsers from misusing it. */
export async function setSecurityHeaders(app: NestFastifyApplication): Promise<void> {
  const pageHeaders = await headersOfPages();
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      void reply.headers(isPage(request.routeOptions.url ?? '') ? pageHeaders : answerHeaders);
      done();
    });
}

/**
 * What Helmet says of a page. It is asked once, by a server that nobody reaches, since it works its headers out anew at each
 * request: that would be half as much again as the framework's own part of one.
 */
async function headersOfPages(): Promise<Readonly<Record<string, string>>> {
  const server = fastify();
  await server.register(helmet, pages);
  server.get('/', (_request, reply) => reply.status(204).send());
  const { headers } = await server.inject('/');
  await server.close();
  const ofTheConnection = new Set(['connection', 'date', 'keep-alive']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !ofTheConnection.has(name) ? [[name, value]] : [],
    ),
  );
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
