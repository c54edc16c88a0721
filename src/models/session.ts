export const sessionStates = ['CREATED', 'RUNNING', 'PAUSED', 'STOPPED'] as const;
export type SessionState = (typeof sessionStates)[number];

/** A named run that groups tasks. CREATED until its first task, then RUNNING. */
export interface Session {
  readonly sessionId: string;
  readonly tenantId: string;
  readonly requestedBy: string | null;
  readonly state: SessionState;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: number;
}

const steps: Readonly<Record<SessionState, readonly SessionState[]>> = {
  CREATED: ['RUNNING', 'PAUSED', 'STOPPED'],
  RUNNING: ['PAUSED', 'STOPPED'],
  PAUSED: ['RUNNING', 'STOPPED'],
  STOPPED: [],
};

/** The session in its new state; `undefined` when it cannot go there from where it is. */
export function moveSession(session: Session, state: SessionState, now: Date): Session | undefined {
  if (!steps[session.state].includes(state)) return undefined;
  return { ...session, state, updatedAt: now, version: session.version + 1 };
}
