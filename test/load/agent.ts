import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, Connection, type Origins, type Reply } from './connection.js';
import type { Meter, Series } from './meter.js';
import type { TenantAccess } from './plan.js';
import { type Assignment, statusOf, type Witness } from './witness.js';

/** The kind of task that the load suite submits. */
export const kind = 'load.reply';

/** How long one long poll may last. */
const waitMs = 20_000;
/** An agent that was cut off waits a random part of this, doubled with each failure, before it tries again. */
const backoffMs = { first: 200, most: 1_000 };

const output = '{"reply":"It leaves the warehouse on Monday."}';
const confident = `"status":"SUCCEEDED","confidence":0.95,"output":${output}`;
const doubtful = `"status":"SUCCEEDED","confidence":0.5,"output":${output}`;
const poll = JSON.stringify({ maxTasks: 1, waitMs });
const look = '{"maxTasks":1,"waitMs":0}';
/** How long a worker who takes turns between tenants waits at one of them. */
const glance = '{"maxTasks":1,"waitMs":250}';

/** What agents share. */
export interface Surroundings {
  readonly origins: Origins;
  readonly meter: Meter;
  readonly witness: Witness;
  readonly random: () => number;
  /** Told of each card that holds one of their results. */
  onHeld(card: HeldCard): void;
}

/** A result that waits for a person. */
export interface HeldCard {
  readonly tenantId: string;
  readonly taskId: string;
  /** The task's number. */
  readonly n: number;
  readonly reviewId: string;
}

/** An agent as a client of any language would write it: two connections, one for signs of life and one for work. */
export class Agent {
  private readonly pulse: Connection;
  private readonly hands: Connection;
  private readonly path: string;
  /** Its own heartbeats: a server can starve a few clients that no percentile shows. */
  readonly beats = { count: 0, totalMs: 0, longestMs: 0 };
  private lastServedAt = 0;
  private stopping = false;
  private recovery: Promise<void> | undefined;
  private absence: PromiseWithResolvers<void> | undefined;
  private isPolling = false;
  private kept: Assignment | undefined;
  /** The tasks that it was handed and whose results are not answered. */
  private readonly inHand = new Set<string>();

  constructor(
    private readonly tenant: TenantAccess,
    private readonly agentId: string,
    private readonly around: Surroundings,
  ) {
    const lost = () => void this.recover();
    this.path = `/v1/tenants/${tenant.tenantId}/agents/${agentId}`;
    this.pulse = new Connection(around.origins, tenant.agentKey, lost);
    this.hands = new Connection(around.origins, tenant.agentKey, lost);
  }

  /** Registers, and says so again until the answer is yes. */
  async register(): Promise<void> {
    for (let failures = 0; !this.stopping; failures += 1) {
      try {
        await this.introduce();
        return;
      } catch (error) {
        this.around.meter.series('register').fail(codeOf(error));
        await this.backOff(failures);
      }
    }
  }

  /** One sign of life. While the agent is cut off there is none. */
  async heartbeat(due: number, name = 'heartbeat'): Promise<void> {
    if (this.recovery) return;
    const series = this.around.meter.series(name);
    try {
      const { status } = await this.pulse.send('POST', `${this.path}/heartbeat`, this.signOfLife(), false);
      if (status === 200) this.beaten(series, performance.now() - due);
      else series.fail(String(status));
      if (status === 404) await this.recover();
    } catch (error) {
      if (!this.stopping) series.fail(codeOf(error));
    }
  }

  /** Takes tasks and does them, one at a time, until it is told to stop. */
  async work(): Promise<void> {
    while (!this.stopping) {
      if (this.recovery) await this.recovery;
      const assignment = await this.claim(poll);
      if (assignment) await this.perform(assignment);
    }
  }

  /** Waits a moment for one task, and does it if it comes. */
  async workOnce(): Promise<void> {
    const assignment = await this.claim(glance);
    if (assignment) await this.perform(assignment);
  }

  /** Takes a task and keeps it in hand. */
  async hold(): Promise<void> {
    while (!this.stopping && !this.kept) this.kept = await this.claim(poll);
  }

  /** Hands in what it kept. */
  async finish(): Promise<void> {
    const { kept } = this;
    this.kept = undefined;
    if (kept) await this.perform(kept);
  }

  /** Loses both connections at this instant, and says nothing until it appears again. */
  vanish(): void {
    this.absence = Promise.withResolvers();
    void this.recover();
    this.cut();
  }

  /** Vanishes with what it has in hand, for good. */
  die(): void {
    this.kept = undefined;
    this.inHand.clear();
    this.vanish();
  }

  /** Ends an absence. Resolves once the agent is served again. */
  async appear(): Promise<void> {
    this.absence?.resolve();
    this.absence = undefined;
    await this.served();
  }

  /** Loses both connections at this instant. */
  cut(): void {
    this.pulse.cut();
    this.hands.cut();
  }

  /**
   * Resolves once the agent, if it was cut off, is served again in every way: registered, heartbeat, pull. Answers when
   * that was, on the clock of `performance.now()`; 0 if it never was cut off.
   */
  async served(): Promise<number> {
    await this.recovery;
    return this.lastServedAt;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.absence?.resolve();
    await Promise.all([this.pulse.close(), this.hands.close()]);
  }

  /** Comes back as real agents do: after a random time, longer after each failure, all over again from registration. */
  recover(): Promise<void> {
    if (this.stopping) return Promise.resolve();
    return (this.recovery ??= this.comeBack().finally(() => {
      this.recovery = undefined;
    }));
  }

  private async comeBack(): Promise<void> {
    await this.absence?.promise;
    const begun = performance.now();
    for (let failures = 0; !this.stopping; failures += 1) {
      await this.backOff(failures);
      try {
        await this.introduce();
        mustBe200(await this.pulse.send('POST', `${this.path}/heartbeat`, this.signOfLife(), false));
        // A poll that a server has not lost goes on as if nothing had happened.
        const reply = this.isPolling ? undefined : mustBe200(await this.ask(look));
        this.lastServedAt = performance.now();
        this.around.meter.series('served again').record(this.lastServedAt - begun);
        // Who waits for the return does not wait for the work.
        const assignment = reply && this.assignmentIn(reply);
        if (assignment) void this.perform(assignment);
        return;
      } catch {
        this.around.meter.series('served again').fail('try');
      }
    }
  }

  /** Says what it has in hand, so that a task goes to another that it was handed by an answer that never came. */
  private signOfLife(): string {
    return JSON.stringify({ status: this.inHand.size > 0 ? 'BUSY' : 'IDLE', taskIds: [...this.inHand] });
  }

  private beaten(series: Series, ms: number): void {
    series.record(ms);
    this.beats.count += 1;
    this.beats.totalMs += ms;
    this.beats.longestMs = Math.max(this.beats.longestMs, ms);
  }

  private async introduce(): Promise<void> {
    const { meter, witness } = this.around;
    const begun = performance.now();
    witness.registrationSent();
    mustBe200(
      await this.pulse.send(
        'PUT',
        this.path,
        JSON.stringify({ capabilities: [kind], role: 'WORKER' }),
        false,
      ),
    );
    witness.registrationAnswered();
    meter.series('register').record(performance.now() - begun);
  }

  private async claim(body: string): Promise<Assignment | undefined> {
    try {
      const reply = await this.ask(body);
      if (reply.status === 200) return this.assignmentIn(reply);
      this.around.meter.series('claim').fail(String(reply.status));
      if (reply.status === 404) await this.recover();
      else await this.pauseFor(reply);
    } catch (error) {
      if (this.stopping) return undefined;
      this.around.meter.series('claim').fail(codeOf(error));
      await this.recover();
    }
    return undefined;
  }

  private async ask(body: string): Promise<Reply> {
    this.isPolling = true;
    try {
      return await this.hands.send('POST', `${this.path}/claims`, body);
    } finally {
      this.isPolling = false;
    }
  }

  private assignmentIn({ body }: Reply): Assignment | undefined {
    const { items } = JSON.parse(body) as { readonly items: readonly Assignment[] };
    const [assignment] = items;
    if (assignment) {
      this.inHand.add(assignment.task.taskId);
      this.around.witness.took(this.tenant.tenantId, this.agentId, assignment);
    }
    return assignment;
  }

  /** Hands in the result until there is an answer: the same submission twice has the same answer. */
  private async perform(assignment: Assignment): Promise<void> {
    const { taskId } = assignment.task;
    const body = this.resultOf(assignment);
    const series = this.around.meter.series('result');
    for (let failures = 0; ; failures += 1) {
      const begun = performance.now();
      try {
        const reply = await this.hands.send(
          'POST',
          `/v1/tenants/${this.tenant.tenantId}/tasks/${taskId}/results`,
          body,
        );
        if (reply.status === 200) {
          series.record(performance.now() - begun);
          this.inHand.delete(taskId);
          this.settled(assignment, reply);
          return;
        }
        series.fail(String(reply.status));
        if (reply.status === 409) {
          this.inHand.delete(taskId);
          return;
        }
        await this.pauseFor(reply);
      } catch (error) {
        if (this.stopping) return;
        series.fail(codeOf(error));
        if (this.recovery) await this.recovery;
        else await this.backOff(failures);
      }
    }
  }

  private resultOf({ stage, leaseToken, task, approval }: Assignment): string {
    const lease = `{"agentId":"${this.agentId}","leaseToken":"${leaseToken}",`;
    if (stage === 'EXECUTE' && approval) {
      const carried = JSON.stringify(approval.output);
      return `${lease}"status":"SUCCEEDED","output":${carried},"outputDigest":"${approval.outputDigest}"}`;
    }
    return `${lease}${task.input.held === true ? doubtful : confident}}`;
  }

  private settled({ task: { taskId, input }, leaseToken }: Assignment, { body }: Reply): void {
    const receipt = JSON.parse(body) as { readonly taskStatus: unknown; readonly reviewId?: string };
    const status = statusOf(receipt.taskStatus);
    const { tenantId } = this.tenant;
    this.around.witness.handedIn(tenantId, taskId, leaseToken, status);
    const { reviewId } = receipt;
    if (status === 'NEEDS_REVIEW' && reviewId !== undefined)
      this.around.onHeld({ tenantId, taskId, n: input.n, reviewId });
  }

  private async pauseFor({ retryAfterMs = backoffMs.first }: Reply): Promise<void> {
    await pause(retryAfterMs * (0.5 + this.around.random()));
  }

  private async backOff(failures: number): Promise<void> {
    const most = Math.min(backoffMs.most, backoffMs.first * 2 ** failures);
    await pause(most * this.around.random());
  }
}

function mustBe200(reply: Reply): Reply {
  if (reply.status === 200) return reply;
  throw Object.assign(new Error(`The answer was ${reply.status}.`), { code: String(reply.status) });
}
