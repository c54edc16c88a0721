import type { Random } from '../../demo/random.js';
import type { JsonValue } from '../../src/models/json.js';
import { type Answer, type AnswerBody, Client } from '../support/client.js';

/** What a call was answered, when it was sent and when the answer was here, in milliseconds since 1970. */
export interface Reply extends Answer {
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** Answers by their status, and calls that were not answered. */
export type Tally = Map<string, number>;

/** Somebody with a key who asks whichever API process comes to hand, and takes a broken call as no answer. */
export class Caller {
  private readonly clients: readonly Client[];

  /**
   * @param onFault Told of an answer that says that the server itself is at fault.
   */
  constructor(
    origins: readonly string[],
    key: string,
    private readonly path: string,
    private readonly random: Random,
    private readonly tally: Tally,
    private readonly onFault: (words: string) => void,
  ) {
    this.clients = origins.map((origin) => new Client(origin, key));
  }

  /** `undefined` when no answer came: the call may have been kept or not. */
  async send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: JsonValue,
    headers: Record<string, string> = {},
  ): Promise<Reply | undefined> {
    const client = this.clients[Math.floor(this.random() * this.clients.length)];
    if (!client) throw new Error('There is nobody to call.');
    const sentAt = Date.now();
    try {
      const answer = await client.send(method, this.path + path, body, headers);
      this.count(String(answer.status));
      if (answer.status === 500) this.onFault(`${method} ${path} was answered 500`);
      return { ...answer, sentAt, answeredAt: Date.now() };
    } catch {
      this.count('none');
      return undefined;
    }
  }

  private count(outcome: string): void {
    this.tally.set(outcome, (this.tally.get(outcome) ?? 0) + 1);
  }
}

/** A list in an answer; empty when there is none. */
export function listOf(value: AnswerBody | undefined): readonly AnswerBody[] {
  return Array.isArray(value) ? (value as readonly AnswerBody[]) : [];
}
