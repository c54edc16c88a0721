/** The time at which an undecided card expires. */
export interface Deadline {
  readonly tenantId: string;
  readonly reviewId: string;
  readonly dueAt: Date;
}

/** Which card a deadline is of. */
export type DeadlineKey = Pick<Deadline, 'tenantId' | 'reviewId'>;

/** Carries what has a time: the deadlines of cards. Ids only. A deadline may be lost; a sweep of the rows finds it. */
export abstract class ReviewQueuePort {
  /** Adds the deadline; once a card, however often it is called. */
  abstract schedule(deadline: Deadline): Promise<void>;

  /** Takes the deadline back, so that it takes no room until it would have come. One that is not there is none. */
  abstract cancel(deadline: DeadlineKey): Promise<void>;

  /** Calls the handler in one process once a deadline has come; again, with back-off, when the handler fails. */
  abstract onDue(handler: (deadline: DeadlineKey) => Promise<void>): void;
}
