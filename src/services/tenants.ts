import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import { DomainError } from '../models/errors.js';
import { defaultPolicy } from '../models/policy.js';
import type { Tenant } from '../models/tenant.js';
import { LedgerPort } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';

/** Tenants that a process remembers at once. */
const mostKnown = 10_000;

/** Keeps tenants. */
@Injectable()
export class Tenants {
  /** Tenants that are there, or are being looked for. They stay, so it need not be asked twice. */
  private readonly known = new Map<string, Promise<unknown>>();

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

  /**
   * Resolves when there is such a tenant.
   *
   * @throws DomainError `TENANT_NOT_FOUND`
   */
  async mustExist(tenantId: string): Promise<void> {
    let look = this.known.get(tenantId);
    if (!look) {
      if (this.known.size >= mostKnown) this.known.clear();
      look = this.get(tenantId);
      this.known.set(tenantId, look);
    }
    try {
      await look;
    } catch (error) {
      this.known.delete(tenantId);
      throw error;
    }
  }
}
