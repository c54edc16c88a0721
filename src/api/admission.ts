/** What a request asks for, as far as its turn under load goes. */
export type RequestClass = 'NEW_WORK' | 'WORK' | 'WAIT' | 'OPERATIONS';

/** Between which numbers a limit moves. */
interface Range {
  readonly most: number;
  readonly fewest: number;
}

/**
 * Requests in hand at once. Each agent of a large fleet may send one at the same instant; the limit goes no lower than a
 * thousand of them, which are a burst and no overload.
 */
const everything: Range = { most: 4_096, fewest: 1_024 };
/** Submissions in hand at once: what they wait for is given to others first, so that only fewer of them wait for less long. */
const newWork: Range = { most: 1_024, fewest: 128 };
/** Requests that take longer than this on average, in milliseconds, are more than the process can keep up with. */
const tolerableMs = 400;
/** How often a limit is thought over, in milliseconds. */
const windowMs = 200;
/** A burst is over sooner than this many slow windows. */
const slowWindows = 3;
/** A window with fewer answers says nothing. */
const fewestSamples = 10;

/**
 * How many requests may be in hand, by how long they take. Goes down by a third while answers are slow and up by a quarter while
 * they are fast (additive-increase rules react too slowly to a flood; after Netflix's concurrency limits and "Overload Control
 * for Scaling WeChat Microservices", Zhou et al., 2018).
 */
class MovingLimit {
  current: number;
  private windowEnds = 0;
  private answers = 0;
  private spentMs = 0;
  private slow = 0;

  constructor(private readonly range: Range) {
    this.current = range.most;
  }

  /** One was answered, after so long. */
  note(ms: number): void {
    this.answers += 1;
    this.spentMs += ms;
  }

  review(now: number): void {
    if (now < this.windowEnds) return;
    if (this.answers >= fewestSamples) {
      const { most, fewest } = this.range;
      const meanMs = this.spentMs / this.answers;
      this.slow = meanMs > tolerableMs ? this.slow + 1 : 0;
      if (this.slow >= slowWindows) this.current = Math.max(fewest, this.current * 0.67);
      else if (meanMs < tolerableMs / 2) this.current = Math.min(most, this.current * 1.25);
    }
    this.windowEnds = now + windowMs;
    this.answers = 0;
    this.spentMs = 0;
  }
}

/**
 * Lets in as many requests as the process can answer in good time, and turns the others away at once, so that what is let in
 * is done and not given up on by whoever waits for it. New work is turned away first, at half of the limit or at its own: who
 * has a result in hand, or a heartbeat to give, comes before who wants to add to the load.
 */
export class Admission {
  private readonly limits = { all: new MovingLimit(everything), newWork: new MovingLimit(newWork) };
  private inHand = 0;
  private newInHand = 0;
  private turnedAway = 0;

  /**
   * @param asleep how many of the requests in hand wait for something to happen, and take no time
   * @param now a clock in milliseconds that never goes back
   */
  constructor(
    private readonly asleep: () => number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Requests that were turned away. */
  get refused(): number {
    return this.turnedAway;
  }

  /** Requests let in at once, at this moment. */
  get currentLimit(): number {
    return this.limits.all.current;
  }

  /** Submissions let in at once, at this moment. */
  get currentNewWorkLimit(): number {
    return Math.min(this.limits.all.current / 2, this.limits.newWork.current);
  }

  /** Lets the request in and returns what is to be called when it has been answered; `undefined` when it is turned away. */
  enter(request: RequestClass): (() => void) | undefined {
    const start = this.now();
    this.limits.all.review(start);
    this.limits.newWork.review(start);
    if (!this.hasRoom(request)) {
      this.turnedAway += 1;
      return undefined;
    }
    const isNew = request === 'NEW_WORK';
    this.inHand += 1;
    if (isNew) this.newInHand += 1;
    return () => {
      this.inHand -= 1;
      if (isNew) this.newInHand -= 1;
      if (isNew) this.limits.newWork.note(this.now() - start);
      else if (request === 'WORK') this.limits.all.note(this.now() - start);
    };
  }

  private hasRoom(request: RequestClass): boolean {
    if (request === 'OPERATIONS') return true;
    const busy = this.inHand - this.asleep();
    if (request !== 'NEW_WORK') return busy < this.limits.all.current;
    return busy < this.limits.all.current / 2 && this.newInHand < this.limits.newWork.current;
  }
}

/** Which class a request is of, by its method and address. */
export function classOf(method: string, url: string): RequestClass {
  const [path = '', query = ''] = url.split('?', 2);
  if (!path.startsWith('/v1/')) return 'OPERATIONS';
  if (path.endsWith('/claims') || path.endsWith('/events') || query.includes('waitMs=')) return 'WAIT';
  return method === 'POST' && (path.endsWith('/tasks') || path.endsWith('/tasks/batch'))
    ? 'NEW_WORK'
    : 'WORK';
}
