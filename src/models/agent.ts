import type { JsonObject, JsonValue } from './json.js';

export const agentRoles = ['PLANNER', 'WORKER', 'JUDGE'] as const;
export type AgentRole = (typeof agentRoles)[number];

/** What an agent says of itself. */
export const heartbeatStatuses = ['ACTIVE', 'IDLE', 'BUSY'] as const;
export type HeartbeatStatus = (typeof heartbeatStatuses)[number];

/** OFFLINE is never said: it is derived from silence. */
export const agentStatuses = ['ACTIVE', 'IDLE', 'BUSY', 'OFFLINE'] as const;
export type AgentStatus = (typeof agentStatuses)[number];

/** The durable facts of an external worker. */
export interface Agent {
  readonly tenantId: string;
  readonly agentId: string;
  readonly name: string | null;
  readonly role: AgentRole;
  readonly agentVersion: string | null;
  /** The task kinds that it takes. */
  readonly capabilities: readonly string[];
  readonly maxConcurrentTasks: number;
  readonly metadata: JsonObject;
  readonly paused: boolean;
  /** Taken out of the fleet: keeps its history, does no work, must register again. */
  readonly removed: boolean;
  readonly registeredAt: Date;
  readonly version: number;
}

/** What the registry knows of an agent at this moment. */
export interface Presence {
  readonly status: AgentStatus;
  readonly lastSeen: Date;
  readonly metrics: JsonValue;
}

/** How long silence may last, in milliseconds. */
export interface Liveness {
  readonly heartbeatIntervalMs: number;
  readonly suspectAfterMs: number;
  readonly offlineAfterMs: number;
}

/** How many heartbeats an agent may miss. `offlineAfterMissed` is the greater one. */
export interface Patience {
  readonly heartbeatIntervalMs: number;
  readonly suspectAfterMissed: number;
  readonly offlineAfterMissed: number;
}

export function livenessOf({
  heartbeatIntervalMs,
  suspectAfterMissed,
  offlineAfterMissed,
}: Patience): Liveness {
  return {
    heartbeatIntervalMs,
    suspectAfterMs: suspectAfterMissed * heartbeatIntervalMs,
    offlineAfterMs: offlineAfterMissed * heartbeatIntervalMs,
  };
}
