import { Agent, type Surroundings } from './agent.js';
import type { TenantAccess } from './plan.js';
import { evenly, keepPace } from './schedule.js';

/** How many agents register at the same time while a fleet is set up. */
const registeringAtOnce = 64;

/** The agents of one tenant. */
export class Fleet {
  readonly agents: readonly Agent[];
  private readonly over = new AbortController();
  private readonly going: Promise<unknown>[] = [];
  private readonly beating = new Set<Promise<void>>();

  constructor(tenant: TenantAccess, count: number, around: Surroundings, prefix = 'agent') {
    this.agents = Array.from(
      { length: count },
      (_, index) => new Agent(tenant, `${prefix}-${String(index).padStart(5, '0')}`, around),
    );
  }

  /** Connects and registers all of them. */
  async register(): Promise<void> {
    const waiting = this.agents.values();
    const registerSome = async () => {
      for (const agent of waiting) await agent.register();
    };
    await Promise.all(Array.from({ length: registeringAtOnce }, registerSome));
  }

  /**
   * From now on each gives a sign of life every `intervalMs`, spread evenly over that time.
   * @returns What ends it.
   */
  beat(intervalMs: number): () => void {
    const enough = new AbortController();
    const schedule = evenly((this.agents.length * 1_000) / intervalMs);
    const fire = (due: number, index: number) => {
      const beat = this.agents[index % this.agents.length]?.heartbeat(due);
      if (!beat) return;
      this.beating.add(beat);
      void beat.finally(() => this.beating.delete(beat));
    };
    const ended = AbortSignal.any([this.over.signal, enough.signal]);
    this.going.push(keepPace(schedule, Infinity, fire, ended));
    return () => {
      enough.abort();
    };
  }

  /** Resolves once every sign of life that was sent is answered. */
  async answered(): Promise<void> {
    await Promise.all(this.beating);
  }

  /** All give a sign of life at this instant, which is measured under that name. Resolves once all are answered. */
  async beatAtOnce(name: string): Promise<void> {
    const due = performance.now();
    await Promise.all(this.agents.map((agent) => agent.heartbeat(due, name)));
  }

  /** From now on the first `pullers` of them take tasks. */
  pull(pullers = this.agents.length): void {
    for (const agent of this.agents.slice(0, pullers)) this.going.push(agent.work());
  }

  /** Ends all that they do, and their connections. */
  async stop(): Promise<void> {
    this.over.abort();
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await Promise.all(this.going);
  }
}
