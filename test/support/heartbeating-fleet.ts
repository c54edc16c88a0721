import { setTimeout as delay } from 'node:timers/promises';
import type { TestTenant } from './chimera.js';

/** Agents that give a sign of life again and again, until they are cut off. */
export class HeartbeatingFleet {
  private readonly beating = new Set<string>();
  private readonly living = new Set<string>();

  constructor(
    private readonly tenant: TestTenant,
    private readonly intervalMs: number,
  ) {}

  add(agentIds: readonly string[]): void {
    for (const agentId of agentIds) {
      this.living.add(agentId);
      this.beating.add(agentId);
      void this.live(agentId);
    }
  }

  /** Cuts the connection of these: they live on and do not know it. */
  silence(agentIds: readonly string[]): void {
    for (const agentId of agentIds) this.beating.delete(agentId);
  }

  restore(agentIds: readonly string[]): void {
    for (const agentId of agentIds) this.beating.add(agentId);
  }

  /** Ends these; all of them when none are named. */
  stop(agentIds: readonly string[] = [...this.living]): void {
    for (const agentId of agentIds) this.living.delete(agentId);
  }

  private async live(agentId: string): Promise<void> {
    const { agent, path } = this.tenant;
    while (this.living.has(agentId)) {
      if (this.beating.has(agentId)) {
        // While the server is away there is no answer, and the next heartbeat tells.
        await agent.post(`${path}/agents/${agentId}/heartbeat`, { status: 'ACTIVE' }).catch(() => undefined);
      }
      await delay(this.intervalMs);
    }
  }
}
