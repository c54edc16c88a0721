import { setTimeout as pause } from 'node:timers/promises';
import type { Agent } from '../agent.js';
import type { Ground } from '../ground.js';
import { evenly, keepPace } from '../schedule.js';
import { Submitter } from '../submitter.js';

/** Tasks that one request of the flood submits. */
const batch = 1_000;
/** The quiet tenant's agents, where it has its own. */
const ownAgents = 10;

/** One tenant sends a task now and then: first alone, then while another floods. */
export async function fairness(ground: Ground): Promise<Record<string, number>> {
  const { agents, intervalMs, flood, shared } = ground.plan.options;
  const [loud, quiet] = [ground.tenant(0), ground.tenant(1)];
  const crowd = await ground.fleet(agents, loud, 'crowd');
  const few = await ground.fleet(shared ? agents : ownAgents, quiet, 'few');
  crowd.beat(intervalMs);
  few.beat(intervalMs);
  const over = new AbortController();
  const turns: Promise<void>[] = [];
  if (shared)
    crowd.agents.forEach((one, index) => turns.push(takeTurns(one, few.agents[index], over.signal)));
  else {
    crowd.pull();
    few.pull();
  }
  const quietSubmitter = new Submitter(quiet, { ...surroundings(ground), name: 'quiet' });
  const figures = await compare(
    ground,
    quietSubmitter,
    new Submitter(loud, { ...surroundings(ground), name: 'loud' }),
  );
  await ground.settle(600_000);
  over.abort();
  await Promise.all(turns);
  await quietSubmitter.stop();
  return { ...figures, 'tasks of the flood': flood };
}

function surroundings({ origins, meter, witness }: Ground) {
  return { origins, meter, witness };
}

async function compare(ground: Ground, quiet: Submitter, loud: Submitter): Promise<Record<string, number>> {
  const { rate, durationS, flood } = ground.plan.options;
  const send = async (name: string, signal?: AbortSignal) => {
    const mine = new Set<number>();
    ground.witness.onAssigned = (n) => {
      if (mine.delete(n)) ground.meter.series(name).record(ground.since(n));
    };
    const answers: Promise<unknown>[] = [];
    const fire = (due: number) => {
      const n = ground.number(due);
      mine.add(n);
      answers.push(quiet.submit(n, due));
    };
    await keepPace(evenly(rate), durationS * 1_000, fire, signal);
    await Promise.all(answers);
    while (mine.size > 0) await pause(20);
  };
  await ground.warmUp();
  await send('alone: due → in hand');
  ground.phase('flood');
  const begun = performance.now();
  const flooded = inundate(ground, loud, flood);
  const drained = new AbortController();
  void flooded.then(async () => {
    while (ground.witness.open > flood / 50) await pause(20);
    drained.abort();
  });
  await send('beside the flood: due → in hand', drained.signal);
  await flooded;
  const left = ground.witness.open;
  await loud.stop();
  return {
    'seconds beside the flood': (performance.now() - begun) / 1_000,
    'tasks of the flood open after that': left,
  };
}

async function inundate(ground: Ground, loud: Submitter, flood: number): Promise<void> {
  const due = performance.now();
  const first = ground.dues.length;
  for (let n = 0; n < flood; n += 1) ground.number(due);
  for (let from = 0; from < flood; from += batch)
    await loud.submitBatch(first + from, first + Math.min(flood, from + batch));
}

/** A worker that serves both tenants: one task here, one task there. */
async function takeTurns(one: Agent, other: Agent | undefined, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await one.workOnce();
    await other?.workOnce();
  }
}
