import type { HeldCard } from './agent.js';
import type { Ground } from './ground.js';
import { Operator } from './operator.js';
import type { TenantAccess } from './plan.js';
import { independently, keepPace } from './schedule.js';
import { Submitter } from './submitter.js';

/** Of the cards, the operator rejects this part. */
const rejected = 0.2;
/** Of the held tasks, every so many are peeked at before they are decided. */
const peekedAt = 10;

/** The tasks of one tenant: who submits them, and who decides about those that are held. */
export class Traffic {
  /** Stands before the names of what is measured, to keep phases apart. */
  label = '';
  private readonly submitter: Submitter;
  private readonly operator: Operator;
  private readonly going = new Set<Promise<unknown>>();
  private readonly heldTasks = new Set<number>();
  private cards = 0;

  constructor(
    private readonly ground: Ground,
    tenant: TenantAccess = ground.tenant(),
    private readonly held = ground.plan.options.held,
    connections?: number,
  ) {
    const { witness, meter } = ground;
    this.submitter = new Submitter(tenant, {
      ...{ origins: ground.origins, meter, witness, name: 'load' },
      ...(connections !== undefined && { connections }),
    });
    this.operator = new Operator(tenant, ground);
    ground.decideHeld = (card) => {
      this.track(this.decide(card));
    };
    witness.onAssigned = (n, stage) => {
      if (stage === 'PROPOSE') meter.series(`${this.label}due → in hand`).record(ground.since(n));
    };
    witness.onFinal = (n) => {
      const name = this.heldTasks.delete(n) ? 'due → final, held' : 'due → final';
      meter.series(`${this.label}${name}`).record(ground.since(n));
    };
  }

  /** Submits as many a second, open loop, for this long; resolves once all are answered. */
  async offer(perSecond: number, durationMs: number): Promise<void> {
    const schedule = independently(perSecond, this.ground.random);
    await keepPace(schedule, durationMs, (due) => {
      this.track(this.submit(due));
    });
    await Promise.all(this.going);
  }

  /** As `offer`, from submitters of whom none asks twice: what is refused is not done. */
  async offerOnce(perSecond: number, durationMs: number): Promise<void> {
    const schedule = independently(perSecond, this.ground.random);
    await keepPace(schedule, durationMs, (due) => {
      this.track(this.submitOnce(due));
    });
  }

  /** Submits one task, and resolves with whether it was accepted. */
  async submitOnce(due: number): Promise<boolean> {
    const n = this.ground.number(due);
    const held = this.ground.random() < this.held;
    if (held) this.heldTasks.add(n);
    const accepted = await this.submitter.submitOnce(n, due, held, onApprovalOf(n));
    if (!accepted) this.heldTasks.delete(n);
    return accepted;
  }

  /** Looks at the tasks, and resolves with whether that was answered. */
  look(): Promise<boolean> {
    return this.submitter.look();
  }

  /** Keeps this many tasks open for this long, however many more are refused; resolves once all are answered. */
  async saturate(open: number, durationMs: number): Promise<void> {
    const { witness } = this.ground;
    const end = performance.now() + durationMs;
    const measured = witness.onFinal;
    let over = false;
    this.submitter.mayBeRefused = true;
    witness.onFinal = (n, status) => {
      measured(n, status);
      if (!over && performance.now() < end) this.track(this.submit(performance.now()));
    };
    for (let index = 0; index < open; index += 1) this.track(this.submit(performance.now()));
    while (performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    over = true;
    witness.onFinal = measured;
    await Promise.all(this.going);
    this.submitter.mayBeRefused = false;
  }

  /** Loses all connections of submitter and operator at this instant. */
  cut(): void {
    this.submitter.cut();
    this.operator.cut();
  }

  async stop(): Promise<void> {
    await Promise.all([this.submitter.stop(), this.operator.stop()]);
    await Promise.all(this.going);
  }

  private async submit(due: number): Promise<void> {
    const n = this.ground.number(due);
    const held = this.ground.random() < this.held;
    if (held) this.heldTasks.add(n);
    await this.submitter.submit(n, due, held, onApprovalOf(n));
  }

  private async decide({ tenantId, taskId, n, reviewId }: HeldCard): Promise<void> {
    this.cards += 1;
    if (this.cards % peekedAt === 0) await this.submitter.peek(taskId);
    const approves = this.ground.random() >= rejected;
    const accepted = await this.operator.decide(reviewId, approves ? 'APPROVED' : 'REJECTED');
    if (!accepted) return;
    if (!approves) this.ground.witness.ended(tenantId, taskId, 'REJECTED');
    else if (onApprovalOf(n) === 'COMPLETE') this.ground.witness.ended(tenantId, taskId, 'SUCCEEDED');
  }

  private track(work: Promise<unknown>): void {
    this.going.add(work);
    void work.finally(() => this.going.delete(work));
  }
}

/** Every other task is to be executed once it is approved; the rest is complete with the approval. */
function onApprovalOf(n: number): 'EXECUTE' | 'COMPLETE' {
  return n % 2 === 0 ? 'EXECUTE' : 'COMPLETE';
}
