import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from '../fleet.js';
import type { Ground } from '../ground.js';
import { Traffic } from '../traffic.js';

/** Calm before and after each blow, in milliseconds. */
const calmMs = 5_000;

/** Cuts all connections at once, and kills and starts the server, while tasks keep coming. */
export async function storm(ground: Ground): Promise<Record<string, number>> {
  const { agents, pullers, intervalMs, rate, warmupS, durationS, variant } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  fleet.beat(intervalMs);
  fleet.pull(pullers);
  const traffic = new Traffic(ground);
  const offered = traffic.offer(rate, (warmupS + durationS) * 1_000);
  await ground.warmUp();
  const figures = {
    ...(variant !== 'restart' && (await cut(ground, fleet, traffic))),
    ...(variant !== 'cut' && (await restart(ground, fleet))),
  };
  await offered;
  // A lease whose assignment was lost on the way runs out within a minute, unless something renews it.
  await ground.settle(90_000);
  await traffic.stop();
  return figures;
}

async function cut(ground: Ground, fleet: Fleet, traffic: Traffic): Promise<Record<string, number>> {
  await pause(calmMs);
  ground.phase('all connections cut');
  const begun = performance.now();
  for (const agent of fleet.agents) agent.cut();
  traffic.cut();
  await Promise.all(fleet.agents.map((agent) => agent.recover()));
  const served = performance.now() - begun;
  ground.phase('measuring');
  return { 'cut: all served again, ms': served };
}

async function restart(ground: Ground, fleet: Fleet): Promise<Record<string, number>> {
  await pause(calmMs);
  ground.phase('server killed');
  const { killedAt, servingAt } = await ground.restart();
  ground.phase('server is back');
  const times = await Promise.all(fleet.agents.map((agent) => agent.served()));
  const served = Math.max(killedAt, ...times);
  ground.phase('measuring');
  return {
    'restart: all served again, ms': served - killedAt,
    'restart: of which the server was away, ms': servingAt - killedAt,
    'restart: agents that were cut off': times.filter((time) => time > killedAt).length,
  };
}
