import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIP } from 'node:net';
import { type Action, type Caller, mayDo } from '../models/access.js';
import { hashOf } from '../models/digest.js';
import { DomainError } from '../models/errors.js';
import { tenantIdPattern } from '../models/tenant.js';
import { Authenticator } from '../services/authenticator.js';
import { Doorkeeper } from '../services/doorkeeper.js';
import { LongCalls } from '../services/long-calls.js';
import { Tenants } from '../services/tenants.js';
import { classOf } from './admission.js';
import { routesOf } from './described-operations.js';
import { pathOf } from './early-errors.js';
import { factsOf, whenClosed } from './request-facts.js';

/** Whose connection is gone already has no address left (RFC 1122, section 3.2.1.3). */
const unknownAddress = '0.0.0.0';

/**
 * 401 without a valid key or token, 429 when they come too often, 404 for another tenant's things, 403 with the wrong role, in
 * this order: whoever asks for what is not theirs does not learn whether it is there.
 */
@Injectable()
export class AccessGuard {
  constructor(
    private readonly doorkeeper: Doorkeeper,
    private readonly tenants: Tenants,
    private readonly authenticator: Authenticator,
    private readonly longCalls: LongCalls,
  ) {}

  /** Resolves when the caller may do this; `undefined` is what nobody may do. */
  async admit(request: FastifyRequest, reply: FastifyReply, action: Action | undefined): Promise<void> {
    const credential = credentialOf(request);
    const caller = await this.identify(credential, request);
    factsOf(request).caller = caller;
    await this.doorkeeper.count(caller);
    const tenantId = tenantOf(request);
    await this.mustReach(caller, tenantId);
    if (action === undefined || !mayDo(caller.role, action)) {
      throw new DomainError(
        'FORBIDDEN',
        `A caller with role ${caller.role} may not do this (${action ?? 'closed'}).`,
      );
    }
    if (tenantId !== undefined && classOf(request.method, request.url) === 'WAIT')
      this.keepOpen(request, reply, { credential, caller, tenantId });
  }

  /** A call that waits is one of so many, and ends when its credential does. */
  private keepOpen(
    request: FastifyRequest,
    { raw }: FastifyReply,
    { credential, caller, tenantId }: { credential: string; caller: Caller; tenantId: string },
  ): void {
    const ended = new AbortController();
    const credentialHash = hashOf(credential);
    const close = this.longCalls.begin({
      sort: pathOf(request.url).endsWith('/events') ? 'EVENT_STREAM' : 'LONG_POLL',
      tenantId,
      credentialHash,
      stands: async () => isSame(caller, await this.authenticator.authenticate(credential, credentialHash)),
      end: () => {
        ended.abort();
      },
    });
    factsOf(request).ended = ended.signal;
    whenClosed(raw, close);
  }

  private async identify(credential: string, request: FastifyRequest): Promise<Caller> {
    const caller = await this.doorkeeper.recognise(credential, addressOf(request));
    if (caller) return caller;
    throw new DomainError('UNAUTHENTICATED', 'The key or token is unknown, expired or revoked.');
  }

  private async mustReach(caller: Caller, tenantId: string | undefined): Promise<void> {
    if (tenantId === undefined) return;
    const own = caller.tenantId === null || caller.tenantId === tenantId;
    if (!own || !tenantIdPattern.test(tenantId)) {
      throw new DomainError(
        'TENANT_NOT_FOUND',
        `There is no tenant ${tenantIdPattern.test(tenantId) ? tenantId : 'of this name'}.`,
      );
    }
    await this.tenants.mustExist(tenantId);
  }
}

/**
 * Has the guard asked before anything of a request's body is read. What a route needs is read from its description, which its
 * handler's `Route` has made; a route of the API that has none is closed.
 */
export function guardRoutes(app: NestFastifyApplication, document: OpenAPIObject): void {
  const guard = app.get(AccessGuard);
  const routes = routesOf(document);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      const { url } = request.routeOptions;
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const action = routes.get(`${method} ${url ?? ''}`)?.['x-needs'];
      if (url === undefined || action === 'PUBLIC' || !url.startsWith('/v1')) done();
      else
        guard.admit(request, reply, action).then(() => {
          done();
        }, done);
    });
}

/** @throws DomainError `UNAUTHENTICATED` */
function credentialOf({ headers }: FastifyRequest): string {
  const credential = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (credential !== undefined) return credential;
  throw new DomainError('UNAUTHENTICATED', 'Send a key or a token: Authorization: Bearer …');
}

function isSame(one: Caller, other: Caller | undefined): boolean {
  return one.id === other?.id && one.role === other.role && one.tenantId === other.tenantId;
}

/** What a trusted proxy calls an address and is none is not taken for one: the proxy's own counts then. */
function addressOf({ ip, socket }: FastifyRequest): string {
  return isIP(ip) === 0 ? (socket.remoteAddress ?? unknownAddress) : ip;
}

function tenantOf({ params }: FastifyRequest): string | undefined {
  const { tenantId } = Object(params) as { tenantId?: unknown };
  return typeof tenantId === 'string' ? tenantId : undefined;
}
