import { setTimeout as pause } from 'node:timers/promises';
import { replyKind } from './agent.ts';
import type { ChimeraClient } from './client.ts';
import type { TaskSubmission } from './contract.ts';
import { inputFrom } from './messages.ts';
import type { Message } from './messages.ts';
import { seededRandom } from './random.ts';
import type { Scoreboard } from './scoreboard.ts';

const mostAtOnce = 64;

/** Turns messages into tasks, at a steady rate, each exactly once. */
export class Submitter {
  readonly #client: ChimeraClient;
  readonly #scoreboard: Scoreboard;
  readonly #sessionId: string;
  readonly #seed: number;

  constructor(client: ChimeraClient, scoreboard: Scoreboard, sessionId: string, seed: number) {
    this.#client = client;
    this.#scoreboard = scoreboard;
    this.#sessionId = sessionId;
    this.#seed = seed;
  }

  /** Submits all, or as many as it got to before the signal. What it began to submit, it finishes. */
  async run(messages: Iterable<Message>, perSecond: number, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const underWay = new Set<Promise<void>>();
    let index = 0;
    for (const message of messages) {
      const due = start + (index / perSecond) * 1_000;
      index += 1;
      await pause(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const submission = this.#submit(message).finally(() => underWay.delete(submission));
      underWay.add(submission);
      if (underWay.size >= mostAtOnce) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  }

  async #submit(message: Message): Promise<void> {
    const random = seededRandom(this.#seed, 'submit', message.id);
    const task = taskFor(message, this.#sessionId, this.#seed);
    const key = `${this.#sessionId}:${message.id}`;
    this.#scoreboard.submitting(message.id);
    const { taskId } = await this.#client.submit(task, key);
    this.#scoreboard.submitted(message.id, taskId);
    if (random() >= 0.03) return;
    this.#scoreboard.counters.repeatedSubmissions += 1;
    const again = await this.#client.submit(task, key);
    this.#scoreboard.submitted(message.id, again.taskId);
  }
}

/** Whether an approval ends the task of this message, with no agent to carry it out. One in ten. */
export function completesOnApproval(messageId: string, seed: number): boolean {
  return seededRandom(seed, 'on-approval', messageId)() < 0.1;
}

function taskFor(message: Message, sessionId: string, seed: number): TaskSubmission {
  return {
    kind: replyKind,
    input: inputFrom(message),
    sessionId,
    priority: /urgent|!!!|sofort|immédiatement/iu.test(message.text) ? 80 : 50,
    maxAttempts: 6,
    onApproval: completesOnApproval(message.id, seed) ? 'COMPLETE' : 'EXECUTE',
  };
}
