import { setTimeout as pause } from 'node:timers/promises';
import type { HeldCard, Surroundings } from './agent.js';
import { Origins } from './connection.js';
import { Fleet } from './fleet.js';
import { Meter } from './meter.js';
import type { Plan, TenantAccess } from './plan.js';
import { randomFrom } from './schedule.js';
import { Witness } from './witness.js';

/** When a server was killed and when it served again, on the clock of `performance.now()` of whoever asked. */
export interface Restart {
  readonly killedAt: number;
  readonly servingAt: number;
}

/** What a scenario stands on: the plan, and what measures and watches it. */
export class Ground implements Surroundings {
  readonly meter = new Meter();
  readonly witness = new Witness();
  readonly origins: Origins;
  readonly random: () => number;
  /** When each task was due, by its number. */
  readonly dues: number[] = [];
  /** Who decides about held results. */
  decideHeld: (card: HeldCard) => void = () => undefined;
  /** What was measured before the measuring began. */
  readonly setup: Record<string, number> = {};
  private readonly fleets: Fleet[] = [];

  constructor(
    readonly plan: Plan,
    /** Says what the run is at. */
    readonly phase: (name: string) => void,
    /** Has the server killed and started again. */
    readonly restart: () => Promise<Restart>,
  ) {
    this.origins = new Origins(plan.origins);
    this.random = randomFrom(plan.options.seed);
    this.meter.gauge('queue', () => this.witness.open);
  }

  onHeld(card: HeldCard): void {
    this.decideHeld(card);
  }

  /** A new number for a task that is due then. */
  number(due: number): number {
    return this.dues.push(due) - 1;
  }

  /** Since when the task was due, in milliseconds. */
  since(n: number): number {
    return performance.now() - (this.dues[n] ?? NaN);
  }

  tenant(index = 0): TenantAccess {
    const tenant = this.plan.tenants[index];
    if (!tenant) throw new Error(`The plan has no tenant number ${index}.`);
    return tenant;
  }

  /** A fleet that is connected, registered, and stopped with the ground. */
  async fleet(count: number, tenant = this.tenant(), prefix = 'agent'): Promise<Fleet> {
    this.phase(`${count} agents register`);
    const fleet = new Fleet(tenant, count, this, prefix);
    this.fleets.push(fleet);
    await fleet.register();
    const { count: answered, p95 } = this.meter.series('register').total();
    this.setup['registrations'] = answered;
    this.setup['registration, p95, ms'] = p95;
    return fleet;
  }

  /** Lets the load run warm, then begins to measure. */
  async warmUp(): Promise<void> {
    const ms = this.plan.options.warmupS * 1_000;
    this.phase('warm-up');
    this.meter.beginsIn(ms);
    await pause(ms);
    this.meter.begin();
    this.phase('measuring');
  }

  /** Gives what was submitted up to `patienceMs` to end. */
  async settle(patienceMs = 60_000): Promise<void> {
    this.phase('settling');
    const deadline = performance.now() + patienceMs;
    while (this.witness.open > 0 && performance.now() < deadline) await pause(50);
  }

  async stop(): Promise<void> {
    await Promise.all(this.fleets.map((fleet) => fleet.stop()));
  }
}
