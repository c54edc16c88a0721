import { setTimeout as pause } from 'node:timers/promises';
import { isRefusal } from './client.ts';
import type { ChimeraClient } from './client.ts';
import type { Assignment, Json } from './contract.ts';
import { outputDigest } from './digest.ts';
import { messageFrom } from './messages.ts';
import type { Message } from './messages.ts';
import { between, seededRandom } from './random.ts';
import { proposeReply } from './reply.ts';
import type { Scoreboard } from './scoreboard.ts';

/** The kind of task that this fleet works on. */
export const replyKind = 'support.reply';

/** What one agent is going to be like. */
export interface AgentPlan {
  readonly agentId: string;
  /** After how many assignments it dies with work in hand; `null` for never. */
  readonly crashesAfter: number | null;
  /** How long after its death it is started again, in ms; `null` for never. */
  readonly comesBackAfterMs: number | null;
}

/** What agents share. */
export interface AgentSurroundings {
  readonly client: ChimeraClient;
  readonly scoreboard: Scoreboard;
  readonly seed: number;
  /** What has been sent to customers: the digest by task. Sending again what was sent is not sending twice. */
  readonly outbox: Map<string, string>;
  /** The digests that this run's operator approved, by task. */
  readonly approvedDigests: ReadonlyMap<string, string>;
}

const claimWaitMs = 20_000;
const firstHeartbeatMs = 1_000;
const workIsGone = ['LEASE_LOST', 'TASK_ALREADY_FINAL', 'TASK_NOT_FOUND'] as const;

/** The plans for a fleet: one agent in ten dies at its work, and every other one of those comes back. */
export function planFleet(size: number, seed: number): readonly AgentPlan[] {
  return Array.from({ length: size }, (_, index) => {
    const random = seededRandom(seed, 'plan', index);
    const crashes = index % 10 === 7;
    return {
      agentId: `demo-agent-${String(index + 1).padStart(3, '0')}`,
      crashesAfter: crashes ? Math.floor(between(random, 1, 4)) : null,
      comesBackAfterMs: crashes && index % 20 === 7 ? Math.round(between(random, 6_000, 12_000)) : null,
    };
  });
}

/** A worker that answers customers, with the failings that real ones have. */
export class SimulatedAgent {
  readonly #plan: AgentPlan;
  readonly #around: AgentSurroundings;
  readonly #id: string;
  readonly #inHand = new Map<string, AbortController>();
  readonly #releasedOnce = new Set<string>();
  #handled = 0;
  #unclaimedLeases: ReadonlySet<string> = new Set();

  constructor(plan: AgentPlan, around: AgentSurroundings) {
    this.#plan = plan;
    this.#around = around;
    this.#id = plan.agentId;
  }

  /** Works until told to stop; then gives back what it has in hand and signs off. Rejects on a refusal it cannot handle. */
  async run(stopping: AbortSignal): Promise<void> {
    if ((await this.#live(stopping)) !== 'CRASHED') return;
    this.#around.scoreboard.counters.crashes += 1;
    if (this.#plan.comesBackAfterMs === null) return;
    await nap(this.#plan.comesBackAfterMs, stopping);
    if (stopping.aborted) return;
    this.#around.scoreboard.counters.comebacks += 1;
    await this.#live(stopping);
  }

  async #live(stopping: AbortSignal): Promise<'STOPPED' | 'CRASHED'> {
    const death = new AbortController();
    const signal = AbortSignal.any([stopping, death.signal]);
    await this.#register();
    const work = this.#work(signal).finally(() => death.abort());
    const heartbeats = this.#keepHeartbeating(signal).finally(() => death.abort());
    const [end] = await Promise.all([work, heartbeats]);
    if (end === 'STOPPED') await this.#around.client.deregister(this.#id).catch(ignoreRefusals);
    return end;
  }

  async #register(): Promise<void> {
    await this.#around.client.register(this.#id, {
      name: `Support agent ${this.#id}`,
      role: 'WORKER',
      version: '1.0.0',
      capabilities: [replyKind],
      maxConcurrentTasks: 1,
    });
  }

  async #work(signal: AbortSignal): Promise<'STOPPED' | 'CRASHED'> {
    while (!signal.aborted) {
      for (const assignment of await this.#claim(signal)) {
        this.#handled += 1;
        if (this.#handled === this.#plan.crashesAfter) return 'CRASHED';
        await this.#handle(assignment, signal);
      }
    }
    return 'STOPPED';
  }

  async #claim(signal: AbortSignal): Promise<readonly Assignment[]> {
    const asked = performance.now();
    try {
      const assignments = await this.#around.client.claim(this.#id, 1, claimWaitMs, signal);
      // A paused agent, or one that the server thinks busy, is answered at once: it must not ask in a tight loop.
      if (assignments.length === 0 && performance.now() - asked < 250) await nap(500, signal);
      return assignments;
    } catch (error) {
      if (signal.aborted) return [];
      if (!isRefusal(error, 'AGENT_NOT_REGISTERED')) throw error;
      await this.#register();
      return [];
    }
  }

  async #keepHeartbeating(signal: AbortSignal): Promise<void> {
    let intervalMs = firstHeartbeatMs;
    while (!signal.aborted) {
      intervalMs = await this.#beat(signal).catch(async (error: unknown) => {
        if (!signal.aborted && !isRefusal(error, 'AGENT_NOT_REGISTERED')) throw error;
        if (!signal.aborted) await this.#register();
        return intervalMs;
      });
      await nap(intervalMs, signal);
    }
  }

  async #beat(signal: AbortSignal): Promise<number> {
    const status = this.#inHand.size > 0 ? 'BUSY' : 'IDLE';
    const answer = await this.#around.client.heartbeat(
      this.#id,
      { status, metrics: { handled: this.#handled } },
      signal,
    );
    for (const taskId of answer.cancelledTaskIds) this.#inHand.get(taskId)?.abort();
    await this.#giveBackUnclaimed(answer.leases.map((lease) => lease.taskId));
    return answer.heartbeatIntervalMs;
  }

  /**
   * Signs off and on again when the server keeps renewing a lease that never arrived here: the answer to that claim was lost
   * on its way, and nobody but this agent can know. Seen in two heartbeats, so that an answer under way does not count.
   */
  async #giveBackUnclaimed(leased: readonly string[]): Promise<void> {
    const unclaimed = new Set(leased.filter((taskId) => !this.#inHand.has(taskId)));
    const lost = [...unclaimed].some((taskId) => this.#unclaimedLeases.has(taskId));
    this.#unclaimedLeases = unclaimed;
    if (!lost || this.#inHand.size > 0) return;
    this.#unclaimedLeases = new Set();
    await this.#around.client.deregister(this.#id).catch(ignoreRefusals);
    await this.#register();
  }

  async #handle(assignment: Assignment, stopping: AbortSignal): Promise<void> {
    const { taskId } = assignment.task;
    const cancelled = new AbortController();
    this.#inHand.set(taskId, cancelled);
    this.#around.scoreboard.assigned(messageFrom(assignment.task.input).id);
    try {
      const signal = AbortSignal.any([stopping, cancelled.signal]);
      await (assignment.stage === 'EXECUTE' ? this.#carryOut(assignment) : this.#propose(assignment, signal));
    } catch (error) {
      if (!isRefusal(error, ...workIsGone)) throw error;
      this.#around.scoreboard.counters.leasesLost += 1;
    } finally {
      this.#inHand.delete(taskId);
    }
  }

  async #propose(assignment: Assignment, signal: AbortSignal): Promise<void> {
    const { scoreboard, seed } = this.#around;
    const message = messageFrom(assignment.task.input);
    const random = seededRandom(seed, 'work', this.#id, message.id, assignment.attempt);
    await nap(between(random, 50, 400), signal);
    const mood = random();
    if (signal.aborted || (mood < 0.02 && !this.#releasedOnce.has(assignment.task.taskId))) {
      return this.#release(assignment);
    }
    if (isUnanswerable(message, seed))
      return this.#fail(assignment, 'UNANSWERABLE', 'No agent can answer this.', false);
    if (mood > 0.97)
      return this.#fail(assignment, 'MODEL_TIMEOUT', 'The language model did not answer in time.', true);
    const careful = assignment.feedback !== undefined && assignment.feedback !== null;
    const { output, confidence } = proposeReply(message, seed, careful);
    const receipt = await this.#handIn(assignment, output, confidence);
    if (receipt.decision?.outcome === 'RETRY') scoreboard.counters.sentBack += 1;
    if (receipt.reviewId !== undefined) scoreboard.held(receipt.reviewId, receipt.decision);
  }

  /** Sends exactly what a person approved, once, and reports what was sent by its digest. */
  async #carryOut(assignment: Assignment): Promise<void> {
    const { approval, task } = assignment;
    const { scoreboard, outbox, approvedDigests } = this.#around;
    if (!approval) {
      scoreboard.violations.push(`Task ${task.taskId} came at stage EXECUTE without an approval.`);
      return this.#release(assignment);
    }
    const digest = outputDigest(approval.output);
    const expected = approvedDigests.get(task.taskId) ?? approval.outputDigest;
    if (digest !== approval.outputDigest || digest !== expected) {
      scoreboard.violations.push(
        `Task ${task.taskId}: what was handed out is not what was approved (${digest}, ${expected}).`,
      );
      return this.#release(assignment);
    }
    const sent = outbox.get(task.taskId);
    if (sent !== undefined && sent !== digest) {
      scoreboard.violations.push(`Task ${task.taskId} was sent twice, with different texts.`);
    }
    outbox.set(task.taskId, digest);
    await this.#handIn(assignment, approval.output, 1, digest);
    scoreboard.counters.carriedOut += 1;
  }

  async #handIn(assignment: Assignment, output: Json, confidence: number, digest?: string) {
    const receipt = await this.#around.client.handIn(assignment.task.taskId, {
      agentId: this.#id,
      leaseToken: assignment.leaseToken,
      status: 'SUCCEEDED',
      output,
      confidence,
      ...(digest === undefined ? {} : { outputDigest: digest }),
    });
    this.#around.scoreboard.handedIn(
      messageFrom(assignment.task.input).id,
      receipt.resultId,
      receipt.taskStatus,
    );
    return receipt;
  }

  async #fail(assignment: Assignment, code: string, message: string, retryable: boolean): Promise<void> {
    this.#around.scoreboard.counters.failuresReported += 1;
    const receipt = await this.#around.client.handIn(assignment.task.taskId, {
      agentId: this.#id,
      leaseToken: assignment.leaseToken,
      status: 'FAILED',
      error: { code, message, retryable },
    });
    this.#around.scoreboard.handedIn(
      messageFrom(assignment.task.input).id,
      receipt.resultId,
      receipt.taskStatus,
    );
  }

  async #release(assignment: Assignment): Promise<void> {
    this.#releasedOnce.add(assignment.task.taskId);
    await this.#around.client.release(assignment.task.taskId, this.#id, assignment.leaseToken);
    this.#around.scoreboard.counters.released += 1;
  }
}

function isUnanswerable(message: Message, seed: number): boolean {
  return seededRandom(seed, 'unanswerable', message.id)() < 0.01;
}

/** Waits; an abort ends the wait early and is no error. */
async function nap(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function ignoreRefusals(error: unknown): void {
  if (!isRefusal(error, 'AGENT_NOT_REGISTERED', 'AGENT_NOT_FOUND')) throw error;
}
