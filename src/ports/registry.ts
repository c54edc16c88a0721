import type { Agent, AgentStatus, HeartbeatStatus, Presence } from '../models/agent.js';
import type { JsonValue } from '../models/json.js';
import type { Page, PageRequest } from '../models/page.js';
import type { AgentCounts } from './records.js';

/** An agent's durable facts and its presence. */
export interface RegistryEntry {
  readonly agent: Agent;
  readonly presence: Presence;
}

/** What a heartbeat found. */
export interface Pulse extends RegistryEntry {
  /** The agent had been silent for long enough to be suspect or offline, and is back. */
  readonly returned: boolean;
}

/** An agent whose silence has just become long enough to matter. */
export interface Departure {
  readonly tenantId: string;
  readonly agentId: string;
  readonly state: 'SUSPECT' | 'OFFLINE';
}

/**
 * Who is there and how they are. It can be lost whole and is rebuilt from the durable facts and the next heartbeats.
 * Times are those of the store's own clock, so that processes with other clocks agree.
 */
export abstract class RegistryPort {
  /** Resolves when the store answers. */
  abstract ping(): Promise<void>;

  /** Enters the agent, or replaces its facts. A new one is IDLE and was seen just now; `seen` says so of a known one. */
  abstract put(agent: Agent, seen: boolean): Promise<RegistryEntry>;

  /** Notes a sign of life. `undefined` when the agent is not entered. One round trip, shared by those that arrive together. */
  abstract heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse | undefined>;

  abstract find(tenantId: string, agentId: string): Promise<RegistryEntry | undefined>;

  /** By agent id. OFFLINE is derived from silence at the time of the call. */
  abstract list(
    tenantId: string,
    filter: { status?: AgentStatus | undefined; capability?: string | undefined },
    page: PageRequest,
  ): Promise<Page<RegistryEntry>>;

  abstract remove(tenantId: string, agentId: string): Promise<void>;

  abstract counts(tenantId: string): Promise<AgentCounts>;

  /** Agents that became SUSPECT or OFFLINE since the last call in any process, each told once; at most `limit`. */
  abstract departures(limit: number): Promise<readonly Departure[]>;
}
