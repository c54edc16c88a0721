import type { RegistryPort } from '../ports/registry.js';
import type { WatchPort } from '../ports/watch.js';

/**
 * To be called for agents that have just been entered: those that were removed since their facts were read go again, because
 * their removal may have been through with the registry before. Returns their ids.
 */
export async function expelRemoved(
  registry: RegistryPort,
  watch: WatchPort,
  tenantId: string,
  entered: readonly string[],
): Promise<readonly string[]> {
  const removed = await watch.removedAgents(tenantId, entered);
  for (const agentId of removed) await registry.remove(tenantId, agentId);
  return removed;
}
