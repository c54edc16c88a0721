import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import { newDatabase, startChimera } from './chimera.js';
import { startClient } from './client-process.js';
import type { Bench, Contender } from './contender.js';
import { measuring } from './processor-time.js';
import { agentIds, registrations } from './workloads/chimera-target.js';

/** How many claim at once. */
const claimants = 16;

const chimera: Contender = {
  name: 'Chimera',
  includes:
    'a claim over HTTP for a batch and a request for each result, authenticated; every result gated; leases, results and chained audit events committed to PostgreSQL with fsync.',
  async start(launch) {
    const { pids, target } = await startChimera(launch);
    const client = startClient(launch);
    const requests = registrations(target, agentIds(claimants));
    await client.run('each', { origin: target.origin, connections: 8, requests });
    const { tasks, batch } = launch.options;
    return {
      measure: () =>
        measuring(pids, () => client.run('chimeraClaims', { target, tasks, agents: claimants, batch })),
    };
  },
};

const bullmq: Contender = {
  name: 'BullMQ',
  includes:
    'in process, its manual API: getNextJob and moveToCompleted, a round trip to Redis each; what the last second wrote can be lost (appendfsync everysec); no gate, no audit.',
  async start(launch) {
    const [redis, client] = [await launch.redis(), startClient(launch)];
    const { tasks, batch } = launch.options;
    // As many loops as Chimera's agents have tasks in hand.
    const parameters = { url: `${redis.url}/2`, tasks, loops: claimants * batch, batch };
    return { measure: () => measuring({ redis: redis.pid }, () => client.run('bullmqClaims', parameters)) };
  },
};

const pgBoss: Contender = {
  name: 'pg-boss',
  includes:
    'in process: fetch and complete of a batch, a statement each, committed to PostgreSQL with fsync; no gate, no audit.',
  async start(launch) {
    const [postgres, client] = [await launch.postgres(), startClient(launch)];
    const url = await newDatabase(postgres.url, 'pg_boss_bench');
    const { tasks, batch } = launch.options;
    const parameters = { url, tasks, loops: claimants, batch };
    return {
      measure: () => measuring({ postgres: postgres.pid }, () => client.run('pgBossClaims', parameters)),
    };
  },
};

export function claimBench({ tasks, batch }: BenchOptions): Bench {
  const caseName = `${tasks} tasks, batches of ${batch}`;
  const compared = { caseName, figure: 'perSecond', above: chimera.name };
  return {
    name: 'claim',
    title: `Claim and complete: ${claimants} claimants empty a filled queue`,
    contenders: [chimera, bullmq, pgBoss],
    cases: [caseName],
    ratios: [
      { ...compared, below: bullmq.name },
      { ...compared, below: pgBoss.name },
    ],
    limits: [],
    absent: [],
  };
}
