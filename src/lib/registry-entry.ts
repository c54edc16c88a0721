import type { Agent, AgentStatus, HeartbeatStatus } from '../models/agent.js';
import type { JsonValue } from '../models/json.js';
import type { RegistryEntry } from '../ports/registry.js';

/** An entry as a store keeps it. */
export interface StoredEntry {
  /** The agent's facts; its dates are text, as JSON has them. */
  readonly facts: Omit<Agent, 'registeredAt'> & { readonly registeredAt: string };
  readonly status: HeartbeatStatus;
  readonly lastSeen: number;
  readonly metrics: JsonValue;
}

/** The entry as it is at `now`: silence of `offlineAfterMs` makes an agent OFFLINE. Times in milliseconds since 1970. */
export function entryAt(stored: StoredEntry, now: number, offlineAfterMs: number): RegistryEntry {
  const status: AgentStatus = now - stored.lastSeen >= offlineAfterMs ? 'OFFLINE' : stored.status;
  return {
    agent: { ...stored.facts, registeredAt: new Date(stored.facts.registeredAt) },
    presence: { status, lastSeen: new Date(stored.lastSeen), metrics: stored.metrics },
  };
}
