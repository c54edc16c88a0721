import type { PreparedRequest } from './connection.js';

export type TenantRole = 'AGENT' | 'SUBMITTER' | 'OPERATOR';

/** Where one tenant of one Chimera is, and the key of each role: plain data, for the client's process. */
export interface ChimeraTarget {
  readonly origin: string;
  readonly tenantPath: string;
  readonly keys: Readonly<Record<TenantRole, string>>;
}

export interface Assignment {
  readonly task: { readonly taskId: string };
  readonly stage: 'PROPOSE' | 'EXECUTE';
  readonly leaseToken: string;
  readonly approval?: { readonly output: unknown; readonly outputDigest: string };
}

/** The kind of every task here. */
export const kind = 'digest';

/** What every contender works on, and what its agents make of it. */
export const input = {
  subject: 'Delivery of order 1024',
  text: 'The parcel was announced for Tuesday and is not here. Please tell me where it is and when I can expect it.',
};
export const output = {
  reply:
    'Thank you for writing. The parcel left the depot this morning and is on its way: it arrives on Thursday.',
  language: 'en',
};

/** A request that the role may make of the tenant. */
export function requestOf(
  { tenantPath, keys }: ChimeraTarget,
  role: TenantRole,
  method: PreparedRequest['method'],
  path: string,
  body: unknown,
): PreparedRequest {
  return {
    method,
    path: `${tenantPath}${path}`,
    headers: { authorization: `Bearer ${keys[role]}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

/** The registration of agents with these names, for tasks of the one kind. */
export function registrations(target: ChimeraTarget, agentIds: readonly string[]): PreparedRequest[] {
  return agentIds.map((id) => requestOf(target, 'AGENT', 'PUT', `/agents/${id}`, { capabilities: [kind] }));
}

export function agentIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `agent-${index + 1}`);
}

export function claimOf(
  target: ChimeraTarget,
  agentId: string,
  maxTasks: number,
  waitMs: number,
): PreparedRequest {
  return requestOf(target, 'AGENT', 'POST', `/agents/${agentId}/claims`, { maxTasks, waitMs });
}

/** A result for the assignment: the approved output where there is one, or else a new one of this confidence. */
export function resultOf(
  target: ChimeraTarget,
  agentId: string,
  { task, leaseToken, approval }: Assignment,
  confidence = 0.95,
): PreparedRequest {
  const executed = approval && { output: approval.output, outputDigest: approval.outputDigest };
  const body = { agentId, leaseToken, status: 'SUCCEEDED', output, confidence, ...executed };
  return requestOf(target, 'AGENT', 'POST', `/tasks/${task.taskId}/results`, body);
}
