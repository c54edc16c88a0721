import type { Agent, AgentStatus, HeartbeatStatus, Presence } from '../models/agent.js';
import type { Silence } from '../models/fleet-brake.js';
import type { JsonValue } from '../models/json.js';
import type { Page, PageRequest } from '../models/page.js';
import type { AgentCounts } from './records.js';

/** An agent's durable facts and its presence. */
export interface RegistryEntry {
  readonly agent: Agent;
  readonly presence: Presence;
}

/** What a heartbeat found. */
export interface Pulse {
  readonly status: HeartbeatStatus;
  readonly lastSeen: Date;
  readonly paused: boolean;
  /** It was settled that the agent was suspect or offline, and it is back. */
  readonly returned: boolean;
}

/** An agent whose silence has become long enough to matter. */
export interface Departure {
  readonly agentId: string;
  readonly state: 'SUSPECT' | 'OFFLINE';
  /** What the silence is measured from, in milliseconds since 1970: tells it from a later silence of the same agent. */
  readonly silentSince: number;
}

/** Which agents a list is of. Both conditions hold of each. */
export interface RegistryFilter {
  readonly status?: AgentStatus | undefined;
  readonly capability?: string | undefined;
}

/**
 * Who is there and how they are. It can be lost whole and is rebuilt from the durable facts and the next heartbeats.
 * Times are those of the store's own clock, so that processes with other clocks agree.
 */
export abstract class RegistryPort {
  /** Resolves when the store answers. */
  abstract ping(): Promise<void>;

  /**
   * Enters the agent, or replaces its facts. `seen` makes it a sign of life, and a new one IDLE; a new one without it is
   * entered as `restore` does. Facts that are older than those that it has replace none.
   */
  abstract put(agent: Agent, seen: boolean): Promise<RegistryEntry>;

  /**
   * Enters those that are not entered, as agents of whom nothing has been heard since they registered: OFFLINE until their
   * first sign of life, and departing as OFFLINE when there is none within the time that makes others so. Returns the ids of
   * those that it entered.
   */
  abstract restore(tenantId: string, agents: readonly Agent[]): Promise<readonly string[]>;

  /** `false` from when the store lost what it held until `markWhole`. */
  abstract isWhole(): Promise<boolean>;

  abstract markWhole(): Promise<void>;

  /** Notes a sign of life. `undefined` when the agent is not entered. One round trip, shared by those that arrive together. */
  abstract heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse | undefined>;

  /** The facts of an agent. One round trip, shared by those that arrive together. */
  abstract agent(tenantId: string, agentId: string): Promise<Agent | undefined>;

  abstract find(tenantId: string, agentId: string): Promise<RegistryEntry | undefined>;

  /** By agent id, over an index. OFFLINE is derived from silence at the time of the call. */
  abstract list(tenantId: string, filter: RegistryFilter, page: PageRequest): Promise<Page<RegistryEntry>>;

  abstract remove(tenantId: string, agentId: string): Promise<void>;

  abstract counts(tenantId: string): Promise<AgentCounts>;

  /** Tenants of whose agents some have been silent for long enough to be suspect, and are not settled to be offline. */
  abstract silence(): Promise<readonly Silence[]>;

  /**
   * Agents of the tenant that have become SUSPECT or OFFLINE, at most `limit`: the same ones again until they are settled, or
   * give a sign of life, or are removed. With `sparing`, whoever would be OFFLINE is SUSPECT.
   */
  abstract departures(tenantId: string, sparing: boolean, limit: number): Promise<readonly Departure[]>;

  /** Takes note that the departures have been dealt with. Returns those that have given a sign of life since, and are not gone. */
  abstract settle(tenantId: string, departures: readonly Departure[]): Promise<readonly string[]>;
}
