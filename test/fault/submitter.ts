import { setTimeout as pause } from 'node:timers/promises';
import { between, type Random } from '../../demo/random.js';
import { digestOf } from '../../src/models/digest.js';
import { textOf } from '../support/client.js';
import type { Caller } from './caller.js';
import type { Witness } from './witness.js';

/** The kinds of task that a drill submits. */
export const kinds = ['support.reply', 'billing.note'] as const;

/** No more than this waits, so that what is left drains in bounded time. */
const mostOpen = 250;

/** Submits tasks, each until it is confirmed, reads results and now and then cancels. */
export class Submitter {
  private stopping = false;
  private sent = 0;
  private readonly open = new Set<string>();

  constructor(
    private readonly name: string,
    private readonly caller: Caller,
    private readonly witness: Witness,
    private readonly random: Random,
  ) {}

  /** Ends once what it has begun to submit is confirmed. */
  stop(): void {
    this.stopping = true;
  }

  async work(): Promise<void> {
    while (!this.stopping) {
      if (this.open.size < mostOpen) await this.submit();
      if (this.random() < 0.5) await this.look();
      await pause(between(this.random, 40, 120));
    }
  }

  private async submit(): Promise<void> {
    const { random } = this;
    const key = `${this.name}-${this.sent}`;
    const task = {
      kind: kinds[this.sent % kinds.length] ?? kinds[0],
      input: { text: `Where is parcel ${this.sent}?` },
      priority: Math.floor(random() * 101),
      maxAttempts: 5,
      ...(random() < 0.3 && { timeoutMs: 8_000 }),
      ...(random() < 0.1 && { delayMs: 300 }),
      onApproval: random() < 0.7 ? 'EXECUTE' : 'COMPLETE',
    };
    this.sent += 1;
    // The caller's rule: an answer that did not come says nothing, so the same is asked again until one comes.
    const send = () => this.caller.send('POST', '/tasks', task, { 'idempotency-key': key });
    // A hasty one asks several at the same moment, perhaps at several processes.
    const times = random() < 0.2 ? 3 : 1;
    for (;;) {
      const replies = await Promise.all(Array.from({ length: times }, send));
      const taskIds = replies.flatMap((reply) => (reply?.status === 202 ? [textOf(reply.body.taskId)] : []));
      for (const taskId of taskIds) this.witness.submitted(key, taskId);
      for (const reply of replies)
        if (reply && reply.status < 500 && ![202, 429].includes(reply.status))
          this.witness.violate(`a submission was answered ${reply.status}: ${textOf(reply.body.code)}`);
      const [taskId] = taskIds;
      if (taskId !== undefined) {
        this.open.add(taskId);
        if (random() < 0.03) await this.cancel(taskId);
        return;
      }
      await pause(between(random, 100, 400));
    }
  }

  private async cancel(taskId: string): Promise<void> {
    const reply = await this.caller.send('POST', `/tasks/${taskId}/cancel`);
    if (reply?.status === 200) this.witness.sighted(taskId, textOf(reply.body.status));
  }

  /** Reads the result of one of its tasks, if it is there. */
  private async look(): Promise<void> {
    const open = [...this.open];
    const taskId = open[Math.floor(this.random() * Math.min(open.length, 20))];
    if (taskId === undefined) return;
    const reply = await this.caller.send('GET', `/tasks/${taskId}/result`);
    if (reply?.status !== 200) return;
    this.open.delete(taskId);
    const { resultId, status, output } = reply.body;
    this.witness.sighted(taskId, textOf(status));
    this.witness.releases.push({
      taskId,
      resultId: textOf(resultId),
      status: textOf(status),
      outputDigest: output === undefined ? undefined : digestOf(output),
    });
  }
}
