import type { Role } from './access.js';
import { canonicalJson, hashOf } from './digest.js';
import type { JsonObject } from './json.js';

/** What subscribers are told of. The feed is the part of the audit record that has these types. */
export const feedTypes = [
  'task.queued',
  'task.running',
  'task.needs_review',
  'task.approved',
  'task.succeeded',
  'task.failed',
  'task.timed_out',
  'task.blocked',
  'task.rejected',
  'task.cancelled',
  'review.created',
  'review.assigned',
  'review.unassigned',
  'review.decided',
  'review.expired',
  'agent.registered',
  'agent.suspect',
  'agent.offline',
  'agent.back',
  'agent.paused',
  'agent.resumed',
  'agent.removed',
  'session.created',
  'session.paused',
  'session.resumed',
  'session.stopped',
  'policy.changed',
] as const;

export const auditTypes = [
  ...feedTypes,
  'tenant.created',
  'key.created',
  'key.rotated',
  'key.revoked',
  'session.started',
  'review.revealed',
  'policy.drafted',
  'policy.shadowed',
  'policy.backtested',
  'policy.proposed',
  'policy.approved',
  'policy.discarded',
  'fleet.brake_engaged',
  'fleet.brake_released',
] as const;
export type AuditType = (typeof auditTypes)[number];

/** Who did it. SYSTEM is Chimera itself: time-outs, lost leases, deadlines. */
export interface Actor {
  readonly type: Role | 'SYSTEM';
  readonly id: string;
}

export const systemActor: Actor = { type: 'SYSTEM', id: 'chimera' };

/** What happened, before it has its place on the record. `payload` never carries an output. */
export interface AuditEntry {
  readonly type: AuditType;
  readonly actor: Actor;
  readonly taskId?: string | null;
  readonly reviewId?: string | null;
  readonly agentId?: string | null;
  readonly sessionId?: string | null;
  readonly traceId?: string | null;
  readonly payload?: JsonObject;
}

/** One link of a tenant's chain. */
export interface AuditEvent {
  readonly tenantId: string;
  /** 1, 2, 3 … within the tenant, without gaps, in the order of commits. */
  readonly sequence: number;
  readonly eventId: string;
  readonly type: AuditType;
  readonly at: Date;
  readonly actor: Actor;
  readonly taskId: string | null;
  readonly reviewId: string | null;
  readonly agentId: string | null;
  readonly sessionId: string | null;
  readonly traceId: string | null;
  readonly payload: JsonObject;
  /** `hash` of the event before; 64 zeros for the first. */
  readonly previousHash: string;
  /** Lower-case hex SHA-256 of the RFC 8785 form of all the other members. */
  readonly hash: string;
}

/** A place on a tenant's record, and the hash of the event that is there. */
export type ChainPosition = Pick<AuditEvent, 'sequence' | 'hash'>;

export const genesisHash = '0'.repeat(64);

/** What a check of a tenant's chain found. */
export interface ChainReport {
  readonly valid: boolean;
  readonly checkedEvents: number;
  readonly lastSequence: number;
  readonly lastHash: string;
  readonly firstInvalidSequence?: number;
}

/** The hash that belongs to an event: of everything in it but the hash itself. */
export function linkHash(event: Omit<AuditEvent, 'hash'>): string {
  return hashOf(canonicalJson({ ...event, at: event.at.toISOString() }));
}
