import { setTimeout as pause } from 'node:timers/promises';
import { between, type Random } from '../../demo/random.js';
import { digestOf } from '../../src/models/digest.js';
import type { JsonObject } from '../../src/models/json.js';
import { type AnswerBody, itemsOf, textOf } from '../support/client.js';
import { type Caller, listOf, type Reply } from './caller.js';
import { heartbeatMs, leaseMs } from './stack.js';
import { kinds } from './submitter.js';
import type { SeenAssignment, Witness } from './witness.js';

/** How an agent misbehaves, sometimes. */
export const manners = ['honest', 'crashes', 'late', 'twice', 'thief', 'liar'] as const;
export type Manner = (typeof manners)[number];

/** What agents of a drill share: so that one can try to hand in another's work. */
export interface Fleet {
  readonly witness: Witness;
  readonly inHand: Map<string, SeenAssignment>;
  /** Once it is true, all behave: what is left is to be done. */
  calm: boolean;
}

/** Work with what else came with it. */
interface Work extends SeenAssignment {
  readonly approvedOutput: AnswerBody | undefined;
}

/** An agent that does its work as the contract says, but for its manner. */
export class Agent {
  private stopping = false;
  /** Heartbeats stop while it is down, or late. */
  private silent = false;
  /** The leases that it knows of, by their tasks. */
  private readonly mine = new Map<string, string>();
  private unclaimed = new Set<string>();

  constructor(
    readonly agentId: string,
    private readonly manner: Manner,
    private readonly caller: Caller,
    private readonly fleet: Fleet,
    private readonly random: Random,
  ) {}

  stop(): void {
    this.stopping = true;
  }

  async work(): Promise<void> {
    await this.register();
    await Promise.all([this.beat(), this.toil()]);
  }

  /** Begins anew, so that nothing is renewed that a former life had in hand. */
  private async register(): Promise<void> {
    await this.caller.send('DELETE', `/agents/${this.agentId}`);
    const body = { capabilities: [...kinds], maxConcurrentTasks: 10 };
    while (!this.stopping) {
      this.fleet.witness.registrationsSent += 1;
      const reply = await this.caller.send('PUT', `/agents/${this.agentId}`, body);
      if (reply?.status === 200) {
        this.fleet.witness.registered += 1;
        return;
      }
      await pause(between(this.random, 100, 400));
    }
  }

  private async beat(): Promise<void> {
    while (!this.stopping) {
      await pause(heartbeatMs);
      if (this.silent) continue;
      const reply = await this.caller.send('POST', `/agents/${this.agentId}/heartbeat`, { status: 'ACTIVE' });
      if (reply?.status === 404) await this.register();
      if (reply?.status === 200) await this.compare(listOf(reply.body.leases), reply.answeredAt);
    }
  }

  /** Notes how long leases are said to last, and signs off when one was never handed to it: its answer was lost. */
  private async compare(leases: readonly AnswerBody[], heardAt: number): Promise<void> {
    const unclaimed = new Set<string>();
    for (const lease of leases) {
      const taskId = textOf(lease.taskId);
      const leaseToken = this.mine.get(taskId);
      if (leaseToken === undefined) unclaimed.add(taskId);
      else this.noteEnd(leaseToken, lease, heardAt);
    }
    const lost = [...unclaimed].some((taskId) => this.unclaimed.has(taskId));
    this.unclaimed = unclaimed;
    if (lost && this.mine.size === 0) {
      this.unclaimed = new Set();
      await this.register();
    }
  }

  private noteEnd(leaseToken: string, { leaseExpiresAt }: AnswerBody, heardAt: number): void {
    const expiresAt = Date.parse(textOf(leaseExpiresAt));
    this.fleet.witness.leaseEnds.push({ leaseToken, expiresAt, heardAt });
  }

  private async toil(): Promise<void> {
    while (!this.stopping) {
      const maxTasks = 1 + Math.floor(this.random() * 3);
      const reply = await this.caller.send('POST', `/agents/${this.agentId}/claims`, {
        maxTasks,
        waitMs: 500,
      });
      if (reply?.status === 404) await this.register();
      if (reply?.status !== 200) {
        await pause(between(this.random, 50, 300));
        continue;
      }
      const items = itemsOf(reply).map((item) => this.take(item, reply.answeredAt));
      await Promise.all(items.map((work) => this.perform(work)));
    }
  }

  private take(item: AnswerBody, heardAt: number): Work {
    const { approval } = item;
    const work = {
      taskId: textOf(item.task?.taskId),
      attempt: Number(item.attempt),
      stage: textOf(item.stage),
      agentId: this.agentId,
      leaseToken: textOf(item.leaseToken),
      approval: approval && {
        reviewId: textOf(approval.reviewId),
        outputDigest: textOf(approval.outputDigest),
      },
      approvedOutput: approval?.output,
    };
    const { witness, inHand } = this.fleet;
    if (work.stage === 'EXECUTE' && !approval)
      witness.violate(`task ${work.taskId} came at stage EXECUTE without an approval`);
    if (approval && digestOf(approval.output) !== textOf(approval.outputDigest))
      witness.violate(`what came with task ${work.taskId} is not what its digest says was approved`);
    witness.assigned(work);
    this.noteEnd(work.leaseToken, item, heardAt);
    this.mine.set(work.taskId, work.leaseToken);
    inHand.set(work.leaseToken, work);
    return work;
  }

  private async perform(work: Work): Promise<void> {
    const manner = this.fleet.calm || this.random() < 0.4 ? 'honest' : this.manner;
    try {
      await pause(between(this.random, 10, 150));
      if (manner === 'crashes') await this.crash();
      else if (manner === 'late') await this.comeLate(work);
      else if (manner === 'thief') await this.steal(work);
      else if (manner === 'liar') await this.lie(work);
      else await this.handIn(work, this.resultOf(work), manner === 'twice');
    } finally {
      if (this.mine.get(work.taskId) === work.leaseToken) this.mine.delete(work.taskId);
      this.fleet.inHand.delete(work.leaseToken);
    }
  }

  /** What it makes of the work, and whether the gate has nothing to hold it for. */
  private resultOf({ stage, taskId, approval, approvedOutput }: Work): {
    body: JsonObject;
    harmless: boolean;
  } {
    if (stage === 'EXECUTE' && approval) {
      const whole = this.random() < 0.5;
      const done = whole ? { output: JSON.parse(JSON.stringify(approvedOutput)) as JsonObject } : {};
      return { body: { status: 'SUCCEEDED', outputDigest: approval.outputDigest, ...done }, harmless: false };
    }
    const mood = this.random();
    if (mood < 0.05) {
      const error = { code: 'UPSTREAM', message: 'The shop did not answer.', retryable: true };
      return { body: { status: 'FAILED', error }, harmless: false };
    }
    const output = { reply: mood < 0.15 ? 'Your password is wrong.' : 'It leaves on Monday.', taskId };
    // What the gate holds for its words comes from sure agents as well as from others.
    const confidence = mood >= 0.08 && mood < 0.35 ? 0.4 : 0.9;
    return { body: { status: 'SUCCEEDED', output, confidence }, harmless: mood >= 0.35 };
  }

  private async handIn(
    work: Work,
    { body, harmless }: { body: JsonObject; harmless: boolean },
    twice = false,
  ): Promise<void> {
    const { taskId, leaseToken } = work;
    const whole = { agentId: this.agentId, leaseToken, ...body };
    const send = async () => {
      const reply = await this.caller.send('POST', `/tasks/${taskId}/results`, whole);
      if (reply?.status === 200) this.note(work, reply, body, harmless);
      return reply;
    };
    // An answer that did not come, or a 503: the same again, which has the same answer.
    for (let tries = 0; tries < 20 && !this.stopping; tries += 1) {
      const replies = await Promise.all(twice ? [send(), send()] : [send()]);
      if (replies.some((reply) => reply !== undefined && reply.status < 500)) break;
      await pause(between(this.random, 50, 300));
    }
    if (!twice) return;
    const other = { ...whole, status: 'SUCCEEDED', output: { reply: 'Another one.' }, confidence: 0.99 };
    const reply = await this.caller.send('POST', `/tasks/${taskId}/results`, other);
    if (reply?.status === 200 && this.fleet.witness.results.some((known) => known.leaseToken === leaseToken))
      this.fleet.witness.violate(`the lease of task ${taskId} took two different results`);
    else if (reply?.status === 200) this.note(work, reply, other, true);
  }

  private note({ taskId, leaseToken }: Work, { body }: Reply, sent: JsonObject, harmless: boolean): void {
    const { output, outputDigest } = sent;
    const digest = output === undefined ? outputDigest : digestOf(output);
    this.fleet.witness.handedIn({
      ...{ taskId, leaseToken, harmless },
      resultId: textOf(body.resultId),
      taskStatus: textOf(body.taskStatus),
      outputDigest: typeof digest === 'string' ? digest : undefined,
    });
  }

  /** Dies with the work in hand, and comes back under the same id. */
  private async crash(): Promise<void> {
    this.silent = true;
    await pause(between(this.random, 500, 2_000));
    this.silent = false;
    await this.register();
  }

  /** Goes silent until its lease is over, then asks for more time, heartbeats and hands in. */
  private async comeLate(work: Work): Promise<void> {
    this.silent = true;
    await pause(leaseMs + between(this.random, 200, 1_500));
    const { taskId, leaseToken } = work;
    const reply = await this.caller.send('POST', `/tasks/${taskId}/lease`, {
      agentId: this.agentId,
      leaseToken,
    });
    if (reply?.status === 200)
      this.fleet.witness.extensions.push({
        ...{ taskId, leaseToken },
        sentAt: reply.sentAt,
        answeredAt: reply.answeredAt,
      });
    await this.handIn(work, this.resultOf(work));
    this.silent = false;
  }

  /** Tries to hand in what another agent has in hand, under its own name and with either token. */
  private async steal(work: Work): Promise<void> {
    const other = [...this.fleet.inHand.values()].find(
      ({ agentId, taskId }) => agentId !== this.agentId && taskId !== work.taskId,
    );
    if (other) {
      const body = { status: 'SUCCEEDED', output: { reply: 'Mine.' }, confidence: 0.99 };
      for (const leaseToken of [other.leaseToken, work.leaseToken]) {
        const reply = await this.caller.send('POST', `/tasks/${other.taskId}/results`, {
          ...{ agentId: this.agentId, leaseToken },
          ...body,
        });
        if (reply?.status === 200)
          this.fleet.witness.violate(
            `task ${other.taskId} took a result of ${this.agentId}, who did not hold it`,
          );
      }
    }
    await this.handIn(work, this.resultOf(work));
  }

  /** Says that it is surer than sure, or that it has carried out what it has not. */
  private async lie(work: Work): Promise<void> {
    const { taskId, leaseToken } = work;
    const lies: readonly JsonObject[] =
      work.stage === 'EXECUTE'
        ? [
            {
              output: { reply: 'Something else.', than: work.approval?.outputDigest ?? '' },
              outputDigest: work.approval?.outputDigest ?? '',
              confidence: 0.99,
            },
          ]
        : [
            { output: { reply: 'Yes.' }, confidence: 7 },
            { output: { reply: 'Yes.' }, confidence: '0.9' },
            { output: { reply: 'Yes.' } },
            { output: { reply: 'Yes.' }, confidence: 0.9, outputDigest: digestOf('no') },
          ];
    for (const lie of lies) {
      const body = { agentId: this.agentId, leaseToken, status: 'SUCCEEDED', ...lie };
      const reply = await this.caller.send('POST', `/tasks/${taskId}/results`, body);
      if (reply?.status !== 200) continue;
      const { taskStatus } = reply.body;
      if (work.stage === 'PROPOSE')
        this.fleet.witness.violate(`a lie about task ${taskId} was taken: ${textOf(lie['confidence'])}`);
      else if (textOf(taskStatus) === 'SUCCEEDED')
        this.fleet.witness.violate(`task ${taskId} succeeded by an output that nobody approved`);
      else this.note(work, reply, body, false);
      return;
    }
    await this.handIn(work, this.resultOf(work));
  }
}
