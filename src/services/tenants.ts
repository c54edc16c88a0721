import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import type { ApiKey, Caller, TenantRole } from '../models/access.js';
import { hashOf } from '../models/digest.js';
import { DomainError, validationFailed } from '../models/errors.js';
import type { Page, PageRequest } from '../models/page.js';
import { defaultPolicy } from '../models/policy.js';
import type { Tenant } from '../models/tenant.js';
import { LedgerPort } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';

/** Keeps tenants and their keys. */
@Injectable()
export class Tenants {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
  ) {}

  /** @throws DomainError `TENANT_EXISTS` */
  async create(caller: Caller, tenantId: string, name: string | undefined): Promise<Tenant> {
    const tenant = await this.ledger.createTenant(
      { tenantId, name: name ?? null },
      defaultPolicy,
      actorOf(caller),
    );
    if (!tenant) throw new DomainError('TENANT_EXISTS', `There is a tenant ${tenantId} already.`);
    return tenant;
  }

  /** @throws DomainError `TENANT_NOT_FOUND` */
  async get(tenantId: string): Promise<Tenant> {
    const tenant = await this.records.tenant(tenantId);
    if (!tenant) throw new DomainError('TENANT_NOT_FOUND', `There is no tenant ${tenantId}.`);
    return tenant;
  }

  /** Makes a key: 256 random bits. The key itself is in this answer alone. */
  async createKey(
    caller: Caller,
    tenantId: string,
    wanted: { readonly name: string; readonly role: TenantRole; readonly expiresAt?: Date | undefined },
  ): Promise<ApiKey & { readonly key: string }> {
    const key = newKey();
    const stored = await this.ledger.transact({
      tenantId,
      needs: {},
      decide: (view) => {
        if (wanted.expiresAt && wanted.expiresAt <= view.now) {
          throw validationFailed([{ pointer: '/expiresAt', message: 'must be in the future' }]);
        }
        const apiKey: ApiKey = {
          keyId: uuidv7(),
          tenantId,
          name: wanted.name,
          role: wanted.role,
          keyHash: hashOf(key),
          expiresAt: wanted.expiresAt ?? null,
          revokedAt: null,
          createdAt: view.now,
          version: 1,
        };
        view.put('apiKey', apiKey);
        const { keyId, name, role } = apiKey;
        view.record({ type: 'key.created', actor: actorOf(caller), payload: { keyId, name, role } });
        return apiKey;
      },
    });
    return { ...stored, key };
  }

  keys(tenantId: string, page: PageRequest): Promise<Page<ApiKey>> {
    return this.records.apiKeys(tenantId, page);
  }

  /**
   * Revokes the key, effective at once. Revoking it again changes nothing.
   *
   * @throws DomainError `API_KEY_NOT_FOUND`
   */
  revokeKey(caller: Caller, tenantId: string, keyId: string): Promise<void> {
    return this.ledger.transact({
      tenantId,
      needs: { apiKeys: [keyId] },
      decide: (view) => {
        const key = view.get('apiKey', keyId);
        if (!key) throw new DomainError('API_KEY_NOT_FOUND', `There is no key ${keyId}.`);
        if (key.revokedAt !== null) return;
        view.put('apiKey', { ...key, revokedAt: view.now, version: key.version + 1 });
        view.record({
          type: 'key.revoked',
          actor: actorOf(caller),
          payload: { keyId, name: key.name, role: key.role },
        });
      },
    });
  }
}

/** A key of 256 random bits, with a prefix by which scanners can tell what leaked. */
export function newKey(): string {
  return `chimera_${randomBytes(32).toString('base64url')}`;
}
