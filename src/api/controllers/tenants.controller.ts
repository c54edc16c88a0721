import { Body, Controller, Delete, Get, Post, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import type { Tenant } from '../../models/tenant.js';
import { ApiKeys } from '../../services/api-keys.js';
import { Tenants } from '../../services/tenants.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import { CreateApiKeyBody, CreateTenantBody, RotateApiKeyBody } from '../dto/tenant.dto.js';
import { KeyId, TenantId } from '../params.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { keyExamples, rotateExamples, tenantExamples } from '../schemas/examples.js';
import { type ApiKeyWire, apiKeyWire, type NewApiKeyWire, newApiKeyWire } from '../views.js';

const keyList: ListKind = { name: 'api-keys', position: ['uuid'] };

@ApiTags('Tenants and keys')
@Controller('v1/tenants')
export class TenantsController {
  constructor(
    private readonly tenants: Tenants,
    private readonly apiKeys: ApiKeys,
  ) {}

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
    const { name, role } = body;
    const expiresAt = timeOf(body.expiresAt);
    return newApiKeyWire(await this.apiKeys.create(caller, tenantId, { name, role, expiresAt }));
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
      await this.apiKeys.list(tenantId, cursors.request(query.limit ?? defaultLimit, query.cursor)),
      apiKeyWire,
    );
  }

  @Post(':tenantId/api-keys/:keyId/rotate')
  @ApiBody({ type: RotateApiKeyBody, required: false, examples: rotateExamples })
  @Route({
    summary: 'Make a key that takes the place of this one',
    description:
      'Both are taken until the overlap is over; then the old one ends. The holder stays the same: cards and the audit record name them as before.',
    needs: 'key:manage',
    status: 201,
    answers: 'NewApiKey',
    refuses: ['API_KEY_NOT_FOUND', 'API_KEY_ENDED'],
  })
  async rotate(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @KeyId() keyId: string,
    @Body() { overlapMs, expiresAt }: RotateApiKeyBody,
  ): Promise<NewApiKeyWire> {
    const wanted = { overlapMs, expiresAt: timeOf(expiresAt) };
    return newApiKeyWire(await this.apiKeys.rotate(caller, tenantId, keyId, wanted));
  }

  @Delete(':tenantId/api-keys/:keyId')
  @Route({
    summary: 'Revoke a key, effective at once',
    needs: 'key:manage',
    status: 204,
    refuses: ['API_KEY_NOT_FOUND'],
  })
  revoke(@CallerOf() caller: Caller, @TenantId() tenantId: string, @KeyId() keyId: string): Promise<void> {
    return this.apiKeys.revoke(caller, tenantId, keyId);
  }
}

function timeOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
