import { Body, Controller, Delete, Get, Post, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import type { Tenant } from '../../models/tenant.js';
import { Tenants } from '../../services/tenants.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import { CreateApiKeyBody, CreateTenantBody } from '../dto/tenant.dto.js';
import { KeyId, TenantId } from '../params.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { keyExamples, tenantExamples } from '../schemas/examples.js';
import { type ApiKeyWire, apiKeyWire, type NewApiKeyWire, newApiKeyWire } from '../views.js';

const keyList: ListKind = { name: 'api-keys', position: ['uuid'] };

@ApiTags('Tenants and keys')
@Controller('v1/tenants')
export class TenantsController {
  constructor(private readonly tenants: Tenants) {}

  @Post()
  @ApiBody({ type: CreateTenantBody, examples: tenantExamples })
  @Route({
    summary: 'Make a tenant',
    needs: 'tenant:create',
    status: 201,
    answers: 'Tenant',
    refuses: ['TENANT_EXISTS'],
  })
  create(@CallerOf() caller: Caller, @Body() body: CreateTenantBody): Promise<Tenant> {
    return this.tenants.create(caller, body.tenantId, body.name);
  }

  @Get(':tenantId')
  @Route({ summary: 'Show a tenant', needs: 'tenant:read', answers: 'Tenant' })
  get(@TenantId() tenantId: string): Promise<Tenant> {
    return this.tenants.get(tenantId);
  }

  @Post(':tenantId/api-keys')
  @ApiBody({ type: CreateApiKeyBody, examples: keyExamples })
  @Route({
    summary: 'Make a key',
    description: 'The key is in this answer alone; only its hash is kept.',
    needs: 'key:manage',
    status: 201,
    answers: 'NewApiKey',
  })
  async createKey(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() body: CreateApiKeyBody,
  ): Promise<NewApiKeyWire> {
    const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt);
    return newApiKeyWire(
      await this.tenants.createKey(caller, tenantId, { name: body.name, role: body.role, expiresAt }),
    );
  }

  @Get(':tenantId/api-keys')
  @Route({
    summary: 'List keys, without the keys themselves',
    needs: 'key:manage',
    answers: 'ApiKeyPage',
    refuses: ['INVALID_CURSOR'],
  })
  async keys(@TenantId() tenantId: string, @Query() query: PageQuery): Promise<WirePage<ApiKeyWire>> {
    const cursors = new Cursors(keyList, tenantId, {});
    return cursors.page(
      await this.tenants.keys(tenantId, cursors.request(query.limit ?? defaultLimit, query.cursor)),
      apiKeyWire,
    );
  }

  @Delete(':tenantId/api-keys/:keyId')
  @Route({
    summary: 'Revoke a key, effective at once',
    needs: 'key:manage',
    status: 204,
    refuses: ['API_KEY_NOT_FOUND'],
  })
  revoke(@CallerOf() caller: Caller, @TenantId() tenantId: string, @KeyId() keyId: string): Promise<void> {
    return this.tenants.revokeKey(caller, tenantId, keyId);
  }
}
