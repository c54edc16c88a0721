import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import { startChimera } from './chimera.js';
import { startClient } from './client-process.js';
import type { Bench, Contender } from './contender.js';
import { measuring } from './processor-time.js';
import { startRestate } from './restate.js';
import type { Approvals } from './workloads/approvals.js';

const steadily = (rate: number): string => `${rate} approvals/s`;
const atOnce = (count: number): string => `burst of ${count} approvals`;

const chimera: Contender = {
  name: 'Chimera',
  includes:
    'a decision over HTTP, authenticated; card, task and audit event committed with fsync; the assignment over HTTP to an agent on a long poll, its lease committed; the agent hands in its result and waits again.',
  async start(launch) {
    const { pids, target } = await startChimera(launch);
    const client = startClient(launch);
    const { options } = launch;
    return {
      measure: (caseName, seconds) =>
        measuring(pids, () =>
          client.run('chimeraApprovals', {
            target,
            waiting: options.waiting,
            ...approvalsIn(caseName, options, seconds),
          }),
        ),
    };
  },
};

const restate: Contender = {
  name: 'Restate',
  includes:
    'an awakeable resolved over HTTP, no authentication; its journal synced to the disk; the waiting handler goes on over the connection that it has, and ends.',
  async start(launch) {
    const { ingress, journal, pids } = await startRestate(launch);
    const client = startClient(launch);
    return {
      measure: (caseName, seconds) =>
        measuring(pids, () =>
          client.run('restateApprovals', {
            ingress,
            journal,
            ...approvalsIn(caseName, launch.options, seconds),
          }),
        ),
    };
  },
};

/** @param restateMissing Why Restate cannot take part, if it cannot. */
export function approveBench(options: BenchOptions, restateMissing: string | undefined): Bench {
  const cases = [steadily(options.rate), atOnce(options.waiting)];
  const compared = { above: chimera.name, below: restate.name, lowerIsBetter: true };
  return {
    name: 'approve',
    title: 'Approval: from when it was due to when the waiting agent has the EXECUTE assignment in hand',
    contenders: [chimera, ...(restateMissing === undefined ? [restate] : [])],
    cases,
    ratios: cases.flatMap((caseName) =>
      ['p50', 'p95', 'p99'].map((figure) => ({ caseName, figure, ...compared })),
    ),
    limits: [
      { caseName: steadily(options.rate), figure: 'p95', contender: chimera.name, floor: 50, aim: 10 },
    ],
    absent: restateMissing === undefined ? [] : [{ name: restate.name, reason: restateMissing }],
  };
}

function approvalsIn(caseName: string, { rate, waiting }: BenchOptions, seconds: number): Approvals {
  return caseName === atOnce(waiting)
    ? { count: waiting, arrival: 'AT_ONCE' }
    : { count: Math.round(rate * seconds), arrival: { perSecond: rate } };
}
