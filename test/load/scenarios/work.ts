import { setTimeout as pause } from 'node:timers/promises';
import type { Ground } from '../ground.js';
import { Traffic } from '../traffic.js';

/** The whole job: how many tasks a second end at saturation, and how long one takes at half of that. */
export async function work(ground: Ground): Promise<Record<string, number>> {
  const { agents, pullers, intervalMs, durationS, warmupS, rate } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  fleet.beat(intervalMs);
  fleet.pull(pullers);
  const traffic = new Traffic(ground);
  traffic.label = 'saturated: ';
  const saturated = traffic.saturate(Math.max(64, pullers), (warmupS + durationS) * 1_000);
  await ground.warmUp();
  const before = ground.witness.final;
  await pause(durationS * 1_000);
  const perSecond = (ground.witness.final - before) / durationS;
  await saturated;
  await ground.settle();
  const half = rate > 0 ? rate : perSecond / 2;
  traffic.label = '';
  ground.phase(`measuring at ${half.toFixed(0)} tasks/s`);
  await traffic.offer(half, durationS * 1_000);
  await ground.settle();
  await traffic.stop();
  return { 'tasks/s at saturation': perSecond, 'tasks/s offered after that': half };
}
