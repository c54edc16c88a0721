import { setTimeout as pause } from 'node:timers/promises';
import type { HeldCard } from '../agent.js';
import type { Ground } from '../ground.js';
import { Operator } from '../operator.js';
import { independently, keepPace } from '../schedule.js';
import { Submitter } from '../submitter.js';

/** How many tasks are on their way to being held at a time. */
const preparedAtOnce = 100;
const preparationPatienceMs = 120_000;

/** Operators approve at a rate; the time from a yes being due to the EXECUTE assignment in an agent's hands. */
export async function approve(ground: Ground): Promise<Record<string, number>> {
  const { agents, pullers, intervalMs, rate, durationS, warmupS } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  fleet.beat(intervalMs);
  fleet.pull(pullers);
  const cards = await prepare(ground, Math.ceil(rate * (warmupS + durationS) * 1.2) + 50);
  const { witness, meter } = ground;
  witness.onAssigned = (n, stage) => {
    if (stage === 'EXECUTE') meter.series('approve → in hand').record(ground.since(n));
  };
  const operator = new Operator(ground.tenant(), ground);
  const answers: Promise<unknown>[] = [];
  const decided = keepPace(independently(rate, ground.random), (warmupS + durationS) * 1_000, (due) => {
    const card = cards.pop();
    if (!card) throw new Error('There are not enough cards to approve.');
    ground.dues[card.n] = due;
    answers.push(operator.decide(card.reviewId, 'APPROVED'));
  });
  await ground.warmUp();
  const approvals = await decided;
  await Promise.all(answers);
  await settle(ground, cards.length);
  await operator.stop();
  return { 'approvals/s': approvals / (warmupS + durationS), 'cards left pending': cards.length };
}

/** Has agents do tasks that the gate holds. */
async function prepare(ground: Ground, count: number): Promise<HeldCard[]> {
  ground.phase(`${count} results are held`);
  const cards: HeldCard[] = [];
  ground.decideHeld = (card) => cards.push(card);
  const submitter = new Submitter(ground.tenant(), { ...partsOf(ground), name: 'held' });
  let left = count;
  const submitSome = async () => {
    while (left-- > 0) {
      const due = performance.now();
      await submitter.submit(ground.number(due), due, true);
    }
  };
  await Promise.all(Array.from({ length: preparedAtOnce }, submitSome));
  const deadline = performance.now() + preparationPatienceMs;
  while (cards.length < count) {
    if (performance.now() > deadline) throw new Error(`Only ${cards.length} of ${count} results were held.`);
    await pause(20);
  }
  await submitter.stop();
  return cards;
}

function partsOf({ origins, meter, witness }: Ground) {
  return { origins, meter, witness };
}

async function settle({ witness }: Ground, pending: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (witness.open > pending && performance.now() < deadline) await pause(50);
}
