import { Injectable } from '@nestjs/common';
import { type AgentCounts, type Backlog, RecordsPort } from '../ports/records.js';
import { RegistryPort } from '../ports/registry.js';
import { type BrakeView, FleetBrakes } from './fleet-brakes.js';

/** The numbers of a tenant. */
export type TenantStats = Backlog & {
  readonly agents: AgentCounts;
  readonly brake: BrakeView | null;
};

/** Counts. */
@Injectable()
export class Stats {
  constructor(
    private readonly records: RecordsPort,
    private readonly registry: RegistryPort,
    private readonly brakes: FleetBrakes,
  ) {}

  async of(tenantId: string): Promise<TenantStats> {
    const [backlog, agents, brake] = await Promise.all([
      this.records.backlog(tenantId),
      this.registry.counts(tenantId),
      this.brakes.of(tenantId),
    ]);
    return { agents, ...backlog, brake };
  }
}
