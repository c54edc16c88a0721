import type { Ground } from '../ground.js';
import { Traffic } from '../traffic.js';
import { slowestAgent } from './heartbeats.js';

/** Agents long-poll and give signs of life, and tasks arrive at a rate: also the scenario `soak`. */
export async function pull(ground: Ground): Promise<Record<string, number>> {
  const { agents, pullers, intervalMs, rate, durationS, warmupS } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  fleet.beat(intervalMs);
  fleet.pull(pullers);
  const traffic = new Traffic(ground);
  const offered = traffic.offer(rate, (warmupS + durationS) * 1_000);
  await ground.warmUp();
  const before = ground.witness.final;
  await offered;
  const perSecond = (ground.witness.final - before) / durationS;
  await ground.settle();
  await traffic.stop();
  return { 'tasks/s': perSecond, ...slowestAgent(fleet) };
}
