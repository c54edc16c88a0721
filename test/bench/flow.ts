import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import { startChimera } from './chimera.js';
import { startClient } from './client-process.js';
import type { Bench, Contender } from './contender.js';
import { measuring } from './processor-time.js';
import { startRestate } from './restate.js';
import { agentIds, input, registrations } from './workloads/chimera-target.js';
import type { PreparedRequest } from './workloads/connection.js';

const includes =
  'submit, claim, result and gate over HTTP, authenticated; task, result, lease and chained audit events committed to PostgreSQL with fsync; the agents are in the client';

/** @param batch How many tasks an agent takes at once. */
function chimera(name: string, agentsFor: (options: BenchOptions) => number, batch: number): Contender {
  return {
    name,
    includes: `${includes}; an agent takes up to ${batch} at once.`,
    async start(launch) {
      const { pids, target } = await startChimera(launch);
      const client = startClient(launch);
      const agents = agentsFor(launch.options);
      const requests = registrations(target, agentIds(agents));
      await client.run('each', { origin: target.origin, connections: 32, requests });
      const { inFlight } = launch.options;
      return {
        measure: (_caseName, seconds) =>
          measuring(pids, () => client.run('chimeraFlow', { target, inFlight, agents, batch, seconds })),
      };
    },
  };
}

const restate: Contender = {
  name: 'Restate',
  includes:
    'one invocation over HTTP that runs two durable steps (propose, judge) in a handler process; no authentication, no queue for agents, no detectors, no audit chain; journal synced to the disk, its default.',
  async start(launch) {
    const { ingress, pids } = await startRestate(launch);
    const client = startClient(launch);
    const request: PreparedRequest = {
      method: 'POST',
      path: '/Flow/run',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    };
    const requests = Array.from({ length: launch.options.inFlight }, () => request);
    return {
      measure: (_caseName, seconds) =>
        measuring(pids, () => client.run('closedLoop', { origin: ingress, requests, seconds })),
    };
  },
};

/** @param restateMissing Why Restate cannot take part, if it cannot. */
export function flowBench(options: BenchOptions, restateMissing: string | undefined): Bench {
  const { inFlight, batch } = options;
  const caseName = `${inFlight} in flight`;
  const single = chimera('Chimera', () => inFlight, 1);
  // Twice the agents that would do, so that none of the tasks waits for the slowest result of another batch.
  const batched = chimera(`Chimera by ${batch}`, () => Math.ceil((2 * inFlight) / batch), batch);
  const against = { caseName, figure: 'perSecond', below: restate.name, floor: 1, aim: 2 };
  return {
    name: 'flow',
    title: 'Flow: submit → claim → result → gate → audited, durable, end to end',
    contenders: [single, batched, ...(restateMissing === undefined ? [restate] : [])],
    cases: [caseName],
    ratios: [
      { ...against, above: single.name },
      { ...against, above: batched.name },
    ],
    limits: [],
    absent: restateMissing === undefined ? [] : [{ name: restate.name, reason: restateMissing }],
  };
}
