import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from '../fleet.js';
import type { Ground } from '../ground.js';

const bursts = 5;
const betweenBurstsMs = 2_000;

/** Each agent gives a sign of life every interval; then all of them at one instant, five times. */
export async function heartbeats(ground: Ground): Promise<Record<string, number>> {
  const { agents, intervalMs, durationS } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  const quieten = fleet.beat(intervalMs);
  await ground.warmUp();
  const before = ground.meter.series('heartbeat').count;
  await pause(durationS * 1_000);
  const answered = ground.meter.series('heartbeat').count - before;
  quieten();
  await fleet.answered();
  const slowest = slowestAgent(fleet);
  await burst(ground, fleet);
  return { 'heartbeats/s': answered / durationS, ...slowest };
}

async function burst(ground: Ground, fleet: Fleet): Promise<void> {
  ground.phase('bursts');
  for (let count = 0; count < bursts; count += 1) {
    await pause(betweenBurstsMs);
    await fleet.beatAtOnce('burst');
  }
}

/** What the worst served agent saw: percentiles of all requests do not show it. */
export function slowestAgent({ agents }: Fleet): Record<string, number> {
  const means = agents.map(({ beats }) => (beats.count === 0 ? 0 : beats.totalMs / beats.count));
  return {
    'mean heartbeat of the slowest agent, ms': Math.max(0, ...means),
    'longest heartbeat of any agent, ms': Math.max(0, ...agents.map(({ beats }) => beats.longestMs)),
  };
}
