import { Batcher } from '../batcher.js';
import { sharedReads } from './row-lookup.js';

interface Asked {
  readonly tenantId: string;
  readonly agentIds: readonly string[];
}

/**
 * Rows of agents, asked for by many at once: a fleet that comes back registers a thousand. Those that ask together share one statement
 * for each tenant.
 */
export class AgentLookup<Row extends { readonly agentId: string }> {
  private readonly batcher = new Batcher<Asked, readonly Row[]>((asked) => this.answers(asked), sharedReads);

  /** @param read the rows of these agents of a tenant's */
  constructor(
    private readonly read: (tenantId: string, agentIds: readonly string[]) => Promise<readonly Row[]>,
  ) {}

  of(tenantId: string, agentIds: readonly string[]): Promise<readonly Row[]> {
    return this.batcher.submit({ tenantId, agentIds });
  }

  private async answers(asked: readonly Asked[]) {
    const found = await Promise.all(
      [...Map.groupBy(asked, ({ tenantId }) => tenantId)].map(async ([tenantId, group]) => {
        const agentIds = [...new Set(group.flatMap((one) => one.agentIds))];
        const rows = await this.read(tenantId, agentIds);
        return [tenantId, Map.groupBy(rows, ({ agentId }) => agentId)] as const;
      }),
    );
    const byTenant = new Map(found);
    return asked.map(({ tenantId, agentIds }) => ({
      value: agentIds.flatMap((agentId) => byTenant.get(tenantId)?.get(agentId) ?? []),
    }));
  }
}
