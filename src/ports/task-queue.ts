/** Says that a task is ready for its next attempt. Carries ids, never payloads. */
export interface Ticket {
  readonly tenantId: string;
  readonly kind: string;
  readonly taskId: string;
  /** The attempt that this ticket is for. */
  readonly attempt: number;
  /** 0–100, the higher first. */
  readonly priority: number;
  /** Not handed out before this many milliseconds have passed. */
  readonly delayMs: number;
}

/** A ticket that was taken. */
export type TakenTicket = Pick<Ticket, 'tenantId' | 'kind' | 'taskId' | 'attempt'>;

/**
 * The index of what is ready to be handed out, one queue a tenant and kind. The task's row is the truth: a ticket may be
 * lost, or be there twice over time, and costs a delay or a glance at the row.
 */
export abstract class TaskQueuePort {
  /** Adds tickets. One for the same task and attempt that is waiting already is not added again. */
  abstract add(tickets: readonly Ticket[]): Promise<void>;

  /**
   * Takes up to `max` tickets, the highest priority first within a kind, for good: each goes to one caller.
   *
   * @throws DomainError `UNAVAILABLE` when the store is away
   */
  abstract take(tenantId: string, kinds: readonly string[], max: number): Promise<readonly TakenTicket[]>;

  /**
   * Lets go of tickets that a process took and died with before it was done with them, so that they can be added again.
   * One that is just being taken stays.
   */
  abstract recover(tenantId: string, kind: string): Promise<void>;

  /** How many tickets of one queue can be taken now: those whose delay is not over do not count. */
  abstract size(tenantId: string, kind: string): Promise<number>;
}
