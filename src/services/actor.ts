import type { Caller } from '../models/access.js';
import type { Actor } from '../models/audit.js';

/** The caller as the audit record names it. */
export function actorOf(caller: Caller): Actor {
  return { type: caller.role, id: caller.id };
}

/** An agent as the audit record names it: by its own id, whichever key it used. */
export function agentActor(agentId: string): Actor {
  return { type: 'AGENT', id: agentId };
}
