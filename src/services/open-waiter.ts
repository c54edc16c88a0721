import type { LedgerView, Needs } from '../ports/ledger.js';
import type { Ticket } from '../ports/task-queue.js';

/**
 * How long a waiter sleeps at most, in milliseconds. Signals are lost only with a connection, and who comes back from that
 * is told to look: this is for what nobody has thought of.
 */
const lookAgainMs = 20_000;

/** How long one stands aside that could make no use of a signal. Nobody tells it when it could. */
const standAsideMs = 4_000;

/** One long poll. It counts as told from the moment it is opened, so nothing that happens before its first look is lost. */
export interface Waiter {
  /** Resolves at a signal, when it is time to look again, or at `until`; `false` when there is no more point in looking. */
  next(until: number): Promise<boolean>;
  /** Leaves a signal to the next in line, and stands aside until it is time to look again: for whoever can make no use of it. */
  pass(): void;
  /** Whether its taker was asked, in a unit of work that has been committed: then that is looked at first. Says so once. */
  served(): boolean;
  /** The tickets that it was handed: they are its own to use or to give back. */
  take(): readonly Ticket[];
  /** A signal that came and was not looked after goes to the next in line. Returns tickets that it was handed and has not taken. */
  close(): readonly Ticket[];
}

export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** How many tickets it can be handed; none unless given. */
  readonly room?: number;
  /** Takes tickets for it in a unit of work of somebody else. */
  readonly taker?: Taker;
}

/** Leases tasks for one that waits while a unit of work makes them ready. */
export interface Taker {
  /** What it has to see, besides the tasks. */
  readonly needs: Needs;
  /** Returns the tickets that it can make no use of; `undefined` when there is nobody any more to take them. */
  take(view: LedgerView, tickets: readonly Ticket[]): readonly Ticket[] | undefined;
  /** Told when the unit of work was rejected, though it may have been kept: who waits will never hear of it. */
  lost(): void;
}

/** One that sleeps, and is kept for a unit of work under way: nothing else is handed to it. */
export interface Reserved {
  readonly taker: Taker;
  /** Wakes it when its taker was asked and that is committed; else it sleeps on. */
  readonly settle: (served: boolean) => void;
}

/** A waiter's place in the lines of its topics. */
export interface Place {
  join(): void;
  leave(): void;
  wakeNext(): void;
  close(): void;
  sleep(change: 1 | -1): void;
  readonly room: number;
  readonly taker: Taker | undefined;
}

export class OpenWaiter implements Waiter {
  private told = true;
  private aside = false;
  private resolve: (() => void) | undefined;
  private closed = false;
  private handed: readonly Ticket[] = [];
  private reserved = false;
  private timeIsUp = false;
  private wasServed = false;

  constructor(
    private readonly pointless: () => boolean,
    private readonly place: Place,
  ) {}

  wake(): void {
    this.told = true;
    if (!this.reserved) this.resolve?.();
  }

  reserve(): Reserved | undefined {
    const { taker } = this.place;
    if (!taker || this.room === 0) return undefined;
    this.reserved = true;
    return {
      taker,
      settle: (served) => {
        this.reserved = false;
        this.wasServed = served;
        if (served || this.told || this.timeIsUp) this.resolve?.();
      },
    };
  }

  served(): boolean {
    const { wasServed } = this;
    this.wasServed = false;
    return wasServed;
  }

  /** How many tickets it can be handed: none while it is awake, or about to be. */
  get room(): number {
    const sleeps = this.resolve && !this.told && !this.wasServed;
    return sleeps && !this.reserved && this.handed.length === 0 ? this.place.room : 0;
  }

  /** Returns how many of the tickets, the first, it has taken. */
  offer(tickets: readonly Ticket[]): number {
    const { room } = this;
    if (room === 0) return 0;
    this.handed = tickets.slice(0, room);
    this.resolve?.();
    return this.handed.length;
  }

  take(): readonly Ticket[] {
    const { handed } = this;
    this.handed = [];
    return handed;
  }

  async next(until: number): Promise<boolean> {
    const left = until - Date.now();
    if (this.pointless()) return false;
    if (!this.told) {
      if (left <= 0) return false;
      const longest = this.aside ? standAsideMs : lookAgainMs;
      await this.sleep(Math.min(left, longest * (0.8 + 0.4 * Math.random())));
    }
    this.aside = false;
    if (this.wasServed) return true;
    if (this.pointless()) return false;
    this.place.join();
    // Whoever was handed tickets may not look into the queue.
    this.told &&= this.handed.length > 0;
    return true;
  }

  pass(): void {
    this.aside = true;
    this.told = false;
    this.place.leave();
    this.place.wakeNext();
  }

  close(): readonly Ticket[] {
    const left = this.take();
    if (this.closed) return left;
    this.closed = true;
    this.place.close();
    if (this.told) this.place.wakeNext();
    return left;
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    this.place.sleep(1);
    await new Promise<void>((resolve) => {
      this.resolve = resolve;
      this.timeIsUp = false;
      timer = setTimeout(() => {
        this.timeIsUp = true;
        if (!this.reserved) resolve();
      }, ms);
    });
    this.place.sleep(-1);
    clearTimeout(timer);
    this.resolve = undefined;
  }
}
