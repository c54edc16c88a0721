import {
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Action, type Caller, mayDo } from '../models/access.js';
import { DomainError } from '../models/errors.js';
import { tenantIdPattern } from '../models/tenant.js';
import { Authenticator } from '../services/authenticator.js';
import { Tenants } from '../services/tenants.js';
import { factsOf } from './request-facts.js';

const actionKey = 'action';

/** What a caller must be allowed to do to use the route; `PUBLIC` for anybody. A route that does not say is closed. */
export const Needs = (action: Action | 'PUBLIC'): CustomDecorator => SetMetadata(actionKey, action);

/**
 * 401 without a valid key, 404 for another tenant's things, 403 with the wrong role, in this order: whoever asks for what is
 * not theirs does not learn whether it is there.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly tenants: Tenants,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const action: Action | 'PUBLIC' | undefined = this.reflector.get(actionKey, context.getHandler());
    if (action === 'PUBLIC') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { tenantId?: string } }>>();
    const caller = await this.identify(request);
    factsOf(request).caller = caller;
    await this.mustReach(caller, request.params.tenantId);
    if (action === undefined || !mayDo(caller.role, action)) {
      throw new DomainError(
        'FORBIDDEN',
        `A key with role ${caller.role} may not do this (${action ?? 'closed'}).`,
      );
    }
    return true;
  }

  private async identify(request: FastifyRequest): Promise<Caller> {
    const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = key === undefined ? undefined : await this.authenticator.authenticate(key);
    if (caller) return caller;
    const detail =
      key === undefined ? 'Send a key: Authorization: Bearer …' : 'The key is unknown, expired or revoked.';
    throw new DomainError('UNAUTHENTICATED', detail);
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
    if (caller.tenantId === null) await this.tenants.get(tenantId);
  }
}
