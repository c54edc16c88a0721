import { setTimeout as pause } from 'node:timers/promises';
import type { Ground } from '../ground.js';
import { type Probe, wellAgainMs } from '../recovery.js';
import { evenly, keepPace } from '../schedule.js';
import { Traffic } from '../traffic.js';

/** How many times the most that can be done is offered. */
const times = 5;
/** How long it is looked for what can be done at most, in milliseconds. */
const peakMs = 10_000;
/** The return is watched for so long, with so many probes of each sort a second. */
const watchMs = 10_000;
const probesPerSecond = 20;
/** Submitters have connections of their own up to this number, so that no refusal waits for an answer to another. */
export const overloadConnections = 4_000;
/** What was accepted is done, however much it is. */
const settlingMs = 900_000;

/** The most that can be done; five times as much from submitters of whom none asks twice; and how soon all is well after that. */
export async function overload(ground: Ground): Promise<Record<string, number>> {
  const { agents, pullers, intervalMs, durationS } = ground.plan.options;
  const fleet = await ground.fleet(agents);
  fleet.beat(intervalMs);
  fleet.pull(pullers);
  const traffic = new Traffic(ground, ground.tenant(), ground.plan.options.held, overloadConnections);
  const peak = await findPeak(ground, traffic);
  ground.phase(`offered ${(times * peak).toFixed(0)} tasks/s`);
  traffic.label = 'overload: ';
  const { witness } = ground;
  const before = { final: witness.final, accepted: witness.accepted };
  await traffic.offerOnce(times * peak, durationS * 1_000);
  const goodput = (witness.final - before.final) / durationS;
  const accepted = (witness.accepted - before.accepted) / durationS;
  const open = witness.open;
  ground.phase('after the overload');
  traffic.label = 'after: ';
  const probes = await watch(traffic);
  await ground.settle(settlingMs);
  await traffic.stop();
  return {
    'tasks/s at the peak': peak,
    'tasks/s offered': times * peak,
    'tasks/s accepted': accepted,
    'tasks/s done under the overload': goodput,
    'open tasks at its end': open,
    'well again after, ms': wellAgainMs(probes),
  };
}

/** Tasks a second that end at saturation, in a closed loop. */
async function findPeak(ground: Ground, traffic: Traffic): Promise<number> {
  const { warmupS, pullers } = ground.plan.options;
  traffic.label = 'peak: ';
  const saturated = traffic.saturate(Math.max(64, 2 * pullers), warmupS * 1_000 + peakMs);
  await ground.warmUp();
  const before = ground.witness.final;
  await pause(peakMs);
  const peak = (ground.witness.final - before) / (peakMs / 1_000);
  await saturated;
  await ground.settle();
  return peak;
}

/** Sends probes, one that submits and one that reads by turns, and resolves once all are answered. */
async function watch(traffic: Traffic): Promise<readonly Probe[]> {
  const begun = performance.now();
  const answers: Promise<Probe>[] = [];
  await keepPace(evenly(2 * probesPerSecond), watchMs, (due, index) => {
    const answered = index % 2 === 0 ? traffic.submitOnce(due) : traffic.look();
    answers.push(
      answered.then((well) => ({ at: due - begun, ms: well ? performance.now() - due : Infinity })),
    );
  });
  return Promise.all(answers);
}
