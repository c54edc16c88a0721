import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from '../fleet.js';
import type { Ground } from '../ground.js';
import { Operator } from '../operator.js';
import { Submitter } from '../submitter.js';

/** Of the fleet, so many are cut off together: a fault of the network, or ours. */
const cutOff = 0.3;
/** And so many die: few enough that it is theirs. */
const dying = 0.05;
/** Tasks that one request submits. */
const batch = 1_000;
/** How often is looked, in milliseconds. */
const lookMs = 100;

interface Stats {
  readonly agents: { readonly OFFLINE: number };
  readonly tasks: { readonly RUNNING: number };
  readonly brake: unknown;
}

/**
 * Each agent has a task in hand. Many fall silent for longer than makes one OFFLINE, and for less than the brake's grace: nobody
 * may lose a task. Then a few die: all must be found, and their tasks done by others.
 */
export async function loss(ground: Ground): Promise<Record<string, number>> {
  const { agents, intervalMs, durationS } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  fleet.beat(intervalMs);
  const { origins, meter, witness } = ground;
  const submitter = new Submitter(ground.tenant(), { origins, meter, witness, name: 'loss' });
  const operator = new Operator(ground.tenant(), ground);
  const stats = () => operator.read<Stats>('/stats', 'stats');
  ground.phase('each takes a task');
  for (let n = 0; n < agents; n += 1) ground.number(performance.now());
  for (let from = 0; from < agents; from += batch)
    await submitter.submitBatch(from, Math.min(agents, from + batch));
  await Promise.all(fleet.agents.map((agent) => agent.hold()));
  await ground.warmUp();
  const many = fleet.agents.slice(0, Math.round(agents * cutOff));
  ground.phase(`${many.length} agents cut off`);
  for (const agent of many) agent.vanish();
  await pause(durationS * 1_000);
  const { agents: during, tasks, brake } = await stats();
  ground.phase('they are back');
  await Promise.all(many.map((agent) => agent.appear()));
  while ((await stats()).brake !== null) await pause(lookMs);
  const figures = await lose(ground, fleet, stats);
  ground.phase('the others go on');
  await Promise.all(fleet.agents.map((agent) => agent.finish()));
  fleet.pull();
  await ground.settle();
  await Promise.all([submitter.stop(), operator.stop()]);
  return {
    'agents that were cut off': many.length,
    'of these, OFFLINE while they were away': during.OFFLINE,
    'the brake held': brake === null ? 0 : 1,
    'tasks taken away': agents - tasks.RUNNING,
    ...figures,
  };
}

async function lose(
  ground: Ground,
  fleet: Fleet,
  stats: () => Promise<Stats>,
): Promise<Record<string, number>> {
  const { agents } = ground.plan.options;
  const few = fleet.agents.slice(-Math.max(1, Math.round(agents * dying)));
  ground.phase(`${few.length} agents die`);
  const begun = performance.now();
  for (const agent of few) agent.die();
  for (;;) {
    const { tasks } = await stats();
    if (tasks.RUNNING <= agents - few.length) break;
    await pause(lookMs);
  }
  return { 'agents that died': few.length, 'all found after, ms': performance.now() - begun };
}
