import { setTimeout as pause } from 'node:timers/promises';
import { between, type Random } from '../../demo/random.js';
import type { JsonObject } from '../../src/models/json.js';
import { itemsOf, textOf } from '../support/client.js';
import type { Caller } from './caller.js';
import type { Witness } from './witness.js';

/** A person who decides cards. */
export interface Person {
  readonly name: string;
  readonly caller: Caller;
}

/** Decide what is held; of some cards both persons think that it is theirs, and say different things at once. */
export class Operators {
  private stopping = false;

  constructor(
    private readonly persons: readonly [Person, Person],
    private readonly witness: Witness,
    private readonly random: Random,
  ) {}

  stop(): void {
    this.stopping = true;
  }

  async work(): Promise<void> {
    const [first] = this.persons;
    while (!this.stopping) {
      const queue = await first.caller.send('GET', '/reviews?status=PENDING&limit=20');
      const cards = queue?.status === 200 ? itemsOf(queue) : [];
      await Promise.all(cards.map(({ reviewId }) => this.decide(textOf(reviewId))));
      await pause(between(this.random, 50, 200));
    }
  }

  private async decide(reviewId: string): Promise<void> {
    const [one, other] = this.random() < 0.5 ? this.persons : this.persons.toReversed();
    const verdict = this.verdict();
    const decisions = [this.say(one, reviewId, verdict)];
    if (this.random() < 0.3) decisions.push(this.say(other, reviewId, opposite(verdict)));
    await Promise.all(decisions);
  }

  private verdict(): JsonObject {
    const mood = this.random();
    if (mood < 0.2) return { status: 'REJECTED', comment: 'Not so.' };
    if (mood < 0.4) return { status: 'APPROVED', editedOutput: { reply: 'It is on its way.' } };
    return { status: 'APPROVED' };
  }

  private async say(person: Person | undefined, reviewId: string, verdict: JsonObject): Promise<void> {
    if (!person) return;
    const reply = await person.caller.send('POST', `/reviews/${reviewId}/decision`, verdict);
    if (reply?.status === 200)
      this.witness.decisions.push({ reviewId, operator: person.name, status: textOf(verdict['status']) });
  }
}

function opposite({ status }: JsonObject): JsonObject {
  return { status: status === 'APPROVED' ? 'REJECTED' : 'APPROVED' };
}
