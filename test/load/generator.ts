import { once } from 'node:events';
import { Ground, type Restart } from './ground.js';
import type { ScenarioName } from './options.js';
import type { FromGenerator, Outcome, Plan, ToGenerator } from './plan.js';
import { approve } from './scenarios/approve.js';
import { fairness } from './scenarios/fairness.js';
import { fleet10k } from './scenarios/fleet10k.js';
import { heartbeats } from './scenarios/heartbeats.js';
import { loss } from './scenarios/loss.js';
import { overload } from './scenarios/overload.js';
import { pull } from './scenarios/pull.js';
import { storm } from './scenarios/storm.js';
import { work } from './scenarios/work.js';

/** The load generator: a process of its own, which is sent a plan and answers with what came of it. */
const scenarios: Readonly<Record<ScenarioName, (ground: Ground) => Promise<Record<string, number>>>> = {
  heartbeats,
  pull,
  work,
  storm,
  soak: pull,
  fairness,
  fleet10k,
  approve,
  overload,
  loss,
};

/** Tells the process that started this one. It ends with that one. */
function tell(message: FromGenerator): void {
  process.send?.(message);
}

async function hear<T extends ToGenerator['type']>(type: T): Promise<Extract<ToGenerator, { type: T }>> {
  for (;;) {
    const [message] = (await once(process, 'message')) as [ToGenerator];
    if (isOf(message, type)) return message;
  }
}

function isOf<T extends ToGenerator['type']>(
  message: ToGenerator,
  type: T,
): message is Extract<ToGenerator, { type: T }> {
  return message.type === type;
}

async function restart(): Promise<Restart> {
  tell({ type: 'ask', what: 'restart' });
  const { killedAt, servingAt } = await hear('granted');
  return { killedAt: killedAt - performance.timeOrigin, servingAt: servingAt - performance.timeOrigin };
}

async function generate(plan: Plan): Promise<Outcome> {
  const ground = new Ground(
    plan,
    (name) => {
      tell({ type: 'phase', name });
    },
    restart,
  );
  const busySince = performance.eventLoopUtilization();
  const seconds = setInterval(() => {
    tell({ type: 'second', second: ground.meter.takeSecond() });
  }, 1_000);
  try {
    const figures = await scenarios[plan.options.scenario](ground);
    const generatorBusy = performance.eventLoopUtilization(busySince).utilization;
    await ground.stop();
    return {
      totals: ground.meter.totals(),
      figures: { ...ground.setup, ...figures },
      seen: ground.witness.seen(),
      generatorBusy,
    };
  } finally {
    clearInterval(seconds);
  }
}

process.once('disconnect', () => process.exit(1));
process.on('SIGINT', () => undefined);
tell({ type: 'ready' });
const { plan } = await hear('run');
try {
  tell({ type: 'done', outcome: await generate(plan) });
} catch (error) {
  tell({ type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
