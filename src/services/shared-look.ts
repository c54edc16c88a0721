/** What is found by one look, for all who ask while it is under way and shortly after: so that asking often costs no more. */
export class SharedLook<T> {
  private latest: Promise<T> | undefined;
  private endedAt: number | undefined;

  /**
   * @param keepMs for how long after a look has ended its answer is given, in milliseconds; a failure is given to those who
   * waited for it, and not kept
   */
  constructor(
    private readonly look: () => Promise<T>,
    private readonly keepMs: number,
  ) {}

  get(): Promise<T> {
    const isOver = this.endedAt !== undefined && performance.now() - this.endedAt >= this.keepMs;
    if (this.latest && !isOver) return this.latest;
    const look = this.look();
    this.latest = look;
    this.endedAt = undefined;
    look.then(
      () => {
        if (this.latest === look) this.endedAt = performance.now();
      },
      () => {
        if (this.latest === look) this.latest = undefined;
      },
    );
    return look;
  }
}
