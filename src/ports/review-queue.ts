/** The time at which an undecided card expires. */
export interface Deadline {
  readonly tenantId: string;
  readonly reviewId: string;
  readonly dueAt: Date;
}

/** Carries what has a time: the deadlines of cards. Ids only. A deadline may be lost; a sweep of the rows finds it. */
export abstract class ReviewQueuePort {
  /** Adds the deadline; once a card, however often it is called. */
  abstract schedule(deadline: Deadline): Promise<void>;

  /** Calls the handler in one process once a deadline has come; again, with back-off, when the handler fails. */
  abstract onDue(handler: (deadline: Pick<Deadline, 'tenantId' | 'reviewId'>) => Promise<void>): void;
}
