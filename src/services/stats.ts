import { Injectable } from '@nestjs/common';
import { type AgentCounts, type Backlog, RecordsPort } from '../ports/records.js';
import { RegistryPort } from '../ports/registry.js';

/** The numbers of a tenant. */
export type TenantStats = Backlog & { readonly agents: AgentCounts };

/** Counts. */
@Injectable()
export class Stats {
  constructor(
    private readonly records: RecordsPort,
    private readonly registry: RegistryPort,
  ) {}

  async of(tenantId: string): Promise<TenantStats> {
    const [backlog, agents] = await Promise.all([
      this.records.backlog(tenantId),
      this.registry.counts(tenantId),
    ]);
    return { agents, ...backlog };
  }
}
