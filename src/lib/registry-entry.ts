import type { Agent, AgentStatus, HeartbeatStatus } from '../models/agent.js';
import type { JsonValue } from '../models/json.js';
import type { RegistryEntry } from '../ports/registry.js';

/** An agent's facts as JSON has them: dates are text. */
export type StoredFacts = Omit<Agent, 'registeredAt'> & { readonly registeredAt: string };

/** An entry as a store keeps it. */
export interface StoredEntry {
  readonly facts: StoredFacts;
  readonly status: HeartbeatStatus;
  readonly lastSeen: number;
  readonly metrics: JsonValue;
  /** It was restored, and has given no sign of life since. */
  readonly unheard: boolean;
}

export function agentOf(facts: StoredFacts): Agent {
  return { ...facts, registeredAt: new Date(facts.registeredAt) };
}

/**
 * The entry as it is at `now`: silence of `offlineAfterMs` makes an agent OFFLINE. An agent that was restored was last seen
 * when it registered, as far as anybody knows. Times in milliseconds since 1970.
 */
export function entryAt(stored: StoredEntry, now: number, offlineAfterMs: number): RegistryEntry {
  const agent = agentOf(stored.facts);
  const silent = stored.unheard || now - stored.lastSeen >= offlineAfterMs;
  const status: AgentStatus = silent ? 'OFFLINE' : stored.status;
  const lastSeen = stored.unheard ? agent.registeredAt : new Date(stored.lastSeen);
  return { agent, presence: { status, lastSeen, metrics: stored.metrics } };
}
