/** What a request asks for, as far as its turn under load goes. */
export type RequestClass = 'NEW_WORK' | 'WORK' | 'WAIT' | 'OPERATIONS';

/** Requests in hand at once, at most. Each agent of a large fleet may send one at the same instant. */
const mostAtOnce = 4_096;
/** The limit goes no lower: a thousand agents that send a heartbeat at one instant are a burst and no overload. */
const fewestAtOnce = 1_024;
/** Requests that take longer than this on average, in milliseconds, are more than the process can keep up with. */
const tolerableMs = 400;
/** How often the limit is thought over, in milliseconds. */
const windowMs = 200;
/** A burst is over sooner than this many slow windows. */
const slowWindows = 3;
/** A window with fewer answers says nothing. */
const fewestSamples = 10;

/**
 * Lets in as many requests as the process can answer in good time, and turns the others away at once, so that what is let in
 * is done and not given up on by whoever waits for it. The limit goes down by a third while answers are slow and up by a
 * quarter while they are fast (additive-increase rules react too slowly to a flood; after Netflix's concurrency limits and
 * "Overload Control for Scaling WeChat Microservices", Zhou et al., 2018). New work is turned away first, at half of it: who
 * has a result in hand, or a heartbeat to give, comes before who wants to add to the load.
 */
export class Admission {
  private limit = mostAtOnce;
  private inHand = 0;
  private windowEnds = 0;
  private answers = 0;
  private spentMs = 0;
  private turnedAway = 0;
  private slow = 0;

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
    return this.limit;
  }

  /** Lets the request in and returns what is to be called when it has been answered; `undefined` when it is turned away. */
  enter(request: RequestClass): (() => void) | undefined {
    const start = this.now();
    this.review(start);
    const room = request === 'NEW_WORK' ? this.limit / 2 : this.limit;
    if (request !== 'OPERATIONS' && this.inHand - this.asleep() >= room) {
      this.turnedAway += 1;
      return undefined;
    }
    this.inHand += 1;
    return () => {
      this.inHand -= 1;
      if (request === 'NEW_WORK' || request === 'WORK') this.note(this.now() - start);
    };
  }

  private note(ms: number): void {
    this.answers += 1;
    this.spentMs += ms;
  }

  private review(now: number): void {
    if (now < this.windowEnds) return;
    if (this.answers >= fewestSamples) {
      const meanMs = this.spentMs / this.answers;
      this.slow = meanMs > tolerableMs ? this.slow + 1 : 0;
      if (this.slow >= slowWindows) this.limit = Math.max(fewestAtOnce, this.limit * 0.67);
      else if (meanMs < tolerableMs / 2) this.limit = Math.min(mostAtOnce, this.limit * 1.25);
    }
    this.windowEnds = now + windowMs;
    this.answers = 0;
    this.spentMs = 0;
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
