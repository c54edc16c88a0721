import { Injectable, Logger } from '@nestjs/common';
import type { Agent } from '../models/agent.js';
import { RegistryPort } from '../ports/registry.js';
import { WatchPort } from '../ports/watch.js';
import { expelRemoved } from './removed-agents.js';

/** How many agents one page has. */
const stride = 500;

/**
 * Puts agents back that the registry has lost: all of them at once after it lost everything, else a page each time, so
 * that what it lost singly comes back too.
 */
@Injectable()
export class RegistryRepair {
  private readonly logger = new Logger(RegistryRepair.name);
  private last: Agent | undefined;

  constructor(
    private readonly registry: RegistryPort,
    private readonly watch: WatchPort,
  ) {}

  async sweep(): Promise<void> {
    if (await this.registry.isWhole()) {
      const page = await this.watch.agentsAfter(this.last, stride);
      await this.restore(page);
      this.last = page.length < stride ? undefined : page.at(-1);
      return;
    }
    let restored = 0;
    let last: Agent | undefined;
    do {
      const page = await this.watch.agentsAfter(last, stride);
      restored += await this.restore(page);
      last = page.length < stride ? undefined : page.at(-1);
    } while (last);
    await this.registry.markWhole();
    if (restored > 0) this.logger.warn({ restored }, 'The registry had lost agents; they are back.');
  }

  private async restore(page: readonly Agent[]): Promise<number> {
    let count = 0;
    for (const [tenantId, agents] of Map.groupBy(page, (agent) => agent.tenantId)) {
      const restored = await this.registry.restore(tenantId, agents);
      if (restored.length === 0) continue;
      count += restored.length;
      await expelRemoved(this.registry, this.watch, tenantId, restored);
    }
    return count;
  }
}
